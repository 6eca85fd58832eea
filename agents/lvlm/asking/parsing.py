"""A model's reply as words, read as the shape that was asked for: mended by stated rules, or refused with its fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from agents.lvlm.asking.fitting import fit
from agents.lvlm.asking.loose_json import Found, Search, find_json
from curator.codec import faults_of
from curator.errors import ReplyError
from curator.exchange import Finish

R = TypeVar("R", bound=BaseModel)

THOUGHTS = "thoughts before the answer dropped"
FENCE = "code fence dropped"
PROSE = "prose around the JSON dropped"
SAID_TWICE = "the same answer given again dropped"
WRAPPED = "an answer inside another object or list taken out of it"
BARE_ITEMS = "items without their list put into it"

_THINKS = re.compile(r"<(/?)(?:think|thinking|reasoning)>", re.IGNORECASE)
_FENCE = re.compile(r"```\w*")
_DECLINES = re.compile(
    r"\b(?:sorry|apologi[sz]e|(?:cannot|can not|can['\u2019]t|unable to|not able to|won['\u2019]t|will not)"
    r"\s+(?:\w+\s+)?"
    r"(?:assist|help|comply|provide|answer|analy[sz]e|process|view|see|identify|fulfil))",
    re.IGNORECASE,
)
_MOST_FAULTS = 5  # shown at a time; guess: more bury the first
_LOOP_CHARACTERS, _LOOP_ROUNDS = 60, 3  # said so many times in a row, and so long in all, words are a loop; guess


class ReplyFault(ReplyError):  # noqa: N818  (one reply's; it becomes an error when the model was asked in vain)
    """Why one reply cannot be used, in words fit to be shown to the model; ``mend`` tells a person what mends it."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Parsed(Generic[R]):
    """A reply that could be read."""

    value: R
    repairs: tuple[str, ...]
    """By which stated rules it was mended, each once."""


def parse_reply(text: str, finish: Finish, shape: type[R], *, y_first: bool = False) -> Parsed[R]:
    """The reply as ``shape``, mended by the rules of this module, ``loose_json`` and ``fitting``.

    An empty list that the model wrote out is an answer; no JSON, a cut or a broken list never reads as one.
    ``y_first``: how the model orders its boxes, for those whose sides it names.

    Raises:
        ReplyFault: the reply is empty, a refusal, cut, a loop, without JSON, gives several answers, or is not of
            that shape by any stated rule.
    """
    if finish is Finish.REFUSED:
        raise ReplyFault("the request was declined", "another model may answer; some servers filter medical images")
    said, thought = _said(text)
    if thought and not said.strip():
        raise _cut("it has thoughts but no answer", finish, text)
    repairs = [THOUGHTS] if thought else []
    if not said.strip():
        raise ReplyFault("it is empty")
    search = find_json(said, closed=finish is not Finish.LENGTH)
    if search.cut:
        raise _cut("it ends inside its JSON", finish, said)
    answers = _answers(search, shape, y_first)
    if search.broken and not any(_says_something(answer.value) for answer in answers):
        raise ReplyFault(f"its JSON cannot be read: {search.broken}")
    if not answers:
        raise _without_answer(said, finish, search, shape)
    if any(answer.value != answers[0].value for answer in answers):
        raise ReplyFault(f"it gives {len(answers)} different answers; one JSON object is expected")
    repairs += _around(said, search)
    repairs += [SAID_TWICE] if len(answers) > 1 else []
    return Parsed(answers[0].value, tuple(dict.fromkeys([*repairs, *answers[0].repairs])))


def _said(text: str) -> tuple[str, bool]:
    """What a model says after it has thought, or before where nothing follows; and whether it thought aloud."""
    tags = list(_THINKS.finditer(text))
    if not tags:
        return text, False
    after = text[tags[-1].end() :] if tags[-1][1] else ""
    before = text[: tags[0].start()] if not tags[0][1] else ""
    return after if after.strip() else before, True


