"""Stained tissue sections by absorbed light: glands, muscle, tumour, fatty liver; H&E or a brown antibody stain."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import cv2
import numpy as np

from curator.figure import PanelKind
from curator.geometry import Size
from data.demo.fields import Image, Rgb, Rng, Territories, blob, blur, fill, fractal, grain, scatter, smoothstep, warp
from data.demo.picture import Picture, Thing, around

Tissue: TypeAlias = Literal["glands", "muscle", "tumour", "liver"]

# Optical densities (red, green, blue) of the dyes: Ruifrok and Johnston 2001, as quoted all over the field.
_HAEMATOXYLIN = np.array([0.65, 0.70, 0.29], np.float32)
_EOSIN = np.array([0.07, 0.99, 0.11], np.float32)
_DAB = np.array([0.27, 0.57, 0.78], np.float32)


class Section:
    """Dye amounts of a tissue section, filled by one tissue's artist.

    ``cell``: px between neighbouring nuclei. ``brown``: share of nuclei or cells that the antibody marks; None = H&E.
    """

    def __init__(self, rng: Rng, wh: Size, tissue: Tissue, cell: float, brown: float | None) -> None:
        self.rng, self.wh, self.cell, self.brown = rng, wh, cell, brown
        shape = (wh[1], wh[0])
        self.blue: Image = np.zeros(shape, np.float32)
        self.pink: Image = np.zeros(shape, np.float32)
        self.dab: Image = np.zeros(shape, np.float32)
        self.found: list[Thing] = []
        {"glands": self._glands, "muscle": self._muscle, "tumour": self._tumour, "liver": self._liver}[tissue]()

    def rgb(self) -> Rgb:
        rng = self.rng
        blue = blur(self.blue, 0.8) * (1 + 0.22 * grain(rng, self.wh, 2.5))
        pink = blur(self.pink, 0.8) * (1 + 0.12 * fractal(rng, self.wh, 12, 3))
        faded = 0.25 if self.brown is not None else 1.0  # the counterstain of an antibody slide is blue only
        density = (
            (0.85 if self.brown is not None else 1.1) * blue[:, :, None] * _HAEMATOXYLIN * rng.uniform(0.85, 1.15)
            + faded * pink[:, :, None] * _EOSIN * rng.uniform(0.8, 1.2)
            + (faded - 1) * -0.14 * pink[:, :, None] * _HAEMATOXYLIN
            + blur(self.dab, 0.9)[:, :, None] * _DAB * 1.2
        )
        light = np.exp(-np.clip(density, 0, None)) * rng.uniform(0.93, 0.99)
        light *= np.array([1.0, rng.uniform(0.97, 1.0), rng.uniform(0.96, 1.01)], np.float32)
        light += rng.normal(0, 0.012, (*light.shape[:2], 1)).astype(np.float32)
        return np.asarray(np.clip(light, 0, 1) * 255, np.uint8)

    def _note(self, x: float, y: float, radius: float, name: str, plural: str) -> bool:
        box = around(x, y, radius, self.wh)
        if box:
            self.found.append(Thing(box, name, plural))
        return box is not None

    def _nucleus(self, x: float, y: float, size: tuple[float, float], angle: float, dark: float) -> None:
        outline = blob(self.rng, (x, y), size, angle, 0.07, 16)
        marked = self.brown is not None and self.rng.random() < self.brown
        fill(self.dab if marked else self.blue, outline, dark * (1.3 if marked else 1.0))

    def _stroma(self, where: Image) -> None:
        """Collagen with thin dark nuclei along it."""
        rng, (width, height) = self.rng, self.wh
        fibres = warp(rng, cv2.resize(grain(rng, (max(8, width // 24), height), 1), (width, height)), 5, 60)
        self.pink += where * (0.34 + 0.11 * np.asarray(fibres, np.float32) + 0.07 * fractal(rng, self.wh, 50, 3))
        for x, y in scatter(rng, self.wh, self.cell * 1.9).tolist():
            if where[int(y), int(x)] > 0.5:
                length = self.cell * rng.uniform(0.3, 0.5)
                self._nucleus(x, y, (length, length * 0.28), rng.normal(0, 0.5), rng.uniform(0.6, 1.1))

    def _vessel(self, x: float, y: float, radius: float) -> None:
        """A small vein with red cells in it."""
        rng = self.rng
        wall = blob(rng, (x, y), (radius, radius * rng.uniform(0.6, 0.9)), rng.uniform(0, 3), 0.06)
        for layer in (self.blue, self.pink, self.dab):
            fill(layer, wall, 0.0)
        fill(self.pink, wall, 0.55)
        lumen = (wall - [[x, y]]) * 0.82 + [[x, y]]
        fill(self.pink, lumen.astype(np.float32), 0.03)
        for _ in range(int(rng.integers(12, 30))):
            far, turn = radius * 0.62 * math.sqrt(rng.random()), rng.uniform(0, 6.3)
            cell = blob(
                rng, (x + far * math.cos(turn), y + far * 0.7 * math.sin(turn)), (self.cell * 0.24,) * 2, 0, 0.04
            )
            fill(self.pink, cell, 0.95)
        for k in range(9):
            turn = 2 * math.pi * k / 9
            place = (x + radius * 0.92 * math.cos(turn), y + radius * 0.72 * math.sin(turn))
            self._nucleus(*place, (self.cell * 0.3, self.cell * 0.1), turn + 1.57, 0.9)
        self._note(x, y, radius * 1.1, "blood vessel", "blood vessels")

    def _infiltrate(self, x: float, y: float, radius: float) -> None:
        """Lymphocytes: many small, round, dark nuclei."""
        rng = self.rng
        for dx, dy in rng.normal(0, radius * 0.42, (int(70 * (radius / (4 * self.cell)) ** 2) + 30, 2)).tolist():
            size = self.cell * rng.uniform(0.19, 0.25)
            fill(self.blue, blob(rng, (x + dx, y + dy), (size, size), 0, 0.05, 12), rng.uniform(1.0, 1.4))
        self._note(x, y, radius, "inflammatory infiltrate", "inflammatory infiltrates")

    def _spot(self, radius: float) -> tuple[float, float]:
        """A place where something of this radius fits."""
        width, height = self.wh
        margin_x, margin_y = min(radius * 1.15, width * 0.45), min(radius * 1.15, height * 0.45)
        return (
            float(self.rng.uniform(margin_x, width - margin_x)),
            float(self.rng.uniform(margin_y, height - margin_y)),
        )

    def _glands(self) -> None:
        """Crypts cut across: a ring of tall cells about a pale lumen, collagen between."""
        rng, cell = self.rng, self.cell
        radius = cell * rng.uniform(3.2, 4.6)
        self._stroma(np.ones_like(self.pink))
        for x, y in scatter(rng, self.wh, radius * 2.35, 0.12).tolist():
            size = radius * rng.uniform(0.75, 1.05)
            outline = blob(rng, (x, y), (size * rng.uniform(1.0, 1.25), size), rng.uniform(0, 3.1), 0.1, 40)
            for layer in (self.blue, self.dab):
                fill(layer, outline, 0.0)
            fill(self.pink, outline, 0.3)
            fill(self.blue, outline, 0.16)
            hole = rng.uniform(0.22, 0.45)
            centre = np.array([[x, y]], np.float32)
            for layer in (self.pink, self.blue):
                fill(layer, (outline - centre) * hole + centre, 0.02)
            stained = self.brown is not None and rng.random() < self.brown
            if stained:
                fill(self.dab, outline, 0.55)
                fill(self.dab, (outline - centre) * hole + centre, 0.05)
            count = int(2 * math.pi * size / (cell * 0.52))
            for k in range(count):
                edge = outline[int(k * len(outline) / count) % len(outline)]
                out = math.atan2(edge[1] - y, edge[0] - x)
                place = centre[0] + (edge - centre[0]) * rng.normal(0.83, 0.035)
                shape = (cell * rng.uniform(0.36, 0.46), cell * rng.uniform(0.17, 0.22))
                fill(self.blue, blob(rng, (place[0], place[1]), shape, out, 0.06, 14), rng.uniform(0.75, 1.1))
            for _ in range(int(rng.integers(0, 6))):  # goblet cells
                edge = outline[int(rng.integers(len(outline)))]
                place = centre[0] + (edge - centre[0]) * 0.62
                drop = blob(rng, (place[0], place[1]), (cell * 0.36, cell * 0.3), 0, 0.05, 14)
                fill(self.pink, drop, 0.06)
                fill(self.blue, drop, 0.1)
            self._note(x, y, size * 1.08, "gland", "glands")
        self.found = self.found[: int(rng.integers(2, 4))]
        if rng.random() < 0.6:
            self._infiltrate(*self._spot(radius), radius * 0.8)

    def _muscle(self) -> None:
        """Long fibres with flat nuclei at their rims."""
        rng, (width, height) = self.rng, self.wh
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        tilt = rng.uniform(-0.5, 0.5)
        across = y * math.cos(tilt) + x * math.sin(tilt) + grain(rng, self.wh, width / 3) * self.cell * 0.9
        across += fractal(rng, self.wh, 60, 2) * self.cell * 0.14
        period = self.cell * rng.uniform(1.3, 2.0)
        phase = across / period
        fibre = np.floor(phase).astype(np.intp)
        inside = smoothstep((0.5 - np.abs(phase - np.floor(phase) - 0.5)).astype(np.float32), 0.02, 0.14)
        tone = rng.uniform(0.5, 0.8, int(fibre.max() - fibre.min()) + 1).astype(np.float32)
        along = x * math.cos(tilt) - y * math.sin(tilt)
        stripes = 0.06 * np.sin(along * (2 * np.pi / max(3.0, self.cell * 0.14)))
        self.pink += inside * (tone[fibre - fibre.min()] + stripes) + 0.04
        if self.brown is not None:
            self.dab += inside * (rng.random(len(tone)) < self.brown)[fibre - fibre.min()] * 0.5
        rims = (np.abs(phase - np.round(phase)) < 0.13) & (grain(rng, self.wh, 3) > 0.6)
        rows, columns = np.nonzero(rims)
        for k in rng.permutation(len(rows))[: int(width * height / (self.cell**2 * 7))].tolist():
            length = self.cell * rng.uniform(0.34, 0.55)
            self._nucleus(float(columns[k]), float(rows[k]), (length, length * 0.27), -tilt + rng.normal(0, 0.1), 1.05)
        for _ in range(2):
            if rng.random() < 0.8:
                self._infiltrate(*self._spot(self.cell * 2.2), self.cell * 2.0)

    def _sheet(self, where: Image, spacing: float, pleomorphic: float) -> None:
        """Cells side by side, with borders, where ``where`` is high."""
        rng = self.rng
        centres = scatter(rng, self.wh, spacing)
        cells = Territories(rng, self.wh, centres, spacing * 0.06)
        tone = rng.uniform(0.3, 0.5, len(centres)).astype(np.float32)[cells.owner]
        self.pink += where * tone * smoothstep(cells.to_edge, -0.5, 2.5)
        self.blue += where * 0.13
        if self.brown is not None:
            marked = (rng.random(len(centres)) < self.brown).astype(np.float32)[cells.owner]
            self.dab += where * marked * 0.35 * smoothstep(cells.to_edge, -0.5, 3)
        for x, y in centres.tolist():
            if where[int(y), int(x)] > 0.5:
                size = spacing * 0.27 * rng.lognormal(0, pleomorphic)
                shape = (size * rng.uniform(1, 1.35), size * rng.uniform(0.8, 1))
                self._nucleus(x, y, shape, rng.uniform(0, 3.1), rng.uniform(0.55, 1.05))

    def _tumour(self) -> None:
        """Nests of crowded, uneven cells; stroma between; mitoses, necrosis, vessels."""
        rng, cell = self.rng, self.cell
        nests = smoothstep(fractal(rng, self.wh, cell * 11, 3), -0.75, -0.5)
        self._stroma(1 - nests)
        self._sheet(nests, cell * 0.85, 0.24)
        if rng.random() < 0.5:
            x, y = self._spot(cell * 4.2)
            dead = blob(rng, (x, y), (cell * 4, cell * 3.2), rng.uniform(0, 3), 0.15, 40)
            sharp = np.zeros_like(self.pink)
            fill(sharp, dead, 1.0)
            hollow = blur(sharp, cell * 0.4)
            self.blue *= 1 - 0.92 * hollow
            self.dab *= 1 - 0.8 * hollow
            self.pink += hollow * (0.5 + 0.14 * fractal(rng, self.wh, 7, 2) - self.pink)
            for dx, dy in rng.normal(0, cell * 1.8, (40, 2)).tolist():
                fill(self.blue, blob(rng, (x + dx, y + dy), (cell * 0.1,) * 2, 0, 0.2, 10), 0.8)
            self._note(x, y, cell * 4.1, "necrotic area", "necrotic areas")
        for _ in range(int(rng.integers(1, 4))):
            x, y = self._spot(cell)
            halo = blob(rng, (x, y), (cell * 0.62, cell * 0.58), 0, 0.06)
            for layer in (self.blue, self.dab):
                fill(layer, halo, 0.03)
            fill(self.pink, halo, 0.2)
            angle = rng.uniform(0, 3)
            fill(self.blue, blob(rng, (x, y), (cell * 0.16, cell * 0.42), angle, 0.25), 1.7)
            self._note(x, y, cell * 0.75, "mitotic figure", "mitotic figures")
        if rng.random() < 0.6:
            self._vessel(*self._spot(cell * 2.4), cell * 2.2)
        if rng.random() < 0.4:
            self._infiltrate(*self._spot(cell * 3), cell * 2.6)

    def _liver(self) -> None:
        """Hepatocytes with fat vacuoles, a central vein, pale sinusoids."""
        rng, cell = self.rng, self.cell
        self._sheet(np.ones_like(self.pink), cell * 1.25, 0.08)
        gaps = np.abs(fractal(rng, self.wh, cell * 2.2, 2)) < 0.07
        self.pink *= 1 - 0.8 * blur(gaps.astype(np.float32), 1.2)
        share = rng.uniform(0.0, 0.6)
        for x, y in scatter(rng, self.wh, cell * 1.05, 0.45).tolist():
            if rng.random() < share:
                size = cell * min(0.62, 0.2 * rng.lognormal(0, 0.5))
                drop = blob(rng, (x, y), (size, size * 0.95), 0, 0.02)
                for layer in (self.blue, self.pink, self.dab):
                    fill(layer, drop, 0.01)
                if size > cell * 0.3 and len(self.found) < 3:
                    self._note(x, y, size * 1.25, "lipid vacuole", "lipid vacuoles")
        self._vessel(*self._spot(cell * 2.6), cell * rng.uniform(1.8, 2.5))
        if rng.random() < 0.5:
            self._infiltrate(*self._spot(cell * 1.8), cell * 1.5)


def tissue_picture(rng: Rng, wh: Size, tissue: Tissue, cell: float, brown: float | None) -> Picture:
    """A light micrograph of a section; ``cell`` px between nuclei; ``brown``: share marked by the antibody or None."""
    section = Section(rng, wh, tissue, cell, brown)
    return Picture(section.rgb(), PanelKind.MICROSCOPY, tuple(section.found))
