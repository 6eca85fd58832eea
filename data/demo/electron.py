"""Transmission electron micrographs: mitochondria, reticulum, a nucleus and vesicles in grainy cytoplasm."""

from __future__ import annotations

import math

import cv2
import numpy as np

from curator.figure import PanelKind
from curator.geometry import Size
from data.demo.fields import Floats, Image, Rng, blob, blur, expose, fill, fractal, grain, smoothstep, to_rgb
from data.demo.picture import Picture, Thing, around


def _stroke(ink: Image, outline: Floats, width_px: float, dark: float, closed: bool = True) -> None:
    """Adds a line to the ink, in place: membranes are drawn darker where they cross."""
    layer = np.zeros(ink.shape, np.uint8)
    points = [np.round(outline * 16).astype(np.int32)]
    cv2.polylines(layer, points, closed, int(255 * dark), max(1, round(width_px)), cv2.LINE_AA, 4)
    np.maximum(ink, layer.astype(np.float32) / 255, out=ink)


def _mitochondrion(rng: Rng, ink: Image, x: float, y: float, size: float, swollen: bool) -> None:
    """Two membranes and cristae; a swollen one is pale with few cristae."""
    angle = rng.uniform(0, math.pi)
    radii = (size * rng.uniform(0.9, 1.15), size * rng.uniform(0.85, 1.0)) if swollen else (size * 1.35, size * 0.62)
    outer = blob(rng, (x, y), radii, angle, 0.05, 48)
    centre = np.array([[x, y]], np.float32)
    fill(ink, outer, 0.16 if swollen else 0.36)
    mask = np.zeros(ink.shape, np.float32)
    fill(mask, (outer - centre) * 0.9 + centre, 1.0)
    cosine, sine = math.cos(angle), math.sin(angle)
    for offset in np.arange(-radii[0], radii[0], size * (0.5 if swollen else 0.2)).tolist():
        side = rng.choice([-1.0, 1.0])
        reach = radii[1] * rng.uniform(0.3, 0.7 if swollen else 1.5)
        across = np.linspace(side * radii[1], side * radii[1] - side * reach, 7)
        bend = offset + rng.normal(0, size * 0.03) + np.cumsum(rng.normal(0, size * 0.02, 7))
        line = np.stack([x + bend * cosine - across * sine, y + bend * sine + across * cosine], 1)
        layer = np.zeros_like(ink)
        _stroke(layer, line, max(1, size * 0.05), 0.8, closed=False)
        np.maximum(ink, layer * mask, out=ink)
    _stroke(ink, outer, max(1, size * 0.05), 0.9)
    _stroke(ink, (outer - centre) * 0.9 + centre, max(1, size * 0.04), 0.75)


