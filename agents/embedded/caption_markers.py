"""The words by which captions name markers: kind, colour, one or several."""

from __future__ import annotations

import re
from dataclasses import dataclass

from curator.figure import MarkerKind, Span

# Colour words as authors write them -> the plain words of the hierarchy.
_COLORS = {
    **{
        word: word for word in ("white", "black", "red", "yellow", "green", "blue", "cyan", "magenta", "orange", "grey")
    },
    "gray": "grey",
    "purple": "magenta",
    "violet": "magenta",
    "pink": "magenta",
    "turquoise": "cyan",
    "golden": "yellow",
    "brown": "orange",
}
_COLOR = "|".join(_COLORS)
_ADJECTIVE = (
    rf"(?:(?:light|dark|bright|pale)[ -])?(?:{_COLOR})|open|closed|solid|filled|hollow|empty|thick|thin|bold|large|"
    r"small|long|short|big|double|curved|straight|vertical|horizontal|hatched|dashed|dotted|broken|stippled|outlined"
)
_NOUN = (
    r"(?P<arrowhead>arrow[ -]?heads?|triangles?)|(?P<arrow>arrows?)|"
    r"(?P<asterisk>asterisks?|asterix)|(?P<star>stars?|\u2605|\u2606)|"
    r"(?P<circle>circles?|circled|encircled|ellipses?|ovals?)|"
    r"(?P<box>box(?:es|ed)?|rectangles?|rectangular (?:area|region|box)s?|squares?|borders?|framed|"
    r"(?:highlighted|outlined) (?:region|area|segment)s?)|"
    r"(?P<line>lines?|outlines?|outlined|contours?|curves?)|(?P<bracket>brackets?|braces?)"
)
_GROUPS = ("arrowhead", "arrow", "asterisk", "star", "circle", "box", "line", "bracket")
_MARKER = re.compile(
    rf"(?<![\w-])(?P<adjectives>(?:(?:{_ADJECTIVE})(?:,? and |, |/|\s)){{0,4}})(?:{_NOUN})(?![\w-])", re.IGNORECASE
)
_SIGN = re.compile(
    r"(?<![\w*)])\*(?![*\d])(?=\s?(?:indicat|denot|mark|show|point|represent|label|[,:=]\s?[a-z]))", re.IGNORECASE
)
_IN_COLOR = re.compile(rf"\s(?:in|with)\s(?P<color>{_COLOR})\b", re.IGNORECASE)
_DASHED = re.compile(r"\b(?:dashed|dotted|broken|stippled)\b", re.IGNORECASE)
_PLOT_SYMBOL = re.compile(r"\b(?:open|closed|solid|filled|hollow|empty)\b", re.IGNORECASE)

