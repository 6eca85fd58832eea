"""Where the next page of the queue goes on."""

from __future__ import annotations

import base64
import binascii

from pydantic import TypeAdapter, ValidationError

from curator.errors import ReviewError
from data.store.queue import Place
from ui.editor.requests import FigureId

_Cursor = tuple[FigureId, int | None, float | None, int, float | None]
_CURSORS: TypeAdapter[_Cursor] = TypeAdapter(_Cursor)
_MAX_LENGTH = 3000  # a figure's id of 500 characters of any script


def cursor_of(figure_id: str, place: Place) -> str:
    """The end of a page: its last figure, and what that was ordered by when it was shown."""
    values: _Cursor = (figure_id, place.rank, place.confidence, place.number, place.fit)
    return base64.urlsafe_b64encode(_CURSORS.dump_json(values)).decode().rstrip("=")


def parse_cursor(text: str) -> tuple[str, Place]:
    """The figure and its place.

    Raises:
        ReviewError: it is no cursor.
    """
    try:
        if len(text) > _MAX_LENGTH:
            raise ValueError("too long")
        values = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        figure_id, rank, confidence, number, fit = _CURSORS.validate_json(values)
    except (ValueError, binascii.Error, ValidationError) as error:
        raise ReviewError(f"{text[:80]!r} is no end of a page; take 'after' from the address in 'next'") from error
    return figure_id, Place(rank, confidence, number, fit)
