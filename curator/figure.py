"""The hierarchy: article -> figure -> panel -> marker -> region, as frozen values.

Boxes and points are in the frame of ``curator.geometry``. Spans are character offsets into the figure's caption,
half-open. A node never holds its children: it names its parent, so that one node can change alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from curator.errors import HierarchyError
from curator.geometry import Box, Point, Size, area, checked_box, checked_point, coverage, intersection
from curator.samples import Samples


class State(StrEnum):
    """Where a node stands in review."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"

    @property
    def verified(self) -> bool:
        """A person stands behind the node."""
        return self in (State.ACCEPTED, State.EDITED)


class FigureState(StrEnum):
    """Where a figure stands in review."""

    UNMINED = "unmined"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    SKIPPED = "skipped"


class PanelKind(StrEnum):
    MICROSCOPY = "microscopy"
    RADIOLOGY = "radiology"
    PHOTO = "photo"
    GEL = "gel"
    PLOT = "plot"
    DIAGRAM = "diagram"
    TABLE = "table"
    OTHER = "other"

    @property
    def photographic(self) -> bool:
        """Taken by a camera, microscope or scanner (Panel2Patch stage I keeps only these)."""
        return self in (PanelKind.MICROSCOPY, PanelKind.RADIOLOGY, PanelKind.PHOTO, PanelKind.GEL)


class MarkerKind(StrEnum):
    ARROW = "arrow"
    ARROWHEAD = "arrowhead"
    ASTERISK = "asterisk"
    STAR = "star"
    CIRCLE = "circle"
    BOX = "box"
    DASHED_LINE = "dashed_line"
    DASHED_BOX = "dashed_box"
    LETTER = "letter"
    BRACKET = "bracket"


class Span(NamedTuple):
    """Characters ``start`` to ``end`` (half-open) of the figure's caption."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who proposed a node, with what, how sure, and when."""

    agent: str
    """Name of the agent, or ``person:NAME``."""
    version: str
    """Version of the agent's code or hash of its prompt."""
    at: str
    """ISO 8601, UTC."""
    confidence: float | None = None
    """Probability that the proposal is right, 0 to 1; None for a person. Calibrated on what curators accepted, where
    they decided enough (``curator.calibration``)."""
    model: str | None = None
    raw_confidence: float | None = None
    """What the agent itself said, before calibration; None where nothing was calibrated."""
    exchanges: tuple[str, ...] = ()
    """Keys of the exchanges with a model that made the proposal."""
    samples: Samples | None = None
    """None where its agent pools none, or it is not known."""

    @property
    def person(self) -> bool:
        return self.agent.startswith("person:")


