"""Where a caption may speak of panels by their labels: every mention, how it is set, and how likely it is one."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from agents.embedded.caption_sentences import bracket_depths
from curator.figure import Span


class Form(Enum):
    """How the author set a label."""

    BRACKETS = "(A)"
    IN_BRACKETS = "(A, arrow)"
    CLOSED = "A)"
    COLON = "A:"
    DOT = "A."
    COMMA = "A,"
    BARE = "A"


class Place(Enum):
    """Where a label stands, seen from the words that it labels."""

    SENTENCE = "it opens a sentence"
    CLAUSE = "its words follow, inside a sentence"
    AFTER = "its words come before"


_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
ALPHABETS: dict[str, tuple[str, ...]] = {
    "upper": tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "lower": tuple("abcdefghijklmnopqrstuvwxyz"),
    "digit": tuple(str(n) for n in range(1, 31)),
    "roman": _ROMAN,
    "ROMAN": tuple(symbol.upper() for symbol in _ROMAN),
}
_INDEX = {name: {symbol: i for i, symbol in enumerate(symbols)} for name, symbols in ALPHABETS.items()}

# A letter, numeral or number that stands alone; "7A" is letter A of figure 7, "A'" counts as A.
_ATOM = re.compile(
    r"(?<![^\W_])(?:(?P<number>\d{1,2})(?=[A-Za-z](?![^\W_])))?(?P<symbol>[A-Za-z]|[ivx]{2,4}|[IVX]{2,4}|\d{1,2})"
    r"['′’″]{0,2}(?![^\W_])"  # noqa: RUF001 - primes as printed
)
_SEPARATOR = re.compile(r"\s{0,2}(?:[,;/]\s{0,2}(?:(?:and|or|&)\s)?|(?:and|or|&)\s)\s?", re.IGNORECASE)
_DASH = re.compile(r"\s?(?:[-\u2010-\u2015\u2212~]|to\s|through\s)\s?")
# Between two labels with a bracket each: "(A) and (B)", "A), B)", "(A)-(C)".
_BRIDGE = re.compile(
    r"\s?[)\]]\s?(?:(?P<dash>[-\u2010-\u2015\u2212]|to\s)|,\s?(?:and\s|or\s)?|and\s|or\s|&\s)\s?(?P<open>[(\[]?)\s?"
)
_LONGEST_GAP = 12

_KEYWORD = re.compile(r"\b(?:sub-?)?(?:panel|part|image|inset)s?\s{0,2}$", re.IGNORECASE)
# Words after which a letter or number names something else than a panel of this figure.
_ELSEWHERE = re.compile(
    r"\b(?:figures?|figs?|tables?|movies?|videos?|refs?|files?|schemes?|supplement\w*|vitamins?|types?|grades?|stages?|"
    r"groups?|class|scenarios?|hours?|weeks?|months?|circles?|experiments?|rows?|columns?|sites?|trials?|phases?|"
    r"lanes?|bars?|hepatitis|influenza|steps?|cases?|patients?|samples?|lines?|tiers?|days?|"
    r"domains?|chains?|zones?|levels?|appendix|s\d{1,2})\.?\s{0,2}$",
    re.IGNORECASE,
)
# Words after which a label introduces the words that follow it.
_GLUE = re.compile(
    r"(?:^|[\s(])(?:and|or|in|of|the|by|with|for|from|to|at|on|under|after|before|both|either|as|into|shows?|using|"
    r"while|whereas|but|an?|per|versus|vs\.?|than|is|are|was|were|between|during|representative)\s{0,2}$",
    re.IGNORECASE,
)
# Words after which a bare letter may point at a panel: "as shown in D".
_POINTING = re.compile(r"(?:^|[\s(])(?:in|of|from|for|to|at|and|or|on|with)\s{1,2}$", re.IGNORECASE)
_NOT_BARE = ("a", "I", "i")
_TIED = re.compile(r"[-\u2010-\u2015\u2212&/+=%°'’][\w]|[+%°]")  # noqa: RUF001
_NAMED = re.compile(r"\s[A-Z][a-z]{2}")
_LAST_WORD = re.compile(r"([^\W\d_][\w'-]*)[\s)]{0,3}$")
_REACH = 24  # characters before and after a label that are looked at; bounds the work per label

# How much a mention of this form and place looks like a label that names a panel. Ordered by reading captions, then
# adjusted on one half of the caption truth.
_WEIGHTS: dict[tuple[Form, Place], float] = {
    (Form.BRACKETS, Place.SENTENCE): 1.0,
    (Form.BRACKETS, Place.CLAUSE): 0.85,
    (Form.BRACKETS, Place.AFTER): 0.7,
    (Form.IN_BRACKETS, Place.SENTENCE): 0.4,
    (Form.IN_BRACKETS, Place.CLAUSE): 0.5,
    (Form.IN_BRACKETS, Place.AFTER): 0.5,
    (Form.CLOSED, Place.SENTENCE): 0.95,
    (Form.CLOSED, Place.CLAUSE): 0.7,
    (Form.CLOSED, Place.AFTER): 0.45,
    (Form.COLON, Place.SENTENCE): 0.9,
    (Form.COLON, Place.CLAUSE): 0.7,
    (Form.COLON, Place.AFTER): 0.3,
    (Form.DOT, Place.SENTENCE): 0.85,
    (Form.DOT, Place.CLAUSE): 0.4,
    (Form.DOT, Place.AFTER): 0.1,
    (Form.COMMA, Place.SENTENCE): 0.75,
    (Form.COMMA, Place.CLAUSE): 0.4,
    (Form.COMMA, Place.AFTER): 0.1,
    (Form.BARE, Place.SENTENCE): 0.6,
    (Form.BARE, Place.CLAUSE): 0.2,
    (Form.BARE, Place.AFTER): 0.1,
}
_KEYWORD_WEIGHT = 0.8
_BOLD_WEIGHT = 0.8
_DIGIT_FACTOR = 0.7  # numbers count things more often than they name panels


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where the caption may speak of panels by their labels."""

    span: Span
    """The labels with their brackets or punctuation."""
    readings: dict[str, tuple[int, ...]]
    """Per alphabet, the positions in it of the labels (ranges expanded)."""
    form: Form
    place: Place
    weight: float
    """How much it looks like a label that names a panel of this figure, 0 to 1."""
    doubtful: bool
    """Something else is as likely: an abbreviation ("curcumin (C)"), an article ("a Japanese patient")."""


