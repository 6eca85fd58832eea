"""A document as a model wrote it, brought nearer to the shape that was asked for by stated rules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

NUMBERS_AS_TEXT = "numbers written as text read as numbers"
TEXT_AS_NUMBERS = "a number read as text"
BOX_AS_TEXT = "a box written as text read as four numbers"
BOX_BY_NAME = "a box with named sides read as four numbers"
BOX_AS_POINTS = "a box of two points read as four numbers"
BOX_IN_LIST = "a box inside another list taken out of it"
ONE_AS_LIST = "a single value read as a list of one"
REPEATED = "repeated items dropped"
NO_WORDS = "a missing description left empty"
LOOK_ALIKES = "look-alike letters of a label replaced"
NULL_WORDS = "words for nothing read as null"

_BOX_KEYS = frozenset({"bbox_2d", "bbox", "box_2d", "bounding_box", "boundingbox", "box_xyxy", "bounding_box_2d"})
_SIDES = (  # names of left, top, right, bottom
    ("x0", "y0", "x1", "y1"),
    ("x1", "y1", "x2", "y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("left", "top", "right", "bottom"),
)
_NOTHING = frozenset({"", "null", "none", "n/a", "na", "nil", "-"})
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*(?:px)?\s*")
_BOX_TEXT = re.compile(r"[\s\[\]()<>,;|]*".join(["", *[r"([-+]?(?:\d+\.?\d*|\.\d+))"] * 4, ""]))
_LONGEST_LABEL = 4  # longer ones are phrases, in which a Greek letter may be meant

# Capitals that look the same in print, and the small letters of Cyrillic; small Greek letters are told apart.
_LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",  # noqa: RUF001
    "ABESIJKMHOPCTYXaesijopcyxABEZHIKMNOPTYXo",
)
_KINDS = {  # what models call the kinds of panels
    "micrograph": "microscopy",
    "microscopyimage": "microscopy",
    "histology": "microscopy",
    "mri": "radiology",
    "ct": "radiology",
    "xray": "radiology",
    "ultrasound": "radiology",
    "photograph": "photo",
    "blot": "gel",
    "westernblot": "gel",
    "chart": "plot",
    "graph": "plot",
    "schematic": "diagram",
    "illustration": "diagram",
    "drawing": "diagram",
}


def fit(document: Mapping[str, Any], shape: type[BaseModel], *, y_first: bool) -> tuple[dict[str, Any], list[str]]:
    """The document with what the rules can mend, and the rules that were used, each once.

    Keys in other letters, unknown and missing ones, numbers and boxes written as text, kinds by other names, labels
    in look-alike letters and repeated items are mended; whatever else is wrong stays, for the shape to refuse.
    ``y_first``: boxes with named sides are brought into the order y, x, y, x.
    """
    fitter = _Fitter(y_first)
    return fitter.document(document, shape), list(fitter.repairs)


class _Fitter:
    def __init__(self, y_first: bool) -> None:
        self.y_first = y_first
        self.repairs: dict[str, None] = {}

    def document(self, document: Mapping[str, Any], shape: type[BaseModel]) -> dict[str, Any]:
        fields = shape.model_fields
        given = {key: value for key, value in document.items() if key in fields}
        unknown: dict[str, Any] = {}
        for key, value in document.items():
            if key in fields:
                continue
            name = re.sub(r"[\s-]+", "_", key.strip().lower())
            if name not in fields or name in given:
                unknown[key] = value
                continue
            self._repaired(f"key {key!r} read as {name!r}")
            given[name] = value
        boxes = [name for name, info in fields.items() if name not in given and _is_box(_inner(info.annotation)[0])]
        for key, value in unknown.items():
            if key.strip().lower() in _BOX_KEYS and len(boxes) == 1:
                given[boxes.pop()] = value
                self._repaired(f"key {key!r} read as the box")
            else:
                self._repaired(f"unknown key {key!r} dropped")
        fitted = {name: self._field(name, value, fields[name]) for name, value in given.items()}
        fitted = {name: value for name, value in fitted.items() if value is not _UNSAID}
        for name, info in fields.items():
            if name not in fitted and info.is_required():
                self._add_missing(fitted, name, info, shape)
        return fitted

    def _add_missing(self, fitted: dict[str, Any], name: str, info: FieldInfo, shape: type[BaseModel]) -> None:
        inner, nullable = _inner(info.annotation)
        if nullable:
            self._repaired(f"missing key {name!r} read as null")
            fitted[name] = None
        elif _is_enum(inner) and "other" in _values(inner):
            self._repaired(f"missing key {name!r} read as other")
            fitted[name] = "other"
        elif name == "description" and "box" in shape.model_fields:  # what is boxed counts without words about it
            self._repaired(NO_WORDS)
            fitted[name] = ""

    def _field(self, name: str, value: Any, info: FieldInfo) -> Any:
        inner, nullable = _inner(info.annotation)
        if nullable and isinstance(value, str) and value.strip().lower() in _NOTHING:
            self._repaired(NULL_WORDS)
            return None
        if value is None:
            return _UNSAID if not nullable and not info.is_required() else None
        if name == "label" and isinstance(value, str):
            return self._label(value)
        return self._value(value, inner)

    def _value(self, value: Any, kind: Any) -> Any:
        if _is_box(kind):
            return self._box(value)
        if get_origin(kind) is list:
            return self._list(value, _inner(get_args(kind)[0])[0])
        if _is_enum(kind):
            return self._kind(value, kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return self.document(value, kind) if isinstance(value, Mapping) else value
        if kind in (int, float) and isinstance(value, str) and (number := _NUMBER.fullmatch(value)):
            self._repaired(NUMBERS_AS_TEXT)
            return float(number[1])
        if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
            self._repaired(TEXT_AS_NUMBERS)
            return f"{value:g}"
        return value

    def _list(self, value: Any, kind: Any) -> Any:
        if not isinstance(value, list):
            self._repaired(ONE_AS_LIST)
            value = [value]
        items = [self._value(item, kind) for item in value]
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return items
        kept = [item for number, item in enumerate(items) if item not in items[:number]]
        if len(kept) < len(items):
            self._repaired(REPEATED)
        return kept

    def _box(self, value: Any) -> Any:
        if isinstance(value, str) and (numbers := _BOX_TEXT.fullmatch(value)):
            self._repaired(BOX_AS_TEXT)
            return [float(number) for number in numbers.groups()]
        if isinstance(value, Mapping):
            named = {str(key).strip().lower(): side for key, side in value.items()}
            sides = next((names for names in _SIDES if set(names) == set(named)), None)
            if sides is None:
                return value
            self._repaired(BOX_BY_NAME)
            left, top, right, low = (self._value(named[side], float) for side in sides)
            return [top, left, low, right] if self.y_first else [left, top, right, low]
        if not isinstance(value, list):
            return value
        if len(value) == 1 and isinstance(value[0], list):
            self._repaired(BOX_IN_LIST)
            return self._box(value[0])
        if len(value) == 2 and all(isinstance(point, list) and len(point) == 2 for point in value):
            self._repaired(BOX_AS_POINTS)
            value = [*value[0], *value[1]]
        return [self._value(number, float) if isinstance(number, str) else number for number in value]

    def _kind(self, value: Any, kinds: type[Enum]) -> Any:
        if not isinstance(value, str):
            return value
        if value in _values(kinds):
            return value
        names = {_letters(name): name for name in _values(kinds)}
        names |= {word: name for word, name in _KINDS.items() if _letters(name) in names}
        # the whole first ("dashed box"), then its words, of which the last is the noun ("bar chart", "white arrows")
        said = [_letters(part) for part in (value, *reversed(value.split()))]
        said += [word.removesuffix("s") for word in said]
        name = next((names[word] for word in said if word in names), names.get("other"))
        if name is None:
            return value
        self._repaired(f"kind {value!r} read as {name}")
        return name

    def _label(self, label: str) -> str:
        if len(label.strip()) > _LONGEST_LABEL:
            return label
        if label.isascii():
            return label.strip()
        plain = unicodedata.normalize("NFKC", label).translate(_LOOK_ALIKES).strip()
        if plain != label.strip():
            self._repaired(LOOK_ALIKES)
        return plain

    def _repaired(self, rule: str) -> None:
        self.repairs[rule] = None


_UNSAID = object()  # stands for null where the shape has a default


def _inner(annotation: Any) -> tuple[Any, bool]:
    """A type without its constraints, and whether it may be null."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return _inner(kinds[0])[0], len(kinds) < len(get_args(annotation))
    return annotation, False


def _is_box(kind: Any) -> bool:
    """Boxes are the only lists of floats in the shapes of replies."""
    return bool(kind == list[float])


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


@cache
def _values(kinds: type[Enum]) -> tuple[str, ...]:
    return tuple(str(member.value) for member in kinds)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
