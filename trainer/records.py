"""One exported figure as training reads it: only what it trains on and counts, validated as it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from curator.codec import faults_of
from curator.errors import GeometryError, InputError
from curator.geometry import Box, Size, checked_box

SCHEMA_VERSIONS = (1, 2)
"""Of ``curator export``; 2 added descriptions and findings, which are empty in 1."""

Split: TypeAlias = Literal["train", "val", "test"]
Window: TypeAlias = tuple[int, int, int, int]
"""Whole pixels of the figure, xyxy, half-open."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made a node."""

    agent: str
    """Name of the agent, or ``person:NAME``."""
    model: str | None = None


@dataclass(frozen=True, slots=True)
class FindingRecord:
    negatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegionRecord:
    id: str
    box_xyxy: Box
    """In pixels of the figure, as all boxes here."""
    status: str
    provenance: Maker
    label: str = ""
    caption: str = ""
    clause: str = ""
    description: str = ""
    finding: FindingRecord | None = None


@dataclass(frozen=True, slots=True)
class PanelRecord:
    id: str
    box_xyxy: Box
    kind: str
    status: str
    provenance: Maker
    caption: str
    """Shared lead, own part and shared tail of the figure's caption."""
    own_caption: str
    description: str = ""
    summary: str = ""
    regions: tuple[RegionRecord, ...] = ()

    @property
    def window_xyxy(self) -> Window:
        """The pixels of the panel's crop, rounded as ``curator export`` rounds the crops that it writes."""
        x0, y0, x1, y1 = (round(value) for value in self.box_xyxy)
        return (x0, y0, max(x1, x0 + 1), max(y1, y0 + 1))


@dataclass(frozen=True, slots=True)
class Unassigned:
    """What lies in no panel; it is counted and not trained on."""

    regions: tuple[RegionRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class FigureRecord:
    schema_version: int
    figure_id: str
    article_id: str
    split: Split
    image_wh: Size
    caption: str
    license: str | None
    state: str
    panels: tuple[PanelRecord, ...]
    unassigned: Unassigned
    image_path: str | None = None
    """Below the export's folder; None in shards, where the image stands beside its record."""


# Keys that training does not need are passed over: a record also holds markers, spans, mentions and outlines.
_ADAPTER = TypeAdapter(FigureRecord)


def parse_record(document: bytes, place: str) -> FigureRecord:
    """The record of one JSON document; ``place`` says in errors where it was read.

    Raises:
        InputError: not JSON, of an unknown version, with a field missing or ill-typed, or a box outside the figure.
    """
    try:
        record = _ADAPTER.validate_json(document)
    except ValidationError as error:
        raise InputError(
            f"{place} is no record of an exported figure: {faults_of(error, 3)}; export the project again"
        ) from error
    if record.schema_version not in SCHEMA_VERSIONS:
        raise InputError(
            f"{place} has schema_version {record.schema_version!r}, expected one of {SCHEMA_VERSIONS!r}; "
            "export the project again with this version of Curator"
        )
    for panel in record.panels:
        nodes: tuple[PanelRecord | RegionRecord, ...] = (panel, *panel.regions)
        for node in nodes:
            try:
                checked_box(node.box_xyxy, record.image_wh)
            except GeometryError as error:
                raise InputError(f"{place}, figure {record.figure_id!r}, {node.id}: {error}") from error
    return record
