"""JSON as models write it: in prose or fences, with quotes and commas of other languages, or cut off."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

SINGLE_QUOTES = 'quotes other than " around strings read as "'
INNER_QUOTES = "quotes inside a string kept as text"
LINE_BREAKS = "line breaks inside a string kept as text"
ESCAPES = "unknown escapes inside a string kept as text"
BARE_KEYS = "keys without quotes read as strings"
PYTHON_WORDS = "None, True and False read as JSON"
EXTRA_COMMAS = "comma before a closing bracket dropped"
NO_COMMAS = "missing comma between two objects added"
COMMENTS = "comments dropped"
UNCLOSED = "missing closing brackets added after the last whole item"

_MOST_DEPTH = 20  # shapes have 3 levels; deeper is a model that repeats itself
_CLOSES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}
_WORDS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_WORD = re.compile(r"[A-Za-z_]\w*")
_SPACE = re.compile(r"\s*")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|#[^\n]*", re.DOTALL)
_OPENS = re.compile(r"[\[{]")
_MEANT_AS_JSON = re.compile(r"""\{\s*["'\u201c]?\w+["'\u201d]?\s*:|\[\s*\{""")
_ENDS_ON_AN_ITEM = re.compile(r"\}\s*\]?\s*,?\s*\Z")


@dataclass(frozen=True, slots=True)
class Found:
    """An object or list in a text."""

    value: Any
    start: int
    end: int
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """What ``find_json`` found."""

    found: tuple[Found, ...]
    """Objects and lists that are not inside of others, in the text's order."""
    broken: str = ""
    """Why something that was meant as JSON cannot be read; empty where there is no such thing."""
    cut: bool = False
    """Whether the text ends inside the last object or list."""


def find_json(text: str, *, closed: bool) -> Search:
    """The objects and lists in a text, mended by the rules above.

    Brackets of prose ("[1]", "{see below}") may be among them or are passed over. With ``closed`` the text is all
    that the model meant to say, and brackets that are still open after a whole item are closed.
    """
    found: list[Found] = []
    broken = ""
    at = 0
    while opening := _OPENS.search(text, at):
        start = opening.start()
        reader = _Reader(text, start, closed=closed)
        try:
            value, end = _strict(text, start) or (reader.value(0), reader.at)
        except _CutError:
            return Search(tuple(found), broken, cut=True)
        except _TooDeepError as error:
            broken = broken or str(error)
            at = reader.at
            continue
        except _UnreadableError as error:
            if _MEANT_AS_JSON.match(text, start):
                broken = broken or str(error)
            at = start + 1
            continue
        found.append(Found(value, start, end, tuple(reader.repairs)))
        at = end
    return Search(tuple(found), broken)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):  # the standard lets the last one win, and with it an empty list over a full one
        raise ValueError
    return result


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs)