def _answers(search: Search, shape: type[R], y_first: bool) -> list[Parsed[R]]:
    """What was meant as an answer, in the text's order.

    Raises:
        ReplyFault: one of them is not of that shape.
    """
    meant: list[tuple[Mapping[str, Any], tuple[str, ...]]] = []
    loose: list[Found] = []
    for found in search.found:
        document, rules = _document(found.value, shape)
        if search.broken and BARE_ITEMS in rules:
            continue  # a part of what cannot be read as a whole is not all of its items
        if document is not None:
            meant.append((document, (*found.repairs, *rules)))
        elif isinstance(found.value, dict):
            loose.append(found)
    items = _items(shape)
    if items and loose and not meant and not search.broken and all(_speaks(found.value, items[1]) for found in loose):
        rules = (BARE_ITEMS, *(rule for found in loose for rule in found.repairs))
        meant.append(({items[0]: [found.value for found in loose]}, rules))
    return [_fitted(document, rules, shape, y_first) for document, rules in meant]


def _fitted(document: Mapping[str, Any], rules: tuple[str, ...], shape: type[R], y_first: bool) -> Parsed[R]:
    fitted, repairs = fit(document, shape, y_first=y_first)
    try:
        value = shape.model_validate(fitted)
    except ValidationError as error:
        raise ReplyFault(f"its JSON is not as asked for: {faults_of(error, _MOST_FAULTS)}") from error
    return Parsed(value, (*rules, *repairs))


def _document(value: Any, shape: type[BaseModel]) -> tuple[Mapping[str, Any] | None, tuple[str, ...]]:
    """The object of ``shape`` that a value is or holds, and the rules by which it was taken out; None without one."""
    if isinstance(value, list):
        if len(value) == 1 and _speaks(value[0], shape):
            return value[0], (WRAPPED,)
        items = _items(shape)
        if items and value and all(_speaks(item, items[1]) for item in value):
            return {items[0]: value}, (BARE_ITEMS,)
        return None, ()
    if _speaks(value, shape):
        return value, ()
    if isinstance(value, dict) and len(value) == 1:
        document, rules = _document(next(iter(value.values())), shape)
        return document, (WRAPPED, *rules)
    return None, ()


def _speaks(value: Any, shape: type[BaseModel]) -> bool:
    """Whether a value is an object with one of the shape's keys."""
    return isinstance(value, dict) and any(key.strip().lower() in shape.model_fields for key in value)


def _says_something(value: BaseModel) -> bool:
    """Whether any of its lists has an item: beside JSON that cannot be read, an empty answer is not believed."""
    return any(getattr(value, name) for name in type(value).model_fields)


def _items(shape: type[BaseModel]) -> tuple[str, type[BaseModel]] | None:
    """Name and shape of the items, where a list of them is all that ``shape`` requires."""
    required = [(name, info.annotation) for name, info in shape.model_fields.items() if info.is_required()]
    if len(required) != 1 or get_origin(required[0][1]) is not list:
        return None
    item = get_args(required[0][1])[0]
    return (required[0][0], item) if isinstance(item, type) and issubclass(item, BaseModel) else None


def _around(said: str, search: Search) -> list[str]:
    """The rules by which what stands around the JSON is dropped."""
    rest = said
    for found in reversed(search.found):
        rest = rest[: found.start] + rest[found.end :]
    bare = _FENCE.sub("", rest)
    return ([FENCE] if bare != rest else []) + ([PROSE] if bare.strip() else [])


def _without_answer(said: str, finish: Finish, search: Search, shape: type[BaseModel]) -> ReplyFault:
    if search.found:
        return ReplyFault(f"its JSON has none of the keys {sorted(shape.model_fields)!r}")
    if finish is Finish.LENGTH:
        return _cut("it ends before any JSON", finish, said)
    if _DECLINES.search(said):
        return ReplyFault("it declines to answer, without JSON", "another model may answer")
    return ReplyFault("it has no JSON")


def _cut(what: str, finish: Finish, said: str) -> ReplyFault:
    if _loops(said):
        return ReplyFault("it repeats itself without end; give each item once", "a higher temperature may mend it")
    if finish is Finish.LENGTH:
        return ReplyFault(f"{what}, at the token limit; use fewer words", "raise model.max_reply_tokens")
    return ReplyFault(what)


def _loops(said: str) -> bool:
    """Whether a text ends with the same words over and over, the last round cut anywhere."""
    tail = said[-_LOOP_CHARACTERS // 2 :]
    for period in range(1, len(said) // _LOOP_ROUNDS + 1):
        length = max(period * _LOOP_ROUNDS, _LOOP_CHARACTERS)
        if len(said) < length or said[-period - len(tail) : -period] != tail:  # the latter only saves time
            continue
        if said[-length:-period] == said[-length + period :]:
            return True
    return False
