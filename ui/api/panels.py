"""Several curators, acceptance without a person, and the loop: what their panels of the page can do."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from ui.api.calls import Call, add_call
from ui.api.shape import Opaque, Shape
from ui.editor.requests import FilterRequest
from ui.learning.auto_server import RateRequest, UndoRequest
from ui.looping.server import RoundRequest, StartRequest
from ui.servers import Servers
from ui.teamwork.server import AssignRequest, FigureIdRequest, ReadingsRequest, SettleRequest


class TeamShape(Opaque):
    """Who has what, how far readers agree, and what waits for whom."""

    you: str
    people: list[str]
    workloads: list[dict[str, Any]]
    second: list[Any]
    """Figures that wait for your second reading."""
    to_settle: int
    settled: int
    agreement: list[dict[str, Any]]
    open: int


class Dealt(Shape):
    figures: int
    second: int
    """That are read twice."""


class FigureCount(Shape):
    figures: int


class Settled(Shape):
    settled: int
    busy: int
    """Left, since somebody edits them."""


class AutoShape(Opaque):
    """What is accepted without a person, and how right that is as far as the audit sample tells."""

    figures: int
    panels: int
    batches: list[dict[str, Any]]
    right: Any
    may: bool


class LoopShape(Opaque):
    """Where the loop stands."""

    running: bool
    said: str
    missing: int
    """Reviews that the open round still asks for."""
    goal: int
    rounds: list[dict[str, Any]]
    remined: list[dict[str, Any]]
    ways: dict[str, str]


def panel_routes(servers: Servers) -> APIRouter:
    router = APIRouter()
    team, loop, auto = servers.team, servers.loop, servers.auto
    calls = {
        "team": (
            Call("GET", "", team.overview, "Who has what, how far readers agree, what waits.", answers=TeamShape),
            Call("POST", "/assignments", team.assign, "Deal figures out.", AssignRequest, Dealt, "team"),
            Call(
                "POST", "/unassignments", team.unassign, "Take back what matches.", FilterRequest, FigureCount, "team"
            ),
            Call(
                "POST",
                "/second-readings",
                team.begin_second,
                "Open it for one's second reading.",
                FigureIdRequest,
            ),
            Call("DELETE", "/second-readings", team.cancel_second, "End a second reading.", FigureIdRequest),
            Call("GET", "/readings", team.readings, "Figures that two have read.", ReadingsRequest),
            Call(
                "GET",
                "/differences",
                team.differences,
                "What its readers see differently.",
                FigureIdRequest,
            ),
            Call("POST", "/settlements", team.settle, "Make one of both readings.", SettleRequest, right="team"),
            Call(
                "POST",
                "/settlements/agreeing",
                team.settle_agreeing,
                "Settle all figures on which both readers agree.",
                answers=Settled,
                right="team",
            ),
        ),
        "auto": (
            Call("GET", "", auto.auto_state, "What is accepted without a person, by batch.", answers=AutoShape),
            Call("POST", "/preview", auto.auto_preview, "What an error rate would accept and promise.", RateRequest),
            Call("POST", "/batches", auto.auto_apply, "Accept it, as one batch.", RateRequest, right="auto"),
            Call("DELETE", "/batches", auto.auto_undo, "Take a batch back.", UndoRequest, FigureCount, "auto"),
        ),
        "loop": (
            Call("GET", "", loop.state, "Where the loop stands, and its rounds.", answers=LoopShape),
            Call("POST", "/start", loop.start, "One more round, or on with the open one.", StartRequest, right="train"),
            Call("POST", "/stop", loop.stop, "Stop after what is under way.", right="train"),
            Call("GET", "/changes", loop.changes, "What mining again did to each figure.", RoundRequest),
        ),
    }
    for name, listed in calls.items():
        part = APIRouter(prefix=f"/{name}", tags=[name])
        for call in listed:
            add_call(part, call)
        router.include_router(part)
    return router
