"""Pairs for evaluation: all of a split, once each, with boxes on what their texts name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runs.hard_corpus import draw_hard_export
from runs.hard_panels import COLORS
from tests.trainer.exports import export_project
from trainer.evaluation_items import evaluation_items


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "export"
    draw_hard_export(folder, 20, 0)
    return folder


def test_every_pair_of_the_split_is_there_once_in_the_order_of_the_export(drawn: Path) -> None:
    figures, panels, regions = (list(evaluation_items(drawn, "val", level)) for level in ("M", "P", "R"))
    assert (len(figures), len(panels), len(regions)) == (4, 12, 24)
    first = figures[0].id
    assert [item.id for item in panels[:3]] == [f"{first}/p1", f"{first}/p2", f"{first}/p3"]
    assert [item.id for item in regions[:3]] == [f"{first}/p1/r1", f"{first}/p1/r2", f"{first}/p2/r3"]
    assert len({item.id for item in (*figures, *panels, *regions)}) == 40
    again = list(evaluation_items(drawn, "val", "R"))
    assert [(item.id, item.text, item.box_xyxy) for item in again] == [
        (item.id, item.text, item.box_xyxy) for item in regions
    ]


def test_no_article_of_training_is_evaluated(drawn: Path) -> None:
    articles = [{item.article_id for item in evaluation_items(drawn, split, "M")} for split in ("train", "val", "test")]
    assert all(articles)
    assert sum(map(len, articles)) == len(set.union(*articles)) == 10


def test_figures_and_panels_are_whole_images(drawn: Path) -> None:
    figure, panel = (next(evaluation_items(drawn, "val", level)) for level in ("M", "P"))
    assert (figure.image.size, figure.box_xyxy, figure.crop) == ((344, 112), None, figure.image)
    assert panel.image.size == (112, 112)
    assert np.array_equal(np.asarray(panel.image), np.asarray(figure.image)[:, :112])
    assert figure.text.startswith("drawn sections a ")
    assert panel.text in figure.text.replace(" b ", " arrowheads findings b ")


def test_regions_lie_on_what_their_texts_name_and_not_on_their_negatives(drawn: Path) -> None:
    items = list(evaluation_items(drawn, "val", "R"))
    for item in items:
        color, shape, position = item.text.split()[0], item.text.split()[1], item.text.split(" the ")[1]
        shows = np.abs(np.asarray(item.crop, float) - COLORS[color]).max(axis=-1) < 60
        assert shows.mean() > 0.15
        assert item.box_xyxy is not None
        x, y = (item.box_xyxy[0] + item.box_xyxy[2]) / 2, (item.box_xyxy[1] + item.box_xyxy[3]) / 2
        rows, columns = ("upper", "middle", "lower"), ("left", "centre", "right")
        assert position == f"{rows[int(y // (112 / 3))]} {columns[int(x // (112 / 3))]}"
        assert len(set(item.negatives)) == 5
        assert item.text not in item.negatives
        assert sum(f"{color} {shape} " in negative for negative in item.negatives) == 1
        assert item.negated == item.text
    assert len({item.image_id for item in items}) == 12


def test_the_authors_clause_is_taken_before_a_description(tmp_path: Path) -> None:
    export = export_project(tmp_path, "webdataset")
    item = next(evaluation_items(export, "train", "R"))
    assert item.text == "arrow mitosis"
    assert item.image.size == (50, 80)
    assert item.box_xyxy == (20, 20, 40, 40)
    assert item.crop.size == (20, 20)


def test_only_some_images_can_be_asked_for(drawn: Path) -> None:
    items = list(evaluation_items(drawn, "val", "R"))
    wanted = {items[0].image_id, items[-1].image_id}
    found = [item.id for item in evaluation_items(drawn, "val", "R", wanted)]
    assert found == [item.id for item in items if item.image_id in wanted]
    assert 0 < len(found) < len(items)