@dataclass(slots=True)
class _Group:
    """Neighbouring atoms, and whether a dash precedes each but the first."""

    start: int
    end: int
    symbols: list[str]
    dashes: list[bool]
    numbers: set[str | None]


@dataclass(slots=True)
class _Setting:
    """A group and what surrounds it."""

    group: _Group
    start: int
    end: int
    form: Form
    keyword: bool
    deep: bool
    """Inside brackets that hold more than the labels."""
    before: str
    after: str


def find_mentions(caption: str, sentences: tuple[Span, ...], bold_spans: tuple[Span, ...] = ()) -> list[Mention]:
    """All places of the caption that could name panels, in order."""
    depths = bracket_depths(caption)
    starts = [span.start for span in sentences]
    bold = {index for span in bold_spans if span.end - span.start <= _REACH for index in range(span.start, span.end)}
    found = []
    for group in _groups(caption):
        readings = _readings(group)
        setting = _setting(caption, group, depths) if readings else None
        if setting is None:
            continue
        sentence = sentences[max(0, bisect_right(starts, group.start) - 1)]
        place = _place(caption, sentence, setting)
        weight = _weight(setting, place, group.start in bold)
        if weight > 0:
            span = Span(setting.start, setting.end)
            found.append(Mention(span, readings, setting.form, place, weight, _doubtful(setting, place)))
    return found


def _groups(caption: str) -> Iterator[_Group]:
    """Runs of label-like atoms joined by commas, "and" or dashes."""
    group: _Group | None = None
    for match in _ATOM.finditer(caption):
        start, end = match.span()
        if group is not None:
            dash = _joined(caption, group, start, end)
            if dash is not None:
                group.end = end
                group.symbols.append(match["symbol"])
                group.dashes.append(dash)
                group.numbers.add(match["number"])
                continue
            yield group
        group = _Group(start, end, [match["symbol"]], [], {match["number"]})
    if group is not None:
        yield group


def _joined(caption: str, group: _Group, start: int, end: int) -> bool | None:
    """Whether a dash joins the group to the atom at ``start``; None where nothing joins them."""
    if start - group.end > _LONGEST_GAP:
        return None
    gap = caption[group.end : start]
    if _DASH.fullmatch(gap):
        return True
    if _SEPARATOR.fullmatch(gap):
        return False
    bridge = _BRIDGE.fullmatch(gap)
    opened = caption[: group.start].endswith(("(", "[")) if bridge else False
    if bridge and bool(bridge["open"]) == opened and caption[end : end + 1] in (")", "]"):
        return bridge["dash"] is not None
    return None