# Clauses in which such a word is no marker: statistics, plots, molecular biology, geometry.
_STATISTICS = re.compile(
    r"significan|\bp[\s-]?(?:values?|[<=>\u2264])|\bt[\s-]?tests?\b|anova|\btest\b|compared (?:with|to)|\bversus\b|"
    r"\bvs\b|\bcontrols?\b$",
    re.IGNORECASE,
)
_PLOT = re.compile(
    r"\b(?:box[ -]?(?:and[ -]whiskers?|plots?|charts?)|box-and|whiskers?|quartiles?|interquartile|medians?|"
    r"percentiles?|curves?|regression|kaplan|survival|mean values?|data points?|diamonds?|error bars?|histograms?|"
    r"axis|outliers?|symbols?|samples?|patients|simulations?|group|wild[ -]type|proteins?|genes?|exons?|introns?|"
    r"domains?|nodes?)\b",
    re.IGNORECASE,
)
_NOT_A_BOX = re.compile(r"(?:[A-Z][\w/]*|-|\b(?:least|mean|chi|root|latin|black))\s?$")
_CELL_LINE = re.compile(
    r"\b(?:cell|time|base|mid|germ|blood|first|second|steady|straight|survival|regression)\s?$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class MarkerWord:
    """One naming of a marker in a caption."""

    span: Span
    kind: MarkerKind
    color: str | None
    plural: bool


def find_marker_words(caption: str, clause: Span) -> list[MarkerWord]:
    """The marker words of one clause, in order; one for each colour of "red and white arrows"."""
    text = caption[clause.start : clause.end]
    statistics, plot = _STATISTICS.search(text) is not None, _PLOT.search(text) is not None
    found: list[MarkerWord] = []
    for match in _MARKER.finditer(caption, clause.start, clause.end):
        kind = _kind(match, caption, statistics, plot)
        if kind is None:
            continue
        plural = match.group().lower().endswith("s") or _boxes_follow(caption, match)
        span = Span(match.start(), match.end())
        after = _IN_COLOR.match(caption, match.end(), clause.end)
        names = re.findall(_COLOR, match["adjectives"], re.IGNORECASE) or ([after["color"]] if after else [])
        colors: list[str | None] = [_COLORS[name.lower()] for name in names] or [None]
        found.extend(MarkerWord(span, kind, color, plural) for color in dict.fromkeys(colors))
    if not statistics:
        signs = _SIGN.finditer(caption, clause.start, clause.end)
        found.extend(MarkerWord(Span(*match.span()), MarkerKind.ASTERISK, None, False) for match in signs)
    if any(word.kind is MarkerKind.DASHED_BOX for word in found):
        # "rectangular region indicated by a red dashed border" is one box
        found = [word for word in found if word.kind is not MarkerKind.BOX or word.color]
    return sorted(found, key=lambda word: word.span)


def plain_color(words: str) -> str | None:
    """The plain colour word that the words name ("light gray" is grey); None where they name none."""
    named = re.search(rf"\b(?:{_COLOR})\b", words, re.IGNORECASE)
    return _COLORS[named.group().lower()] if named else None


def _boxes_follow(caption: str, match: re.Match[str]) -> bool:
    """ "boxed areas", "circled regions": the noun tells how many."""
    return (
        match.group().lower().endswith("ed")
        and re.match(r" \w+s\b", caption[match.end() : match.end() + 16]) is not None
    )


def _kind(match: re.Match[str], caption: str, statistics: bool, plot: bool) -> MarkerKind | None:
    """The marker's kind; None where the word means something else, as in a clause on statistics or plots."""
    name = match.lastgroup or ""
    name = next(
        group
        for group in ("arrowhead", "arrow", "asterisk", "star", "circle", "box", "line", "bracket")
        if match[group]
    )
    word = match[name].lower()
    adjectives = match["adjectives"]
    before = caption[max(0, match.start() - 16) : match.start()]
    dashed = _DASHED.search(adjectives) is not None
    colored = re.search(_COLOR, adjectives, re.IGNORECASE) is not None
    if name in ("asterisk", "star"):
        if match[name].isupper() or statistics:
            return None
        return MarkerKind.ASTERISK if name == "asterisk" else MarkerKind.STAR
    if name == "arrow":
        return MarkerKind.ARROW
    if name == "bracket":
        return MarkerKind.BRACKET
    if name == "line":
        if not dashed or _CELL_LINE.search(before) or (plot and not colored):
            return None
        return MarkerKind.DASHED_LINE
    if word in ("boxed", "circled", "encircled", "framed"):
        return {"b": MarkerKind.BOX, "f": MarkerKind.BOX}.get(word[0], MarkerKind.CIRCLE)
    if _PLOT_SYMBOL.search(adjectives) and name != "arrowhead":
        return None
    if name == "arrowhead":
        plain = word.startswith("arrow") or not plot
        return (
            MarkerKind.ARROWHEAD if plain and not (word.startswith("tri") and _PLOT_SYMBOL.search(adjectives)) else None
        )
    if word.startswith(("highlighted", "outlined")):
        return MarkerKind.BOX
    if plot or _NOT_A_BOX.search(before):
        return None
    if name == "circle":
        return MarkerKind.CIRCLE
    if word.startswith("square") and not (colored or dashed):
        return None
    if word.startswith("border") and not dashed:
        return None
    return MarkerKind.DASHED_BOX if dashed else MarkerKind.BOX
