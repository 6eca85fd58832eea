"""What the Train tab may ask for, as validated values: everything from the browser is untrusted."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curator.codec import faults_of
from curator.errors import TrainingError

# a folder's name and nothing else: no separators, no leading dot
RunName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
MAX_STEPS = 10_000_000  # guess: RegionMed-CLIP's 26 epochs of 3 million pairs are some 5 million steps


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NothingRequest(Request):
    """Read all there is."""


class PlanRequest(Request):
    """What to train, and on what."""

    preset: str = Field(max_length=40)
    model: str = Field(default="", max_length=300)
    """As ``TrainConfig.model``; empty: the machine's own."""
    steps: int = Field(ge=1, le=MAX_STEPS)
    verified_only: bool = True
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


R = TypeVar("R", bound=Request)


def parse_request(kind: type[R], raw: Any) -> R:
    """A request from untrusted JSON values.

    Raises:
        TrainingError: names each field that is wrong.
    """
    try:
        return kind.model_validate(raw or {})
    except ValidationError as error:
        raise TrainingError(
            f"the page asked for something that was not understood ({faults_of(error, 3)}); correct it, or reload"
        ) from error
