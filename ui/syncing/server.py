"""Server functions of the Sync tab: JSON in, JSON out, errors as sentences."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, TypeVar

from pydantic import Field

from curator.codec import level_of, to_doc
from curator.errors import ReviewError, SyncError
from curator.figure import FigureState
from data.label_studio.connect import connect
from data.label_studio.images import images_of
from data.label_studio.resolve import decide_again, resolve
from data.label_studio.step import ANNOTATION_GONE, TASK_GONE
from data.store import Store
from data.store.conflict_decisions import ConflictDecision
from data.store.outbox import Connected
from data.store.sync_lists import SyncChoice, SyncItem
from data.store.syncs import WRITTEN_OVER, KeptConflict, SyncStatus
from ui.accounts.identity import current_user, permit
from ui.editor.answers import Answer, saying
from ui.editor.requests import MAX_PAGE, FigureId, Request, parse_request
from ui.syncing.passes import Syncing, open_server
from ui.syncing.setup import SyncSetup

T = TypeVar("T")

_DEEPEST = 10_000_000
_MOST_PICKED = 20_000  # figures in one hand-picked selection; guess
_AT_ONCE = 200  # conflicts of one figure in one answer; guess: below a megabyte


class StateRequest(Request):
    """``counts``: also how many figures have each status, which takes a moment in large projects."""

    counts: bool = True


class FormRequest(Request):
    """The form as it is filled in. ``token`` None or "": the one that is kept."""

    fields: dict[str, Any] = Field(max_length=20)
    token: str | None = Field(default=None, max_length=5000)
    sends_new: bool = True


class SwitchRequest(Request):
    on: bool


class PassRequest(Request):
    whole: bool = False


class ChoiceRequest(Request):
    """Which figures; as ``data.store.sync_lists.SyncChoice``."""

    states: list[FigureState] = Field(default_factory=list, max_length=len(FigureState))
    article_id: str | None = Field(default=None, max_length=500)
    confidence_from: float | None = Field(default=None, ge=0, le=1)
    confidence_below: float | None = Field(default=None, ge=0, le=1)
    agent: str | None = Field(default=None, max_length=500)
    figure_ids: list[FigureId] | None = Field(default=None, max_length=_MOST_PICKED)
    not_there: bool = False

    def to_choice(self) -> SyncChoice:
        values = self.model_dump()
        picked = self.figure_ids
        return SyncChoice(
            **{**values, "states": tuple(self.states), "figure_ids": None if picked is None else tuple(picked)}
        )


class ListRequest(Request):
    status: SyncStatus | None = None
    text: str = Field(default="", max_length=200)
    offset: int = Field(default=0, ge=0, le=_DEEPEST)
    limit: int = Field(default=60, ge=1, le=MAX_PAGE)


class FigureRequest(Request):
    figure_id: FigureId


class ConflictRequest(FigureRequest):
    """``offset``: how many of the figure's conflicts come before the first one that is wanted."""

    offset: int = Field(default=0, ge=0, le=_DEEPEST)


class ResolveRequest(Request):
    """Which version stays; ``key`` None: of all conflicts of the figure."""

    figure_id: FigureId
    keep: Literal["ours", "theirs"]
    key: str | None = Field(default=None, max_length=200)


class AgainRequest(Request):
    """Another decision on a conflict that was decided; ``id``: of the earlier decision."""

    id: int = Field(ge=1, le=2**62)
    keep: Literal["ours", "theirs"]


