"""What the documents of the API have in common."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
MAX_LIMIT = 100
"""Rows of one page. Guess: 100 figures of the queue are 20 KB."""


class Shape(BaseModel):
    """An answer. The description that programs are written against: a test checks every answer against it."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Page(Shape, Generic[T]):
    """A part of a list. ``next`` (also as a Link header, rel="next") leads to the one after it."""

    items: list[T]
    total: int
    """Of all pages together, now."""
    offset: int
    """How many come before the first of these."""
    next: str | None
    """Address of the next page; null on the last."""


class Empty(Shape):
    """Nothing to say."""


def free(why: str) -> Any:
    """A field whose inside nothing here can describe, and why: ``detail: dict[str, Any] = free("...")``. The reason is
    published as ``x-free``; a test refuses a loose type without one."""
    return Field(json_schema_extra={"x-free": why})


class Wanted(BaseModel):
    """What a request holds; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


Document = dict[str, Any]
