"""Which part of a caption belongs to which panel of its figure."""

from __future__ import annotations

from collections.abc import Sequence

from agents.embedded.captions import PanelCaption
from agents.embedded.layout import label_key
from curator.geometry import Box, centre

_PLACES = {
    0: ("left", "middle", "centre", "center", "right"),
    1: ("top", "upper", "above", "middle", "bottom", "lower", "below"),
}
"""Words for places along x (0) and y (1), in the order in which they lie."""


def captions_of(
    labels: Sequence[str | None], boxes_xyxy: Sequence[Box], captions: Sequence[PanelCaption]
) -> list[PanelCaption | None]:
    """Each panel's part of the caption: by its label, else by where it lies ("left", "top") where labels are places."""
    by_label = {label_key(caption.label): caption for caption in captions}
    found = [by_label.get(label_key(label)) if label else None for label in labels]
    if any(found) or len(captions) != len(labels):
        return found
    places = {label_key(caption.label) for caption in captions}
    for axis, order in _PLACES.items():
        if places <= set(order):
            by_place = sorted(captions, key=lambda caption: order.index(label_key(caption.label)))
            by_position = sorted(range(len(labels)), key=lambda i: centre(boxes_xyxy[i])[axis])
            for index, caption in zip(by_position, by_place, strict=True):
                found[index] = caption
    return found
