"""Hierarchy values to plain JSON documents and back; every document that enters is validated."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from curator.errors import HierarchyError
from curator.figure import Marker, Node, Panel, Region

Level = Literal["panel", "marker", "region"]

_CLASSES: dict[str, type[Node]] = {"panel": Panel, "marker": Marker, "region": Region}


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """The validator of one frozen value class; it refuses unknown keys. Built once: building costs milliseconds."""
    if kind not in _ADAPTERS:
        # pydantic takes a standard dataclass's settings only from this attribute
        kind.__pydantic_config__ = ConfigDict(extra="forbid")
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def level_of(node: Node) -> Level:
    match node:
        case Panel():
            return "panel"
        case Marker():
            return "marker"
        case Region():
            return "region"


def to_doc(value: Any) -> dict[str, Any]:
    """A frozen value (node, figure, article, span list) as JSON-ready types; tuples become lists."""
    document: dict[str, Any] = adapter(type(value)).dump_python(value, mode="json")
    return document


def node_to_doc(node: Node) -> dict[str, Any]:
    """The node's fields plus ``level``."""
    return {"level": level_of(node), **to_doc(node)}


def node_from_doc(document: dict[str, Any]) -> Node:
    """The node of a document that ``node_to_doc`` made.

    Raises:
        HierarchyError: an unknown level, a missing, unknown or ill-typed field.
    """
    fields = dict(document)
    level = fields.pop("level", None)
    if level not in _CLASSES:
        raise HierarchyError(f"level {level!r} is unknown; expected one of {sorted(_CLASSES)!r}")
    return validated(_CLASSES[level], fields)  # type: ignore[no-any-return]


def validated(kind: type[Any], fields: dict[str, Any]) -> Any:
    """A ``kind`` made of the fields.

    Raises:
        HierarchyError: names each field that is wrong and why.
    """
    try:
        return adapter(kind).validate_python(fields)
    except ValidationError as error:
        name = f"{kind.__name__.lower()} {fields.get('id') if isinstance(fields, dict) else fields!r:.80}"
        raise HierarchyError(f"{name} is not valid: {faults_of(error)}") from error


def faults_of(error: ValidationError, most: int | None = None) -> str:
    """What is wrong with outside data, field by field ("pmc.tau: Unexpected keyword argument"), at most so many."""
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:most])
