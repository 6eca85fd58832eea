"""The Queue tab: thumbnails of all figures, with filters, full-text search and the list of problems.

The page asks, these functions answer; what it shows and how it scrolls is in ``ui/gallery``. A click on a figure
changes the address to ``#figure=ID&filter=JSON``, where the filter is a ``QueueFilter`` without its defaults.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curator.codec import to_doc, validated
from curator.errors import CuratorError
from curator.figure import PanelKind
from data.store import Store
from data.store.queue import QueueFilter
from ui.editor.agents_server import AgentsServer
from ui.editor.bundle import as_script

_FOLDER = Path(__file__).parent.parent / "gallery"
_STYLES = ("grid.css", "gallery.css")
_MODULES = ("filters.js", "grid.js", "card.js", "problems.js", "picked.js", "gallery.js")
_MAX_PAGE = 200  # figures; the page asks for 60
_MAX_TEXT = 500  # characters of a search
_ARTICLES_SHOWN = 12
_ARTICLES_FRESH_S = 30.0  # listing 20,000 articles takes half a second (measured)

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class _Find(BaseModel):
    model_config = ConfigDict(extra="forbid")

    filter: dict[str, Any] = Field(default_factory=dict)
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=60, ge=1, le=_MAX_PAGE)
    count: bool = False


def parse_filter(fields: dict[str, Any]) -> QueueFilter:
    """The filter of an address or request, which anybody may have written.

    Raises:
        HierarchyError: names each field that is wrong.
    """
    wanted: QueueFilter = validated(QueueFilter, fields | {"text": str(fields.get("text", ""))[:_MAX_TEXT]})
    return wanted


def gallery_answers(store: Store) -> tuple[Answer, Answer, Answer]:
    """The server side of the tab: ``find``, ``articles`` and ``problems``. A bad request gives ``{"error": why}``."""
    articles_of = _article_list(store)

    def find(asked: dict[str, Any]) -> dict[str, Any]:
        """One page of figures; with ``count`` also how many match, how many stand in each state, and all problems'
        number."""
        try:
            request = _Find.model_validate(asked)
            wanted = parse_filter(request.filter)
        except (ValidationError, CuratorError) as error:
            return {"error": f"the queue could not be read: {error}"}
        answer: dict[str, Any] = {
            "offset": request.offset,
            "items": [to_doc(item) for item in store.queue.page(wanted, request.offset, request.limit, time.time())],
        }
        if request.count:
            answer["count"] = store.queue.count(wanted)
            answer["states"] = dict(store.queue.states())
            answer["problem_count"] = len(store.problems.listed())
        return answer

    def articles(asked: dict[str, Any]) -> dict[str, Any]:
        """Articles whose id or title holds all words of ``text``, by id."""
        words = str(asked.get("text", ""))[:_MAX_TEXT].casefold().split()
        found = [row for row in articles_of() if all(word in row["search"] for word in words)]
        return {
            "more": max(0, len(found) - _ARTICLES_SHOWN),
            "articles": [{key: row[key] for key in ("id", "title", "count")} for row in found[:_ARTICLES_SHOWN]],
        }

    def problems(_asked: dict[str, Any]) -> dict[str, Any]:
        """Everything that could not be ingested or mined, with its reason."""
        return {"problems": [to_doc(problem) for problem in store.problems.listed()]}

    return find, articles, problems


def _article_list(store: Store) -> Callable[[], list[dict[str, Any]]]:
    """The store's articles, read again when the last reading is ``_ARTICLES_FRESH_S`` old."""
    lock = threading.Lock()
    read_at = -_ARTICLES_FRESH_S
    rows: list[dict[str, Any]] = []

    def current() -> list[dict[str, Any]]:
        nonlocal read_at, rows
        with lock:
            if time.monotonic() - read_at >= _ARTICLES_FRESH_S:
                rows = [
                    {
                        "id": article.id,
                        "title": article.title,
                        "count": count,
                        "search": f"{article.id} {article.title}".casefold(),
                    }
                    for article, count in store.articles.listed()
                ]
                read_at = time.monotonic()
            return rows

    return current


def gallery_tab(store: Store, agents: AgentsServer) -> Any:
    """The tab's component, to be made inside ``gr.Tab``."""
    import gradio as gr

    return gr.HTML(
        html_template=(_FOLDER / "gallery.html").read_text(encoding="utf-8"),
        css_template="\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _STYLES),
        js_on_load=as_script(_MODULES, _FOLDER),
        server_functions=[*gallery_answers(store), *agents.job_functions()],
        apply_default_css=False,
        elem_id="gallery",
        elem_classes="c-fill",
        kinds=[str(kind) for kind in PanelKind],
        project=str(store.project),
    )
