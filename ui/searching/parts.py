"""What of a figure is embedded: its panels and regions, each with its text and the picture around it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curator.codec import level_of
from curator.figure import Figure, Marker, Node, Panel, Region, State, clause_of, own_caption
from curator.review import Review
from curator.wording import normalised
from data.embeddings import IndexedFigure, IndexedNode
from data.images import load_image
from data.store import Store

if TYPE_CHECKING:
    from PIL import Image

    from ui.searching.model import SearchModel


@dataclass(frozen=True, slots=True)
class Part:
    node: Node
    panel: Panel | None
    """Itself, or the panel around it; None where that is rejected, as exports see it."""
    text: str
    """Of a panel only its own, not what all its siblings share; empty where there is none."""
    key: str
    """Hash of what its features are made of."""

    @property
    def text_key(self) -> str:
        """Hash of the text as models read it; empty where there is none."""
        words = normalised(self.text)
        return hashlib.sha256(words.encode()).hexdigest()[:32] if words else ""


def part_of(review: Review, node: Node) -> Part:
    """The node as search sees it."""
    figure, hierarchy = review.figure, review.hierarchy
    around = node if isinstance(node, Panel) else hierarchy.by_id().get(node.panel_id or "")
    panel = around if isinstance(around, Panel) and around.state != State.REJECTED else None
    text = text_of_node(figure.caption, node)
    made_of = (figure.image_sha256, node.box_xyxy, panel and panel.box_xyxy, normalised(text))
    return Part(node, panel, text, hashlib.sha256(repr(made_of).encode()).hexdigest()[:32])


def parts_of(review: Review) -> list[Part]:
    """Panels and regions that nobody rejected: panels first."""
    shown: list[Node] = [*review.hierarchy.panels, *review.hierarchy.regions]
    return [part_of(review, node) for node in shown if node.state != State.REJECTED]


def text_of_node(caption: str, node: Node) -> str:
    """What stands for a node by itself, as the trainer chooses it (``trainer.wording``: own_text, region_texts)."""
    match node:
        case Panel():
            texts: Sequence[str] = (own_caption(caption, node), node.description, node.summary)
        case Region():
            texts = (clause_of(caption, node), node.description, node.caption, node.label)
        case Marker():
            texts = (clause_of(caption, node),)
    return next((text for text in texts if normalised(text)), "")


def picture_of(store: Store, figure: Figure) -> Image.Image:
    """The figure's picture, RGB, in the frame of its boxes.

    Raises:
        StoreError, ImageError: it is missing or broken.
    """
    from PIL import Image

    return Image.fromarray(load_image(store.images.web(figure.image_sha256), name=figure.id).rgb)


def features_of(model: SearchModel, image: Image.Image, parts: Sequence[Part]) -> NDArray[np.float32]:
    """[n, d], as the parts come."""
    panels = [part.node for part in parts if isinstance(part.node, Panel)]
    others = [part for part in parts if not isinstance(part.node, Panel)]
    # of a region by itself the panel around it is needed too
    boxes = {part.panel.id: part.panel.box_xyxy for part in parts if part.panel is not None}
    places = {panel_id: place for place, panel_id in enumerate(boxes)}
    regions = [(None if part.panel is None else places[part.panel.id], part.node.box_xyxy) for part in others]
    of_panels, of_regions = model.figure(image, list(boxes.values()), regions)
    found = {panel.id: of_panels[places[panel.id]] for panel in panels}
    found |= {part.node.id: feature for part, feature in zip(others, of_regions, strict=True)}
    return np.array([found[part.node.id] for part in parts], np.float32).reshape(len(parts), model.dim)


def embed_figure(model: SearchModel, image: Image.Image, review: Review, revision: int) -> IndexedFigure:
    """All of a figure that is searched."""
    parts = parts_of(review)
    texts = np.zeros((len(parts), model.dim), np.float32)
    with_text = [number for number, part in enumerate(parts) if part.text]
    if with_text:
        texts[with_text] = model.texts([parts[number].text for number in with_text])
    return IndexedFigure(
        review.figure.id,
        revision,
        indexed_nodes(parts),
        features_of(model, image, parts) if parts else np.zeros((0, model.dim), np.float32),
        texts,
    )


def indexed_nodes(parts: Sequence[Part]) -> tuple[IndexedNode, ...]:
    return tuple(
        IndexedNode(part.node.id, "panel" if level_of(part.node) == "panel" else "region", part.key, part.text_key)
        for part in parts
    )
