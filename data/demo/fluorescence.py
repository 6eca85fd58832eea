"""Fluorescence micrographs: cultured cells with nuclei, organelles and filaments in several channels; neurons."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import cv2
import numpy as np

from curator.figure import PanelKind
from curator.geometry import Size
from data.demo.fields import (
    Image,
    Rgb,
    Rng,
    Territories,
    blob,
    blur,
    expose,
    fill,
    fractal,
    grain,
    scatter,
    smoothstep,
)
from data.demo.picture import Picture, Thing, around

Stain: TypeAlias = Literal["nuclei", "actin", "tubulin", "puncta", "mitochondria", "membrane", "nuclear", "diffuse"]

COLORS: dict[str, tuple[float, float, float]] = {
    "blue": (0.15, 0.3, 1.0),
    "green": (0.1, 1.0, 0.15),
    "red": (1.0, 0.12, 0.08),
    "magenta": (1.0, 0.1, 1.0),
    "cyan": (0.1, 0.95, 1.0),
    "grey": (1.0, 1.0, 1.0),
}
"""Look-up tables of common image software, slightly off pure so that the dark end is not posterised."""


class Culture:
    """One field of view of cultured cells; each stain drawn from it shows the same cells."""

    def __init__(self, rng: Rng, wh: Size, spacing_px: float, dividing: int = 1, dying: int = 0) -> None:
        self.rng, self.wh, self.spacing = rng, wh, spacing_px
        centres = scatter(rng, wh, spacing_px)
        self.cells = Territories(rng, wh, centres, spacing_px * 0.08)
        n = len(centres)
        self.present = rng.random(n) > rng.uniform(0.0, 0.3)  # a culture is rarely confluent everywhere
        self.level = rng.lognormal(0, 0.3, n).astype(np.float32)
        self.angle = rng.uniform(0, math.pi, n)
        inner = [
            i
            for i in rng.permutation(n)
            if around(float(centres[i, 0]), float(centres[i, 1]), spacing_px * 0.45, wh) is not None
        ]
        self.dividing = set(inner[:dividing])
        self.dying = set(inner[dividing : dividing + dying])
        for i in self.dividing | self.dying:
            self.present[i] = True
        self.body = self._body()
        self.nuclei_mask, self._nuclei = self._draw_nuclei()

    def things(self) -> tuple[Thing, ...]:
        found = []
        for chosen, name, plural in (
            (self.dividing, "mitotic cell", "mitotic cells"),
            (self.dying, "apoptotic nucleus", "apoptotic nuclei"),
        ):
            for i in sorted(chosen):
                x, y = self.cells.centres[i].tolist()
                box = around(x, y, self.spacing * 0.34, self.wh)
                if box:
                    found.append(Thing(box, name, plural))
        return tuple(found)

    def light(self, stain: Stain) -> Image:
        """Light of one stain, about 0 to 1, before the camera."""
        draw: dict[Stain, Callable[[], Image]] = {
            "nuclei": lambda: self._nuclei,
            "nuclear": self._nuclear,
            "actin": self._actin,
            "tubulin": self._tubulin,
            "puncta": self._puncta,
            "mitochondria": self._mitochondria,
            "membrane": self._membrane,
            "diffuse": lambda: np.asarray(0.5 * self.body * (1 + 0.3 * fractal(self.rng, self.wh, 9, 3)), np.float32),
        }
        return np.asarray(np.clip(draw[stain](), 0, None), np.float32)

    def _body(self) -> Image:
        """Cytoplasm: thick about the nucleus, thin at the rim, nothing where no cell grew."""
        cells = self.cells
        reach = self.spacing * 0.62
        thick = np.exp(-((cells.to_centre / reach) ** 2)) * smoothstep(cells.to_edge, 0.0, self.spacing * 0.12)
        thick *= smoothstep(reach * 1.25 - cells.to_centre, 0, reach * 0.3)
        strength = np.where(self.present, self.level, 0).astype(np.float32)
        return np.asarray(thick * strength[cells.owner], np.float32)

    def _draw_nuclei(self) -> tuple[Image, Image]:
        rng, radius = self.rng, self.spacing * 0.23
        mask = np.zeros((self.wh[1], self.wh[0]), np.float32)
        holes = np.zeros_like(mask)
        for i, (x, y) in enumerate(self.cells.centres.tolist()):
            if not self.present[i]:
                continue
            bright = 0.42 * float(self.level[i]) ** 0.7
            if i in self.dividing:
                self._draw_mitosis(mask, (x, y), radius, self.angle[i])
            elif i in self.dying:
                for _ in range(6):
                    place = (x + rng.normal() * radius * 0.5, y + rng.normal() * radius * 0.5)
                    size = radius * rng.uniform(0.14, 0.34)
                    fill(mask, blob(rng, place, (size, size), 0, 0.05), 0.95)
            else:
                size = radius * rng.uniform(0.85, 1.15)
                shape = (size * rng.uniform(1.0, 1.3), size * rng.uniform(0.75, 0.95))
                fill(mask, blob(rng, (x, y), shape, self.angle[i], 0.05), bright)
                for _ in range(int(rng.integers(1, 4))):
                    place = (x + rng.normal() * size * 0.35, y + rng.normal() * size * 0.35)
                    spot = size * rng.uniform(0.12, 0.2)
                    fill(holes, blob(rng, place, (spot, spot), 0, 0.1, 12), 1.0)
        soft = max(0.5, radius * 0.06)
        chromatin = 1 + 0.2 * grain(rng, self.wh, max(2.0, radius * 0.22)) + 0.13 * grain(rng, self.wh, 2)
        light = blur(mask, soft) * chromatin * (1 - 0.45 * blur(holes, soft * 1.2))
        return (mask > 0).astype(np.float32), light.astype(np.float32)

    def _draw_mitosis(self, mask: Image, centre: tuple[float, float], radius: float, angle: float) -> None:
        """A metaphase plate, or two plates moving apart (anaphase)."""
        rng = self.rng
        apart = rng.choice([0.0, rng.uniform(0.5, 0.75)]) * radius
        along = (math.cos(angle), math.sin(angle))
        for side in (-1, 1) if apart else (0,):
            place = (centre[0] + side * apart * along[0], centre[1] + side * apart * along[1])
            plate = blob(rng, place, (radius * 0.26, radius * 0.95), angle, 0.12)
            fill(mask, plate, 0.95)

    def _stripes(self, period_px: float, share: float) -> Image:
        """Fibres that run along each cell's own direction."""
        height, width = self.wh[1], self.wh[0]
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        angle = self.angle.astype(np.float32)[self.cells.owner]
        bend = 2.2 * grain(self.rng, self.wh, self.spacing * 0.4) + 1.3 * grain(self.rng, self.wh, self.spacing * 0.12)
        across = x * np.sin(angle) - y * np.cos(angle) + bend
        wave = 0.5 + 0.5 * np.sin(across * (2 * np.pi / period_px) + 1.2 * grain(self.rng, self.wh, period_px * 3))
        return smoothstep(wave.astype(np.float32), 1 - share, 1.0)

    def _actin(self) -> Image:
        fibres = self._stripes(min(6.5, max(4.0, self.spacing * 0.05)), 0.6) * smoothstep(
            fractal(self.rng, self.wh, self.spacing * 0.35, 4), -0.3, 2.2
        )
        cortex = np.exp(-((self.cells.to_edge - 2) ** 2) / 5) * np.where(self.present, 0.35, 0)[self.cells.owner]
        over_nucleus = 1 - 0.45 * self.nuclei_mask
        inside = self.body * (0.16 + 1.1 * fibres) * over_nucleus
        return np.asarray(inside + cortex * (1 + 0.4 * fractal(self.rng, self.wh, 8, 2)), np.float32)

    def _strands(self, per_cell: int, reach: float, steps: int, width_px: int, start: float) -> Image:
        """Curved lines about each nucleus: ``start`` to ``start + reach`` cell spacings from its centre."""
        rng = self.rng
        canvas = np.zeros((self.wh[1], self.wh[0]), np.uint8)
        centres = self.cells.centres[self.present].astype(np.float64)
        n = len(centres) * per_cell
        at = np.repeat(centres, per_cell, axis=0)
        heading = rng.uniform(0, 2 * np.pi, n)
        at = at + (
            np.stack([np.cos(heading), np.sin(heading)], 1) * (start * rng.random(n) ** 0.5 * self.spacing)[:, None]
        )
        if steps <= 4:
            heading = rng.uniform(0, 2 * np.pi, n)
        path = [at]
        step = reach * self.spacing / steps
        for _ in range(steps):
            heading = heading + rng.normal(0, 0.28, n)
            at = at + np.stack([np.cos(heading), np.sin(heading)], 1) * (step * rng.uniform(0.7, 1.1, n))[:, None]
            path.append(at)
        lines = np.round(np.stack(path, 1) * 16).astype(np.int32)
        shade = rng.integers(70, 200, n)
        for line, value in zip(lines, shade.tolist(), strict=True):
            cv2.polylines(canvas, [line], False, value, width_px, cv2.LINE_AA, 4)
        return np.asarray(canvas / 255, np.float32)

    def _tubulin(self) -> Image:
        fibres = self._strands(34, 0.46, 7, max(1, round(self.spacing / 100)), 0.16)
        return (
            (0.22 * self.body + blur(fibres, 0.8) * 1.1)
            * smoothstep(self.body, 0.02, 0.35)
            * (1 - 0.6 * self.nuclei_mask)
        )

    def _mitochondria(self) -> Image:
        worms = self._strands(55, 0.11, 3, max(1, round(self.spacing / 55)), 0.47)
        seen = 0.06 * self.body + blur(worms, 0.8) * 1.2 * smoothstep(self.body, 0.05, 0.4)
        return np.asarray(seen * (1 - 0.9 * self.nuclei_mask), np.float32)

    def _puncta(self) -> Image:
        rng = self.rng
        dots = np.zeros((self.wh[1], self.wh[0]), np.float32)
        centres = self.cells.centres[self.present]
        per_cell = int(rng.integers(18, 60))
        n = len(centres) * per_cell
        heading, far = rng.uniform(0, 2 * np.pi, n), np.abs(rng.normal(0.27, 0.1, n)) * self.spacing
        x = np.repeat(centres[:, 0], per_cell) + far * np.cos(heading)
        y = np.repeat(centres[:, 1], per_cell) + far * np.sin(heading)
        inside = (x >= 0) & (y >= 0) & (x < self.wh[0] - 1) & (y < self.wh[1] - 1)
        np.add.at(dots, (y[inside].astype(int), x[inside].astype(int)), rng.lognormal(0, 0.6, int(inside.sum())))
        sigma = max(0.9, self.spacing / 70)
        glow = blur(dots, sigma) * (6.3 * sigma**2) * 0.6
        seen = 0.1 * self.body + glow * smoothstep(self.body, 0.02, 0.3)
        return np.asarray(seen * (1 - 0.75 * self.nuclei_mask), np.float32)

    def _membrane(self) -> Image:
        here = np.where(self.present, self.level, 0).astype(np.float32)[self.cells.owner]
        rim = np.exp(-((self.cells.to_edge - 1.2) ** 2) / 3)
        uneven = 1 + 0.3 * fractal(self.rng, self.wh, 14, 3)
        return np.asarray((0.55 * rim * uneven + 0.1 * self.body) * here, np.float32)

    def _nuclear(self) -> Image:
        on = self.rng.random(len(self.level)) < self.rng.uniform(0.3, 0.9)
        chosen = np.where(on, self.level, 0.12).astype(np.float32)[self.cells.owner]
        inside = blur(self.nuclei_mask * chosen * 0.55, 1.2) * (1 + 0.25 * grain(self.rng, self.wh, 4))
        return np.asarray(inside + 0.07 * self.body, np.float32)


