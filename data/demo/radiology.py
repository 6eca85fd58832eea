"""Radiology by geometry: axial chest CT, axial brain MRI, B-mode ultrasound; lesions where they occur."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import cv2
import numpy as np

from curator.figure import PanelKind
from curator.geometry import Size
from data.demo.fields import Floats, Image, Rng, blob, blur, fill, fractal, grain, smoothstep, to_rgb
from data.demo.picture import Picture, Thing, around

Window: TypeAlias = Literal["lung", "mediastinal"]
Sequence: TypeAlias = Literal["T1", "T2", "FLAIR"]
SEQUENCES: tuple[Sequence, ...] = ("T1", "T2", "FLAIR")


def _mask(size: int, outline: Floats) -> Image:
    image = np.zeros((size, size), np.float32)
    fill(image, outline.astype(np.float32), 1.0)
    return image


def _hounsfield_chest(rng: Rng, size: int) -> tuple[Image, Image, list[Thing]]:
    """A slice in Hounsfield units, the lung mask, and its lesions; ``size`` px square."""
    s = float(size)
    hu: Image = np.full((size, size), -1000, np.float32)
    cx, cy = s / 2 + rng.normal(0, s * 0.01), s * 0.5
    wide, high = s * rng.uniform(0.42, 0.46), s * rng.uniform(0.3, 0.34)
    skin = blob(rng, (cx, cy), (wide, high), 0, 0.025, 80)
    fill(hu, skin, -90)  # fat
    centre = np.array([[cx, cy]], np.float32)
    muscle = (skin - centre) * np.array([[0.93, 0.89]], np.float32) + centre
    body = _mask(size, muscle)
    hu += (45 + 8 * fractal(rng, (size, size), s / 40, 3) - hu) * body
    inner = (skin - centre) * np.array([[0.82, 0.77]], np.float32) + centre
    hu[(_mask(size, inner) > 0) & (grain(rng, (size, size), s / 14) > 0.2)] = -70
    lungs = np.zeros((size, size), np.float32)
    for side in (-1, 1):
        middle = (cx + side * wide * 0.42, cy - high * 0.02)
        fill(lungs, blob(rng, middle, (wide * 0.35, high * 0.68), side * 0.12, 0.05, 60), 1.0)
    heart = blob(rng, (cx + s * 0.045, cy - high * 0.2), (wide * 0.29, high * 0.4), 0.5, 0.05, 60)
    fill(lungs, heart, 0.0)
    spine = (cx, cy + high * 0.56)
    for part, radii in (
        ((spine[0], spine[1]), (s * 0.05, s * 0.043)),
        ((spine[0], spine[1] + s * 0.06), (s * 0.06, s * 0.03)),
    ):
        fill(lungs, blob(rng, part, (radii[0] * 1.35, radii[1] * 1.5), 0, 0.03), 0.0)
    lungs *= _mask(size, inner)
    fill(hu, heart, 55)
    for place, radius, value in (
        ((cx + s * 0.052, cy + high * 0.28), s * 0.026, 160.0),
        ((cx - s * 0.01, cy - high * 0.3), s * 0.035, 170.0),
        ((cx + s * 0.065, cy - high * 0.16), s * 0.04, 150.0),
    ):
        fill(hu, blob(rng, place, (radius, radius * 0.92), 0, 0.05), value)
    lung_hu = -840 + 25 * fractal(rng, (size, size), s / 18, 3)
    vessels = np.zeros((size, size), np.uint8)

    def branch(x: float, y: float, heading: float, thick: float, length: float) -> None:
        ex, ey = x + math.cos(heading) * length, y + math.sin(heading) * length
        ends = [(round(x * 16), round(y * 16)), (round(ex * 16), round(ey * 16))]
        cv2.line(vessels, ends[0], ends[1], int(min(210, 50 + 42 * thick)), max(1, round(thick)), cv2.LINE_AA, 4)
        if thick > 0.5:
            for turn in (0.45, -0.45):
                branch(ex, ey, heading + turn + rng.normal(0, 0.25), thick * 0.66, length * rng.uniform(0.6, 0.9))

    for side in (-1, 1):
        for _ in range(6):
            start = (cx + side * wide * 0.13, cy + rng.uniform(-0.1, 0.15) * high)
            branch(*start, (0 if side > 0 else math.pi) + rng.normal(0, 0.75), s / 150, s * rng.uniform(0.05, 0.07))
    dots = np.clip(grain(rng, (size, size), max(1.5, s / 170)) - 1.9, 0, 1) * 420
    lung_hu += blur(vessels.astype(np.float32) / 255, 0.6) * 800 + dots
    hu += (lung_hu - hu) * lungs
    for turn in np.linspace(0, 2 * np.pi, 19)[:-1].tolist():  # ribs: short bright arcs in the chest wall
        if abs(math.sin(turn) - 1) < 0.12:
            continue
        place = (cx + wide * 0.86 * math.cos(turn + 0.1), cy + high * 0.84 * math.sin(turn + 0.1))
        lean = math.atan2(high * math.cos(turn), -wide * math.sin(turn))
        rib = blob(rng, place, (s * rng.uniform(0.02, 0.042), s * 0.0095), lean + rng.normal(0, 0.1), 0.05, 20)
        fill(hu, rib, 480)
        fill(hu, ((rib - rib.mean(0)) * np.array([[0.75, 0.5]], np.float32) + rib.mean(0)).astype(np.float32), 220)
    fill(hu, blob(rng, spine, (s * 0.05, s * 0.043), 0, 0.04), 350)
    fill(hu, blob(rng, spine, (s * 0.042, s * 0.035), 0, 0.04), 210)
    fill(hu, blob(rng, (spine[0], spine[1] + s * 0.055), (s * 0.02, s * 0.016), 0, 0.03), 25)
    for side in (-1, 1):
        wing = blob(rng, (spine[0] + side * s * 0.05, spine[1] + s * 0.06), (s * 0.042, s * 0.011), side * 0.35, 0.1)
        fill(hu, wing, 380)
    fill(hu, blob(rng, (spine[0], spine[1] + s * 0.095), (s * 0.01, s * 0.035), 0, 0.08), 360)
    fill(hu, blob(rng, (cx, cy - high * 0.84), (s * 0.032, s * 0.011), 0, 0.08), 330)  # sternum
    things = _chest_lesions(rng, hu, lungs, s, cx)
    table = np.abs(np.hypot(*np.meshgrid(np.arange(size) - cx, np.arange(size) + s * 0.55)) - (cy + high + s * 0.57))
    hu[(table < s * 0.004) & (hu < -900)] = -500
    return hu, lungs, things


def _chest_lesions(rng: Rng, hu: Image, lungs: Image, s: float, cx: float) -> list[Thing]:
    """Draws one or two lesions into the lungs, in place."""
    size = hu.shape[0]
    things: list[Thing] = []
    deep = cv2.distanceTransform((lungs > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    for _ in range(int(rng.integers(1, 3))):
        what = rng.choice(["nodule", "ground-glass opacity", "consolidation", "mass"])
        radius = s * {"nodule": 0.018, "ground-glass opacity": 0.05, "consolidation": 0.055, "mass": 0.045}[what]
        radius *= rng.uniform(0.8, 1.3)
        rows, columns = np.nonzero(deep > radius * (1.1 if what in ("nodule", "mass") else 0.6))
        if not len(rows):
            continue
        k = int(rng.integers(len(rows)))
        x, y = float(columns[k]), float(rows[k])
        shape = np.zeros_like(hu)
        fill(shape, blob(rng, (x, y), (radius, radius * rng.uniform(0.7, 1.0)), rng.uniform(0, 3), 0.16, 40), 1.0)
        soft = blur(shape, s * (0.004 if what in ("nodule", "mass") else 0.014)) * lungs
        if what == "ground-glass opacity":
            hu += soft * (330 + 90 * fractal(rng, (size, size), s / 50, 3))
        elif what == "consolidation":
            hu += soft * (np.clip(10 + 60 * fractal(rng, (size, size), s / 40, 3), -400, 90) - hu)
        else:
            hu += soft * (40 - hu)
        box = around(x, y, radius * 1.2, (size, size))
        if box:
            plural = {"consolidation": "consolidations", "mass": "masses", "nodule": "nodules"}
            things.append(Thing(box, str(what), plural.get(str(what), "ground-glass opacities")))
    return things


def _fit(square: Floats, things: list[Thing], wh: Size, empty: float) -> tuple[Image, list[Thing]]:
    """The square slice centred in a frame of ``wh``."""
    width, height = wh
    size = square.shape[0]
    frame: Image = np.full((height, width), empty, np.float32)
    x, y = (width - size) // 2, (height - size) // 2
    left, top = max(0, x), max(0, y)
    cut = square[max(0, -y) : max(0, -y) + height, max(0, -x) : max(0, -x) + width]
    frame[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    moved = [thing.moved(x, y) for thing in things]
    return frame, [
        t
        for t in moved
        if t.box_xyxy[1] > 1 and t.box_xyxy[3] < height - 1 and t.box_xyxy[0] > 1 and t.box_xyxy[2] < width - 1
    ]


def chest_pictures(rng: Rng, wh: Size, windows: tuple[Window, ...]) -> list[Picture]:
    """One axial slice, shown once for each window."""
    size = int(min(wh[0] * 1.06, wh[1] * 1.3))
    hu, _, things = _hounsfield_chest(rng, size)
    hu = blur(hu, 0.9) + grain(rng, (size, size), 1.6) * rng.uniform(8, 22)
    hu, things = _fit(hu, things, wh, -1000)
    pictures = []
    for window in windows:
        level, width = {"lung": (-480.0, 1250.0), "mediastinal": (40.0, 400.0)}[window]
        grey = _windowed(hu, level, width)
        seen = tuple(t for t in things if window == "lung" or t.name in ("mass", "consolidation"))
        pictures.append(Picture(to_rgb(grey), PanelKind.RADIOLOGY, seen))
    return pictures


def _windowed(hu: Image, level: float, width: float) -> Image:
    """Grey 0 to 1 of a CT window."""
    return np.clip((hu - (level - width / 2)) / width, 0, 1).astype(np.float32)


def brain_picture(rng: Rng, wh: Size, sequence: Sequence) -> Picture:
    """An axial slice of a head: scalp, skull, folded cortex, white matter, ventricles, one lesion."""
    size = int(min(wh) * 1.0)
    s = float(size)
    fat, bone, cortex, white, fluid, lesion = {
        "T1": (0.9, 0.08, 0.42, 0.62, 0.12, 0.3),
        "T2": (0.75, 0.06, 0.52, 0.36, 0.95, 0.85),
        "FLAIR": (0.6, 0.06, 0.5, 0.38, 0.08, 0.95),
    }[sequence]
    cx, cy = s / 2, s / 2
    wide, high = s * rng.uniform(0.37, 0.4), s * rng.uniform(0.45, 0.475)
    head = blob(rng, (cx, cy), (wide, high), 0, 0.012, 90)
    centre = np.array([[cx, cy]], np.float32)
    image: Image = np.zeros((size, size), np.float32)
    for scale, value in ((1.0, fat), (0.955, bone), (0.885, fluid * 0.9)):
        fill(image, ((head - centre) * scale + centre).astype(np.float32), value)
    brain = _mask(size, (head - centre) * 0.865 + centre)
    depth = np.asarray(cv2.distanceTransform((brain > 0).astype(np.uint8), cv2.DIST_L2, 5), np.float32) / s
    folds = fractal(rng, (size, size), s / 13, 2, 0.5)
    x, y = np.meshgrid(np.arange(size, dtype=np.float32) - cx, np.arange(size, dtype=np.float32) - cy)
    sulci = np.exp(-((folds / 0.17) ** 2)) * smoothstep(0.085 - depth, 0.0, 0.05)
    ribbon = np.exp(-((folds / 0.6) ** 2)) * smoothstep(0.11 - depth, 0.0, 0.045)
    falx = np.exp(-((x / (s * 0.006)) ** 2)) * smoothstep(np.abs(y) / s, 0.2, 0.24)
    tissue = white + (cortex - white) * np.clip(ribbon * 1.4 + smoothstep(0.02 - depth, 0, 0.01), 0, 1)
    tissue += (fluid - tissue) * np.clip(sulci + falx, 0, 1)
    for side in (-1, 1):  # deep grey nuclei, then the horns of the lateral ventricles
        deep = blur(
            _mask(size, blob(rng, (cx + side * s * 0.085, cy + s * 0.0), (s * 0.04, s * 0.075), side * 0.2, 0.06)),
            s * 0.008,
        )
        tissue += (cortex - tissue) * deep * 0.9
        horns = np.zeros((size, size), np.float32)
        fill(horns, blob(rng, (cx + side * s * 0.035, cy - s * 0.1), (s * 0.016, s * 0.06), -side * 0.35, 0.05), 1.0)
        fill(horns, blob(rng, (cx + side * s * 0.06, cy + s * 0.13), (s * 0.018, s * 0.07), side * 0.45, 0.05), 1.0)
        tissue += (fluid - tissue) * blur(horns, s * 0.004)
    things: list[Thing] = []
    side = rng.choice([-1, 1])
    lx, ly, radius = (
        cx + side * s * rng.uniform(0.16, 0.22),
        cy + s * rng.uniform(-0.18, 0.18),
        s * rng.uniform(0.04, 0.075),
    )
    patch = _mask(size, blob(rng, (lx, ly), (radius, radius * 0.85), rng.uniform(0, 3), 0.14, 40))
    swelling = blur(_mask(size, blob(rng, (lx, ly), (radius * 1.7, radius * 1.5), 0, 0.2, 40)), s * 0.012)
    tissue += (lesion - tissue) * np.clip(swelling * 0.45, 0, 1)
    tissue += (lesion * (1 + 0.1 * fractal(rng, (size, size), s / 50, 3)) - tissue) * blur(patch, s * 0.005)
    image += (np.clip(tissue, 0, 1) - image) * brain
    box = around(lx, ly, radius * 1.3, (size, size))
    if box:
        things.append(Thing(box, "lesion", "lesions"))
    coil = 1 + 0.03 * grain(rng, (size, size), s / 3)  # uneven sensitivity of the receiver
    seen = blur(image, 0.9) * coil + 0.022 * np.abs(grain(rng, (size, size), 1.4))
    frame, things = _fit(seen, things, wh, 0.012)
    return Picture(to_rgb(frame), PanelKind.RADIOLOGY, tuple(things))


def ultrasound_picture(rng: Rng, wh: Size) -> Picture:
    """A sector scan: speckle, layers, one dark cyst or bright stone with its shadow."""
    width, height = wh
    x, y = np.meshgrid(
        np.arange(width, dtype=np.float32) - width / 2, np.arange(height, dtype=np.float32) + height * 0.12
    )
    far = np.hypot(x, y) / (height * 1.1)
    angle = np.arctan2(x, y)
    speckle = np.abs(_speckle(rng, far, angle) + 1j * _speckle(rng, far, angle)).astype(np.float32)
    layers = 0.34 + 0.12 * np.sin(far * 40 + 1.2 * grain(rng, wh, width / 4)) + 0.09 * fractal(rng, wh, width / 8, 3)
    lx, ly = width * rng.uniform(0.4, 0.6), height * rng.uniform(0.4, 0.6)
    radius = min(wh) * rng.uniform(0.07, 0.13)
    lump = np.zeros((height, width), np.float32)
    fill(lump, blob(rng, (lx, ly), (radius * 1.2, radius), rng.uniform(-0.3, 0.3), 0.06, 40), 1.0)
    soft = blur(lump, 2)
    cyst = bool(rng.random() < 0.6)
    behind = smoothstep(
        0.85 * radius / height - np.abs(angle - math.atan2(lx - width / 2, ly + height * 0.12)), 0, 0.05
    )
    behind *= smoothstep(y - height * 0.12 - ly, 0, radius)
    if cyst:
        layers = layers * (1 - 0.93 * soft) * (1 + 0.45 * behind)
    else:
        rim = np.clip(soft - blur(lump, radius * 0.3), 0, 1)
        layers = layers * (1 - 0.4 * soft) * (1 - 0.75 * behind) + rim * 1.4
    beam = smoothstep(0.62 - np.abs(angle), 0, 0.01) * smoothstep(far, 0.13, 0.14) * smoothstep(1.0 - far, 0, 0.01)
    image = np.clip(layers * (0.35 + 0.65 * speckle) * (1.15 - 0.5 * far), 0, 1) * beam
    box = around(lx, ly, radius * 1.3, wh)
    name = ("anechoic cyst", "anechoic cysts") if cyst else ("hypoechoic mass", "hypoechoic masses")
    things = (Thing(box, *name),) if box else ()
    return Picture(to_rgb(np.maximum(image, 0.01) ** 0.9), PanelKind.RADIOLOGY, things)


def _speckle(rng: Rng, far: Floats, angle: Floats) -> Image:
    """Noise whose grains are arcs about the transducer, as speckle is."""
    noise = rng.standard_normal((300, 160), dtype=np.float32)
    soft = blur(noise, 0.8)
    soft /= float(soft.std())
    across = ((angle + 0.7) / 1.4 * 159).astype(np.float32)
    along = (far * 299).astype(np.float32)
    seen = cv2.remap(soft, across, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(seen, np.float32)
