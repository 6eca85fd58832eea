"""Several curators, acceptance without a person, and the loop: what their panels of the page can do."""

from __future__ import annotations

from fastapi import APIRouter

from ui.api.auto_shapes import AutoShape, MadeBatch, PreviewShape
from ui.api.calls import Call, add_call
from ui.api.loop_shapes import ChangesShape, LoopShape
from ui.api.team_shapes import Dealt, DifferencesShape, FigureCount, ReadingsShape, Settled, TeamShape
from ui.editor.requests import FilterRequest
from ui.learning.auto_server import RateRequest, UndoRequest
from ui.looping.server import RoundRequest, StartRequest
from ui.servers import Servers
from ui.teamwork.server import AssignRequest, FigureIdRequest, ReadingsRequest, SettleRequest


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
            Call("GET", "/readings", team.readings, "Figures that two have read.", ReadingsRequest, ReadingsShape),
            Call(
                "GET",
                "/differences",
                team.differences,
                "What its readers see differently.",
                FigureIdRequest,
                DifferencesShape,
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
            Call(
                "POST",
                "/preview",
                auto.auto_preview,
                "What an error rate would accept and promise.",
                RateRequest,
                PreviewShape,
            ),
            Call("POST", "/batches", auto.auto_apply, "Accept it, as one batch.", RateRequest, MadeBatch, "auto"),
            Call("DELETE", "/batches", auto.auto_undo, "Take a batch back.", UndoRequest, FigureCount, "auto"),
        ),
        "loop": (
            Call("GET", "", loop.state, "Where the loop stands, and its rounds.", answers=LoopShape),
            Call("POST", "/start", loop.start, "One more round, or on with the open one.", StartRequest, right="train"),
            Call("POST", "/stop", loop.stop, "Stop after what is under way.", right="train"),
            Call("GET", "/changes", loop.changes, "What mining again did to each figure.", RoundRequest, ChangesShape),
        ),
    }
    for name, listed in calls.items():
        part = APIRouter(prefix=f"/{name}", tags=[name])
        for call in listed:
            add_call(part, call)
        router.include_router(part)
    return router