def neurons(rng: Rng, wh: Size, count: int) -> tuple[Image, list[tuple[float, float]]]:
    """Light of a neuron culture (somata and branching processes), and where the somata are."""
    width, height = wh
    scale = math.sqrt(width * height / max(count, 1))
    canvas = np.zeros((height, width), np.uint8)
    somata = [(float(rng.uniform(0.08, 0.92) * width), float(rng.uniform(0.08, 0.92) * height)) for _ in range(count)]

    def grow(x: float, y: float, heading: float, thick: float, length: float, depth: int) -> None:
        points = [(x, y)]
        for _ in range(12):
            heading += rng.normal(0, 0.2)
            x, y = x + math.cos(heading) * length / 12, y + math.sin(heading) * length / 12
            points.append((x, y))
        line = np.round(np.array(points) * 16).astype(np.int32)
        shade = int(min(235, 60 + 45 * thick))
        cv2.polylines(canvas, [line], False, shade, max(1, round(thick)), cv2.LINE_AA, 4)
        if depth < 3:
            for turn in (rng.uniform(0.2, 0.7), -rng.uniform(0.2, 0.7)):
                if rng.random() < 0.75:
                    grow(x, y, heading + turn, thick * 0.62, length * rng.uniform(0.5, 0.9), depth + 1)

    for x, y in somata:
        start = rng.uniform(0, 6.3)
        for k in range(int(rng.integers(3, 6))):
            grow(x, y, start + 2 * math.pi * k / 4 + rng.normal(0, 0.3), scale / 45, scale * rng.uniform(0.25, 0.5), 0)
    light = canvas.astype(np.float32) / 255
    bodies = np.zeros((height, width), np.float32)
    for x, y in somata:
        size = scale * rng.uniform(0.045, 0.065)
        fill(bodies, blob(rng, (x, y), (size * 1.25, size), rng.uniform(0, 3.1), 0.12), 0.9)
    light = np.maximum(blur(light, 0.7), blur(bodies, scale / 90))
    haze = blur(light, scale / 12) * 0.35
    return (light * (0.8 + 0.2 * fractal(rng, wh, 6, 2)) + haze).astype(np.float32), somata