@dataclass(frozen=True, slots=True)
class Panel:
    id: str
    box_xyxy: Box
    provenance: Provenance
    label: str | None = None
    """The printed identifier as the author wrote it ("A", "b", "iv"); None where none is printed or promised."""
    label_box_xyxy: Box | None = None
    kind: PanelKind = PanelKind.OTHER
    photographic: bool = False
    own_spans: tuple[Span, ...] = ()
    own_text: str | None = None
    """A curator's own wording; where given it stands for the spans."""
    rival_spans: tuple[Span, ...] = ()
    """Another agent's reading of the caption, where it differs from ``own_spans``."""
    description: str = ""
    """A few words of what the crop shows, by a model that saw it (Panel2Patch, stage I)."""
    summary: str = ""
    """One sentence of 10 to 15 words (RegionMed-CLIP's summary caption)."""
    polygon_xy: tuple[Point, ...] = ()
    """Outline of the mask whose tight box ``box_xyxy`` is; empty where the box was drawn or proposed as a box."""
    state: State = State.PROPOSED

    @property
    def parent_id(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Marker:
    id: str
    panel_id: str | None
    kind: MarkerKind
    box_xyxy: Box
    provenance: Provenance
    color: str | None = None
    """A plain colour word: white, black, red, yellow, green, blue, cyan, magenta, orange, grey."""
    tip_xy: Point | None = None
    """Where an arrow or arrowhead points."""
    clause_span: Span | None = None
    clause_text: str | None = None
    """A curator's own wording; where given it stands for the span."""
    state: State = State.PROPOSED

    @property
    def parent_id(self) -> str | None:
        return self.panel_id


@dataclass(frozen=True, slots=True)
class Finding:
    """What a region shows, as RegionMed-CLIP extracts it: ``adjective|term|position``, and what it is not."""

    adjective: str
    term: str
    position: str
    negatives: tuple[str, ...] = ()
    """Sentences that are never true of the region: its caption with one attribute changed."""


@dataclass(frozen=True, slots=True)
class Region:
    id: str
    panel_id: str | None
    box_xyxy: Box
    provenance: Provenance
    label: str = ""
    """A few words: what is there."""
    caption: str = ""
    """One sentence for training."""
    clause_span: Span | None = None
    marker_id: str | None = None
    """The marker it answers to; None for a region found from text alone."""
    description: str = ""
    """What a model that saw the crop says of it; kept apart from the caption's words (Panel2Patch, stage II)."""
    finding: Finding | None = None
    polygon_xy: tuple[Point, ...] = ()
    """Outline of the mask whose tight box ``box_xyxy`` is; empty where the box was drawn or proposed as a box."""
    state: State = State.PROPOSED

    @property
    def parent_id(self) -> str | None:
        return self.marker_id or self.panel_id


Node: TypeAlias = Panel | Marker | Region


@dataclass(frozen=True, slots=True)
class Shared:
    """What the caption says of the figure as a whole."""

    lead_spans: tuple[Span, ...] = ()
    """Sentences before the first panel's, true of all panels."""
    tail_spans: tuple[Span, ...] = ()
    """Sentences after the last panel's, true of all panels."""
    promised_labels: tuple[str, ...] = ()
    """Labels of the panels that the caption speaks of, in order."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """All nodes of one figure, and what its caption says of all of them."""

    panels: tuple[Panel, ...] = ()
    markers: tuple[Marker, ...] = ()
    regions: tuple[Region, ...] = ()
    shared: Shared = Shared()

    def with_nodes(self, nodes: Iterable[Node]) -> Hierarchy:
        """The same with other nodes, each level in the order of its ids' numbers."""
        ordered = sorted(nodes, key=lambda node: (len(node.id), node.id))
        return replace(
            self,
            panels=tuple(node for node in ordered if isinstance(node, Panel)),
            markers=tuple(node for node in ordered if isinstance(node, Marker)),
            regions=tuple(node for node in ordered if isinstance(node, Region)),
        )

    def nodes(self) -> Iterator[Node]:
        """Panels, markers, regions, in this order."""
        yield from self.panels
        yield from self.markers
        yield from self.regions

    def by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes()}

    def children(self, node_id: str) -> list[Node]:
        """Markers and regions whose parent is the node; a region with a marker is that marker's child."""
        return [node for node in self.nodes() if node.parent_id == node_id]

    def descendants(self, node_id: str) -> list[Node]:
        found = self.children(node_id)
        return found + [below for node in found for below in self.descendants(node.id)]


@dataclass(frozen=True, slots=True)
class Article:
    id: str
    """PMC id where there is one, else the name of the folder or file it came from."""
    title: str = ""
    journal: str = ""
    doi: str | None = None
    pmcid: str | None = None
    license: str | None = None
    """The licence as the article states it: a URL where it gives one."""
    source: str = ""
    """Where it was read from."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One published image with its caption, as ingested; never changed by review."""

    id: str
    article_id: str
    image_name: str
    """File name as published."""
    image_sha256: str
    image_wh: Size
    """Size after EXIF rotation: the frame of all boxes."""
    label: str = ""
    """The printed label, such as "Figure 2"."""
    caption: str = ""
    bold_spans: tuple[Span, ...] = ()
    """Characters of the caption that were set bold (panel letters often are)."""
    mentions: tuple[str, ...] = ()
    """Sentences of the article that cite the figure."""
    license: str | None = None
    doi: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Flag:
    """Something about a hierarchy that a person should look at."""

    code: str
    """overlap, outside_parent, no_panel, duplicate_label, missing_label or two_readings."""
    node_ids: tuple[str, ...]
    message: str


def text_of(caption: str, spans: tuple[Span, ...]) -> str:
    """The spans' text, in order, joined by a space."""
    return " ".join(part for span in spans if (part := caption[span.start : span.end].strip()))


def own_caption(caption: str, panel: Panel) -> str:
    """Only what the caption says of this panel (``own_text`` where a curator wrote one)."""
    return panel.own_text if panel.own_text is not None else text_of(caption, panel.own_spans)


def full_caption(caption: str, hierarchy: Hierarchy, panel: Panel) -> str:
    """Shared lead + own + shared tail, joined by a space."""
    shared = hierarchy.shared
    parts = (text_of(caption, shared.lead_spans), own_caption(caption, panel), text_of(caption, shared.tail_spans))
    return " ".join(part for part in parts if part)


def clause_of(caption: str, node: Marker | Region) -> str:
    """The caption clause that explains a marker or region; empty where none does."""
    if isinstance(node, Marker) and node.clause_text is not None:
        return node.clause_text
    return text_of(caption, (node.clause_span,)) if node.clause_span else ""


