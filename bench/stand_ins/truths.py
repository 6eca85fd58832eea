"""Drawn figures and their truth as values of the domain: what a perfect curator would leave."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from curator.figure import Figure, Hierarchy, Marker, MarkerKind, Panel, PanelKind, Provenance, Region, Shared, Span

_TRUTH = Provenance("truth", "1", "2026-01-01T00:00:00+00:00")


def figure_of(truth: Mapping[str, Any], article_id: str, figure_id: str) -> Figure:
    """The figure of an entry of ``truth.json``; its image has a name but may not be kept anywhere."""
    digest = hashlib.sha256(figure_id.encode()).hexdigest()
    return Figure(figure_id, article_id, truth["image"], digest, tuple(truth["image_wh"]), caption=truth["caption"])


def hierarchy_of(truth: Mapping[str, Any]) -> Hierarchy:
    """Panels, markers and regions of an entry of ``truth.json``, each marker with the clause that explains it."""
    caption = truth["caption"]
    panels = [_panel(f"p{n}", panel, caption) for n, panel in enumerate(truth["panels"], start=1)]
    first_marker = len(panels) + 1
    markers = [
        Marker(
            f"m{first_marker + n}",
            panels[marker["panel_index"]].id,
            MarkerKind(marker["kind"]),
            _box(marker["box_xyxy"]),
            _TRUTH,
            marker["color"],
            tuple(marker["tip_xy"]) if marker["tip_xy"] else None,
            _span(caption, marker["clause"]),
        )
        for n, marker in enumerate(truth["markers"])
    ]
    first_region = first_marker + len(markers)
    regions = [
        Region(
            f"r{first_region + n}",
            panels[region["panel_index"]].id,
            _box(region["box_xyxy"]),
            _TRUTH,
            region["label"],
            region["caption"],
            _span(caption, region["clause"]),
            markers[region["marker"]].id,
        )
        for n, region in enumerate(truth["regions"])
    ]
    labels = tuple(panel.label for panel in panels if panel.label)
    return Hierarchy(tuple(panels), tuple(markers), tuple(regions), Shared(promised_labels=labels))


def _panel(panel_id: str, panel: Mapping[str, Any], caption: str) -> Panel:
    kind = PanelKind(panel["kind"])
    letter = panel["label_box_xyxy"]
    own = _span(caption, panel["subcaption"])
    return Panel(
        panel_id,
        _box(panel["box_xyxy"]),
        _TRUTH,
        panel["label"] or None,
        _box(letter) if letter else None,
        kind,
        kind.photographic,
        (own,) if own else (),
    )


def _box(numbers: Sequence[float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = numbers
    return x0, y0, x1, y1


def _span(caption: str, words: str | None) -> Span | None:
    """Where the words stand in the caption; None where they do not."""
    start = caption.find(words) if words else -1
    return Span(start, start + len(words)) if words and start >= 0 else None
