"""A small project for the browser tests: two articles, seven drawn figures, hierarchies with known answers."""

from __future__ import annotations

import hashlib
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
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
from data.store import Store

AGENT = "embedded"
HOSTILE = '<img src=x onerror="document.title=1"><b>not bold</b>'

KIDNEY = (
    "Podocyte injury in the kidney. (A) Section stained with haematoxylin; white arrow, a nucleus. "
    "(B) The same region at higher magnification; asterisk, the lumen. (C) Count of nuclei per field. "
    "(D) Untreated control. Scale bars, 50 um."
)


def make_project(folder: Path) -> Store:
    """A store with articles ``PMC1`` (kidney, four figures) and ``PMC2`` (three, one of them not mined).

    ``PMC1:F1`` has panels A-D (p1-p4), an arrow in A (m5, with region r7) and an asterisk in B (m6); confidence 0.94 to
    0.6. ``PMC1:F4`` has overlapping panels (flagged); ``PMC2:F2`` hostile caption and a key with slash and space.
    """
    store = Store(folder)
    kidney = [
        _figure(store, "F1", (640, 480), 2, 2, KIDNEY, "Figure 1"),
        _figure(store, "F2", (900, 300), 3, 1, _plain(3, "Tubules"), "Figure 2"),
        _figure(store, "F3", (400, 600), 1, 2, _plain(2, "Glomeruli"), "Figure 3"),
        _figure(store, "F4", (600, 400), 2, 1, _plain(2, "Vessels"), "Figure 4"),
    ]
    others = [
        _figure(store, "F1", (500, 500), 1, 1, "Axial CT of the chest.", "Figure 1"),
        _figure(store, "fig 2/a", (480, 320), 2, 1, HOSTILE + " (A) Left lung. (B) Right lung.", "Figure 2"),
        _figure(store, "F3", (320, 320), 1, 1, "Not mined yet.", "Figure 3"),
    ]
    store.articles.save(
        Article("PMC1", "Podocytes under stress", "Kidney Tests", "10.1000/kidney", "PMC1", "CC BY 4.0", "drawn"),
        kidney,
    )
    store.articles.save(Article("PMC2", "Lungs", "Chest Tests", "10.1000/chest", "PMC2", "CC0", "drawn"), others)
    store.reviews.mined("PMC1:F1", _kidney_hierarchy(), AGENT)
    store.reviews.mined("PMC1:F2", Hierarchy(panels=_panels((900, 300), 3, 1, (0.9, 0.88, 0.8))), AGENT)
    store.reviews.mined("PMC1:F3", Hierarchy(panels=_panels((400, 600), 1, 2, (0.55, 0.5))), AGENT)
    store.reviews.mined(
        "PMC1:F4",
        Hierarchy(
            panels=(
                _panel("p1", (0, 0, 400, 400), "A", 0.4, PanelKind.PLOT),
                _panel("p2", (200, 0, 600, 400), "B", 0.3, PanelKind.PLOT),
            )
        ),
        AGENT,
    )
    store.reviews.mined(
        "PMC2:F1", Hierarchy(panels=(_panel("p1", (0, 0, 500, 500), None, 0.97, PanelKind.RADIOLOGY),)), AGENT
    )
    store.reviews.mined("PMC2:fig 2/a", Hierarchy(panels=_panels((480, 320), 2, 1, (0.7, 0.72))), AGENT)
    store.problems.add("ingest", "broken.tar.gz", "the archive ends in the middle of an image")
    store.problems.add("mine", "PMC2:F3", "no agent finished within 60 s", "PMC2:F3")
    return store


def _provenance(confidence: float) -> Provenance:
    return Provenance(AGENT, "test", "2026-01-01T00:00:00.000+00:00", confidence)


def _panel(
    node_id: str, box: tuple[float, float, float, float], label: str | None, sure: float, kind: PanelKind
) -> Panel:
    return Panel(node_id, box, _provenance(sure), label, kind=kind, photographic=kind.photographic)


