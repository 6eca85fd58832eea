"""Recognition of single crops."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import agents.embedded.ocr as ocr
from agents.embedded.ocr import Recognizer, recognizer
from curator.errors import MiningError


def line(text: str, size_px: int = 30, ink: int = 0, ground: int = 255) -> NDArray[np.uint8]:
    font = ImageFont.load_default(size_px)
    x0, y0, x1, y1 = (int(v) for v in font.getbbox(text))
    canvas = Image.new("L", (x1 - x0 + size_px // 2, y1 - y0 + size_px // 2), ground)
    ImageDraw.Draw(canvas).text((size_px // 4 - x0, size_px // 4 - y0), text, font=font, fill=ink)
    return np.asarray(canvas, np.uint8)


def test_crops_of_any_width_are_read_in_the_order_given() -> None:
    texts = ["CONTROL", "A", "(b)", "200 nm", "G"]
    assert [reading.text for reading in recognizer().read([line(text) for text in texts])] == texts


def test_white_on_black_reads_like_black_on_white() -> None:
    (reading,) = recognizer().read([line("R", ink=255, ground=0)])
    assert reading.text == "R"
    assert reading.confidence > 0.9


def test_every_letter_of_the_alphabet_is_the_likeliest_in_its_own_crop() -> None:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which are l and 0 in a crop of their own
    readings = recognizer().read([line(letter) for letter in letters])
    best = ["".join(max(r.letters, key=lambda c: r.letters[c]) for r in readings)]
    assert best[0].upper() == letters


def test_colour_crops_are_accepted() -> None:
    red = np.full((*line("E").shape, 3), 255, np.uint8)
    red[line("E") < 128] = (200, 0, 0)
    assert recognizer().read([red])[0].text == "E"


def test_an_empty_crop_reads_as_nothing() -> None:
    (reading,) = recognizer().read([np.full((30, 30), 255, np.uint8)])
    assert (reading.text, reading.confidence) == ("", 0.0)


def test_no_crops_give_no_readings() -> None:
    assert recognizer().read([]) == []


def test_one_process_loads_the_network_once() -> None:
    assert recognizer() is recognizer()


def test_without_rapidocr_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda name: None)
    with pytest.raises(MiningError) as caught:
        Recognizer()
    assert str(caught.value) == (
        "OCR model 'models/PP-OCRv6_rec_small.onnx' was not found; expected it inside the rapidocr package (3.10 or "
        "newer 3.x); install the project's dependencies again"
    )