def check(hierarchy: Hierarchy, image_wh: Size, caption: str) -> None:
    """Raises where the hierarchy is impossible (what is merely doubtful is told by ``flags``).

    Raises:
        HierarchyError: duplicate ids, a parent that does not exist, a span outside the caption.
        GeometryError: a box or tip outside the image.
    """
    doubled = [node_id for node_id, n in Counter(node.id for node in hierarchy.nodes()).items() if n > 1]
    if doubled:
        raise HierarchyError(f"node ids {doubled!r} are used twice; every node of a figure needs its own id")
    panel_ids = {panel.id for panel in hierarchy.panels}
    marker_ids = {marker.id for marker in hierarchy.markers}
    for node in hierarchy.nodes():
        checked_box(node.box_xyxy, image_wh)
        if not isinstance(node, Panel) and node.panel_id is not None and node.panel_id not in panel_ids:
            raise HierarchyError(
                f"{node.id}: its panel {node.panel_id!r} does not exist; name one of {sorted(panel_ids)!r}"
            )
        if isinstance(node, Region) and node.marker_id is not None and node.marker_id not in marker_ids:
            raise HierarchyError(
                f"{node.id}: its marker {node.marker_id!r} does not exist; name one of {sorted(marker_ids)!r}"
            )
        if isinstance(node, Marker):
            if node.tip_xy is not None:
                checked_point(node.tip_xy, image_wh)
        else:
            for point in node.polygon_xy:
                checked_point(point, image_wh)
        if isinstance(node, Panel):
            if node.label_box_xyxy is not None:
                checked_box(node.label_box_xyxy, image_wh)
            spans = node.own_spans + node.rival_spans
        else:
            spans = (node.clause_span,) if node.clause_span else ()
        for span in spans:
            _check_span(span, caption, node.id)
    for span in hierarchy.shared.lead_spans + hierarchy.shared.tail_spans:
        _check_span(span, caption, "shared sentences")


def _check_span(span: Span, caption: str, owner: str) -> None:
    if not 0 <= span.start < span.end <= len(caption):
        raise HierarchyError(f"{owner}: span {tuple(span)!r} lies outside the caption of {len(caption)} characters")


_OVERLAP_SHARE = 0.1  # guess: panels that share a tenth of the smaller one are worth a look
_INSIDE_SHARE = 0.5  # an arrow may stick out of its panel; its larger half must not


def flags(hierarchy: Hierarchy) -> list[Flag]:
    """What a person should look at: overlaps, children outside their parent, labels doubled or missing.

    Rejected nodes count as absent.
    """
    found: list[Flag] = []
    panels = [panel for panel in hierarchy.panels if panel.state != State.REJECTED]
    for index, first in enumerate(panels):
        for second in panels[index + 1 :]:
            smaller = min(area(first.box_xyxy), area(second.box_xyxy))
            if intersection(first.box_xyxy, second.box_xyxy) > _OVERLAP_SHARE * smaller:
                names = f"{first.label or first.id} and {second.label or second.id}"
                found.append(Flag("overlap", (first.id, second.id), f"panels {names} overlap"))
    by_id = {panel.id: panel for panel in hierarchy.panels}
    below: tuple[Marker | Region, ...] = (*hierarchy.markers, *hierarchy.regions)
    for node in below:
        if node.state == State.REJECTED:
            continue
        parent = by_id.get(node.panel_id) if node.panel_id else None
        if parent is None or parent.state == State.REJECTED:
            found.append(Flag("no_panel", (node.id,), f"{node.id} belongs to no panel"))
        elif coverage(node.box_xyxy, parent.box_xyxy) < _INSIDE_SHARE:
            found.append(Flag("outside_parent", (node.id, parent.id), f"{node.id} lies outside its panel"))
    labels = Counter(panel.label.casefold() for panel in panels if panel.label)
    for label, n in labels.items():
        if n > 1:
            ids = tuple(panel.id for panel in panels if panel.label and panel.label.casefold() == label)
            found.append(Flag("duplicate_label", ids, f"{n} panels are labelled {label!r}"))
    found.extend(
        Flag("two_readings", (panel.id,), f"agents read the caption of {panel.label or panel.id} differently")
        for panel in panels
        if panel.rival_spans and panel.state == State.PROPOSED
    )
    found.extend(
        Flag("missing_label", (), f"the caption speaks of panel {label}, no box has that label")
        for label in hierarchy.shared.promised_labels
        if label.casefold() not in labels
    )
    return found
