"""The training loop: it reads top to bottom, and can be killed at any line and resumed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from curator.errors import TrainingError
from trainer.bad_batch import save_bad_batch
from trainer.batch import Batch
from trainer.best_checkpoint import take_first_weights
from trainer.checkpoint import Checkpoint, Progress, load_checkpoint
from trainer.config import Level, TrainConfig
from trainer.config_check import check_config
from trainer.config_json import config_to_json
from trainer.dataset import make_loader
from trainer.distributed import Group, joined
from trainer.gather import make_gather
from trainer.model import make_model
from trainer.optimizer import clip_gradients, set_rate
from trainer.run_folder import RunFolder
from trainer.run_log import Report, RunLog
from trainer.schedule import phase_at
from trainer.snapshot import freeze, load_snapshot
from trainer.state import begin, restore, with_score
from trainer.step import accumulate_gradients
from trainer.stop import StopSignal
from trainer.streams import Streams
from trainer.validation import Validation

Reason = Literal["finished", "early", "stopped"]


@dataclass(frozen=True, slots=True)
class Outcome:
    reason: Reason
    """All steps done; validation got no better (``config.patience``); stopped by SIGTERM or Ctrl-C."""
    progress: Progress


def train(
    export: Path, run: Path, config: TrainConfig, *, resume: bool = False, report: Report = lambda line: None
) -> Outcome:
    """Trains on the export's train split and writes the run's folder; ``report`` gets each line of its log.

    With ``resume`` a run that has a checkpoint goes on from its last one, with the configuration in it; it gives the
    same numbers as a run that was never interrupted (on a GPU up to the order of atomic additions). Without a
    checkpoint it begins. Checkpoints are written at each evaluation, when it is stopped, and at the end. Under torchrun
    every process calls this with the same arguments; all must see the export and the run's folder.

    Raises:
        TrainingError: the folder holds a run and ``resume`` is not set; the run to start from is another model's; the
            number of processes is not that which the run began with; a number of the configuration is out of range; a
            loss was not finite; memory ran out with one image at a time.
        InputError: the export cannot be read, was changed, or is not the one that the run began with.
        ModelError, SettingsError: the model cannot be made as configured.
    """
    check_config(config)
    folder = RunFolder(run)
    with ExitStack() as stack:
        group = stack.enter_context(joined())
        stop = stack.enter_context(StopSignal())
        if group.is_first:
            stack.enter_context(folder.held())
        before = _last_checkpoint(folder, group, resume)
        group.wait()  # the first process is about to write what the others look for
        done = before.progress.step if before else 0
        log = RunLog(folder.metrics, folder.tensorboard, report, done, writes=group.is_first)
        stack.callback(log.close)
        try:
            outcome = _train(export, folder, before.config if before else config, before, group, stop, log, stack)
        except Exception as error:
            log.write("end", log.step, reason="failed", message=str(error))
            raise
        log.write("end", outcome.progress.step, reason=outcome.reason)
        return outcome


def _train(
    export: Path,
    folder: RunFolder,
    config: TrainConfig,
    before: Checkpoint | None,
    group: Group,
    stop: StopSignal,
    log: RunLog,
    stack: ExitStack,
) -> Outcome:
    # What is trained, on what, from where.
    if group.is_first:
        freeze(export, folder.path)
    group.wait()
    snapshot = load_snapshot(folder.path).to_doc()
    torch.manual_seed(config.seed + group.rank)  # dropout differs between processes, the first weights do not
    model, _, tokenizer = make_model(config)
    if before is None:
        take_first_weights(model, config)
    model.to(group.device).train()
    state = begin(model, config)
    if before:
        restore(state, before, group)
    state.progress = replace(state.progress, accumulate=max(state.progress.accumulate, folder.kept_parts()))

    visual = model.clip.visual

    def batches_from(level: Level, taken: int) -> Iterable[Batch]:
        as_seen = {"mean": visual.image_mean, "std": visual.image_std}
        return make_loader(export, config, "train", level, tokenizer, seed=config.seed, start_batch=taken, **as_seen)

    streams = Streams(batches_from, state.progress.taken)
    stack.callback(streams.close)
    validation = Validation(export, config, tokenizer, visual.image_mean, visual.image_std)
    gather = make_gather()
    if group.is_first:
        folder.config.write_text(config_to_json(config), encoding="utf-8")
    log.write(
        "resume" if before else "start",
        state.progress.step,
        steps=config.steps,
        world=group.world,
        parameters=sum(weight.numel() for weight in model.parameters()),
        trained=sum(weight.numel() for weight in state.weights),
    )

    asked = 0.0
    while True:
        # Where it stands: what it has learned so far, and a place to go on from.
        progress = state.progress
        last = progress.step == config.steps
        if asked:
            state.save(folder.last, config, snapshot, group)
            return Outcome("stopped", progress)
        if (progress.step % config.evaluate_every == 0 or last) and progress.evaluated_step != progress.step:
            with state.averaged():
                levels, score = group.gathered(validation.of(model, group.device))[0]  # all do it: none has to wait
            state.progress = progress = with_score(progress, score)
            best = progress.best_step == progress.step > 0
            log.write("evaluation", progress.step, levels=levels, score=score, best=best)
            if best:
                state.save(folder.best, config, snapshot, group, to_go_on=False)
            state.save(folder.last, config, snapshot, group)
        if last:
            return Outcome("finished", progress)
        if config.patience and progress.worse_since >= config.patience:
            return Outcome("early", progress)

        # One step on a batch of one level.
        began = time.perf_counter()
        phase = phase_at(config, progress.step)
        set_rate(state.optimizer, phase.lr)
        batch = streams.take(phase.level).to(group.device)
        losses, parts = accumulate_gradients(
            model, batch, phase.stage.weights, config, gather, group, folder, progress.accumulate
        )
        group.average_gradients(state.weights)
        norm = clip_gradients(state.weights, config.clip_norm)
        loss = losses.total.item()
        asked, wrong = group.sums([stop.asked, not math.isfinite(loss + norm)])
        if wrong:
            place = f"batch {streams.taken[phase.level] - 1} of level {phase.level!r}"
            raise save_bad_batch(folder.bad_batch(progress.step, group.rank), batch, losses, norm, progress.step, place)
        state.optimizer.step()
        state.optimizer.zero_grad(set_to_none=True)
        if state.average:
            state.average.update(model)
        if parts != progress.accumulate:
            log.write("memory", progress.step, accumulate=parts)
        state.progress = replace(progress, step=progress.step + 1, taken=dict(streams.taken), accumulate=parts)
        log.write(
            "step",
            progress.step + 1,
            stage=phase.stage.name,
            level=phase.level,
            loss=loss,
            parts={name: float(part) for name, part in losses.parts.items()},
            lr=phase.lr,
            grad_norm=norm,
            scale=model.logit_scale.item(),
            images=len(batch.images) * group.world,
            seconds=time.perf_counter() - began,
        )


def _last_checkpoint(folder: RunFolder, group: Group, resume: bool) -> Checkpoint | None:
    """The checkpoint to go on from; None where a run begins."""
    if not resume and (folder.last.is_file() or folder.metrics.is_file()):
        raise TrainingError(f"{folder.path} holds a run; go on with it by --resume, or name another folder")
    if not folder.last.is_file():
        return None
    before = load_checkpoint(folder.last)
    if len(before.rng) != group.world:
        raise TrainingError(
            f"the run in {folder.path} had {len(before.rng)} processes and now there are {group.world}; resume it with "
            f"as many as before, since each has its own part of the data"
        )
    return before