def electron_picture(rng: Rng, wh: Size) -> Picture:
    """A thin section of a cell; grey, dark membranes, dense grain."""
    width, height = wh
    unit = math.sqrt(width * height) / 7 * rng.uniform(0.75, 1.35)
    ink = (0.26 + 0.035 * fractal(rng, wh, unit * 0.7, 4)).astype(np.float32)
    things: list[Thing] = []

    def note(x: float, y: float, radius: float, name: str, plural: str) -> None:
        box = around(x, y, radius, wh)
        if box:
            things.append(Thing(box, name, plural))

    if rng.random() < 0.65:  # a nucleus that enters from one side
        side = rng.choice([-1, 1])
        centre = (width * (0.5 + side * rng.uniform(0.5, 0.62)), height * rng.uniform(0.2, 0.8))
        outline = blob(rng, centre, (unit * 4.6, unit * 4.2), rng.uniform(0, 3), 0.05, 70)
        mask = np.zeros_like(ink)
        fill(mask, outline, 1.0)
        clumps = smoothstep(fractal(rng, wh, unit * 1.2, 4), 0.4, 1.3)
        rim = np.clip(mask - blur(mask, unit * 0.22), 0, 1) * 1.5
        ink = (ink * (1 - mask) + mask * (0.22 + 0.3 * np.clip(clumps + rim, 0, 1))).astype(np.float32)
        centre_row = np.array([centre], np.float32)
        _stroke(ink, outline, max(1, unit * 0.035), 0.85)
        _stroke(ink, (outline - centre_row) * 1.025 + centre_row, max(1, unit * 0.03), 0.75)
    taken: list[tuple[float, float, float]] = []

    def place(radius: float) -> tuple[float, float] | None:
        for _ in range(30):
            x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
            free = all(math.hypot(x - a, y - b) > radius + r for a, b, r in taken)
            if free and ink[int(y), int(x)] < 0.4:
                taken.append((x, y, radius))
                return x, y
        return None

    swollen = bool(rng.random() < 0.35)
    for _ in range(int(rng.integers(6, 13))):
        size = unit * rng.uniform(0.55, 0.85)
        spot = place(size * 1.45)
        if spot:
            _mitochondrion(rng, ink, *spot, size, swollen)
            name = ("swollen mitochondrion", "swollen mitochondria") if swollen else ("mitochondrion", "mitochondria")
            note(*spot, size * 1.4, *name)
    for _ in range(int(rng.integers(1, 4))):  # autophagosomes: double membrane, mixed content
        size = unit * rng.uniform(0.35, 0.55)
        spot = place(size * 1.2)
        if spot:
            outline = blob(rng, spot, (size, size * 0.9), 0, 0.06, 36)
            fill(ink, outline, 0.15)
            for _ in range(9):
                inner = (spot[0] + rng.normal() * size * 0.4, spot[1] + rng.normal() * size * 0.4)
                fill(ink, blob(rng, inner, (size * 0.18, size * 0.13), rng.uniform(0, 3), 0.3), rng.uniform(0.3, 0.75))
            _stroke(ink, outline, max(1, size * 0.06), 0.9)
            note(*spot, size * 1.2, "autophagosome", "autophagosomes")
    for _ in range(int(rng.integers(3, 6))):  # rough ER: stacked curved double lines with dots
        spot = place(unit * 0.7)
        if not spot:
            continue
        angle, length = rng.uniform(0, 6.3), unit * rng.uniform(1.0, 1.8)
        bend = np.linspace(-0.4, 0.4, 16) ** 2 * rng.uniform(-3, 3) * unit * 0.5
        for k in range(int(rng.integers(3, 7))):
            along = np.linspace(-0.5, 0.5, 16) * length
            off = bend + k * unit * 0.13
            line = np.stack(
                [
                    spot[0] + along * math.cos(angle) - off * math.sin(angle),
                    spot[1] + along * math.sin(angle) + off * math.cos(angle),
                ],
                1,
            )
            _stroke(ink, line, max(1, unit * 0.02), 0.75, closed=False)
            for x, y in line[:: max(1, round(unit / 40))].tolist():
                fill(ink, blob(rng, (x + rng.normal(), y + rng.normal()), (unit * 0.025,) * 2, 0, 0, 8), 0.85)
    for _ in range(int(width * height / (unit * unit) * 0.5)):  # vesicles
        x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
        if ink[int(y), int(x)] < 0.36:
            ring = blob(rng, (x, y), (unit * rng.uniform(0.05, 0.12),) * 2, 0, 0.05, 18)
            fill(ink, ring, 0.14)
            _stroke(ink, ring, max(1, unit * 0.02), 0.7)
    ribosomes = np.clip(grain(rng, wh, max(1.5, unit * 0.03)) - 1.2, 0, 1) * 0.28
    light = 0.97 - 0.85 * np.clip(blur(ink, 0.7) + ribosomes, 0, 1)
    seen = expose(rng, light, rng.uniform(60, 200), 0.02, 0.6)
    return Picture(to_rgb(seen * rng.uniform(0.88, 1.0)), PanelKind.MICROSCOPY, tuple(things))
