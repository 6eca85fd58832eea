"""What the Train tab may ask for, as validated values: everything from the browser is untrusted."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ui.editor.requests import Request

# a folder's name and nothing else: no separators, no leading dot
RunName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
MAX_STEPS = 10_000_000  # guess: RegionMed-CLIP's 26 epochs of 3 million pairs are some 5 million steps


class PlanRequest(Request):
    """What to train, and on what."""

    preset: str = Field(max_length=40)
    model: str = Field(default="", max_length=300)
    """As ``TrainConfig.model``; empty: the machine's own."""
    steps: int = Field(ge=1, le=MAX_STEPS)
    verified_only: bool = True
    sure: float = Field(default=0.0, ge=0, le=1)
    """Without ``verified_only``: open proposals only from this confidence on, by the assessor."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    name: RunName | None = None
    """Of the run's folder; None: the next that is free."""


class NameRequest(Request):
    """Stop, resume, remove or use a run."""

    name: RunName


class RunRequest(Request):
    """Read a run; curves only from after a step on."""

    name: RunName
    after_step: int = Field(default=-1, ge=-1)