def merge(rng: Rng, lights: Sequence[Image], colors: Sequence[str]) -> Rgb:
    """Channels seen by one camera, each in its colour, added."""
    total = np.zeros((*lights[0].shape, 3), np.float32)
    photons, read, optics = rng.uniform(35, 130), rng.uniform(0.008, 0.025), rng.uniform(0.6, 1.2)
    for light, color in zip(lights, colors, strict=True):
        haze = blur(light, 14) * 0.08 + 0.015
        seen = expose(rng, light + haze, photons, read, optics)
        total += seen[:, :, None] * np.array(COLORS[color], np.float32)
    return (np.clip(total, 0, 1) ** 0.85 * 255).astype(np.uint8)


def culture_picture(rng: Rng, culture: Culture, stains: Sequence[Stain], colors: Sequence[str]) -> Picture:
    """A micrograph of the culture in the given stains."""
    return Picture(merge(rng, [culture.light(s) for s in stains], colors), PanelKind.MICROSCOPY, culture.things())


def neuron_picture(rng: Rng, wh: Size, color: str) -> Picture:
    """A neuron culture with blue nuclei and processes in ``color``; its somata are the things."""
    light, somata = neurons(rng, wh, max(3, round(wh[0] * wh[1] / 34000)))
    nuclei = np.zeros_like(light)
    size = math.sqrt(wh[0] * wh[1]) / 42
    glia = [(float(rng.uniform(0, wh[0])), float(rng.uniform(0, wh[1]))) for _ in range(len(somata) * 2)]
    for x, y in somata + glia:
        fill(nuclei, blob(rng, (x, y), (size * 0.8, size * 0.65), rng.uniform(0, 3), 0.06), rng.uniform(0.35, 0.7))
    rgb = merge(rng, [blur(nuclei, 1.2) * (1 + 0.2 * grain(rng, wh, 3)), light], ["blue", color])
    boxes = [around(x, y, size * 2.4, wh) for x, y in somata]
    things = tuple(Thing(box, "neuronal soma", "neuronal somata") for box in boxes if box)
    return Picture(rgb, PanelKind.MICROSCOPY, things)
