"""The review page's server functions: JSON in, JSON out, errors as values that name their kind."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from curator.commands import parse_commands
from curator.errors import RepeatedError
from data.store import Store
from ui.accounts.identity import permit
from ui.editor.answers import Answer, answering
from ui.editor.documents import figure_document, queue_item_document
from ui.editor.requests import (
    EditRequest,
    FigureRequest,
    LeaseRequest,
    QueueRequest,
    ReleaseRequest,
    parse_request,
)
from ui.learning.assessing import words_on


class ReviewServer:
    """Every method takes untrusted JSON values and returns a document.

    ``who``: the curator's name, or what gives the name of the one whose request is being answered.
    """

    def __init__(self, store: Store, who: str | Callable[[], str], now_s: Callable[[], float] = time.time) -> None:
        self._store = store
        self._name: Callable[[], str] = (lambda: who) if isinstance(who, str) else who
        self._now_s = now_s

    def functions(self) -> list[Callable[..., Answer]]:
        """What the page can call, by name."""
        return [
            answering(self.load, "load"),
            answering(self.lease, "lease"),
            answering(self.release, "release"),
            answering(self.edit, "edit"),
            answering(self.queue, "queue"),
        ]

    def load(self, raw: Any) -> Answer:
        """A figure as it stands."""
        return {"figure": self._figure(parse_request(FigureRequest, raw).figure_id)}

    def lease(self, raw: Any) -> Answer:
        """Who holds the figure now, whether that is this page, and the figure's revision."""
        request = parse_request(LeaseRequest, raw)
        if request.leaving is not None:
            self._store.reviews.release(request.leaving, self._holder(request.tab))
        held_by = self._store.reviews.lease(
            request.figure_id, self._holder(request.tab), self._now_s(), request.take_over
        )
        return {
            "mine": held_by == self._holder(request.tab),
            "holder": held_by.partition("#")[0],
            "you": held_by.partition("#")[0] == self._name(),
            "revision": self._store.reviews.load(request.figure_id, self._now_s()).revision,
        }

    def release(self, raw: Any) -> Answer:
        request = parse_request(ReleaseRequest, raw)
        self._store.reviews.release(request.figure_id, self._holder(request.tab))
        return {}

    def edit(self, raw: Any) -> Answer:
        """Saves an edit, an undo, a redo or adopted proposals; the figure afterwards."""
        request = parse_request(EditRequest, raw)
        with suppress(RepeatedError):  # only its answer was lost on the way
            self._obey(request)
        return {"figure": self._figure(request.figure_id)}

    def queue(self, raw: Any) -> Answer:
        """Figures of the queue, how many come before the first of them, and how many there are."""
        request = parse_request(QueueRequest, raw)
        wanted = request.filter.to_filter()
        queue = self._store.queue
        total = queue.count(wanted)
        offset, limit = request.offset, request.limit
        if request.after is not None:
            offset = queue.position(wanted, request.after)
        elif request.before is not None:
            end = queue.position(wanted, request.before)
            offset = max(0, end - limit)
            limit = max(1, end - offset)
        elif request.around is not None:
            offset = max(0, min(queue.position(wanted, request.around), total - 1) - limit // 3)
        items = queue.page(wanted, offset, limit, self._now_s())
        return {"items": [queue_item_document(item) for item in items], "offset": offset, "total": total}

    def _holder(self, tab: str) -> str:
        return f"{self._name()}#{tab}"

    def _figure(self, figure_id: str) -> Answer:
        stored = self._store.reviews.load(figure_id, self._now_s())
        article = self._store.articles.article(stored.review.figure.article_id)
        fits = self._store.fits.of_figure(figure_id)
        return figure_document(stored, article, fits, words_on(self._store, stored))

    def _obey(self, request: EditRequest) -> None:
        holder, now_s, reviews = self._holder(request.tab), self._now_s(), self._store.reviews
        asked, worked_s = request.asked, request.worked_s
        match request.action:
            case "commands":
                commands = parse_commands(request.commands)
                reviews.decide(request.figure_id, request.revision, commands, holder, now_s, worked_s, asked)
            case "undo":
                reviews.undo(request.figure_id, request.revision, holder, now_s, asked)
            case "redo":
                reviews.redo(request.figure_id, request.revision, holder, now_s, asked)
            case "adopt":
                permit("adopt")
                figure_id, levels, mining_id = request.figure_id, frozenset(request.levels), request.mining_id
                reviews.adopt(figure_id, request.revision, mining_id, levels, holder, now_s, worked_s, asked)
