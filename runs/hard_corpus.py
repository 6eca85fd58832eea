"""An export of small drawn figures whose captions do not tell what their regions show: for experiments in learning.

A figure is a row of panels. Its caption, and each panel's, names only the ground (pattern and tint). On each panel lie
several small things that differ in colour, shape and place; arrowheads point at some of them, and only a region's own
texts say which. So a model that sees figures with captions alone has no way to learn what regions show.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from curator.figure import (
    Figure,
    FigureState,
    Hierarchy,
    Marker,
    MarkerKind,
    Panel,
    PanelKind,
    Provenance,
    Region,
    Shared,
    Span,
    State,
)
from curator.geometry import Box, shift
from curator.review import Review
from data.formats.record import SCHEMA_VERSION, split_of, to_record
from runs.hard_panels import (
    LETTER_BOX_XYXY,
    MARKED,
    PANEL_PX,
    RADIUS_PX,
    DrawnPanel,
    description_of,
    draw_panel,
    finding_of,
    plan_panel,
)

PANELS = 3
FIGURES_AN_ARTICLE = 2
LICENSE = "CC0-1.0"

_GAP_PX = 4
_AGENT = Provenance("drawn", "1", "2026-01-01T00:00:00+00:00", 1.0)
_LEAD = "Drawn sections."
_TAIL = "Arrowheads, findings."


def draw_hard_export(
    folder: Path,
    n_figures: int,
    seed: int,
    *,
    wrong_boxes: float = 0.0,
    reviewed: float = 0.0,
    verified_only: bool = False,
) -> None:
    """Writes a JSONL export (``curator export --format jsonl``) to the new folder.

    Figure k depends on ``seed`` and k alone. ``wrong_boxes`` is the share of panels and regions of the split "train"
    whose box is wrong, 0 to 1, as proposals are that no person looked at: panels half a panel aside, regions on
    another place of their panel. The boxes that are wrong at one share are wrong at every larger one; pictures, texts
    and the other splits stay the same, and are verified. ``reviewed`` is the share of the training figures that a
    curator has looked at: their boxes are right and verified; figures reviewed at one share are so at every larger one.
    ``verified_only`` leaves out what nobody has reviewed. Without wrong boxes all is verified.
    """
    (folder / "images").mkdir(parents=True)
    counts: Counter[str] = Counter()
    with (folder / "hierarchy.jsonl").open("w", encoding="utf-8") as lines:
        for record, png in _figures(n_figures, seed, wrong_boxes, reviewed):
            if verified_only and record["state"] != FigureState.ACCEPTED:
                continue
            name = f"images/{record['image_sha256']}.png"
            (folder / name).write_bytes(png)
            lines.write(json.dumps({**record, "image_path": name}, ensure_ascii=False) + "\n")
            counts.update(("figures", f"figures_{record['split']}"))
            for panel in record["panels"]:
                counts.update({"panels": 1, "markers": len(panel["markers"]), "regions": len(panel["regions"])})
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "format": "jsonl",
        "filter": {"verified_only": verified_only or not wrong_boxes},
        "counts": dict(sorted(counts.items())),
        "files": {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def hard_figures(n_figures: int, seed: int) -> Iterator[tuple[Figure, Hierarchy, bytes]]:
    """The figures of the corpus, each with its truth and its picture as a PNG file."""
    for index in range(n_figures):
        drawn = [plan_panel(np.random.default_rng([seed, index, number])) for number in range(PANELS)]
        picture = Image.new("RGB", (PANELS * PANEL_PX + (PANELS - 1) * _GAP_PX, PANEL_PX), "white")
        for number, panel in enumerate(drawn):
            rng = np.random.default_rng([seed, index, number, 1])
            picture.paste(draw_panel(panel, _letter(number), rng), (_left(number), 0))
        png = io.BytesIO()
        picture.save(png, "PNG", compress_level=1)
        caption, shared, spans = _caption(drawn)
        article_id = f"drawn-{seed}-{index // FIGURES_AN_ARTICLE:05d}"
        figure = Figure(
            f"{article_id}:figure{index % FIGURES_AN_ARTICLE + 1}",
            article_id,
            f"figure{index:05d}.png",
            hashlib.sha256(png.getvalue()).hexdigest(),
            picture.size,
            f"Figure {index % FIGURES_AN_ARTICLE + 1}",
            caption,
        )
        yield figure, _hierarchy(drawn, shared, spans), png.getvalue()


def _figures(n_figures: int, seed: int, wrong_boxes: float, reviewed: float) -> Iterator[tuple[dict[str, Any], bytes]]:
    for index, (figure, hierarchy, png) in enumerate(hard_figures(n_figures, seed)):
        seen = np.random.default_rng([seed, index, PANELS, 1]).random() < reviewed
        unseen = bool(wrong_boxes) and split_of(figure.article_id) == "train" and not seen
        if unseen:
            hierarchy = _spoiled(hierarchy, wrong_boxes, np.random.default_rng([seed, index, PANELS]))
        review = Review(figure, hierarchy, FigureState.PROPOSED if unseen else FigureState.ACCEPTED)
        yield to_record(review, LICENSE, verified_only=False), png


def _left(number: int) -> int:
    return number * (PANEL_PX + _GAP_PX)


def _letter(number: int) -> str:
    return chr(ord("A") + number)


def _caption(panels: list[DrawnPanel]) -> tuple[str, Shared, list[Span]]:
    parts = [_LEAD, *(f"({_letter(n)}) {p.tint.capitalize()} {p.pattern}." for n, p in enumerate(panels)), _TAIL]
    spans, start = [], 0
    for part in parts:
        spans.append(Span(start, start + len(part)))
        start += len(part) + 1
    labels = tuple(map(_letter, range(len(panels))))
    return " ".join(parts), Shared((spans[0],), (spans[-1],), labels), spans[1:-1]


def _hierarchy(panels: list[DrawnPanel], shared: Shared, own: list[Span]) -> Hierarchy:
    (tail,) = shared.tail_spans
    found = Hierarchy(shared=shared)
    for number, panel in enumerate(panels):
        left, panel_id = _left(number), f"p{number + 1}"
        box: Box = (left, 0, left + PANEL_PX, PANEL_PX)
        holder = Panel(
            panel_id, box, _AGENT, _letter(number), shift(LETTER_BOX_XYXY, left, 0), PanelKind.MICROSCOPY, True
        )
        nodes: list[Panel | Marker | Region] = [replace(holder, own_spans=(own[number],), state=State.ACCEPTED)]
        for index, thing in enumerate(panel.things[:MARKED]):
            marker_id, region_id = (f"{letter}{number * MARKED + index + 1}" for letter in "mr")
            tip = (thing.tip_xy[0] + left, thing.tip_xy[1])
            marker = Marker(marker_id, panel_id, MarkerKind.ARROWHEAD, shift(thing.marker_box_xyxy, left, 0), _AGENT)
            region = Region(
                region_id,
                panel_id,
                shift(thing.box_xyxy, left, 0),
                _AGENT,
                label=f"{thing.color} {thing.shape}",
                caption=f"A {thing.shape} coloured {thing.color} lies at the {thing.position}.",
                marker_id=marker_id,
                description=description_of(thing),
                finding=finding_of(thing),
                state=State.ACCEPTED,
            )
            nodes += [replace(marker, color="grey", tip_xy=tip, clause_span=tail, state=State.ACCEPTED), region]
        found = found.with_nodes([*found.nodes(), *nodes])
    return found


def _spoiled(hierarchy: Hierarchy, share: float, rng: np.random.Generator) -> Hierarchy:
    width = PANELS * PANEL_PX + (PANELS - 1) * _GAP_PX
    chance = {node.id: (rng.random(), rng.random(2)) for node in hierarchy.nodes()}

    def panel(node: Panel) -> Panel:
        towards = 1 if node.box_xyxy[2] + PANEL_PX / 2 <= width else -1
        return replace(node, box_xyxy=shift(node.box_xyxy, towards * PANEL_PX / 2, 0))

    def region(node: Region) -> Region:
        left, _, _, _ = next(p.box_xyxy for p in hierarchy.panels if p.id == node.panel_id)
        size = 2 * RADIUS_PX
        x = (node.box_xyxy[0] - left + size + chance[node.id][1][0] * (PANEL_PX - 3 * size)) % (PANEL_PX - size)
        y = chance[node.id][1][1] * (PANEL_PX - size)
        return replace(node, box_xyxy=(left + x, y, left + x + size, y + size))

    def wrong(node: Panel | Region) -> bool:
        return bool(chance[node.id][0] < share)

    if not share:
        return hierarchy
    return replace(
        hierarchy,
        panels=tuple(replace(panel(n) if wrong(n) else n, state=State.PROPOSED) for n in hierarchy.panels),
        markers=tuple(replace(n, state=State.PROPOSED) for n in hierarchy.markers),
        regions=tuple(replace(region(n) if wrong(n) else n, state=State.PROPOSED) for n in hierarchy.regions),
    )
