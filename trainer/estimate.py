"""How long a run will take and how much memory, before it is started: nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trainer.config import Level, TrainConfig
from trainer.machine import Machine
from trainer.model_size import ModelSize, TowerSize, model_size
from trainer.samples import Recipe
from trainer.schedule import phase_at

LEVELS: tuple[Level, ...] = ("M", "P", "R")
_FLOPS = {"cpu": 60e9, "cuda": 60e12}
"""A second, in training. A core's is measured: curator-tiny, zoomin and panel2patch, one thread of a server's EPYC, by
processor time (50 to 80 by level). A GPU's is a guess: a twelfth of what an H200 does in bf16."""
_TOGETHER = 0.7
"""Guess: n cores do as much as n ** 0.7 alone, since small layers leave them waiting for one another."""
_OPTIMIZER_S = {"cpu": 2.5e-9, "cuda": 1e-11}
"""For each weight that trains: AdamW, clipping and zeroing gradients. Guess: memory that each touches ten times."""
_DECODE_S = 0.016
"""A drawn figure of some 1,000 px decoded and cut, one core; measured (panels 0.010)."""
_START_S = 8.0
"""Python, torch, open_clip and the first weights; measured: 7 s of processor time."""
_REPORT_S = 5.0
"""Of a report besides encoding: bootstrap, pictures, page. Guess from a report of 64 figures."""
_SAVED_BYTES_S = 0.5e9
"""Guess: checkpoints to a disk, waited for."""
_BASE_GB = 0.7
"""A process that has loaded torch and open_clip. This and the next two are fitted to the peak of three presets."""
_WORKER_GB = 0.12
_ACTIVATIONS = 18
"""Numbers of float32 that the backward pass keeps of a token, as multiples of layers and width."""
_COUNTED = 400
"""Steps at least that are looked at; of a longer run every 13th, 25th ..."""


@dataclass(frozen=True, slots=True)
class DataShape:
    """What the estimate wants to know of the data."""

    pairs: Mapping[str, Mapping[str, int]]
    """By level and split: M, P, R; train, val, test."""

    @property
    def figures(self) -> int:
        return sum(self.pairs["M"].values())

    def children(self, level: Level) -> float:
        """Mean of a sample; level R takes panels that have a region."""
        m, p, r = (max(1, sum(self.pairs[level].values())) for level in LEVELS)
        return p / m if level == "M" else r / p if level == "P" else max(1.5, r / p)  # 1.5: guess


@dataclass(frozen=True, slots=True)
class Measured:
    """What earlier steps took."""

    run: str
    step_s: Mapping[str, float]
    """Mean seconds of a step by level."""
    evaluation_s: float | None = None
    memory_gb: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    seconds: float
    """Of the whole run, from the click to its report."""
    memory_gb: float
    """The most that the run holds at a time: on a CPU with its workers, on a GPU of the GPU."""
    step_s: dict[str, float] = field(default_factory=dict)
    """By level."""
    evaluation_s: float = 0.0
    basis: str = "estimated"


def estimate(
    config: TrainConfig, machine: Machine, data: DataShape, measured: Measured | None = None, *, done: int = 0
) -> Estimate:
    """The time that is left after ``done`` steps and the memory of a run.

    From the ``measured`` steps of a run of the same model, batch and size on this machine; levels that it lacks, and
    everything where there is none, are counted in floating point operations.
    """
    size = model_size(config.model, config.image_px)
    counted = {level: _step_s(config, machine, data, size, level) for level in LEVELS}
    known: dict[str, float] = dict(measured.step_s) if measured else {}
    ratios = [known[level] / counted[level] for level in LEVELS if level in known]
    factor = sum(ratios) / len(ratios) if ratios else 1.0
    step_s: dict[str, float] = {level: known.get(level, counted[level] * factor) for level in LEVELS}
    evaluation_s = _evaluation_s(config, machine, data, size) * factor
    if measured and measured.evaluation_s is not None:
        evaluation_s = measured.evaluation_s
    levels = _levels(config, done)
    evaluations = (config.steps - done) // config.evaluate_every + (1 if not done else 0)
    seconds = sum(step_s[level] * n for level, n in levels.items()) + evaluations * evaluation_s
    seconds += _report_s(config, machine, data, size) * factor
    if not done:
        seconds += _START_S + 0.02 * data.figures  # guess: to export and hash an image
    memory = measured.memory_gb if measured and measured.memory_gb else _memory_gb(config, machine, data, size)
    basis = f"measured on this machine in run {measured.run}" if measured else "estimated"
    return Estimate(seconds, memory, step_s, evaluation_s, basis)


