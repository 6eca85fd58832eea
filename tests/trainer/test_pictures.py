"""Pictures are squashed to squares, and boxes follow them exactly, at every scale that the decoder gives."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from curator.geometry import Box
from trainer.pictures import Decoded, Rgb, decode, moved

PX = 64
BOX: Box = (610.0, 155.0, 905.0, 420.0)
WH = (1203, 805)


def drawn(format_: str, **options: object) -> Image.Image:
    """Black, with a white box."""
    image = Image.new("RGB", WH)
    ImageDraw.Draw(image).rectangle((BOX[0], BOX[1], BOX[2] - 1, BOX[3] - 1), fill="white")
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return Image.open(buffer)


def white_box(rgb: Rgb) -> Box:
    """Edges of what is white, to fractions of a pixel: how far the white reaches into the pixels at its rim."""
    light = rgb[..., 0].astype(float) / 255
    across, down = light.max(axis=0), light.max(axis=1)
    left, top = int(np.argmax(across > 0.5)), int(np.argmax(down > 0.5))
    width, height = across.sum(), down.sum()
    x0, y0 = left + 1 - across[: left + 1].sum(), top + 1 - down[: top + 1].sum()
    return (x0, y0, x0 + width, y0 + height)


@pytest.mark.parametrize(
    "part", [(0.0, 0.0, 1203.0, 805.0), (33.3, 17.7, 1150.5, 790.2), (400.0, 100.0, 1000.0, 500.0)], ids=str
)
@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
@pytest.mark.parametrize("px", [32, 64, 150])
def test_a_box_lies_where_its_pixels_are_after_squashing(part: Box, format_: str, px: int) -> None:
    finest = min(part[2] - part[0], part[3] - part[1])
    seen = white_box(decode(drawn(format_), None, px, finest).squashed(part, px))
    assert seen == pytest.approx(moved(BOX, part, px), abs=0.35)


def test_a_box_in_a_window_counts_from_the_windows_corner() -> None:
    window: Box = (600.0, 100.0, 1100.0, 600.0)
    decoded = decode(drawn("JPEG"), window, PX)
    assert decoded.shrunk == 2
    inside: Box = (10.0, 55.0, 305.0, 320.0)
    seen = white_box(decoded.squashed((0.0, 0.0, 500.0, 500.0), PX))
    assert seen == pytest.approx(moved(inside, (0.0, 0.0, 500.0, 500.0), PX), abs=0.35)
    crop = decoded.squashed(inside, PX)
    assert crop.min() > 200


@pytest.mark.parametrize(
    ("px", "finest", "shrunk"),
    [(64, None, 4), (64, 520.0, 4), (64, 300.0, 2), (64, 250.0, 1), (100, None, 4), (150, None, 2), (None, None, 1)],
)
def test_jpeg_is_decoded_no_larger_than_needed(px: int | None, finest: float | None, shrunk: int) -> None:
    decoded = decode(drawn("JPEG"), None, px, finest)
    assert decoded.shrunk == shrunk
    assert decoded.image.size == (-(-1203 // shrunk), -(-805 // shrunk))
    assert decode(drawn("PNG"), None, px, finest).shrunk == 1


def test_decoding_small_shows_the_same_picture() -> None:
    rng = np.random.default_rng(0)
    smooth = Image.fromarray(rng.integers(0, 255, (9, 12, 3), np.uint8)).resize((1203, 805), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    smooth.save(buffer, "JPEG", quality=95)
    small, full = decode(Image.open(buffer), None, PX), Decoded(smooth, (0.0, 0.0, 1203.0, 805.0), WH)
    assert small.shrunk == 4
    whole: Box = (0.0, 0.0, 1203.0, 805.0)
    difference = small.squashed(whole, PX).astype(float) - full.squashed(whole, PX)
    assert np.abs(difference).mean() < 2


def test_gray_pictures_become_rgb() -> None:
    buffer = io.BytesIO()
    Image.new("L", (40, 20), 90).save(buffer, "PNG")
    rgb = decode(Image.open(buffer), None, 16).squashed((0.0, 0.0, 40.0, 20.0), 16)
    assert rgb.shape == (16, 16, 3)
    assert (rgb == 90).all()
