"""Small real projects for tests: figures that are drawn, hierarchies that are made by hand."""

from __future__ import annotations

import io
from dataclasses import replace

from PIL import Image, ImageDraw

from curator.figure import (
    Article,
    Figure,
    Hierarchy,
    Marker,
    MarkerKind,
    Panel,
    PanelKind,
    Provenance,
    Region,
    Shared,
    Span,
)
from data.images import encode_thumbnail, encode_web, load_image
from data.store import Store

AGENT = Provenance("embedded", "1", "2026-01-01T00:00:00+00:00", 0.9)
CAPTION = "Cells. (A) Red cells. (B) Arrow, mitosis. Bar, 5 um."
HIERARCHY = Hierarchy(
    (
        Panel("p1", (0, 0, 50, 80), AGENT, "A", kind=PanelKind.MICROSCOPY, photographic=True, own_spans=(Span(7, 21),)),
        Panel("p2", (50, 0, 100, 80), replace(AGENT, confidence=0.4), "B", own_spans=(Span(22, 41),)),
    ),
    (Marker("m3", "p2", MarkerKind.ARROW, (60, 10, 70, 20), AGENT, "white", (70, 20), Span(26, 40)),),
    (Region("r4", "p2", (70, 20, 90, 40), AGENT, "mitosis", "A mitosis.", Span(26, 40), "m3"),),
    Shared((Span(0, 6),), (Span(42, 52),), ("A", "B")),
)


def keep_image(store: Store, shade: int = 200) -> str:
    """Draws a 100 x 80 picture, keeps it, and gives its hash."""
    image = Image.new("RGB", (100, 80), (shade, shade, shade))
    ImageDraw.Draw(image).ellipse((60, 20, 90, 50), fill=(200, 40, 40))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    loaded = load_image(buffer.getvalue())
    web, suffix = encode_web(loaded.rgb, buffer.getvalue(), loaded.format)
    store.images.save(loaded.sha256, buffer.getvalue(), web, suffix, encode_thumbnail(loaded.rgb))
    return loaded.sha256


def add_figures(store: Store, count: int = 1, article_id: str = "PMC1") -> list[str]:
    """Saves an article with so many figures, not mined; their ids."""
    sha256 = keep_image(store)
    figures = [
        Figure(f"fig{n}", article_id, f"fig{n}.png", sha256, (100, 80), f"Figure {n}", CAPTION)
        for n in range(1, count + 1)
    ]
    return list(store.articles.save(Article(article_id, "A title", license="CC BY 4.0"), figures).added)


def add_mined_figure(store: Store, article_id: str = "PMC1") -> str:
    """Saves an article with one figure, mined as HIERARCHY; its id."""
    (figure_id,) = add_figures(store, 1, article_id)
    store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    return figure_id