class SyncServer:
    """Every method takes untrusted JSON values and returns a document, or ``{"error": sentence}``."""

    def __init__(self, store: Store, syncing: Syncing, setup: SyncSetup) -> None:
        self._store = store
        self._syncing = syncing
        self._setup = setup

    def functions(self) -> list[Callable[..., Answer]]:
        """What the tab can call, by name."""
        return [
            saying(self.state, "sync_state"),
            saying(self.form, "sync_form"),
            saying(self.test, "sync_test"),
            saying(self.connect, "sync_connect"),
            saying(self.disconnect, "sync_disconnect"),
            saying(self.now, "sync_now"),
            saying(self.watch, "sync_watch"),
            saying(self.send_new, "sync_send_new"),
            saying(self.agents, "sync_agents"),
            saying(self.preview, "sync_preview"),
            saying(self.send, "sync_send"),
            saying(self.take_out, "sync_take_out"),
            saying(self.figures, "sync_figures"),
            saying(self.conflict, "sync_conflict"),
            saying(self.resolve, "sync_resolve"),
            saying(self.decide_again, "sync_decide_again"),
            saying(self.figure, "sync_figure"),
        ]

    def state(self, raw: Any) -> Answer:
        """Where syncing stands, and how many figures have each status."""
        counts = parse_request(StateRequest, raw).counts
        waiting, since = self._store.outbox.oldest()
        state = self._syncing.state()
        return {
            "failure": state.pop("error"),  # of the last pass; "error" would be one of this answer
            **state,
            "counts": self._store.sync_lists.counts() if counts else None,
            "outbox": {"count": waiting, "since": since},
        }

    def form(self, raw: Any) -> Answer:
        permit("sync")
        parse_request(Request, raw)
        return self._setup.document()

    def test(self, raw: Any) -> Answer:
        """Whether the form's server can be used; nothing is kept."""
        permit("sync")
        request = parse_request(FormRequest, raw)
        tested: Answer = to_doc(self._setup.test(request.fields, request.token))
        return tested

    def connect(self, raw: Any) -> Answer:
        """Keeps the form and connects; a form that cannot be connected is not kept."""
        permit("sync")
        request = parse_request(FormRequest, raw)
        settings = self._setup.settings_with(request.fields, request.token)
        was_connected = self._store.outbox.connected() is not None
        # a person waits: a wrong address is told at once, not after all retries
        with open_server(replace(settings, retries=0), self._store.project) as server:
            server.whoami()
        with open_server(settings, self._store.project) as server:
            images = images_of(self._store, settings)
            connected = connect(self._store, server, settings.project, images, request.sends_new)
        self._setup.save(settings)
        if not was_connected:
            self._note("connect", connected.url, project_id=connected.project_id, sends_new=request.sends_new)
            self._syncing.start_watch()
        else:
            self._note("settings", connected.url)
            self._syncing.once()
        return self.state({})

    def disconnect(self, raw: Any) -> Answer:
        """Forgets the project there; nothing changes there."""
        permit("sync")
        parse_request(Request, raw)
        connected = self._store.outbox.connected()
        if connected is None:
            raise SyncError("no Label Studio is connected")
        self._syncing.stop_watch()
        self._syncing.end_pass()
        self._syncing.be_left_alone()
        self._syncing.apart(self._store.outbox.leave)
        self._syncing.picking.forget()
        self._note("disconnect", connected.url, project_id=connected.project_id)
        return self.state({})

    def now(self, raw: Any) -> Answer:
        """A pass now, which also tries again what failed."""
        permit("sync")
        self._syncing.once(whole=parse_request(PassRequest, raw).whole)
        return self.state({})

    def watch(self, raw: Any) -> Answer:
        permit("sync")
        on = parse_request(SwitchRequest, raw).on
        if on:
            self._syncing.start_watch()
        else:
            self._syncing.stop_watch()
        self._note("watch", "on" if on else "off")
        return self.state({})

    def send_new(self, raw: Any) -> Answer:
        """Whether figures go there by themselves."""
        permit("sync")
        on = parse_request(SwitchRequest, raw).on
        self._store.outbox.send_new(on)
        self._note("send_new", "on" if on else "off")
        return self.state({})

    def agents(self, raw: Any) -> Answer:
        """Whose proposals there are, for the choice."""
        parse_request(Request, raw)
        return {"agents": [{"name": name, "count": count} for name, count in self._store.sync_lists.agents()]}

    def preview(self, raw: Any) -> Answer:
        """How many figures a choice has, by status."""
        choice = parse_request(ChoiceRequest, raw).to_choice()
        counts = self._store.sync_lists.chosen_counts(choice)
        return {"count": sum(counts.values()), "counts": counts}

    def send(self, raw: Any) -> Answer:
        """Puts figures in the outbox, as they stand."""
        permit("sync")
        figure_ids = self._chosen(raw)
        self._syncing.picking.start("send", figure_ids)
        self._note("send", f"{len(figure_ids)} figures")
        return {"count": len(figure_ids), **self.state({})}

    def take_out(self, raw: Any) -> Answer:
        """Leaves figures out from now on; what is there stays as it is."""
        permit("sync")
        figure_ids = self._chosen(raw)
        self._syncing.picking.start("leave out", figure_ids)
        self._note("take_out", f"{len(figure_ids)} figures")
        return {"count": len(figure_ids), **self.state({})}

    def figures(self, raw: Any) -> Answer:
        """A page of the list, and how many there are in all."""
        request = parse_request(ListRequest, raw)
        items = self._store.sync_lists.page(request.status, request.text, request.offset, request.limit)
        there = self._store.outbox.connected()
        return {
            "offset": request.offset,
            "total": self._store.sync_lists.count(request.status, request.text),
            "items": [_item(item, there) for item in items],
        }

    def figure(self, raw: Any) -> Answer:
        """Where one figure stands: for the badge of the open one."""
        figure_id = parse_request(FigureRequest, raw).figure_id
        there = self._store.outbox.connected()
        item = self._store.sync_lists.item(figure_id) if there else None
        return {"item": _item(item, there) if item else None}

    def conflict(self, raw: Any) -> Answer:
        """All versions of what both sides changed of a figure, some at a time, and what was decided before."""
        request = parse_request(ConflictRequest, raw)
        figure_id = request.figure_id
        found = self._store.syncs.conflicts(figure_id)
        stored = self._store.reviews.load(figure_id, time.time())
        figure = stored.review.figure
        item = self._store.sync_lists.item(figure_id)
        ours = self._store.syncs.last_decision(figure_id)
        return {
            "figure": {
                "id": figure_id,
                "label": figure.label,
                "caption": figure.caption,
                "width": figure.image_wh[0],
                "height": figure.image_wh[1],
            },
            "item": _item(item, self._store.outbox.connected()) if item else None,
            "ours": ours and {"who": ours[0], "at": ours[1]},
            "offset": request.offset,
            "total": len(found),
            "conflicts": [_conflict(conflict) for conflict in found[request.offset : request.offset + _AT_ONCE]],
            "decisions": [_decision(decision) for decision in self._store.conflict_decisions.of(figure_id)],
            "nodes": [
                {
                    "id": node.id,
                    "label": getattr(node, "label", None) or "",
                    "level": level_of(node),
                    "box": node.box_xyxy,
                }
                for node in stored.review.hierarchy.nodes()
                if node.state != "rejected"
            ],
        }

    def resolve(self, raw: Any) -> Answer:
        """Decides; how many conflicts the figure still has."""
        permit("sync")
        request = parse_request(ResolveRequest, raw)
        who = current_user().name
        now_s = time.time()
        count = self._syncing.apart(
            lambda: self._own(
                request.figure_id,
                who,
                now_s,
                lambda: resolve(self._store, request.figure_id, request.keep, who, now_s, request.key),
            )
        )
        self._note("resolve", request.figure_id, keep=request.keep, key=request.key, count=count)
        self._syncing.hint()
        return {"decided": count, "left": len(self._store.syncs.conflicts(request.figure_id))}

    def decide_again(self, raw: Any) -> Answer:
        """Decides once more on a conflict that was decided; whether that changes anything."""
        permit("sync")
        request = parse_request(AgainRequest, raw)
        who = current_user().name
        now_s = time.time()
        earlier = self._store.conflict_decisions.decision(request.id)
        changed = self._syncing.apart(
            lambda: self._own(
                earlier.figure_id,
                who,
                now_s,
                lambda: decide_again(self._store, request.id, request.keep, who, now_s),
            )
        )
        self._note("decide_again", earlier.figure_id, keep=request.keep, key=earlier.key)
        self._syncing.hint()
        return {"changed": changed}

    def _own(self, figure_id: str, who: str, now_s: float, decide: Callable[[], T]) -> T:
        """Decides. A figure that the same person has open in Review is no obstacle: that page is told that the figure
        has changed."""
        holder = self._store.reviews.load(figure_id, now_s).lease_by
        is_own = holder is not None and holder.partition("#")[0] == who
        if is_own:
            self._store.reviews.lease(figure_id, who, now_s, take_over=True)
        try:
            return decide()
        finally:
            if is_own:
                self._store.reviews.release(figure_id, who)

    def _chosen(self, raw: Any) -> list[str]:
        if self._store.outbox.connected() is None:
            raise SyncError("no Label Studio is connected; connect one first")
        figure_ids = self._store.sync_lists.chosen(parse_request(ChoiceRequest, raw).to_choice())
        if not figure_ids:
            raise ReviewError("no mined figure is like that; choose others")
        return figure_ids

    def _note(self, what: str, subject: str, **detail: Any) -> None:
        self._store.audit.add(current_user().name, f"sync.{what}", subject, detail)


def _item(item: SyncItem, there: Connected | None) -> Answer:
    """With the address of its task."""
    url = f"{there.url}/projects/{there.project_id}/data?task={item.task_id}" if there and item.task_id else None
    return {**to_doc(item), "task_url": url}


def _conflict(conflict: KeptConflict) -> Answer:
    return {
        "key": conflict.key,
        "kind": _kind(conflict.key),
        "found_at": conflict.found_at,
        **{side: conflict.doc[side] for side in ("who", "base", "ours", "theirs")},
    }


def _decision(decision: ConflictDecision) -> Answer:
    """``by`` decided; ``who`` had changed it there, as of a conflict."""
    return {
        "id": decision.id,
        "key": decision.key,
        "kind": _kind(decision.key),
        "keep": decision.keep,
        "by": decision.who,
        "at": decision.at,
        **{side: decision.doc[side] for side in ("who", "base", "ours", "theirs")},
    }


def _kind(key: str) -> str:
    if key in ("shared", "state", WRITTEN_OVER):
        return key
    return "gone" if key in (TASK_GONE, ANNOTATION_GONE) else "node"
