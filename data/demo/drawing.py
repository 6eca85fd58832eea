"""Draws one compound figure with its caption and the truth about both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from curator.geometry import Box, area, intersection
from data.demo.fields import Rgb, Rng
from data.demo.layout import Content, Layout, Slot, sample_layout
from data.demo.picture import Thing
from data.demo.pointers import DrawnMarker, Legend, draw_markers
from data.demo.scene import Scene, Style
from data.demo.scenes import draw_scene
from data.demo.story import Story, one_of, sample_story
from data.demo.symbols import Face, scale_bar, text_wh, write
from data.demo.wording import write_caption

_POINTED = 0.45
"""Share of figures with signs where something can be pointed at. With insets a third of all figures carry signs: more
than the 19 to 28 % of published captions that speak of them (measured), so that newcomers soon meet some."""
_MARKED = {
    Content.BLOT: 0.12,
    Content.QUANTIFIED: 0.12,
    Content.AGAROSE: 0.4,
    Content.PLATE: 0.3,
}  # share of panels with signs; guess
_MARKED_ELSE = 0.75
_INITIALS = (
    Content.ELECTRON,
    Content.TISSUE,
    Content.MAGNIFIED,
)  # where things are customarily marked by their initials
_INK = 12  # difference from the paper, of 255, that counts as ink: above JPEG noise


@dataclass(frozen=True, slots=True)
class DrawnPanel:
    label: str | None
    label_box_xyxy: Box | None
    box_xyxy: Box
    """Ink of the picture and of the letter."""
    kind: str
    subcaption: str
    """Verbatim in the caption."""


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """A figure and everything that is known about it; boxes in its pixels."""

    rgb: Rgb
    caption: str
    panels: tuple[DrawnPanel, ...]
    markers: tuple[DrawnMarker, ...]
    marker_panels: tuple[int, ...]
    """For each marker: index of its panel."""
    clauses: tuple[str, ...]
    """For each marker: the words that explain it, verbatim in the caption; empty where the caption says nothing."""
    topics: tuple[str, ...]
    """For each panel: what it shows, as a noun phrase."""
    layout: Layout

    def truth(self, image: str, figure_id: str) -> dict[str, Any]:
        """The figure as one entry of a truth file: panels, markers, and the region that each marker points at."""
        markers, regions = [], []
        for index, (marker, panel, text) in enumerate(zip(self.markers, self.marker_panels, self.clauses, strict=True)):
            label = self.panels[panel].label
            markers.append(
                {
                    "panel": label,
                    "panel_index": panel,
                    "kind": str(marker.sign.kind),
                    "color": marker.sign.color,
                    "box_xyxy": _rounded(marker.box_xyxy),
                    "tip_xy": _rounded(marker.tip_xy) if marker.tip_xy else None,
                    "clause": text or None,
                }
            )
            name = marker.thing.name
            regions.append(
                {
                    "panel": label,
                    "panel_index": panel,
                    "box_xyxy": _rounded(marker.thing.box_xyxy),
                    "label": name,
                    "caption": f"{name[0].upper()}{name[1:]}: {self.topics[panel]}.",
                    "clause": text or None,
                    "marker": index,
                }
            )
        return {
            "image": image,
            "image_wh": [self.rgb.shape[1], self.rgb.shape[0]],
            "figure_id": figure_id,
            "caption": self.caption,
            "panels": [
                {
                    "label": panel.label,
                    "label_box_xyxy": _rounded(panel.label_box_xyxy) if panel.label_box_xyxy else None,
                    "box_xyxy": _rounded(panel.box_xyxy),
                    "kind": panel.kind,
                    "subcaption": panel.subcaption,
                }
                for panel in self.panels
            ],
            "markers": markers,
            "regions": regions,
        }


def _is_clinical(layout: Layout) -> bool:
    return any(slot.content in (Content.CHEST, Content.BRAIN, Content.ULTRASOUND) for slot in layout.slots)


def _rounded(numbers: Sequence[float]) -> list[float]:
    return [round(float(v), 1) for v in numbers]


def draw_figure(rng: Rng, layout: Layout | None = None) -> DrawnFigure:
    """One figure: sampled layout (unless given), one story, drawn panels, letters, signs and caption."""
    layout = layout or sample_layout(rng)
    story = sample_story(rng, clinical=_is_clinical(layout))
    style = Style.sampled(rng, story, layout.letter_px)
    canvas = np.empty((layout.image_wh[1], layout.image_wh[0], 3), np.uint8)
    canvas[:] = layout.paper
    scenes = _draw_scenes(rng, canvas, layout, story, style)
    letters = _draw_letters(rng, canvas, layout)
    bars, printed = _draw_scale_bars(rng, canvas, layout, scenes, style)
    markers = _draw_signs(rng, canvas, layout, scenes, letters, bars)
    wording = write_caption(rng, layout, story, scenes, markers, printed)
    panels = []
    for slot, scene, letter, words in zip(layout.slots, scenes, letters, wording.own, strict=True):
        ink = _ink_box(canvas, slot, layout.paper)
        box = _union(ink, letter) if letter else ink
        panels.append(DrawnPanel(slot.label, letter, box, str(scene.picture.kind), words))
    return DrawnFigure(
        canvas,
        wording.caption,
        tuple(panels),
        tuple(marker for marker, _ in markers),
        tuple(panel for _, panel in markers),
        wording.clauses,
        tuple(scene.topic for scene in scenes),
        layout,
    )


def _draw_scenes(rng: Rng, canvas: Rgb, layout: Layout, story: Story, style: Style) -> list[Scene]:
    scenes: list[Scene] = []
    turns: dict[Content, int] = {}
    scales: dict[Content, str] = {}
    for slot in layout.slots:
        x0, y0, x1, y1 = (round(v) for v in slot.picture_xyxy)
        turn = turns.get(slot.content, 0)
        turns[slot.content] = turn + 1
        scene = draw_scene(rng, slot.content, (x1 - x0, y1 - y0), story, style, turn)
        canvas[y0:y1, x0:x1] = scene.picture.rgb
        if scene.scale:
            scene = replace(scene, scale=scales.setdefault(slot.content, scene.scale))
        scenes.append(scene)
    return scenes


def _draw_letters(rng: Rng, canvas: Rgb, layout: Layout) -> list[Box | None]:
    """Writes the letters, in place; returns their boxes."""
    form = one_of(rng, ("{}",) * 17 + ("({})", "({})", "{})"))
    bold = rng.random() < 0.75
    faces: tuple[Face, Face] = ("serif-bold", "serif") if rng.random() < 0.2 else ("sans-bold", "sans")
    face = faces[0] if bold else faces[1]
    patch = layout.inside and rng.random() < 0.15
    vertical, horizontal = layout.position.split("-")
    boxes: list[Box | None] = []
    for slot in layout.slots:
        if slot.label is None:
            boxes.append(None)
            continue
        text = form.format(slot.label)
        wide, high = text_wh(text, layout.letter_px, face)
        margin = layout.letter_px * 0.42 if layout.inside else 0
        x0, y0, x1, y1 = slot.box_xyxy
        x = {"left": x0 + margin, "centre": (x0 + x1 - wide) / 2, "right": x1 - margin - wide}[horizontal]
        y = y0 + margin if vertical == "top" else y1 - margin - high
        at = (round(max(1, x)), round(max(1, y)))
        under = canvas[at[1] : at[1] + high, at[0] : at[0] + wide]
        dark = float(under.mean()) < 135
        if patch:
            pad = max(2, round(layout.letter_px * 0.2))
            dark = bool(rng.random() < 0.3)
            top, left = max(round(y0), at[1] - pad), max(round(x0), at[0] - pad)
            canvas[top : at[1] + high + pad, left : min(round(x1), at[0] + wide + pad)] = 0 if dark else 255
        boxes.append(write(canvas, text, at, layout.letter_px, (255, 255, 255) if dark else (0, 0, 0), "lt", face))
    return boxes


def _draw_scale_bars(
    rng: Rng, canvas: Rgb, layout: Layout, scenes: Sequence[Scene], style: Style
) -> tuple[list[Box | None], bool]:
    """Scale bars in a lower corner, in place; returns their boxes (text included) and whether lengths are printed."""
    shown, printed = rng.random() < 0.85, rng.random() < 0.35
    left = (layout.position == "bottom-right" and layout.inside) or (
        rng.random() < 0.2 and layout.position != "bottom-left" and not style.inset
    )
    boxes: list[Box | None] = []
    for slot, scene in zip(layout.slots, scenes, strict=True):
        x0, y0, x1, y1 = slot.picture_xyxy
        if not scene.scale or not shown:
            boxes.append(None)
            continue
        length = (x1 - x0) * (0.07 if slot.content in (Content.CHANNELS, Content.MAGNIFIED) else 0.16)
        text_px = style.fitted((round(x1 - x0), round(y1 - y0))).text_px
        corner = canvas[round(y1 - (y1 - y0) * 0.15) : round(y1), round(x0) if left else round(x1 - length) :][
            :, : round(length)
        ]
        color = (0, 0, 0) if float(corner.mean()) > 120 else (255, 255, 255)
        text = scene.scale if printed else None
        bar = scale_bar(canvas, slot.picture_xyxy, length, text, color, text_px, left)
        above = text_px * 1.8 if printed else 0.0
        wide = max(0.0, text_wh(scene.scale, text_px)[0] - length) / 2 if printed else 0.0
        boxes.append((bar[0] - wide, bar[1] - above, bar[2] + wide, bar[3]))
    return boxes, printed or not shown


def _draw_signs(
    rng: Rng,
    canvas: Rgb,
    layout: Layout,
    scenes: Sequence[Scene],
    letters: Sequence[Box | None],
    bars: Sequence[Box | None],
) -> list[tuple[DrawnMarker, int]]:
    """Arrows and other signs on what the pictures show, in place; with the index of their panel."""
    drawn = [
        (_moved_marker(marker, slot.picture_xyxy), index)
        for index, (slot, scene) in enumerate(zip(layout.slots, scenes, strict=True))
        for marker in scene.drawn
    ]
    if rng.random() >= _POINTED:
        return drawn
    legends: dict[Content, Legend] = {}
    per_name = int(rng.integers(1, 4))
    for index, (slot, scene) in enumerate(zip(layout.slots, scenes, strict=True)):
        if not scene.picture.things or rng.random() >= _MARKED.get(slot.content, _MARKED_ELSE):
            continue
        if slot.content not in legends:
            pale = not slot.content.photographic or scene.picture.pale
            legends[slot.content] = Legend(rng, layout.letter_px, scene.picture.dark, pale, slot.content in _INITIALS)
        names = list(dict.fromkeys(thing.name for thing in scene.picture.things))
        names = names[: int(rng.integers(1, 3))]
        x0, y0 = slot.picture_xyxy[:2]
        chosen: list[Thing] = []
        for name in names:
            chosen += [t.moved(x0, y0) for t in scene.picture.things if t.name == name][:per_name]
        busy = [_moved(box, x0, y0) for box in scene.busy]
        kept_free = [*(box for box in (letters[index], bars[index]) if box), *busy]
        frame = slot.picture_xyxy
        things = [t for t in chosen if all(intersection(t.box_xyxy, b) < 0.3 * area(t.box_xyxy) for b in kept_free)]
        drawn += [
            (marker, index) for marker in draw_markers(rng, canvas, frame, things, legends[slot.content], kept_free)
        ]
    return drawn


def _ink_box(canvas: Rgb, slot: Slot, paper: tuple[int, int, int]) -> Box:
    """The picture's box; of a picture on paper, the box of its ink."""
    x0, y0, x1, y1 = slot.picture_xyxy
    if slot.content.photographic:
        return slot.picture_xyxy
    part = canvas[round(y0) : round(y1), round(x0) : round(x1)].astype(np.int16)
    rows, columns = np.nonzero(np.abs(part - np.array(paper, np.int16)).max(axis=2) > _INK)
    if not len(rows):
        return slot.picture_xyxy
    return (
        float(round(x0) + columns.min()), float(round(y0) + rows.min()),
        float(round(x0) + columns.max() + 1), float(round(y0) + rows.max() + 1),
    )  # fmt: skip


def _moved(box: Box, dx: float, dy: float) -> Box:
    return (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy)


def _moved_marker(marker: DrawnMarker, picture: Box) -> DrawnMarker:
    dx, dy = picture[:2]
    return replace(marker, box_xyxy=_moved(marker.box_xyxy, dx, dy), thing=marker.thing.moved(dx, dy))


def _union(a: Box, b: Box) -> Box:
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
