"""How the page's server functions answer: a document, or an error as a value that names its kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from curator.errors import CuratorError, LeaseError, StaleError, StoreError

Answer = dict[str, Any]


def answering(method: Callable[[Any], Answer], name: str) -> Callable[..., Answer]:
    """The method as the page calls it, by ``name``.

    A request that cannot be met is answered ``{"error": {"kind", "message"}}``: "stale" (the figure has changed),
    "lease" (somebody else edits it), "missing" (no such figure), "busy" (try again) or "refused" (anything else).
    """

    def answer(raw: Any = None) -> Answer:
        try:
            return method(raw)
        except CuratorError as error:
            return {"error": {"kind": _kind(error), "message": str(error)}}
        except sqlite3.OperationalError as error:
            return {"error": {"kind": "busy", "message": f"the database did not answer ({error}); trying again"}}

    answer.__name__ = name
    return answer


def saying(method: Callable[[Any], Answer], name: str) -> Callable[..., Answer]:
    """As ``answering``, for a page that only shows what was wrong: ``{"error": sentence}``."""

    def answer(raw: Any = None) -> Answer:
        try:
            return method({} if raw is None else raw)
        except CuratorError as error:
            return {"error": str(error)}
        except sqlite3.OperationalError as error:
            return {"error": f"the database did not answer ({error}); try again"}

    answer.__name__ = name
    return answer


def _kind(error: CuratorError) -> str:
    if isinstance(error, StaleError):
        return "stale"
    if isinstance(error, LeaseError):
        return "lease"
    return "missing" if isinstance(error, StoreError) else "refused"
