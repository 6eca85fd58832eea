"""Panel letters: drawn figures with known letters, and published ones with letters marked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from agents.embedded.letters import Letter, LetterReader
from curator.geometry import Box, centre, contains_point

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
LARGE, SMALL = 24, 13


class Drawn(NamedTuple):
    image_rgb: NDArray[np.uint8]
    boxes: dict[str, Box]


def tissue(rng: np.random.Generator, width: int, height: int, level: int) -> Image.Image:
    """A blotchy texture around one grey level, coloured like a stain."""
    coarse = rng.normal(level, 22, (height // 9 + 1, width // 9 + 1))
    grey = Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    plain = np.asarray(grey, np.float64) + rng.normal(0, 5, (height, width))
    return Image.fromarray(np.clip(np.stack((plain, plain * 0.85, plain * 0.95), 2), 0, 255).astype(np.uint8))


def plot(width: int, height: int) -> Image.Image:
    """Axes with numbers, axis titles and bars."""
    panel = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(panel), ImageFont.load_default(SMALL)
    pen.line((50, 40, 50, height - 40, width - 10, height - 40), fill="black", width=2)
    for step in range(5):
        y = height - 40 - step * (height - 90) // 4
        pen.line((45, y, 50, y), fill="black")
        pen.text((22, y - 7), str(20 * step), font=font, fill="black")
        x = 70 + step * (width - 100) // 5
        pen.rectangle((x, y, x + 18, height - 40), fill=(70, 90, 180))
        pen.text((x + 4, height - 36), "WTKOR"[step], font=font, fill="black")
    pen.text((width // 2 - 30, height - 20), "Time (days)", font=font, fill="black")
    return panel


def write(figure: Image.Image, text: str, at_xy: tuple[int, int], fill: str, size_px: int = LARGE) -> Box:
    font = ImageFont.load_default(size_px)
    pen = ImageDraw.Draw(figure)
    pen.text(at_xy, text, font=font, fill=fill)
    return tuple(float(v) for v in pen.textbbox(at_xy, text, font=font))  # type: ignore[return-value]


def grid(
    labels: list[str],
    *,
    kind: str = "tissue",
    level: int = 90,
    fill: str = "white",
    place: str = "top left",
    gap: int = 4,
    backing: str | None = None,
    printed: str = "{}",
    size_px: int = LARGE,
) -> Drawn:
    """Panels in rows of three with their letters inside, beside or below."""
    rng = np.random.default_rng(11)
    width, height, columns = 230, 190, 3
    left = 40 if place == "beside" else 0
    below = 40 if place == "below" else 0
    rows = -(-len(labels) // columns)
    figure = Image.new("RGB", (columns * (width + left + gap), rows * (height + below + gap)), "white")
    boxes = {}
    for i, label in enumerate(labels):
        x, y = (i % columns) * (width + left + gap) + left, (i // columns) * (height + below + gap)
        figure.paste(plot(width, height) if kind == "plot" else tissue(rng, width, height, level), (x, y))
        at = {
            "top left": (x + 8, y + 6),
            "bottom left": (x + 8, y + height - 36),
            "bottom right": (x + width - 40, y + height - 36),
            "beside": (x - 32, y + 2),
            "below": (x + width // 2 - 8, y + height + 6),
        }[place]
        text = printed.format(label)
        if backing:
            x0, y0, x1, y1 = ImageDraw.Draw(figure).textbbox(at, text, font=ImageFont.load_default(size_px))
            ImageDraw.Draw(figure).rectangle((x0 - 5, y0 - 5, x1 + 5, y1 + 5), fill=backing)
        boxes[label] = write(figure, text, at, fill, size_px)
    return Drawn(np.asarray(figure, np.uint8), boxes)


def read(drawn: Drawn, expected: tuple[str, ...]) -> list[str]:
    """The texts found, after checking that each letter stands where it was drawn."""
    letters = LetterReader().read(drawn.image_rgb, expected)
    for letter in letters:
        assert letter.text in drawn.boxes, f"{letter} was never drawn"
        assert contains_point(drawn.boxes[letter.text], centre(letter.box_xyxy)), letter
        assert 0 < letter.confidence <= 1
    return [letter.text for letter in letters]


UPPER = list("ABCDEF")


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param(grid(UPPER), id="white on dark tissue"),
        pytest.param(grid(UPPER, level=200, fill="black"), id="black on light tissue"),
        pytest.param(grid(UPPER, level=120, fill="black", backing="white"), id="on white boxes"),
        pytest.param(grid(UPPER, level=60, gap=0, place="bottom left"), id="touching panels, bottom left"),
        pytest.param(grid(UPPER, level=60, place="bottom right"), id="bottom right"),
        pytest.param(grid(UPPER, fill="black", place="below", printed="({})"), id="in brackets below the panels"),
        pytest.param(grid(UPPER, fill="black", place="beside"), id="beside the panels"),
        pytest.param(grid(UPPER, kind="plot", fill="black", printed="{}."), id="plots, with full stops"),
        pytest.param(grid(list("abcdef"), kind="plot", fill="black"), id="plots, small letters"),
    ],
)
def test_promised_letters_are_found_where_they_are_printed(drawn: Drawn) -> None:
    assert read(drawn, tuple(drawn.boxes)) == list(drawn.boxes)


def test_letters_are_told_as_printed_where_the_caption_writes_them_in_the_other_case() -> None:
    assert read(grid(UPPER), tuple("abcdef")) == UPPER


def test_letters_are_found_where_the_caption_promises_none() -> None:
    assert read(grid(UPPER, kind="plot", fill="black"), ()) == UPPER


def test_a_letter_that_the_caption_forgot_is_found_with_the_others() -> None:
    assert read(grid(UPPER, kind="plot", fill="black"), ("A", "B", "C", "E")) == UPPER


def test_a_promised_letter_that_is_not_printed_is_left_out() -> None:
    drawn = grid(list("ABC"), kind="plot", fill="black")
    assert read(drawn, ("A", "B", "C", "D")) == ["A", "B", "C"]


def test_roman_numerals_are_labels_too() -> None:
    assert read(grid(["i", "ii", "iii", "iv"]), ("i", "ii", "iii", "iv")) == ["i", "ii", "iii", "iv"]


def test_numbers_are_labels_where_promised() -> None:
    assert read(grid(["1", "2", "3"]), ("1", "2", "3")) == ["1", "2", "3"]


def test_axis_numbers_and_words_are_no_letters() -> None:
    panel = np.asarray(plot(400, 300), np.uint8)
    assert LetterReader().read(panel, ()) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (40, 900, 3), (300, 300, 3)])
def test_blank_images_hold_no_letters(shape: tuple[int, int, int]) -> None:
    assert LetterReader().read(np.full(shape, 255, np.uint8), ("A", "B")) == []


def test_noise_holds_no_letters() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (900, 900, 1), dtype=np.uint8)
    assert LetterReader().read(np.repeat(noise, 3, axis=2), ()) == []


def test_boxes_are_in_pixels_of_the_image_that_was_given() -> None:
    drawn = grid(UPPER, fill="black", kind="plot")
    large = np.asarray(Image.fromarray(drawn.image_rgb).resize((2106, 1164), Image.Resampling.BICUBIC), np.uint8)
    boxes = {label: tuple(3 * v for v in box) for label, box in drawn.boxes.items()}
    assert large.shape[1] == 3 * drawn.image_rgb.shape[1]
    assert read(Drawn(large, boxes), tuple(UPPER)) == UPPER  # type: ignore[arg-type]


def test_letters_of_published_figures() -> None:
    """Four figures of different publishers; all 39 are measured by ``make bench``."""
    if not SHARED.is_dir():
        pytest.skip("the published figures are not there")
    found = missing = wrong = 0
    for folder, image in (
        ("PMC2467486", "pone.0002804.g002.jpg"),
        ("chest-ct", "PMC7003341_40779_2020_233_Fig1_HTML.jpg"),
        ("openstax-anatomy", "414_Skeletal_Smooth_Cardiac.jpg"),
        ("biorxiv-488149", "488149v1_fig1"),
    ):
        (truth,) = (t for t in json.loads((SHARED / "truth" / f"{folder}.json").read_text()) if t["image"] == image)
        marked: dict[str, Box] = {p["label"]: p["label_box_xyxy"] for p in truth["panels"]}
        with Image.open(SHARED / "figures" / folder / image) as opened:
            letters = LetterReader().read(np.asarray(opened.convert("RGB"), np.uint8), tuple(marked))
        right = [letter for letter in letters if _stands_at(letter, marked)]
        found += len(right)
        missing += len(marked) - len(right)
        wrong += len(letters) - len(right)
    assert (found, missing, wrong) == (16, 0, 0)


def _stands_at(letter: Letter, marked: dict[str, Box]) -> bool:
    x0, y0, x1, y1 = marked.get(letter.text, (0, 0, 0, 0))
    half_width, half_height = (x1 - x0) / 2, (y1 - y0) / 2
    grown = (x0 - half_width, y0 - half_height, x1 + half_width, y1 + half_height)
    return contains_point(grown, centre(letter.box_xyxy))