def _readings(group: _Group) -> dict[str, tuple[int, ...]]:
    readings = {}
    for name, index in _INDEX.items():
        if all(symbol in index for symbol in group.symbols):
            expanded = _expanded([index[symbol] for symbol in group.symbols], group.dashes)
            if expanded is not None:
                readings[name] = expanded
    return readings


def _expanded(positions: list[int], dashes: list[bool]) -> tuple[int, ...] | None:
    """The positions with ranges filled in; None where a range runs backwards."""
    out = [positions[0]]
    for position, dash in zip(positions[1:], dashes, strict=True):
        if dash:
            if position <= out[-1]:
                return None
            out.extend(range(out[-1] + 1, position))
        out.append(position)
    return tuple(dict.fromkeys(out))


def _setting(caption: str, group: _Group, depths: list[int]) -> _Setting | None:
    """The group with its brackets and punctuation; None where it cannot be a label ("IL-1", "n = 3", "S.D.")."""
    start, end = group.start, group.end
    before = caption[max(0, start - _REACH) : start]
    keyword = _KEYWORD.search(before)
    if keyword is not None:
        start -= len(before) - keyword.start()
    left, right = _skip_left(caption, start), _skip_right(caption, end)
    opened = caption[left - 1 : left] in ("(", "[")
    follower = caption[right : right + 1]
    closed = follower in (")", "]")
    deep = bool(depths[group.start])
    if opened and closed:
        form, start, end = Form.BRACKETS, left - 1, right + 1
    elif opened and depths[left - 1]:
        form, start = Form.IN_BRACKETS, left - 1
    elif closed and depths[right]:
        if caption[left - 1 : left] not in (",", ";", ":") and not _POINTING.search(before):
            return None
        form = Form.IN_BRACKETS
    elif closed:
        form, end = Form.CLOSED, right + 1
    elif follower == ":":
        form, end = Form.COLON, right + 1
    elif follower == "." and right == end and not caption[right + 1 : right + 2].isalnum():
        form, end = Form.DOT, right + 1
    elif follower in (",", ";"):
        form, end = Form.COMMA, right + 1
    else:
        form = Form.BARE
    if keyword is None and not opened and _glued(caption, group):
        return None
    if _TIED.match(caption, group.end):
        return None  # "H&E", "A/J mice", "C-terminal", "K+"
    if form is Form.BRACKETS and before[-2:-1].isalnum() and not before[-2].islower():
        return None  # "RIPK3(A)", "Figure 1(a)"
    if form is Form.BARE and follower in ("=", "<", ">", "≤", "≥", "±", "×", "%", "+", "−", "°", "/") and follower:  # noqa: RUF001
        return None  # "n = 3", "p < 0.05", "K+"
    if form in (Form.BRACKETS, Form.CLOSED) and caption[end : end + 2] in (". ", ".") and start > 0:
        end += 1 if caption[end + 1 : end + 3].strip()[:1].isupper() and caption[start] != "(" else 0
    around = caption[max(0, start - _REACH) : start]
    return _Setting(group, start, end, form, keyword is not None, deep, around, caption[end : end + _REACH])


def _glued(caption: str, group: _Group) -> bool:
    """Whether the character before the group makes it part of a word: "IL-1", "S.D.", "Na+/K+"."""
    char = caption[group.start - 1 : group.start]
    if char == ".":
        # "... mice.A. Normal": a sentence whose space was lost.
        return not (caption[group.start - 2] in ")]" or caption[group.start - 2].islower())
    return char in ("-", "–", "/", "+", "=") and bool(char)  # noqa: RUF001


def _skip_left(text: str, index: int) -> int:
    while index > 0 and text[index - 1].isspace():
        index -= 1
    return index


def _skip_right(text: str, index: int) -> int:
    while index < len(text) and text[index].isspace():
        index += 1
    return index


