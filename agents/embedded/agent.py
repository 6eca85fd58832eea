"""The embedded agent: caption grammar, printed letters, panel layout, markers and regions; needs no model server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agents.embedded.caption_panels import captions_of
from agents.embedded.captions import CaptionSplit, PanelCaption, expected_labels, split_caption
from agents.embedded.kinds import classify_panel
from agents.embedded.layout import PanelProposal, propose_panels
from agents.embedded.letters import LetterReader
from agents.embedded.markers import MarkerProposal, PanelView, find_markers
from agents.embedded.regions import RegionProposal, propose_regions
from curator.figure import Figure, Hierarchy, Marker, Panel, Provenance, Region, Shared, Span, text_of
from curator.geometry import Box
from curator.settings import MiningSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class EmbeddedAgent:
    """Proposes whole hierarchies. Holds the OCR session of its process."""

    name = "embedded"
    version = "1"
    signature = f"{name} {version}"

    def __init__(self, settings: MiningSettings) -> None:
        self._settings = settings
        self._letters = LetterReader()

    def propose(self, figure: Figure, image_rgb: NDArray[np.uint8]) -> Hierarchy:
        """The figure's hierarchy; ``image_rgb`` is [H, W, 3] in the frame of the boxes."""
        split = split_caption(figure.caption, figure.bold_spans)
        promised = expected_labels(split)
        places = () if promised else tuple(panel.label for panel in split.panels)
        proposals = propose_panels(image_rgb, self._letters.read(image_rgb, promised), promised, places)
        captions = captions_of([p.label for p in proposals], [p.box_xyxy for p in proposals], split.panels)
        if len(proposals) == 1 and captions[0] is None and figure.caption.strip():
            # all of the caption speaks of the one panel there is
            split = CaptionSplit((), (), (), split.pointers, split.confidence)
            captions = [PanelCaption("", (Span(0, len(figure.caption)),))]
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        panels = [
            self._panel(number, proposal, caption, figure, image_rgb, at)
            for number, (proposal, caption) in enumerate(zip(proposals, captions, strict=True), start=1)
        ]
        views = [PanelView(p.id, p.label, p.box_xyxy, p.kind, p.label_box_xyxy) for p in panels]
        markers = find_markers(image_rgb, views, split.pointers)
        regions = propose_regions(image_rgb, views, markers, split.pointers, figure.caption, self._settings)
        return Hierarchy(
            tuple(panels),
            tuple(self._marker(number, marker, at) for number, marker in enumerate(markers, start=1)),
            tuple(self._region(number, region, at) for number, region in enumerate(regions, start=1)),
            Shared(split.lead_spans, split.tail_spans, promised),
        )

    def _provenance(self, confidence: float, at: str) -> Provenance:
        return Provenance(self.name, self.version, at, round(min(max(confidence, 0.0), 1.0), 4))

    def _panel(
        self,
        number: int,
        proposal: PanelProposal,
        caption: PanelCaption | None,
        figure: Figure,
        image_rgb: NDArray[np.uint8],
        at: str,
    ) -> Panel:
        own_spans = caption.spans if caption else ()
        kind, _ = classify_panel(_crop(image_rgb, proposal.box_xyxy), text_of(figure.caption, own_spans))
        return Panel(
            id=f"p{number}",
            box_xyxy=proposal.box_xyxy,
            provenance=self._provenance(proposal.confidence, at),
            label=proposal.label or (caption.label or None if caption else None),
            label_box_xyxy=proposal.label_box_xyxy,
            kind=kind,
            photographic=kind.photographic,
            own_spans=own_spans,
        )

    def _marker(self, number: int, marker: MarkerProposal, at: str) -> Marker:
        return Marker(
            id=f"m{number}",
            panel_id=marker.panel_id,
            kind=marker.kind,
            box_xyxy=marker.box_xyxy,
            provenance=self._provenance(marker.confidence, at),
            color=marker.color,
            tip_xy=marker.tip_xy,
            clause_span=marker.pointer.span if marker.pointer else None,
        )

    def _region(self, number: int, region: RegionProposal, at: str) -> Region:
        return Region(
            id=f"r{number}",
            panel_id=region.panel_id,
            box_xyxy=region.box_xyxy,
            provenance=self._provenance(region.confidence, at),
            label=region.label,
            caption=region.caption,
            clause_span=region.clause_span,
            marker_id=None if region.marker is None else f"m{region.marker + 1}",
        )


def _crop(image_rgb: NDArray[np.uint8], box_xyxy: Box) -> NDArray[np.uint8]:
    x0, y0, x1, y1 = (round(value) for value in box_xyxy)
    return image_rgb[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