def _levels(config: TrainConfig, done: int) -> dict[str, float]:
    """Steps of each level that are left."""
    found: dict[str, float] = dict.fromkeys(LEVELS, 0.0)
    stride = (config.steps - done) // _COUNTED // 12 * 12 + 1  # so that every level of cycles of 2, 3 and 4 is met
    steps = range(done, config.steps, stride)
    for step in steps:
        found[phase_at(config, step).level] += (config.steps - done) / len(steps)
    return found


def _rows(config: TrainConfig, data: DataShape, level: Level) -> tuple[float, float]:
    """Pictures and texts that a step encodes."""
    recipe = Recipe.of(config, level, augmented=True)
    children = config.batch * min(recipe.children, data.children(level)) if recipe.children else 0.0
    return config.batch + (children if recipe.crops else 0.0), (0.0 if level == "R" else config.batch) + children


def _step_s(config: TrainConfig, machine: Machine, data: DataShape, size: ModelSize, level: Level) -> float:
    pictures, texts = _rows(config, data, level)
    image_share = 1.0 if not config.unlocked_blocks else min(1.0, config.unlocked_blocks / size.image.layers)
    again = 1.0 if config.grad_checkpointing else 0.0
    flops = pictures * size.image.flops * (1 + again + 2 * image_share)
    flops += texts * size.text.flops * (1 if config.freeze_text else 3 + again)
    computed = flops / _speed(machine) + _trained(config, size) * _OPTIMIZER_S[machine.device]
    loaded = config.batch * _DECODE_S / max(1, config.workers)
    return max(computed, loaded) if config.workers else computed + loaded


def _speed(machine: Machine) -> float:
    return _FLOPS["cuda"] if machine.device == "cuda" else _FLOPS["cpu"] * machine.cores**_TOGETHER


def _trained(config: TrainConfig, size: ModelSize) -> float:
    share = 1.0 if not config.unlocked_blocks else min(1.0, config.unlocked_blocks / size.image.layers)
    return size.image.parameters * share + (0 if config.freeze_text else size.text.parameters)


def _evaluation_s(config: TrainConfig, machine: Machine, data: DataShape, size: ModelSize) -> float:
    m, p, r = (data.pairs[level]["val"] for level in LEVELS)
    pictures = m + p + (r if config.regions == "crop" else min(r, p))
    saved = 16 * size.parameters / _SAVED_BYTES_S  # weights and both moments; once more the weights, where it is best
    return saved + (pictures * size.image.flops + (m + p + r) * size.text.flops) / _speed(machine)


def _report_s(config: TrainConfig, machine: Machine, data: DataShape, size: ModelSize) -> float:
    """Two models over the test split, else over val."""
    m, p, r = (data.pairs[level]["test"] or data.pairs[level]["val"] for level in LEVELS)
    pictures = m + p + r
    flops = pictures * size.image.flops + (m + p + r) * size.text.flops
    return 2 * (flops / _speed(machine) + pictures * _DECODE_S) + _REPORT_S


def _memory_gb(config: TrainConfig, machine: Machine, data: DataShape, size: ModelSize) -> float:
    weights = 4 * size.parameters + 12 * _trained(config, size)
    at_once = 0.0
    for level in LEVELS:
        pictures, texts = _rows(config, data, level)
        image, text = pictures * _kept(size.image), texts * _kept(size.text)
        if config.grad_checkpointing:
            image, text = image / size.image.layers, text / size.text.layers
        at_once = max(at_once, image + (0.0 if config.freeze_text else text))
    total = (weights + at_once / config.accumulate) / 2**30
    return total + (_BASE_GB + _WORKER_GB * config.workers if machine.device == "cpu" else 1.0)


def _kept(tower: TowerSize) -> float:
    """Bytes of one input that the backward pass needs."""
    return 4.0 * tower.layers * tower.tokens * tower.width * _ACTIVATIONS
