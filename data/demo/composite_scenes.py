"""Panels of several pictures under one letter: plots in a row, a blot with its densitometry, two magnifications.

They are what makes panels hard to find: the gaps inside them are as wide as those between panels.
"""

from __future__ import annotations

import cv2
import numpy as np

from curator.figure import MarkerKind, PanelKind
from curator.geometry import Size, coverage
from data.demo import plots
from data.demo.data_scenes import blot_scene
from data.demo.fields import Rgb, Rng
from data.demo.histology import tissue_picture
from data.demo.picture import Picture, Thing
from data.demo.pointers import DrawnMarker, Sign
from data.demo.scene import Scene, Style, arm, length_text
from data.demo.story import Story, listed, one_of, some_of
from data.demo.symbols import outline, write


def _beside(wh: Size, pictures: list[Picture], gap: int) -> Rgb:
    """The pictures in a row on white."""
    canvas = np.full((wh[1], wh[0], 3), 255, np.uint8)
    x = 0
    for picture in pictures:
        height, width = picture.rgb.shape[:2]
        canvas[:height, x : x + width] = picture.rgb
        x += width + gap
    return canvas


def plots_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    """Two or three plots of one kind, each under its own heading."""
    count = 3 if wh[0] / wh[1] > 2.2 and rng.random() < 0.6 else 2
    gap = max(4, wh[0] // 40)
    head = round(style.text_px * 1.8)
    each = ((wh[0] - gap * (count - 1)) // count, wh[1] - head)
    arms = list(story.arms[: 2 if each[0] < 300 else 3])
    genes = some_of(rng, story.genes, count)
    kind = one_of(rng, ("bars", "boxes", "lines"))
    pictures = []
    for gene in genes:
        if kind == "bars":
            pictures.append(plots.bars(rng, each, style.plot, arms, [gene], "Relative mRNA level"))
        elif kind == "boxes":
            pictures.append(plots.boxes(rng, each, style.plot, arms, f"{gene} (a.u.)"))
        else:
            pictures.append(plots.lines(rng, each, style.plot, arms, "Time (h)", f"{gene} (%)"))
    canvas = np.full((wh[1], wh[0], 3), 255, np.uint8)
    canvas[head:] = _beside((wh[0], each[1]), pictures, gap)
    for k, gene in enumerate(genes):
        write(canvas, gene, (k * (each[0] + gap) + each[0] * 0.58, head * 0.35), style.text_px, anchor="mt")
    what = {"bars": "mRNA levels", "boxes": "protein abundance", "lines": "induction"}[kind]
    topic = f"{what[0].upper()}{what[1:]} of {listed(genes)} in {story.cells} cells"
    return Scene(Picture(canvas, PanelKind.PLOT), topic, topic, statistics=kind != "lines")


def quantified_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    """A western blot and, beside it, a bar plot of its bands."""
    gap = max(6, wh[0] // 50)
    left = (round(wh[0] * 0.56), wh[1])
    right = (wh[0] - left[0] - gap, wh[1])
    blot = blot_scene(rng, left, story, style, turn)
    arms = list(story.arms[:2] if right[0] < 260 else story.arms)
    bars = plots.bars(rng, right, style.plot, arms, [story.protein], "Relative intensity")
    picture = Picture(_beside(wh, [blot.picture, bars], gap), PanelKind.GEL, blot.picture.things)
    note = one_of(
        rng,
        (
            "Band intensities were normalized to the loading control (right)",
            "Right, densitometric analysis",
            f"The graph on the right shows the quantification of {story.protein}",
        ),
    )
    return Scene(picture, blot.topic, blot.shared_topic, (*blot.details, note), statistics=True)


_ZOOM = 2.2  # between the two magnifications; guess


def magnified_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    """A section at low power with a box, and the boxed area at high power beside it."""
    gap = int(rng.choice([0, 3, 6]))
    tile = ((wh[0] - gap) // 2, wh[1])
    large = (round(tile[0] * _ZOOM), round(tile[1] * _ZOOM))
    share = float(rng.uniform(0.1, 0.7)) if style.brown else None
    section = tissue_picture(rng, large, story.tissue, style.nuclei_px(tile) * 0.6 * _ZOOM, share)
    x, y = int(rng.integers(0, large[0] - tile[0])), int(rng.integers(0, large[1] - tile[1]))
    near = section.rgb[y : y + tile[1], x : x + tile[0]]
    far = np.asarray(cv2.resize(section.rgb, tile, interpolation=cv2.INTER_AREA), np.uint8)
    inner = (x / _ZOOM, y / _ZOOM, (x + tile[0]) / _ZOOM, (y + tile[1]) / _ZOOM)
    thick = max(2, round(style.text_px / 6))
    dashed = bool(rng.random() < 0.3)
    box = outline(far, inner, (0, 0, 0), thick, dashed)
    canvas = np.full((wh[1], wh[0], 3), 255, np.uint8)
    canvas[:, : tile[0]] = far
    canvas[:, tile[0] + gap : tile[0] + gap + tile[0]] = near
    shift = tile[0] + gap
    frame = (float(x), float(y), float(x + tile[0]), float(y + tile[1]))
    seen = [thing.moved(shift - x, -y) for thing in section.things if coverage(thing.box_xyxy, frame) == 1]
    kind = MarkerKind.DASHED_BOX if dashed else MarkerKind.BOX
    drawn = DrawnMarker(Sign(kind, "black", 16.0, False, False), box, None, Thing(inner, "boxed area", "boxed areas"))
    organ = story.spelled(story.organ)
    stain = f"{style.brown} immunohistochemistry" if style.brown else story.spelled("haematoxylin and eosin")
    topic = f"{organ.capitalize()} of the {arm(story, turn)} group at low and high magnification ({stain})"
    note = one_of(rng, ("Boxed areas are enlarged on the right", "Right, higher magnification of the boxed area"))
    return Scene(
        Picture(canvas, PanelKind.MICROSCOPY, tuple(seen)),
        topic,
        f"Sections of the {organ} at low and high magnification ({stain})",
        (note,),
        length_text(rng, story, (50, 100)),
        drawn=(drawn,),
        busy=((0.0, 0.0, float(shift), float(wh[1])),),
    )
