"""The Search tab's server functions: JSON in, JSON out, errors as sentences."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from pydantic import Field

from curator.codec import to_doc
from curator.errors import InputError
from curator.figure import PanelKind
from data.store import Store
from data.store.findable import FindableLevel
from ui.editor.answers import Answer, saying
from ui.editor.requests import MAX_PAGE, FigureId, Request, parse_request
from ui.searching.search import LIMIT, Hits, SearchFilter, Searching

DEEPEST = 10_000
"""Guess: nobody pages further through an order of likeness."""


class Pictures(Protocol):
    """Where the pictures of queries are kept."""

    def picture(self, token: str) -> bytes:
        """The bytes of one; raises InputError where it is no longer kept."""
        ...


class FindRequest(Request):
    """Search for a text, for what a node looks like, or for a picture that was kept: one of them."""

    text: str | None = Field(default=None, max_length=2000)
    figure_id: FigureId | None = None
    node_id: str | None = Field(default=None, max_length=100)
    picture: str | None = Field(default=None, max_length=200)
    level: FindableLevel | None = None
    kind: PanelKind | None = None
    verified: bool = False
    offset: int = Field(default=0, ge=0, le=DEEPEST)
    limit: int = Field(default=LIMIT, ge=1, le=MAX_PAGE)


class SearchServer:
    """Every method takes untrusted JSON values and returns a document, or ``{"error": sentence}``."""

    def __init__(self, store: Store, searching: Searching, pictures: Pictures) -> None:
        self._store = store
        self._searching = searching
        self._pictures = pictures

    def functions(self) -> list[Callable[..., Answer]]:
        """What the page can call, by name."""
        return [saying(self.search_state, "search_state"), saying(self.search_find, "search_find")]

    def search_state(self, raw: Any) -> Answer:
        """See ``Searching.state``. Whoever asks is about to search: the model is loaded meanwhile."""
        parse_request(Request, raw)
        state = self._searching.state()
        if state["why_not"] is None and not state["loaded"]:
            self._searching.prepare()
        return state

    def search_find(self, raw: Any) -> Answer:
        """One page of hits, how many there are in all, the seconds that it took, and the request as it was read."""
        began = time.perf_counter()
        request = parse_request(FindRequest, raw)
        found = self._found(request)
        return {
            "hits": [to_doc(hit) for hit in found.hits],
            "total": found.total,
            "seconds": round(time.perf_counter() - began, 4),
            "query": request.model_dump(mode="json", exclude_defaults=True),
        }

    def _found(self, request: FindRequest) -> Hits:
        how = (request.level, request.limit, request.offset, SearchFilter(request.kind, request.verified))
        match request:
            case FindRequest(text=str(text), figure_id=None, node_id=None, picture=None):
                return self._searching.by_text(text, *how)
            case FindRequest(text=None, figure_id=str(figure_id), node_id=str(node_id), picture=None):
                return self._searching.by_node(figure_id, node_id, *how)
            case FindRequest(text=None, figure_id=None, node_id=None, picture=str(token)):
                return self._searching.by_picture(self._pictures.picture(token), *how)
        raise InputError("a search needs one thing to look for: a text, a figure's node, or a picture")
