"""Label-like letters and numbers of a caption, read in every alphabet that they fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
ALPHABETS: dict[str, tuple[str, ...]] = {
    "upper": tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "lower": tuple("abcdefghijklmnopqrstuvwxyz"),
    "digit": tuple(str(n) for n in range(1, 31)),
    "roman": _ROMAN,
    "ROMAN": tuple(symbol.upper() for symbol in _ROMAN),
}
_INDEX = {name: {symbol: i for i, symbol in enumerate(symbols)} for name, symbols in ALPHABETS.items()}
_FITTING: dict[str, list[str]] = {}
for _name, _symbols in ALPHABETS.items():
    for _symbol in _symbols:
        _FITTING.setdefault(_symbol, []).append(_name)

# A letter, numeral or number that stands alone; "7A" is letter A of figure 7 (but "40x" a magnification), "A'" counts
# as A.
_ATOM = re.compile(
    r"(?<![^\W_])(?:(?P<number>\d{1,2})(?=[A-WYZa-wyz](?![^\W_])))?(?P<symbol>[A-Za-z]|[ivx]{2,4}|[IVX]{2,4}|\d{1,2})"
    r"['\u2032\u2019\u2033]{0,2}(?![^\W_])"
)
_SEPARATOR = re.compile(r"\s{0,2}(?:[,;/]\s{0,2}(?:(?:and|or|&)\s)?|(?:and|or|&)\s)\s?", re.IGNORECASE)
_DASH = re.compile(r"\s?(?:[-\u2010-\u2015\u2212~]|to\s|through\s)\s?")
# Between two labels with a bracket each: "(A) and (B)", "A), B)", "(A)-(C)".
_BRIDGE = re.compile(
    r"\s?[)\]]\s?(?:(?P<dash>[-\u2010-\u2015\u2212]|to\s)|,\s?(?:and\s|or\s)?|and\s|or\s|&\s)\s?(?P<open>[(\[]?)\s?"
)
# The numbered parts of one panel where they open a sentence: "(E1 and E2)", "(E1-4)", "(E1)".
_PARTS = re.compile(
    r"(?<=[.:;] [(\[])(?P<letter>[A-Za-z])\d(?:\s?(?:[-\u2010-\u2015,]|and\s|to\s)\s?(?P=letter)?\d)*(?=[)\]])"
)
_LONGEST_GAP = 12


@dataclass(slots=True)
class Group:
    """Neighbouring letters or numbers: "A", "A, C and E", "(A)-(C)"."""

    start: int
    end: int
    symbols: list[str]
    dashes: list[bool]
    """Whether a dash precedes each symbol but the first."""
    numbers: set[str]
    """Figure numbers written before the letters, as in "7A"."""

    def readings(self) -> dict[str, tuple[int, ...]]:
        """Per alphabet that has all symbols: their positions in it, with ranges filled in; {} for a range that runs
        backwards."""
        found = {}
        for name in _FITTING.get(self.symbols[0], ()):
            index = _INDEX[name]
            if all(symbol in index for symbol in self.symbols):
                expanded = _expanded([index[symbol] for symbol in self.symbols], self.dashes)
                if expanded is not None:
                    found[name] = expanded
        return found


def find_groups(caption: str) -> Iterator[Group]:
    """All groups of the caption, in order."""
    parts = (Group(*m.span(), [m["letter"]], [], set()) for m in _PARTS.finditer(caption))
    return merge(_plain_groups(caption), parts, key=lambda group: group.start)


def _plain_groups(caption: str) -> Iterator[Group]:
    group: Group | None = None
    for match in _ATOM.finditer(caption):
        start, end = match.span()
        numbers = {match["number"]} if match["number"] else set()
        alike = group is not None and group.symbols[-1].isdigit() == match["symbol"].isdigit()  # not "grade 2, b"
        dash = _joined(caption, group, start, end) if group is not None and alike else None
        if group is not None and dash is not None:
            group.end = end
            group.symbols.append(match["symbol"])
            group.dashes.append(dash)
            group.numbers |= numbers
            continue
        if group is not None:
            yield group
        group = Group(start, end, [match["symbol"]], [], numbers)
    if group is not None:
        yield group


def _joined(caption: str, group: Group, start: int, end: int) -> bool | None:
    """Whether a dash joins the group to the symbol at ``start``; None where nothing joins them."""
    if start - group.end > _LONGEST_GAP:
        return None
    gap = caption[group.end : start]
    if _DASH.fullmatch(gap):
        return True
    if _SEPARATOR.fullmatch(gap):
        listed = ";" in gap and caption[end : end + 1] in (".", ":")
        return None if listed else False  # "as in E; G. Liver": the second opens an item of a list
    bridge = _BRIDGE.fullmatch(gap)
    opened = caption[max(0, group.start - 1) : group.start] in ("(", "[")
    if bridge and (opened or not bridge["open"]) and caption[end : end + 1] in (")", "]"):
        return bridge["dash"] is not None
    return None


def _expanded(positions: list[int], dashes: list[bool]) -> tuple[int, ...] | None:
    out = [positions[0]]
    for position, dash in zip(positions[1:], dashes, strict=True):
        if dash:
            if position <= out[-1]:
                return None
            out.extend(range(out[-1] + 1, position))
        out.append(position)
    return tuple(dict.fromkeys(out))
