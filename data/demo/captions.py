"""Captions in the dialects of journals, with the own text of each panel known to the character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from data.demo.fields import Rng


class Dialect(StrEnum):
    """How a caption names its panels."""

    BRACKETS = "(A) Text."
    COMMA = "A, Text."
    BARE = "A Text."
    STOP = "A. Text."
    HALF_BRACKET = "A) Text."
    COLON = "A: Text."
    PANEL = "Panel A: Text."
    TRAILING = "Text (A)."
    TRAILING_PANEL = "Text (panel A)."
    LIST = "Lead: A, text; B, text."
    PLACES = "Left: Text."
    TRAILING_PLACES = "Text (left)."
    WHOLE = "Text."


_LETTERED: dict[Dialect, float] = {  # guess, from reading a few hundred captions: brackets first in half of them
    Dialect.BRACKETS: 0.46, Dialect.COMMA: 0.12, Dialect.BARE: 0.12, Dialect.STOP: 0.05, Dialect.HALF_BRACKET: 0.03,
    Dialect.COLON: 0.03, Dialect.PANEL: 0.02, Dialect.TRAILING: 0.1, Dialect.TRAILING_PANEL: 0.02, Dialect.LIST: 0.05,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """What a caption says of one panel, or of several that share it."""

    labels: tuple[str, ...]
    """Letters, or the panel's one place ("left"); empty where the caption cannot name it."""
    sentences: tuple[str, ...]
    """Without full stop; the first begins with a capital."""


@dataclass(frozen=True, slots=True)
class Caption:
    text: str
    own: tuple[str, ...]
    """For each part: its characters of the text."""


def sample_dialect(rng: Rng, lettered: bool, placed: bool, panels: int) -> Dialect:
    """A dialect that can be written: with letters, with places ("left"), or with neither."""
    if lettered:
        choices = [d for d in _LETTERED if d != Dialect.LIST or panels <= 4]
        shares = [_LETTERED[d] for d in choices]
        return choices[int(rng.choice(len(choices), p=[s / sum(shares) for s in shares]))]
    if placed and panels > 1:
        return Dialect.PLACES if rng.random() < 0.5 else Dialect.TRAILING_PLACES
    return Dialect.WHOLE


def compose(dialect: Dialect, lead: str, parts: Sequence[Part], tail: Sequence[str], named: Sequence[str]) -> Caption:
    """The caption: lead, each part under its name, tail; ``named``: how each part is called ("A-C", "left")."""
    text = lead
    if text:
        text += ":" if dialect == Dialect.LIST else "."
    own = []
    for index, (part, name) in enumerate(zip(parts, named, strict=True)):
        words = _named(dialect, part, name)
        if text:
            text += " "
        if dialect == Dialect.LIST:
            last = index == len(parts) - 1
            own.append(words)
            text += words + ("." if last else ";")
        else:
            own.append(words + ".")
            text += words + "."
    for sentence in tail:
        text += (" " if text else "") + sentence + "."
    return Caption(text, tuple(own))


def _named(dialect: Dialect, part: Part, name: str) -> str:
    first, *rest = part.sentences
    if dialect in (Dialect.TRAILING, Dialect.TRAILING_PLACES):
        return ". ".join([f"{first} ({name})", *rest])
    if dialect == Dialect.TRAILING_PANEL:
        return ". ".join([f"{first} (panel{'s' if len(part.labels) > 1 else ''} {name})", *rest])
    body = ". ".join(part.sentences)
    if dialect == Dialect.LIST:
        return f"{name}, " + "; ".join(part.sentences).replace("; ", ", ")
    prefix = {
        Dialect.BRACKETS: f"({name}) ",
        Dialect.COMMA: f"{name}, ",
        Dialect.BARE: f"{name} ",
        Dialect.STOP: f"{name}. ",
        Dialect.HALF_BRACKET: f"{name}) ",
        Dialect.COLON: f"{name}: ",
        Dialect.PANEL: f"Panel{'s' if len(part.labels) > 1 else ''} {name}: ",
        Dialect.PLACES: f"{name.capitalize()}: ",
        Dialect.WHOLE: "",
    }[dialect]
    return prefix + body


def name_of(rng: Rng, labels: Sequence[str], dash: str) -> str:
    """Letters as captions list them: "A", "A and B", "A, B", "A-C"."""
    if len(labels) == 1:
        return labels[0]
    ways = (f"{labels[0]}{dash}{labels[-1]}", ", ".join(labels), f"{', '.join(labels[:-1])} and {labels[-1]}")
    shares = (0.2, 0.35, 0.45) if len(labels) == 2 else (0.75, 0.1, 0.15)
    return ways[int(rng.choice(3, p=shares))]


def places(boxes: Sequence[tuple[float, float, float, float]]) -> list[str] | None:
    """What a caption calls panels without letters by where they are; None where words would not do."""
    rows = sorted({round((y0 + y1) / 2 / 8) for _, y0, _, y1 in boxes})
    columns = sorted({round((x0 + x1) / 2 / 8) for x0, _, x1, _ in boxes})
    across = {1: [""], 2: ["left", "right"], 3: ["left", "middle", "right"]}
    down = {1: [""], 2: ["top", "bottom"], 3: ["top", "middle", "bottom"]}
    if len(boxes) < 2 or len(rows) not in down or len(columns) not in across or len(rows) * len(columns) != len(boxes):
        return None
    if len(rows) > 1 and len(columns) > 1 and len(boxes) > 4:
        return None
    names = []
    for x0, y0, x1, y1 in boxes:
        vertical = down[len(rows)][rows.index(round((y0 + y1) / 2 / 8))]
        horizontal = across[len(columns)][columns.index(round((x0 + x1) / 2 / 8))]
        names.append(f"{vertical} {horizontal}".strip())
    return names