def _strict(text: str, start: int) -> tuple[Any, int] | None:
    """The value by the standard's rules, and where it ends; most replies need no others."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return value, end


class _UnreadableError(Exception):
    pass


class _TooDeepError(Exception):
    pass


class _CutError(Exception):
    pass


@dataclass(slots=True)
class _Reader:
    """Reads one value; ``at`` is the next character, ``repairs`` an ordered set."""

    text: str
    at: int
    closed: bool
    repairs: dict[str, None] = field(default_factory=dict)

    def value(self, depth: int) -> Any:
        if depth > _MOST_DEPTH:
            raise _TooDeepError(f"brackets are nested more than {_MOST_DEPTH} deep")
        char = self._peek()
        if char == "{":
            return self._object(depth)
        if char == "[":
            return self._list(depth)
        if char in _CLOSES:
            return self._string()
        if number := _NUMBER.match(self.text, self.at):
            if number.end() == len(self.text):
                raise _CutError
            self.at = number.end()
            return float(number[0]) if re.search(r"[.eE]", number[0]) else int(number[0])
        if word := _WORD.match(self.text, self.at):
            if word.end() == len(self.text):
                raise _CutError
            if word[0] in _WORDS:
                if word[0][0].isupper():
                    self.repairs[PYTHON_WORDS] = None
                self.at = word.end()
                return _WORDS[word[0]]
            raise self._unreadable(f"{word[0]!r} is no value")
        raise self._unreadable(f"{char!r} begins no value")

    def _object(self, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        self.at += 1
        while not self._closes("}", depth):
            key = self._key()
            if self._peek() != ":":
                raise self._unreadable(f"after the key {key!r} a colon is missing")
            self.at += 1
            if key in result:
                raise self._unreadable(f"the key {key!r} is there twice in one object")
            result[key] = self.value(depth + 1)
            self._separator("}", depth)
        return result

    def _list(self, depth: int) -> list[Any]:
        result: list[Any] = []
        self.at += 1
        while not self._closes("]", depth):
            result.append(self.value(depth + 1))
            self._separator("]", depth)
        return result

    def _closes(self, bracket: str, depth: int) -> bool:
        """Whether the object or list ends here; steps over the bracket."""
        if self._may_close_here(bracket, depth):
            self.repairs[UNCLOSED] = None
            return True
        if self._peek() != bracket:
            return False
        self.at += 1
        return True

    def _may_close_here(self, bracket: str, depth: int) -> bool:
        """Whether the text ends here after a whole item; an object inside of another, cut after a key, is none."""
        whole = bracket == "]" or depth == 0
        return self.closed and whole and not self.text[self.at :].strip() and bool(_ENDS_ON_AN_ITEM.search(self.text))

    def _separator(self, bracket: str, depth: int) -> None:
        if self._may_close_here(bracket, depth):
            return
        char = self._peek()
        if char == ",":
            self.at += 1
            if not self._may_close_here(bracket, depth) and self._peek() == bracket:
                self.repairs[EXTRA_COMMAS] = None
        elif char == "{" and bracket == "]":
            self.repairs[NO_COMMAS] = None
        elif char != bracket:
            raise self._unreadable(f"{char!r} stands where a comma or {bracket!r} is due")

    def _key(self) -> str:
        if self._peek() in _CLOSES:
            return self._string()
        if word := _WORD.match(self.text, self.at):
            self.repairs[BARE_KEYS] = None
            self.at = word.end()
            return word[0]
        raise self._unreadable(f"{self._peek()!r} begins no key")

    def _string(self) -> str:
        opening = self.text[self.at]
        closing = _CLOSES[opening]
        if opening != '"':
            self.repairs[SINGLE_QUOTES] = None
        parts: list[str] = []
        self.at += 1
        while True:
            if self.at >= len(self.text):
                raise _CutError
            char = self.text[self.at]
            if char == "\\":
                parts.append(self._escape())
                continue
            self.at += 1
            if char == closing:
                if self._ends_string():
                    return "".join(parts)
                self.repairs[INNER_QUOTES] = None
            elif char == "\n":
                self.repairs[LINE_BREAKS] = None
            parts.append(char)

    def _ends_string(self) -> bool:
        """Whether the quote before ``at`` is followed by what follows a string: by nothing else is it told from a
        quote inside."""
        space = _SPACE.match(self.text, self.at)
        after = space.end() if space else self.at
        return after >= len(self.text) or self.text[after] in ",:]}"

    def _escape(self) -> str:
        pair = self.text[self.at : self.at + 2]
        if len(pair) < 2:
            raise _CutError
        if pair == "\\u" and re.match(r"[0-9a-fA-F]{4}", self.text[self.at + 2 : self.at + 6]):
            code = int(self.text[self.at + 2 : self.at + 6], 16)
            self.at += 6
            return chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd"
        self.at += 2
        if pair[1] in _ESCAPES:
            return _ESCAPES[pair[1]]
        if pair[1] in "\"'\\/":
            return pair[1]
        self.repairs[ESCAPES] = None
        return pair

    def _peek(self) -> str:
        """The next character that is neither space nor comment.

        Raises:
            _CutError: there is none.
        """
        while True:
            space = _SPACE.match(self.text, self.at)
            self.at = space.end() if space else self.at
            comment = _COMMENT.match(self.text, self.at)
            if not comment:
                break
            self.repairs[COMMENTS] = None
            self.at = comment.end()
        if self.at >= len(self.text):
            raise _CutError
        return self.text[self.at]

    def _unreadable(self, why: str) -> _UnreadableError:
        return _UnreadableError(f"{why} (near {self.text[max(0, self.at - 20) : self.at + 20]!r})")
