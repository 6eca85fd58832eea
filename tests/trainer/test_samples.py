"""Samples: boxes stay on what they show, children are drawn anew, texts take turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runs.hard_corpus import draw_hard_export
from runs.hard_panels import COLORS
from tests.trainer.exports import change_records, config_of
from trainer.config import Level, Weights
from trainer.contents import Contents, contents_of
from trainer.samples import Recipe, Sample, make_sample

PX = 96


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    folder = tmp_path_factory.mktemp("drawn") / "export"
    draw_hard_export(folder, 12, 3)
    return contents_of(folder)


def recipe(level: Level, **changes: Any) -> Recipe:
    return Recipe(
        **({"level": level, "px": PX, "children": 8, "crops": True, "negatives": True, "augmented": True} | changes)
    )


def samples(contents: Contents, recipe: Recipe, n: int = 30) -> list[Sample]:
    items = contents.pairs[recipe.level].tolist()
    chosen = [items[index % len(items)] for index in range(n)]
    return [
        make_sample(contents, recipe, figure, panel, np.random.default_rng([7, index]))
        for index, (figure, panel) in enumerate(chosen)
    ]


def color_share(rgb: np.ndarray[Any, Any], color: str) -> float:
    """The share of pixels that are about of this colour."""
    return float((np.abs(rgb.astype(float) - COLORS[color]).max(axis=-1) < 60).mean())


@pytest.mark.parametrize("level", ["P", "R"])
def test_a_regions_box_and_crop_show_the_colour_that_its_text_names(contents: Contents, level: Level) -> None:
    seen = 0
    for sample in samples(contents, recipe(level)):
        for child in sample.children:
            color = child.text.split()[0]
            x0, y0, x1, y1 = (round(value) for value in child.box_xyxy)
            inside = sample.rgb[max(y0, 0) : y1, max(x0, 0) : x1]
            assert child.crop is not None
            assert color_share(inside, color) > 0.15
            assert color_share(child.crop, color) > 0.15
            assert np.abs(child.crop.mean((0, 1)) - inside.mean((0, 1))).max() < 25
            seen += 1
    assert seen > 40


def test_panels_of_a_figure_lie_side_by_side_in_its_square(contents: Contents) -> None:
    for sample in samples(contents, recipe("M", augmented=False), 12):
        lefts = [child.box_xyxy[0] for child in sample.children]
        assert lefts == pytest.approx([0, 116 * PX / 344, 232 * PX / 344])
        for letter, child in zip("abc", sample.children, strict=True):
            assert child.text.startswith(f"{letter} ")
            assert child.text in sample.text
            assert child.negatives == ()
            x0, _, x1, _ = (round(value) for value in child.box_xyxy)
            assert child.crop is not None
            assert np.abs(child.crop.mean((0, 1)) - sample.rgb[:, x0:x1].mean((0, 1))).max() < 6


def test_every_part_keeps_a_child_and_boxes_stay_inside(contents: Contents) -> None:
    for level in ("M", "P", "R"):
        for sample in samples(contents, recipe(level)):
            assert sample.children
            boxes = np.array([child.box_xyxy for child in sample.children])
            assert boxes.min() >= -1e-6
            assert boxes.max() <= PX + 1e-6
            assert (boxes[:, 2:] - boxes[:, :2]).min() > 1


def test_a_child_at_the_very_edge_is_never_cut_away(tmp_path: Path) -> None:
    def to_the_corner(record: dict[str, Any]) -> dict[str, Any]:
        panel = record["panels"][0]
        panel["regions"] = [{**panel["regions"][0], "box_xyxy": [0, 0, 2, 2]}]
        return {**record, "panels": [panel]}

    draw_hard_export(tmp_path / "export", 4, 0)
    change_records(tmp_path / "export", to_the_corner)
    found = samples(contents_of(tmp_path / "export"), recipe("R"), 40)
    assert all(len(sample.children) == 1 for sample in found)


def test_children_are_drawn_anew_where_there_are_more_than_wanted(contents: Contents) -> None:
    found = samples(contents, recipe("M", children=2), 60)
    assert {len(sample.children) for sample in found} == {2}
    assert {tuple(child.text[0] for child in sample.children) for sample in found} == {
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    }


def test_a_region_says_one_of_its_two_texts_each_time(tmp_path: Path) -> None:
    def with_clause(record: dict[str, Any]) -> dict[str, Any]:
        for panel in record["panels"]:
            for region in panel["regions"]:
                region["clause"] = "Arrowhead!"
        return record

    draw_hard_export(tmp_path / "export", 4, 0)
    change_records(tmp_path / "export", with_clause)
    texts = [child.text for s in samples(contents_of(tmp_path / "export"), recipe("R"), 60) for child in s.children]
    assert 0.3 < texts.count("arrowhead") / len(texts) < 0.7


def test_the_same_random_numbers_give_the_same_sample_and_others_another(contents: Contents) -> None:
    def drawn(seed: int) -> Sample:
        return make_sample(contents, recipe("P"), 0, 0, np.random.default_rng(seed))

    assert np.array_equal(drawn(1).rgb, drawn(1).rgb)
    assert drawn(1).children[0].box_xyxy == drawn(1).children[0].box_xyxy
    assert drawn(1).children[0].box_xyxy != drawn(2).children[0].box_xyxy


@pytest.mark.parametrize(
    ("weights", "regions", "wanted"),
    [
        (Weights(), "roi", {"M": (0, False, False), "P": (0, False, False), "R": (8, False, False)}),
        (Weights(), "crop", {"M": (0, False, False), "P": (0, False, False), "R": (8, True, False)}),
        (Weights(inter=1), "roi", {"M": (8, False, False), "P": (8, False, False), "R": (8, False, False)}),
        (Weights(inter=1), "crop", {"M": (8, True, False), "P": (8, True, False), "R": (8, True, False)}),
        (Weights(negatives=1), "roi", {"M": (0, False, False), "P": (8, False, True), "R": (8, False, True)}),
        (Weights(consistency=1), "roi", {"M": (0, False, False), "P": (8, True, False), "R": (8, True, False)}),
    ],
    ids=["alone", "alone, crops", "inter", "inter, crops", "negatives", "consistency"],
)
def test_children_crops_and_negatives_are_made_only_for_losses_that_use_them(
    weights: Weights, regions: str, wanted: dict[Level, tuple[int, bool, bool]]
) -> None:
    config = config_of(weights, regions=regions)
    found = {level: Recipe.of(config, level, augmented=True) for level in wanted}
    assert {level: (each.children, each.crops, each.negatives) for level, each in found.items()} == wanted
