"""Training, as the API shows it."""

from __future__ import annotations

from typing import Any, Literal

from ui.api.shape import Shape, free
from ui.training.requests import PlanRequest
from ui.training.runs import State

Recall = dict[str, dict[str, float]]
"""By level (M, P, R): ``a2b_r1`` (image to text), other measures of retrieval, and how many they were found among."""


class UseShape(Shape):
    """How far the project is indexed with a run's model."""

    state: Literal["indexing", "ready", "failed"]
    done: int
    """Of ``total`` figures."""
    total: int
    message: str


class RunShape(Shape):
    """One run at one moment."""

    name: str
    state: State
    preset: str
    model: str
    steps: int
    step: int
    """Steps done."""
    started_at: str
    seconds: float
    seconds_left: float | None
    score: float | None
    """Of the best evaluation."""
    best_step: int
    message: str
    done: int
    """Of ``total`` figures or images, while it exports or evaluates."""
    total: int
    verified_only: bool
    sure: float
    """Confidence from which open proposals were trained on; 0: all of them, unless ``verified_only``."""
    in_use: bool
    """The project is searched with it."""
    use: UseShape | None
    """Null where it was never asked for."""


class RunDetail(Shape):
    """One run in full."""

    run: RunShape
    loss: list[tuple[int, str, float, dict[str, float]]]
    """Step, level, loss and its parts, from after ``after_step`` on."""
    retrieval: list[tuple[int, Recall]]
    """Step and recall, from after ``after_step`` on."""
    config: dict[str, Any] = free("the run's config.json, of the version that wrote it")
    snapshot: dict[str, Any] | None = free(
        "the run's snapshot.json, what it is trained on, of the version that wrote it"
    )
    before: Recall | None
    """At step 0."""
    after: Recall | None
    """At the best step."""
    report: str | None
    """Address of the report's page."""
    log_tail: str
    """What a run that failed said last."""


class MachineShape(Shape):
    device: str
    memory_gb: float
    cores: int
    title: str
    """The same in words."""


class CountsShape(Shape):
    """What a run would be trained on."""

    figures: int
    articles: int
    levels: dict[str, dict[str, int]]
    """Pairs by level (M: figures with a caption; P, R: panels and regions with a text) and split."""
    kinds: dict[str, int]
    """Of the panels that make a pair; the commonest first, as in all of these."""
    licenses: dict[str, int]
    """Of figures."""
    people: dict[str, int]
    """Who decided something in how many of the figures."""
    left_out: dict[str, int]
    """What makes no pair, by reason."""
    enough: str | None
    """What it is too little for, and what mends that; null where it is enough."""


class DataShape(Shape):
    """The ways to train on the project."""

    verified: CountsShape
    """On what a person accepted or edited, in accepted figures."""
    sure: CountsShape
    """Also on open proposals from the confidence ``sure_from`` on."""
    all: CountsShape
    """Also on all open proposals."""
    sure_from: float


class PresetShape(Shape):
    name: str
    title: str
    suits: bool
    why: str
    """What speaks for or against it here."""


class StartShape(Shape):
    """A model to start from."""

    name: str
    title: str


class TrainingShape(Shape):
    """What there is to train on and with."""

    installed: str | None
    """What is missing; null where everything is there."""
    machine: MachineShape
    data: DataShape
    presets: list[PresetShape]
    suggested: PlanRequest
    models: list[StartShape]
    runs: list[RunShape]
    in_use: str | None


class StageShape(Shape):
    """A part of a run."""

    name: str
    share: float
    """Of its steps."""
    cycle: list[str]
    """Levels that steps are of, in turn."""


class PlanShape(Shape):
    """What a run would take and need."""

    request: PlanRequest
    seconds: float
    memory_gb: float
    basis: str
    batch: int
    image_px: int
    model: str
    parameters: int
    stages: list[StageShape]
    warnings: list[str]