def _panels(image_wh: tuple[int, int], columns: int, rows: int, sure: tuple[float, ...]) -> tuple[Panel, ...]:
    width, height = image_wh[0] / columns, image_wh[1] / rows
    return tuple(
        _panel(
            f"p{index + 1}",
            (
                index % columns * width,
                index // columns * height,
                (index % columns + 1) * width,
                (index // columns + 1) * height,
            ),
            "ABCDEFGH"[index],
            confidence,
            PanelKind.MICROSCOPY,
        )
        for index, confidence in enumerate(sure)
    )


def _span(words: str) -> Span:
    start = KIDNEY.index(words)
    return Span(start, start + len(words))


def _kidney_hierarchy() -> Hierarchy:
    starts = [KIDNEY.index(f"({letter})") for letter in "ABCD"] + [KIDNEY.index("Scale bars")]
    own = [(Span(start, end - 1),) for start, end in pairwise(starts)]
    boxes = ((0, 0, 318, 238), (322, 0, 640, 238), (0, 242, 318, 480), (322, 242, 640, 480))
    kinds = (PanelKind.MICROSCOPY, PanelKind.MICROSCOPY, PanelKind.PLOT, PanelKind.MICROSCOPY)
    sure = (0.94, 0.91, 0.8, 0.6)
    panels = tuple(
        Panel(
            f"p{index + 1}",
            boxes[index],
            _provenance(sure[index]),
            "ABCD"[index],
            (boxes[index][0] + 6, boxes[index][1] + 6, boxes[index][0] + 24, boxes[index][1] + 26),
            kinds[index],
            kinds[index].photographic,
            own[index],
        )
        for index in range(4)
    )
    arrow, lumen = _span("white arrow, a nucleus"), _span("asterisk, the lumen")
    return Hierarchy(
        panels,
        (
            Marker("m5", "p1", MarkerKind.ARROW, (150, 90, 182, 112), _provenance(0.81), "white", (152.0, 92.0), arrow),
            Marker("m6", "p2", MarkerKind.ASTERISK, (470, 120, 490, 140), _provenance(0.66), "white", None, lumen),
        ),
        (Region("r7", "p1", (110, 60, 160, 104), _provenance(0.62), "nucleus", "A nucleus.", arrow, "m5"),),
        Shared((Span(0, KIDNEY.index("(A)") - 1),), (_span("Scale bars, 50 um."),), ("A", "B", "C", "D")),
    )


def _plain(panels: int, subject: str) -> str:
    return f"{subject}. " + " ".join(f"({letter}) {subject} of mouse {letter}." for letter in "ABCDEFGH"[:panels])


def _figure(
    store: Store, key: str, image_wh: tuple[int, int], columns: int, rows: int, caption: str, label: str
) -> Figure:
    picture = _drawn(image_wh, columns, rows, seed=sum(map(ord, key + label)) + image_wh[0])
    web = BytesIO()
    picture.save(web, "PNG")
    small = picture.copy()
    small.thumbnail((320, 320))
    thumbnail = BytesIO()
    small.save(thumbnail, "WEBP")
    sha256 = hashlib.sha256(web.getvalue()).hexdigest()
    store.images.save(sha256, web.getvalue(), web.getvalue(), ".png", thumbnail.getvalue())
    return Figure(key, "", f"{key.replace('/', '_')}.png", sha256, image_wh, label, caption, license="CC BY 4.0")


def _drawn(image_wh: tuple[int, int], columns: int, rows: int, seed: int) -> Image.Image:
    """Cells on a stained ground, one tint a panel, with printed letters."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", image_wh, "white")
    pen = ImageDraw.Draw(picture)
    width, height = image_wh[0] / columns, image_wh[1] / rows
    for index in range(columns * rows):
        x, y = index % columns * width, index // columns * height
        pen.rectangle((x + 2, y + 2, x + width - 3, y + height - 3), fill=(226, 196 - 12 * index, 214))
        for _ in range(40):
            cx, cy = x + 14 + random.random() * (width - 28), y + 14 + random.random() * (height - 28)
            r = 3 + 6 * random.random()
            pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=(96, 60, 140), outline=(150, 110, 170))
        pen.text((x + 8, y + 6), "ABCDEFGH"[index], fill="black", font_size=20)
    return picture
