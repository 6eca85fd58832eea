"""The demo corpus: repeatable, true about itself, and arranged like published figures."""

from __future__ import annotations

import hashlib
import json
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from curator.figure import MarkerKind, PanelKind
from curator.geometry import area, checked_box, checked_point, coverage, intersection
from data.demo.captions import Dialect, Part, compose, name_of, places
from data.demo.corpus import draw_corpus
from data.demo.drawing import DrawnFigure, draw_figure
from data.demo.layout import Content, Layout, Slot, sample_layout

FIGURES = 14
"""Enough to meet every dialect group, letters inside and outside, figures with and without markers."""


@pytest.fixture(scope="module")
def figures() -> list[DrawnFigure]:
    return [draw_figure(np.random.default_rng([11, k])) for k in range(FIGURES)]


@pytest.fixture(scope="module")
def layouts() -> list[Layout]:
    rng = np.random.default_rng(0)
    return [sample_layout(rng) for _ in range(1000)]


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_seed_always_draws_the_same_corpus_and_a_longer_one_begins_with_it(tmp_path: Path) -> None:
    draw_corpus(tmp_path / "a", 1, 5)
    draw_corpus(tmp_path / "b", 1, 5)
    draw_corpus(tmp_path / "longer", 2, 5)
    draw_corpus(tmp_path / "other", 1, 6)
    first = _hashes(tmp_path / "a")
    assert len(first) == 3
    assert first == _hashes(tmp_path / "b")
    images = {name: value for name, value in first.items() if name.startswith("images")}
    assert images.items() <= _hashes(tmp_path / "longer").items()
    assert set(images.values()).isdisjoint(_hashes(tmp_path / "other").values())


