"""Where a caption may speak of panels by their labels: every mention, how it is set, and how likely it is one."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum

from agents.embedded.caption_glossaries import glossary_positions
from agents.embedded.caption_groups import Group, find_groups
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
    leads_words: bool
    """Words follow it that could be what it labels, no punctuation, verb or preposition."""
    doubtful: bool
    """It introduces no panel as likely: an abbreviation ("curcumin (C)"), an article, a species ("C. elegans"), an
    exception ("all but (C)")."""

    @property
    def speaks(self) -> bool:
        """It may be taken for a reference to panels."""
        return self.weight >= _SPEAKS and not self.doubtful


_SPEAKS = 0.15  # guess: above every article and count, below every bracket
_REACH = 24  # characters before and after a label that are looked at; bounds the work per label
_KEYWORD = re.compile(r"\b(?:(?:[Ss]ub-?)?[Pp]anels?|Parts?|Images?|Insets?|PANELS?)\s{0,2}$")
_FIGURE = re.compile(r"\bfig(?:ure)?s?\.?\s{0,2}$", re.IGNORECASE)
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
# Words after which labels are taken out of what is said: "All are males, except for (C)".
_EXCEPTED = re.compile(
    r"\b(?:except|excluding|all but|apart from|other than)(?: for| in| of)?[\s(]{0,3}$", re.IGNORECASE
)
# Words after which a bare letter may point at a panel: "as shown in D".
_POINTING = re.compile(r"(?:^|[\s(])(?:in|of|from|for|to|at|and|or|on|with)\s{1,2}$", re.IGNORECASE)
# What makes a letter part of a word: "H&E", "A/J mice", "C-terminal", "K+", "25 C", "IL-1".
_TIED_AFTER = re.compile(r"[-\u2010-\u2015\u2212&/+=%\u00b0'\u2019]\w|[+%\u00b0]")
_TIED_BEFORE = "-\u2010\u2011\u2012\u2013/+="
_MEASURE = re.compile(r"\s*[=<>\u2264\u2265\u00b1\u00d7%+\u2212/]")  # "n = 3", "p < 0.05"
_UNIT = re.compile(
    r"\s*(?:[a-z\u00b5\u03bc]{1,2}|[mn\u00b5\u03bc]?[MLlg]|min|sec|hrs?|hours?|days?|weeks?|months?|years?|times?|fold|kDa|"
    r"cells?|mice|rats|patients?|animals|copies|samples?|experiments?|independent|different|or|and|of|in|to)\b"
)  # "1 h, 2 h", "4 independent experiments": an amount
_SPACED_DASH = re.compile(r"\s?[-\u2012-\u2015]\s")  # "A - Normal gland"
_LAST_WORD = re.compile(r"([^\W\d_][\w'-]*)[\s)]{0,3}$")
_SHOWS = re.compile(
    r"(?:shows?|is|are|represents?|depicts?|demonstrates?|illustrates?|indicates?|displays?|presents?|reveals?)\s"
)
# What follows a label that stands behind its words: the sentence goes on, or ends.
_GOES_ON = re.compile(
    r"\s*+(?:$|\W|(?:and|or|but|in|of|on|at|by|to|with|for|from|as|than|that|which|while|whereas|after|before|under|when|"
    r"is|are|was|were|has|have|had|can|shows?|show(?:n|ed|ing)|indicat\w+|demonstrat\w+|reveal\w+|during|between|"
    r"compared|views?|images?|panels?|staining|using|versus|vs)\b)",
    re.IGNORECASE,
)
_NAME = re.compile(r"\s[A-Z][a-z]{2}")
_EPITHET = re.compile(r"\s[a-z]{3,}(?:i|us|is|a|um|ae|ans|ens|ax|ix|aster|rerio|pombe)\b")  # "C. elegans"
_NOT_BARE = ("a", "I", "i")

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
_LISTED_BONUS = 0.2  # "A, based on 34 taxa; B, based on 24 taxa"
_DEEP_FACTOR = 0.6  # inside a bracket with other words
_DIGIT_FACTOR = 0.7  # numbers count things more often than they name panels
_COUNTING_FACTOR = 0.4  # "(1) soma and (2) axon"


@dataclass(slots=True)
class _Setting:
    """A group and what surrounds it."""

    group: Group
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
    abbreviated = glossary_positions(caption)
    for group in find_groups(caption):
        readings = group.readings()
        setting = _setting(caption, group, depths) if readings else None
        if setting is None or (group.start in abbreviated and setting.form in (Form.COLON, Form.COMMA)):
            continue
        sentence = sentences[max(0, bisect_right(starts, group.start) - 1)]
        place = _place(caption, sentence, setting)
        weight = _weight(setting, place, group.start in bold)
        if weight > 0:
            span = Span(setting.start, setting.end)
            leads = place is not Place.CLAUSE and _GOES_ON.match(setting.after) is None
            found.append(Mention(span, readings, setting.form, place, weight, leads, _doubtful(setting, place)))
    return found


def _setting(caption: str, group: Group, depths: list[int]) -> _Setting | None:
    """The group with its brackets and punctuation; None where it cannot be a label."""
    start, end = group.start, group.end
    if group.symbols == ["H", "E"] and not group.dashes[0]:
        return None  # haematoxylin and eosin
    before = caption[max(0, start - _REACH) : start]
    keyword = (_FIGURE if group.numbers else _KEYWORD).search(before)
    if keyword is not None:
        start -= len(before) - keyword.start()
    left, right = _skip_left(caption, start), _skip_right(caption, end)
    opened = caption[max(0, left - 1) : left] in ("(", "[")
    follower = caption[right : right + 1]
    closed = follower in (")", "]")
    if (keyword is None and not opened and _tied_before(caption, group.start)) or _TIED_AFTER.match(caption, end):
        return None
    if opened and closed:
        form, start, end = Form.BRACKETS, left - 1, right + 1
        if keyword is None and (keyword := _KEYWORD.search(caption, max(0, start - _REACH), start)) is not None:
            start = keyword.start()  # "Panel (a) shows"
        elif before[-2:-1].isalnum() and not before[-2].islower():
            return None  # "RIPK3(A)", "Figure 1(a)"
    elif opened and depths[left - 1] and follower != ":":
        form, start = Form.IN_BRACKETS, left - 1
    elif closed and depths[right]:
        if caption[left - 1 : left] not in (",", ";", ":") and not _POINTING.search(before):
            return None
        form = Form.IN_BRACKETS
    elif closed:
        form, end = Form.CLOSED, right + 1
    elif follower == ":":
        form, end = Form.COLON, right + 1
    elif dash := _SPACED_DASH.match(caption, end):
        form, end = Form.COLON, dash.end()
    elif (
        follower == "."
        and right == end
        and (caption[end + 1 : end + 2].isspace() or _NAME.match(" " + caption[end + 1 : end + 4]))
    ):
        form, end = Form.DOT, right + 1
    elif follower in (",", ";"):
        form, end = Form.COMMA, right + 1
    elif _MEASURE.match(caption, end) or (group.symbols[-1].isdigit() and _UNIT.match(caption, end)):
        return None
    else:
        form = Form.BARE
    if form is Form.CLOSED and caption[end : end + 2] in (". ", "."):
        end += 1  # "A). Large metastasis"
    deep = bool(depths[group.start])
    around = caption[max(0, start - _REACH) : start]
    return _Setting(group, start, end, form, keyword is not None, deep, around, caption[end : end + _REACH])


def _tied_before(caption: str, start: int) -> bool:
    """Whether the character before makes the letter part of a word: "IL-1", "S.D.", "Na+/K+"."""
    char = caption[max(0, start - 1) : start]
    if char == ".":
        previous = caption[max(0, start - 2) : start - 1]
        return not (previous in (")", "]") or previous.islower())  # "... mice.A. Normal": a space was lost
    return char != "" and char in _TIED_BEFORE


def _skip_left(text: str, index: int) -> int:
    while index > 0 and text[index - 1] == " ":
        index -= 1
    return index


def _skip_right(text: str, index: int) -> int:
    while index < len(text) and text[index] == " ":
        index += 1
    return index


def _place(caption: str, sentence: Span, setting: _Setting) -> Place:
    start, end = setting.start, setting.end
    lead = caption[max(sentence.start, start - _REACH) : start]
    if start - sentence.start < _REACH and not lead.strip(" \"'\u201c\u2018*.(["):
        return Place.SENTENCE
    after = caption[end : min(sentence.end, end + _REACH)].lstrip()
    ends = not after or after[0] in ",;.:)]" or after.startswith(("and ", "or ", "but "))
    if lead.rstrip()[-1:] in (",", ";", ":") or _GLUE.search(lead):
        return Place.AFTER if ends else Place.CLAUSE
    if setting.form is Form.COLON and lead.endswith("("):
        return Place.CLAUSE  # "(a: benign; b: malignant)"
    if ends or (setting.deep and setting.form is not Form.BRACKETS):
        return Place.AFTER
    tight = not lead[-1:].isspace()
    named = after[0].isupper() and (lead.rstrip()[-1:] in ").%0123456789" or after[1:2].islower() or tight)
    if named and setting.form in (Form.BRACKETS, Form.CLOSED, Form.COLON, Form.DOT):
        return Place.SENTENCE  # a full stop was left out: "(B) Liver (C) Lung"
    leads = setting.form in (Form.CLOSED, Form.COLON, Form.DOT) or (setting.form is Form.BARE and _names(setting))
    return Place.CLAUSE if leads else Place.AFTER


def _weight(setting: _Setting, place: Place, bold: bool) -> float:
    group, form = setting.group, setting.form
    first = group.symbols[0]
    previous = setting.before.rstrip()[-1:]
    follows_capital = setting.after.lstrip()[:1].isupper()
    weight = _WEIGHTS[form, place]
    if group.numbers and (len(group.numbers) > 1 or (setting.keyword and place is not Place.SENTENCE)):
        return 0.0  # "2D and 3D", "(see Figure 1A)"
    if setting.keyword:
        weight = max(weight, _KEYWORD_WEIGHT)
    elif place is not Place.SENTENCE and form is not Form.BRACKETS and _ELSEWHERE.search(setting.before):
        return 0.0
    elif form is Form.BARE:
        weight = _opening_weight(setting) if place is Place.SENTENCE else _inner_weight(setting, place)
    if _is_species(setting):
        weight = min(weight, 0.5)
    if place is Place.AFTER and form is not Form.BRACKETS and first.islower() and previous.isdigit():
        return 0.0  # "for 6 h. The"
    if place is Place.CLAUSE and form in (Form.COMMA, Form.DOT, Form.COLON) and previous in (";", ":"):
        weight += _LISTED_BONUS
    if setting.deep and form not in (Form.BRACKETS, Form.IN_BRACKETS) and not setting.keyword:
        weight *= _DEEP_FACTOR
    if group.numbers and form is Form.BARE:
        weight = 0.5 if follows_capital else 0.0  # "Holotype 7A Body, dorsal" but not "the 3D structure"
    if bold:
        weight = max(weight, _BOLD_WEIGHT)
    if first.isdigit():
        names = follows_capital and not (form is Form.BRACKETS and place is Place.AFTER)
        weight *= _DIGIT_FACTOR if names or setting.keyword else _COUNTING_FACTOR
    return weight


def _opening_weight(setting: _Setting) -> float:
    """Of "a Cartoon ...", "B Overall ..." at the start of a sentence."""
    after = setting.after.lstrip()
    symbols = setting.group.symbols
    capital = after[:1].isupper()
    if _SHOWS.match(after):
        return 0.7
    if len(symbols) > 1:
        return 0.6
    if symbols[0] == "A":
        return 0.5 if capital else 0.05
    if symbols[0] == "I":
        return 0.3 if capital else 0.05
    return 0.65 if capital or after[:1].isdigit() or after[:1] == "(" else 0.35


def _inner_weight(setting: _Setting, place: Place) -> float:
    """Of "... are shown in D", "and E-H from the left" inside a sentence."""
    group = setting.group
    if _names(setting):
        # "a Epomis dejeani b Epomis circumscriptus", "1 Habitus 2 Head": an article or count is seldom before a capital
        return 0.45 if group.symbols[0].islower() else 0.6
    if place is Place.CLAUSE and any(group.dashes):
        return 0.5
    pointing = _POINTING.search(setting.before) is not None
    if len(group.symbols) > 1:
        return 0.25 if pointing else 0.1
    letter = group.symbols[0]
    return 0.2 if pointing and letter not in _NOT_BARE and (place is Place.AFTER or letter.isupper()) else 0.05


def _is_species(setting: _Setting) -> bool:
    """Whether the letter may abbreviate a genus: "C. elegans embryos"."""
    return setting.form is Form.DOT and _EPITHET.match(setting.after) is not None


def _names(setting: _Setting) -> bool:
    """A lone small letter or number before a capitalised word: "b Carabus niger"."""
    symbols = setting.group.symbols
    return len(symbols) == 1 and not symbols[0].isupper() and _NAME.match(setting.after) is not None


def _doubtful(setting: _Setting, place: Place) -> bool:
    symbols = setting.group.symbols
    if _is_species(setting) or _EXCEPTED.search(setting.before):
        return True
    if len(symbols) > 1 or place is Place.SENTENCE:
        return False
    if setting.form is Form.BARE:
        return symbols[0] == "a"
    if setting.form is not Form.BRACKETS or place is not Place.AFTER:
        return False
    word = _LAST_WORD.search(setting.before)
    return word is not None and word.group(1)[0].lower() == symbols[0].lower()
