"""Figures drawn by the tests of the layout, whose boxes are known."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from agents.embedded.layout import propose_panels
from agents.embedded.letters import Letter
from curator.geometry import Box, iou

LETTER_PX = 18


class Drawing:
    """A figure under construction: pictures, plots and letters at given boxes."""

    def __init__(self, width: int, height: int, paper: tuple[int, int, int] = (255, 255, 255)) -> None:
        self.image = Image.new("RGB", (width, height), paper)
        self.draw = ImageDraw.Draw(self.image)
        self.letters: list[Letter] = []
        self.rng = np.random.default_rng(7)

    def picture(self, box: tuple[int, int, int, int], level: int = 110, spread: int = 25) -> None:
        """Smooth grey texture."""
        x0, y0, x1, y1 = box
        coarse = self.rng.normal(level, spread, ((y1 - y0) // 6 + 2, (x1 - x0) // 6 + 2)).clip(0, 255)
        fine = Image.fromarray(coarse.astype(np.uint8)).resize((x1 - x0, y1 - y0), Image.Resampling.BICUBIC)
        self.image.paste(fine.convert("RGB"), (x0, y0))

    def plot(self, box: tuple[int, int, int, int]) -> None:
        """Two axes with ticks, numbers and bars; its ink spans the box."""
        x0, y0, x1, y1 = box
        left, bottom = x0 + 26, y1 - 18
        self.draw.line([(left, y0), (left, bottom), (x1 - 1, bottom)], fill=(0, 0, 0), width=2)
        for k in range(4):
            y = y0 + k * (bottom - y0) // 4
            self.draw.text((x0, y), f"{40 - 10 * k}", fill=(0, 0, 0))
            x = left + 12 + k * (x1 - left - 12) // 4
            self.draw.rectangle((x, bottom - (k + 1) * (bottom - y0) // 5, x + 14, bottom), fill=(60, 90, 200))
            self.draw.text((x, bottom + 4), "abcd"[k], fill=(0, 0, 0))

    def letter(self, text: str, x: int, y: int, ink: tuple[int, int, int] = (0, 0, 0), *, read: bool = True) -> None:
        """Prints a letter and, where it is ``read``, remembers it as the reader would report it."""
        font = ImageFont.load_default(LETTER_PX)
        self.draw.text((x, y), text, fill=ink, font=font)
        if read:
            x0, y0, x1, y1 = self.draw.textbbox((x, y), text, font=font)
            self.letters.append(Letter(text, (float(x0), float(y0), float(x1), float(y1)), 0.98))

    def panels(self, *expected: str) -> dict[str | None, Box]:
        return {p.label: p.box_xyxy for p in propose_panels(np.array(self.image), self.letters, expected)}


def assert_boxes(found: dict[str | None, Box], truth: dict[str | None, Box], least: float = 0.9) -> None:
    assert set(found) == set(truth)
    for label, box in truth.items():
        assert iou(found[label], box) >= least, f"{label}: {found[label]} is not {box}"


def assert_all_found(figure: Drawing, boxes: list[tuple[float, ...]]) -> None:
    """As many panels as boxes, all without label, each as its box."""
    found = propose_panels(np.array(figure.image), [], ())
    assert [p.label for p in found] == [None] * len(boxes)
    for panel, box in zip(found, boxes, strict=True):
        assert iou(panel.box_xyxy, (box[0], box[1], box[2], box[3])) > 0.95
