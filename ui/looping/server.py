"""Server functions of the loop's panel: where it stands, what each round brought, start, stop, go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from pydantic import Field

from curator.remining import WAYS
from data.store import Store
from data.store.loop import LoopRound
from data.store.trainable import SURE
from ui.accounts.identity import current_user, permit
from ui.editor.answers import Answer, saying
from ui.editor.requests import Request, RowId, parse_request
from ui.looping.loop import GOAL, missing
from ui.looping.process import LoopProcess

_SHOWN = 30  # rounds


class StartRequest(Request):
    """One more round, or on with the one that is open."""

    figures: int = Field(default=GOAL, ge=1, le=100_000)
    first_steps: int = Field(default=300, ge=1, le=10_000_000)
    steps: int = Field(default=100, ge=1, le=10_000_000)
    remine: int = Field(default=50, ge=0, le=1_000_000)
    unverified: bool = False
    sure: float = Field(default=0.0, ge=0, le=1)
    """Train on open proposals too, from this confidence on."""
    go_on: bool = False
    """Without the reviews that the round still asks for."""


class RoundRequest(Request):
    round_id: RowId


class LoopServer:
    """Functions take one JSON object and give one; what cannot be done is ``{"error": why and what mends it}``."""

    def __init__(self, store: Store, process: LoopProcess) -> None:
        self._store = store
        self._process = process

    def functions(self) -> list[Callable[..., Answer]]:
        """What the page can call, by name."""
        return [
            saying(self.state, "loop_state"),
            saying(self.start, "loop_start"),
            saying(self.stop, "loop_stop"),
            saying(self.changes, "loop_changes"),
        ]

    def state(self, raw: Any) -> Answer:
        """Where the loop stands, and its rounds and those of mining again, newest first."""
        parse_request(Request, raw)
        rounds = self._store.loop.rounds(_SHOWN)
        open_round = next((one for one in rounds if one.ended_at is None), None)
        running = self._process.running
        return {
            "running": running,
            "said": "" if running else self._process.said(),
            "missing": missing(self._store, open_round) if open_round else 0,
            "goal": GOAL,
            "sure_from": SURE,
            "rounds": [_document(one) for one in rounds],
            "remined": [asdict(one) for one in self._store.remining.rounds()[:_SHOWN]],
            "ways": {way.name: way.title for way in WAYS},
        }

    def start(self, raw: Any) -> Answer:
        """Starts the loop's process: one round, which waits where it is the curators' turn."""
        permit("train")
        request = parse_request(StartRequest, raw)
        options = ["--figures", str(request.figures), "--first-steps", str(request.first_steps)]
        options += ["--steps", str(request.steps), "--remine", str(request.remine)]
        options += ["--unverified"] if request.unverified else []
        options += ["--sure", str(request.sure)] if request.sure else []
        options += ["--go-on"] if request.go_on else []
        self._process.start(*options)
        self._store.audit.add(current_user().name, "loop.start", "", request.model_dump())
        return {}

    def stop(self, raw: Any) -> Answer:
        """Stops it after what is under way; nothing is lost."""
        permit("train")
        parse_request(Request, raw)
        self._process.stop()
        self._store.audit.add(current_user().name, "loop.stop")
        return {}

    def changes(self, raw: Any) -> Answer:
        """What one round of mining again did to each figure."""
        request = parse_request(RoundRequest, raw)
        return {"changes": [asdict(one) for one in self._store.remining.changes(request.round_id)]}


def _document(one: LoopRound) -> Answer:
    return {
        "id": one.id,
        "begun_at": one.begun_at,
        "ended_at": one.ended_at,
        "stage": one.stage,
        "work": asdict(one.work),
        "train": one.facts.get("train"),
        "remine": one.facts.get("remine"),
        "assess": one.facts.get("rescore") or one.facts.get("calibrate") or one.facts.get("assess"),
        "goal": one.facts.get("goal"),
    }
