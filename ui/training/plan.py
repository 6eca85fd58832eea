"""What a run would be: its configuration, time and memory, and what is better known before it starts."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from data.store.trainable import SURE, Counts, Trainable
from trainer.config import TrainConfig
from trainer.estimate import LEVELS, DataShape, Estimate, Measured, estimate
from trainer.machine import Machine
from trainer.model_size import model_size
from trainer.presets import BIOMEDCLIP, PRESETS, TINY, make_config
from ui.training.requests import PlanRequest

SUGGESTED = "zoomin"
_GOAL_S = 130.0  # of a first run on a CPU: short enough to wait for
_FIRST_STEPS = 300  # guess: on a GPU, a few minutes
_SMALL = 20
"""Guess: with fewer pairs in validation one pair more or less is five points of R@1."""


def documents(trainable: Trainable) -> dict[str, Any]:
    """``verified``, ``sure`` and ``all``: the counts of the ways to train, and what they are too few for;
    ``sure_from``: the confidence that ``sure`` begins at."""
    return {
        "verified": {**asdict(trainable.verified), "enough": fault_of(trainable, True)},
        "sure": {**asdict(trainable.sure), "enough": fault_of(trainable, False, SURE)},
        "all": {**asdict(trainable.every), "enough": fault_of(trainable, False)},
        "sure_from": SURE,
    }


def counts_of(trainable: Trainable, verified_only: bool, sure: float = 0.0) -> Counts:
    """What an export would hold; from another confidence on than ``SURE`` about as much as from that."""
    if verified_only:
        return trainable.verified
    return trainable.sure if sure else trainable.every


def fault_of(trainable: Trainable, verified_only: bool, sure: float = 0.0) -> str | None:
    """Why these figures are too few, and what mends it; None where they are enough."""
    counts = counts_of(trainable, verified_only, sure)
    if not counts.figures and verified_only:
        open_ones = trainable.every.figures
        mend = f"; or train on the {open_ones} open proposals too, which nobody has checked" if open_ones else ""
        return f"No figure is verified yet. Accept figures in the Review tab{mend}."
    if not counts.figures:
        return "No figure is mined yet. Run `curator ingest` and `curator mine`, or wait until mining is done."
    if counts.figures < 3 or not any(counts.levels["P"].values()):
        return f"{counts.figures} figures are too few to spare one for validation. Accept more figures."
    empty = [split for split in ("val", "test") if not counts.levels["M"][split]]
    if empty:
        return (
            f"No article falls to {' or '.join(empty)}: a tenth of the figures is taken from train for it, so numbers "
            f"may be too good. Figures of more than {counts.articles} articles mend it."
        )
    few = {level: counts.levels[level]["val"] for level in LEVELS if counts.levels[level]["val"] < _SMALL}
    if len(few) == len(LEVELS):
        return (
            f"Validation has only {few['M']} figures, {few['P']} panels and {few['R']} regions: its numbers will be "
            "rough. More figures mend it."
        )
    return None


def config_of(request: PlanRequest, machine: Machine) -> TrainConfig:
    """The configuration of a request: what ``curator train`` is started with.

    Raises:
        TrainingError: there is no such preset.
    """
    return replace(make_config(request.preset, machine, request.steps, request.model), seed=request.seed)


def suggested(machine: Machine, trainable: Trainable, measured: Measured | None = None) -> PlanRequest:
    """What to do first: on a CPU a run that ends in some two minutes, on verified figures where there are any."""
    verified_only = counts_of(trainable, True).figures >= 3
    data = DataShape(counts_of(trainable, verified_only).levels)
    request = PlanRequest(preset=SUGGESTED, model="", steps=_FIRST_STEPS, verified_only=verified_only)
    config = config_of(request, machine)
    if machine.device == "cpu":
        short = estimate(config, machine, data, measured).seconds
        shorter = estimate(replace(config, steps=100, evaluate_every=5), machine, data, measured).seconds
        a_step = max((short - shorter) / (_FIRST_STEPS - 100), 1e-3)
        steps = 100 + (_GOAL_S - shorter) / a_step
        request = request.model_copy(update={"steps": int(min(_FIRST_STEPS, max(60, steps)) // 20 * 20)})
    return request.model_copy(update={"model": config.model})


def plan_document(request: PlanRequest, machine: Machine, trainable: Trainable, measured: Measured | None) -> Any:
    """The answer of ``train_plan``."""
    config = config_of(request, machine)
    counts = counts_of(trainable, request.verified_only, request.sure)
    found = estimate(config, machine, DataShape(counts.levels), measured)
    return {
        "request": request.model_copy(update={"model": config.model}).model_dump(),
        "seconds": found.seconds,
        "memory_gb": found.memory_gb,
        "basis": found.basis,
        "batch": config.batch,
        "image_px": config.image_px,
        "model": config.model,
        "parameters": model_size(config.model, config.image_px).parameters,
        "stages": [{"name": stage.name, "share": stage.share, "cycle": list(stage.cycle)} for stage in config.stages],
        "warnings": _warnings(config, request, machine, trainable, found),
    }


def _warnings(
    config: TrainConfig, request: PlanRequest, machine: Machine, trainable: Trainable, found: Estimate
) -> list[str]:
    counts = counts_of(trainable, request.verified_only, request.sure)
    warnings = [fault for fault in [fault_of(trainable, request.verified_only, request.sure)] if fault]
    if not request.verified_only and counts.figures > trainable.verified.figures:
        unchecked = counts.figures - trainable.verified.figures
        warnings.append(f"{unchecked} of {counts.figures} figures hold proposals that nobody has verified.")
    if found.memory_gb > machine.memory_gb:
        warnings.append(
            f"Needs some {found.memory_gb:.0f} GB, and there are {machine.memory_gb:.0f}: steps will be cut into "
            "parts, or the run ends. Take a smaller model."
        )
    if config.model.startswith("hf-hub:"):
        warnings.append(f"{config.model.removeprefix('hf-hub:')} is downloaded at the first start.")
    elif ":" not in config.model and config.model != TINY:
        warnings.append(f"{config.model} starts from random weights here; `curator train --pretrained` names others.")
    if machine.device == "cpu" and config.model != TINY:
        warnings.append(f"On a CPU {config.model} is slow; {TINY} is made for it.")
    for level in {level for stage in config.stages for level in stage.cycle}:
        if counts.figures and not counts.levels[level]["train"]:
            name = {"M": "figure", "P": "panel", "R": "region"}[level]
            warnings.append(
                f"No {name} with a text is in train, and {config.preset} trains on them: take another preset."
            )
    return warnings


def preset_documents(machine: Machine, counts: Counts) -> list[dict[str, Any]]:
    """All presets, with what speaks for and against each here on so much."""
    found = []
    for preset in PRESETS.values():
        config = make_config(preset.name, machine, _FIRST_STEPS)
        wanted = {level for stage in config.stages for level in stage.cycle}
        lacking = [level for level in LEVELS if level in wanted and not counts.levels[level]["train"]]
        why = _WHY[preset.name]
        if lacking and counts.figures:
            why = "needs regions with a text, and there are none yet" if lacking == ["R"] else "needs more figures"
        found.append({"name": preset.name, "title": preset.title, "suits": not lacking, "why": why})
    return found


_WHY = {
    "zoomin": "one encoding of a panel serves all its regions: the fastest that learns all levels",
    "panel2patch": "encodes every region's crop: slower, and the paper's own way",
    "regionmed": "learns panels first, regions later; wants several thousand steps",
    "flat": "learns whole figures alone: what the others are compared with",
}


def model_documents(machine: Machine) -> list[dict[str, str]]:
    """Models to start from, the machine's own first; any other that open_clip knows may be named too."""
    tiny = {"name": TINY, "title": "curator-tiny: 14 million weights, from scratch, made for a CPU"}
    biomed = {"name": BIOMEDCLIP, "title": "BiomedCLIP: 196 million weights, trained on PubMed Central; wants a GPU"}
    return [biomed, tiny] if machine.device == "cuda" else [tiny, biomed]