def _place(caption: str, sentence: Span, setting: _Setting) -> Place:
    start, end = setting.start, setting.end
    lead = caption[max(sentence.start, start - _REACH) : start]
    if start - sentence.start < _REACH and not lead.strip(" \"'“‘*.(["):  # noqa: RUF001
        return Place.SENTENCE
    after = caption[end : min(sentence.end, end + _REACH)].lstrip()
    ends = not after or after[0] in ",;.:)]" or after.startswith(("and ", "or ", "but "))
    if lead.rstrip()[-1:] in (",", ";", ":") or _GLUE.search(lead):
        return Place.AFTER if ends else Place.CLAUSE
    if ends or (setting.deep and setting.form is not Form.BRACKETS):
        return Place.AFTER
    named = after[0].isupper() and (
        lead.rstrip()[-1:] in (")", ".", "%") or after[1:2].islower() or not lead[-1:].isspace()
    )
    if named and setting.form in (Form.BRACKETS, Form.CLOSED, Form.COLON, Form.DOT):
        return Place.SENTENCE  # a full stop was left out: "(B) Liver (C) Lung"
    return Place.CLAUSE if setting.form in (Form.CLOSED, Form.COLON, Form.DOT) else Place.AFTER


def _weight(setting: _Setting, place: Place, bold: bool) -> float:
    group, form = setting.group, setting.form
    weight = _WEIGHTS[form, place]
    if setting.keyword:
        weight = max(weight, _KEYWORD_WEIGHT)
    elif place is not Place.SENTENCE and form is not Form.BRACKETS and _ELSEWHERE.search(setting.before):
        return 0.0
    elif form is Form.BARE:
        weight = _opening_weight(setting) if place is Place.SENTENCE else _inner_weight(setting, place)
    if (
        place is Place.CLAUSE
        and form in (Form.COMMA, Form.DOT, Form.COLON)
        and setting.before.rstrip()[-1:] in (";", ":")
    ):
        weight += 0.2  # "A, based on 34 taxa; B, based on 24 taxa"
    counted = form is not Form.BRACKETS and group.symbols[0].islower() and setting.before.rstrip()[-1:].isdigit()
    if counted and place is Place.AFTER:
        return 0.0  # "for 6 h. The"
    if setting.deep and form not in (Form.BRACKETS, Form.IN_BRACKETS) and not setting.keyword:
        weight *= 0.6
    if group.numbers != {None}:
        alone = form is Form.BARE and len(group.numbers) == 1 and setting.after.lstrip()[:1].isupper()
        weight = 0.5 if alone else 0.0  # "Holotype 7A Body, dorsal" but not "the 3D structure"
    if bold:
        weight = max(weight, _BOLD_WEIGHT)
    if group.symbols[0].isdigit():
        plain = form is Form.BARE or (form is Form.BRACKETS and place is not Place.SENTENCE)
        counts = plain or not setting.after.lstrip()[:1].isupper()  # "(1) soma and (2) axon"
        weight *= 0.4 if counts and not setting.keyword else _DIGIT_FACTOR
    return weight


def _opening_weight(setting: _Setting) -> float:
    """Of "a Cartoon ...", "B Overall ..." at the start of a sentence."""
    after = setting.after.lstrip()
    capital = after[:1].isupper()
    symbols = setting.group.symbols
    if len(symbols) > 1:
        return 0.6
    if symbols[0] == "A":
        return 0.5 if capital else 0.05
    if symbols[0] == "I" or symbols[0].isdigit():
        return 0.3 if capital else 0.05
    return 0.65 if capital or after[:1].isdigit() or after[:1] == "(" else 0.35


def _inner_weight(setting: _Setting, place: Place) -> float:
    """Of "... are shown in D", "and E-H from the left" inside a sentence."""
    group = setting.group
    if len(group.symbols) == 1 and group.symbols[0].islower() and _NAMED.match(setting.after):
        return 0.45  # "a Epomis dejeani b Epomis circumscriptus": an article is hardly ever before a capital
    if place is Place.CLAUSE and any(group.dashes):
        return 0.5
    pointing = _POINTING.search(setting.before) is not None
    if len(group.symbols) > 1:
        return 0.25 if pointing else 0.1
    return 0.2 if pointing and place is Place.AFTER and group.symbols[0] not in _NOT_BARE else 0.05


def _doubtful(setting: _Setting, place: Place) -> bool:
    symbols = setting.group.symbols
    if len(symbols) > 1 or place is Place.SENTENCE:
        return False
    if setting.form is Form.BARE:
        return symbols[0] == "a"
    if setting.form is not Form.BRACKETS or place is not Place.AFTER:
        return False
    word = _LAST_WORD.search(setting.before)
    return word is not None and word.group(1)[0].lower() == symbols[0].lower()
