"""Projects of figures that are green in places: two panels, and a spot in the second one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from curator.figure import Article, Figure, Hierarchy, Panel, PanelKind, Provenance, Region, Span
from data.images import encode_thumbnail, encode_web, load_image
from data.store import Store

AGENT = Provenance("embedded", "1", "2026-01-01T00:00:00+00:00", 0.9)
LEFT, RIGHT, SPOT = (0.0, 0.0, 50.0, 80.0), (50.0, 0.0, 100.0, 80.0), (60.0, 20.0, 90.0, 50.0)


def add_green_figure(
    store: Store, article_id: str, left: int, right: int, spot: int, *, told: int | None = None
) -> str:
    """A mined figure whose caption says how green its panels p1 and p2 and its region r3 are; its id.

    ``told``: what the caption says of the left panel instead. The right panel's mean is not what it says: the spot lies
    in it.
    """
    rgb = np.zeros((80, 100, 3), np.uint8)
    for green, (x0, y0, x1, y1) in ((left, LEFT), (right, RIGHT), (spot, SPOT)):
        rgb[int(y0) : int(y1), int(x0) : int(x1), 1] = green
    sentences = (f"(A) Green {left if told is None else told}.", f"(B) Green {right}.", f"The spot, green {spot}.")
    caption = " ".join(sentences)
    spans = [Span(caption.index(sentence), caption.index(sentence) + len(sentence)) for sentence in sentences]
    hierarchy = Hierarchy(
        (
            Panel("p1", LEFT, AGENT, "A", kind=PanelKind.MICROSCOPY, own_spans=(spans[0],)),
            Panel("p2", RIGHT, AGENT, "B", kind=PanelKind.GEL, own_spans=(spans[1],)),
        ),
        (),
        (Region("r3", "p2", SPOT, AGENT, "spot", clause_span=spans[2]),),
    )
    figure = Figure("f1", article_id, "f1.png", keep(store, rgb), (100, 80), "Figure 1", caption)
    (figure_id,) = store.articles.save(Article(article_id, "A title"), [figure]).added
    store.reviews.mined(figure_id, hierarchy, "embedded 1")
    return figure_id


def png_of(green: int) -> bytes:
    """A picture that is all of one green."""
    out = io.BytesIO()
    Image.new("RGB", (10, 10), (0, green, 0)).save(out, "PNG")
    return out.getvalue()


def keep(store: Store, rgb: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
    """Keeps a picture as ingest does; its hash."""
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG")
    loaded = load_image(out.getvalue())
    web, suffix = encode_web(loaded.rgb, out.getvalue(), loaded.format)
    store.images.save(loaded.sha256, out.getvalue(), web, suffix, encode_thumbnail(loaded.rgb))
    return loaded.sha256


def green_project(folder: Path) -> Store:
    """Three articles of one figure each; the caption of PMC3:f1 is wrong about its left panel."""
    store = Store(folder)
    add_green_figure(store, "PMC1", 250, 10, 130)
    add_green_figure(store, "PMC2", 200, 60, 90)
    add_green_figure(store, "PMC3", 20, 110, 160, told=240)
    return store