def test_another_process_draws_the_same_pixels() -> None:
    code = (
        "import hashlib, numpy as np; from data.demo.drawing import draw_figure;"
        "print(hashlib.sha256(draw_figure(np.random.default_rng([7, 1])).rgb.tobytes()).hexdigest())"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    here = draw_figure(np.random.default_rng([7, 1])).rgb
    assert done.stdout.strip() == hashlib.sha256(here.tobytes()).hexdigest()


def test_the_corpus_is_written_in_the_formats_that_ingest_and_scoring_read(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    draw_corpus(tmp_path, 2, 3, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    captions = [json.loads(line) for line in (tmp_path / "captions.jsonl").read_text("utf-8").splitlines()]
    truths = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert [line["figure_id"] for line in captions] == ["demo-0001", "demo-0002"]
    for line, truth in zip(captions, truths, strict=True):
        assert set(line) == {"image", "caption", "figure_id", "article", "label", "license"}
        assert line["license"] == "CC0-1.0"
        assert (truth["image"], truth["caption"], truth["figure_id"]) == (
            line["image"],
            line["caption"],
            line["figure_id"],
        )
        with Image.open(tmp_path / line["image"]) as image:
            assert list(image.size) == truth["image_wh"]
            assert image.format == ("JPEG" if line["image"].endswith(".jpg") else "PNG")
        assert set(truth) == {
            "image", "image_wh", "figure_id", "caption", "panels", "markers", "regions",
        }  # fmt: skip
        for panel in truth["panels"]:
            assert set(panel) == {"label", "label_box_xyxy", "box_xyxy", "kind", "subcaption"}
        for marker in truth["markers"]:
            assert set(marker) >= {"panel", "kind", "color", "box_xyxy", "tip_xy", "clause"}


def test_panels_lie_in_the_image_and_apart(figures: list[DrawnFigure]) -> None:
    for figure in figures:
        wh = (figure.rgb.shape[1], figure.rgb.shape[0])
        assert wh == figure.layout.image_wh
        for k, panel in enumerate(figure.panels):
            checked_box(panel.box_xyxy, wh)
            PanelKind(panel.kind)
            for other in figure.panels[k + 1 :]:
                assert intersection(panel.box_xyxy, other.box_xyxy) < 0.02 * area(other.box_xyxy)


def test_letters_lie_in_their_panel_and_are_printed_there(figures: list[DrawnFigure]) -> None:
    met = 0
    for figure in figures:
        for panel in figure.panels:
            assert (panel.label is None) == (panel.label_box_xyxy is None)
            if panel.label_box_xyxy is None:
                continue
            met += 1
            assert coverage(panel.label_box_xyxy, panel.box_xyxy) == pytest.approx(1)
            x0, y0, x1, y1 = (round(v) for v in panel.label_box_xyxy)
            ink = figure.rgb[y0:y1, x0:x1].astype(int)
            assert int(ink.max() - ink.min()) > 60, f"nothing can be read at {panel.label_box_xyxy!r}"
    assert met > 12


def test_each_panel_has_its_own_words_verbatim_in_the_caption(figures: list[DrawnFigure]) -> None:
    for figure in figures:
        assert figure.caption.endswith(".")
        assert ".." not in figure.caption
        assert "  " not in figure.caption
        for panel in figure.panels:
            assert panel.subcaption
            assert panel.subcaption in figure.caption


def test_signs_lie_in_their_panel_point_into_their_region_and_are_explained(figures: list[DrawnFigure]) -> None:
    kinds: Counter[MarkerKind] = Counter()
    for figure in figures:
        wh = figure.layout.image_wh
        for marker, index, words in zip(figure.markers, figure.marker_panels, figure.clauses, strict=True):
            kinds[marker.sign.kind] += 1
            panel = figure.panels[index]
            assert coverage(checked_box(marker.box_xyxy, wh), panel.box_xyxy) > 0.98
            assert coverage(checked_box(marker.thing.box_xyxy, wh), panel.box_xyxy) > 0.98
            assert words in figure.caption
            assert (marker.tip_xy is not None) == (marker.sign.kind in (MarkerKind.ARROW, MarkerKind.ARROWHEAD))
            if marker.tip_xy is not None:
                x, y = checked_point(marker.tip_xy, wh)
                x0, y0, x1, y1 = marker.thing.box_xyxy
                assert x0 <= x <= x1
                assert y0 <= y <= y1
                left, top, right, bottom = marker.box_xyxy
                assert left - 2 <= x <= right + 2
                assert top - 2 <= y <= bottom + 2
    assert kinds[MarkerKind.ARROW] + kinds[MarkerKind.ARROWHEAD] > 5
    assert len(kinds) > 1


def test_every_region_of_the_truth_names_its_marker(figures: list[DrawnFigure]) -> None:
    truths = [figure.truth("x.png", "x") for figure in figures]
    assert sum(len(truth["regions"]) for truth in truths) > 10
    for truth in truths:
        for region in truth["regions"]:
            marker = truth["markers"][region["marker"]]
            assert (marker["panel"], marker["clause"]) == (region["panel"], region["clause"])
            assert region["label"]
            assert region["caption"].endswith(".")


@pytest.mark.parametrize("content", list(Content))
def test_every_content_can_be_drawn_small_wide_and_tall(content: Content) -> None:
    for wh in ((150, 150), (700, 210), (260, 420)):
        box = (0.0, 0.0, float(wh[0]), float(wh[1]))
        layout = Layout(wh, "single", (Slot(content, box, box, None),), 0, 14.0, "top-left", False, (255, 255, 255))
        figure = draw_figure(np.random.default_rng(4), layout)
        assert figure.rgb.shape == (wh[1], wh[0], 3)
        assert figure.rgb.std() > 8, "an empty picture"


def test_panel_counts_follow_published_figures(layouts: list[Layout]) -> None:
    counts = Counter(len(layout.slots) for layout in layouts)
    n = len(layouts)
    assert counts[1] / n == pytest.approx(0.39, abs=0.05)
    assert counts[2] / n == pytest.approx(0.23, abs=0.05)
    assert counts[4] / n == pytest.approx(0.11, abs=0.04)
    assert statistics.mean(len(layout.slots) for layout in layouts) == pytest.approx(2.8, abs=0.3)


def test_letters_follow_published_figures(layouts: list[Layout]) -> None:
    slots = [(layout, slot) for layout in layouts for slot in layout.slots]
    lettered = [(layout, slot) for layout, slot in slots if slot.label]
    assert 1 - len(lettered) / len(slots) == pytest.approx(0.26, abs=0.05)
    assert sum(slot.label.isupper() for _, slot in lettered if slot.label) / len(lettered) == pytest.approx(
        0.78, abs=0.06
    )
    at = Counter(layout.position for layout, _ in lettered)
    assert at["top-left"] / len(lettered) == pytest.approx(0.66, abs=0.07)
    assert at["bottom-left"] / len(lettered) == pytest.approx(0.17, abs=0.06)
    assert statistics.median(layout.letter_px for layout, _ in lettered) == pytest.approx(20, abs=3)


def test_gaps_follow_published_figures(layouts: list[Layout]) -> None:
    several = [layout for layout in layouts if len(layout.slots) > 1]
    assert sum(layout.gap_px == 0 for layout in several) / len(several) == pytest.approx(0.2, abs=0.05)
    assert statistics.median(layout.gap_px / layout.image_wh[0] for layout in several) == pytest.approx(
        0.008, abs=0.002
    )
    assert all(700 <= layout.image_wh[0] <= 1600 for layout in layouts)


def test_places_of_a_layout_lie_in_the_image_and_do_not_overlap(layouts: list[Layout]) -> None:
    for layout in layouts[:200]:
        for k, slot in enumerate(layout.slots):
            checked_box(slot.box_xyxy, layout.image_wh)
            assert coverage(slot.picture_xyxy, slot.box_xyxy) == pytest.approx(1)
            assert all(intersection(slot.box_xyxy, other.box_xyxy) == 0 for other in layout.slots[k + 1 :])


@pytest.mark.parametrize(
    ("dialect", "text", "own"),
    [
        (Dialect.BRACKETS, "Lead. (A) One. Two. (B) Three. Tail.", ["(A) One. Two.", "(B) Three."]),
        (Dialect.COMMA, "Lead. A, One. Two. B, Three. Tail.", ["A, One. Two.", "B, Three."]),
        (Dialect.BARE, "Lead. A One. Two. B Three. Tail.", ["A One. Two.", "B Three."]),
        (Dialect.TRAILING, "Lead. One (A). Two. Three (B). Tail.", ["One (A). Two.", "Three (B)."]),
        (Dialect.PANEL, "Lead. Panel A: One. Two. Panel B: Three. Tail.", ["Panel A: One. Two.", "Panel B: Three."]),
        (Dialect.LIST, "Lead: A, One, Two; B, Three. Tail.", ["A, One, Two", "B, Three"]),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Dialect) else None,
)  # fmt: skip
def test_a_caption_in_each_dialect(dialect: Dialect, text: str, own: list[str]) -> None:
    parts = [Part(("A",), ("One", "Two")), Part(("B",), ("Three",))]
    caption = compose(dialect, "Lead", parts, ["Tail"], ["A", "B"])
    assert caption.text == text
    assert list(caption.own) == own


def test_shared_letters_are_listed_as_ranges_or_lists() -> None:
    rng = np.random.default_rng(0)
    assert {name_of(rng, ["A", "B"], "-") for _ in range(99)} == {"A and B", "A, B", "A-B"}
    assert {name_of(rng, ["A", "B", "C"], "-") for _ in range(99)} == {"A-C", "A, B and C", "A, B, C"}


def test_panels_without_letters_are_named_by_their_place() -> None:
    assert places([(0, 0, 10, 10), (10, 0, 20, 10)]) == ["left", "right"]
    assert places([(0, 0, 10, 10), (0, 10, 10, 20), (0, 20, 10, 30)]) == ["top", "middle", "bottom"]
    quarters = [(0.0, 0.0, 40.0, 40.0), (40.0, 0.0, 80.0, 40.0), (0.0, 40.0, 40.0, 80.0), (40.0, 40.0, 80.0, 80.0)]
    assert places(quarters) == ["top left", "top right", "bottom left", "bottom right"]
    assert places([(0, 0, 30, 10), (0, 10, 10, 20), (10, 10, 30, 20)]) is None


def test_the_package_imports_no_plotting_library_before_it_draws() -> None:
    code = "import sys, data.demo.corpus; print('matplotlib' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
