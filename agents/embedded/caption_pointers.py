"""Clauses of a caption that explain a marker."""

from __future__ import annotations

from dataclasses import dataclass

from curator.figure import MarkerKind, Span


@dataclass(frozen=True, slots=True)
class Pointer:
    """A clause and what it says of its marker."""

    span: Span
    kind: MarkerKind
    color: str | None
    labels: tuple[str, ...]
    target: str
    plural: bool
