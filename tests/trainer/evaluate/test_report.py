"""A run's report: the numbers that training saw, beside the start, in a page that needs nothing else."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from curator.errors import InputError
from runs.hard_corpus import draw_hard_export
from tests.trainer.small_runs import small_config, small_train
from trainer.evaluate.page import render_page
from trainer.evaluate.report import Report, evaluate, load_report
from trainer.metrics import read_metrics
from trainer.run_folder import RunFolder

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "export"
    draw_hard_export(folder, 40, seed=1)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, export: Path) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "a run"
    small_train(export, folder, small_config(steps=9))
    return folder


@pytest.fixture(scope="module")
def report(run: Path, export: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    classes = tmp_path_factory.mktemp("classes")
    for number in range(6):
        for name, shade in (("dark", 40), ("light", 220)):
            (classes / name).mkdir(exist_ok=True)
            Image.new("RGB", (20, 20), (shade + number, 0, 0)).save(classes / name / f"{number}.png")
    return evaluate(str(run), export, split="val", classes=classes)


def test_the_model_and_its_start_have_the_recall_that_training_saw(report: Report, run: Path) -> None:
    """Training's own validation takes another way to the same numbers (trainer/validation.py)."""
    evaluations = [line for line in read_metrics(RunFolder(run).metrics) if line["kind"] == "evaluation"]
    start = evaluations[0]["levels"]
    best = next(line["levels"] for line in reversed(evaluations) if line["best"])
    for level, task in (("M", "figure"), ("P", "panel"), ("R", "box")):
        for way, key in (("image_to_text", "a2b"), ("text_to_image", "b2a")):
            found = report.document["results"]["retrieval"][task][way]
            for k in ("r1", "r10"):
                assert found[k]["value"] == pytest.approx(best[level][f"{key}_{k}"], abs=1e-5)
                assert found[k]["start"]["value"] == pytest.approx(start[level][f"{key}_{k}"], abs=1e-5)


def test_every_number_has_its_start_its_gain_and_a_pool(report: Report) -> None:
    results, data = report.document["results"], report.document["data"]
    assert set(results["retrieval"]) == {"figure", "panel", "region", "box"}
    assert results["retrieval"]["region"]["text_to_image"]["pool"] == data["pairs"]["R"]
    numbers = [found["r5"] for ways in results["retrieval"].values() for found in ways.values()]
    numbers += [results["grounding"]["pointing"], results["grounding"]["iou"], results["negatives"]["accuracy"]]
    numbers += [results["classes"]["zero_shot"]["accuracy"], results["classes"]["few_shot"][0]["accuracy"]]
    for number in numbers:
        assert number["gain"]["value"] == pytest.approx(number["value"] - number["start"]["value"], abs=1e-5)
        assert number["low"] <= number["value"] <= number["high"]
    assert results["classes"]["names"] == ["dark", "light"]
    assert results["grounding"]["phrases"] <= data["pairs"]["R"]


def test_equal_runs_of_the_evaluation_give_equal_reports(report: Report, run: Path, export: Path) -> None:
    again = evaluate(str(run), export, split="val").document
    assert {**again["results"], "classes": None} == {**report.document["results"], "classes": None}
    assert again["examples"] == report.document["examples"]


def test_a_model_without_a_run_stands_alone_and_one_can_be_put_beside_it(run: Path, export: Path) -> None:
    alone = evaluate("small-vit-mean", export, limit=2).document
    assert (alone["start"], alone["curves"], alone["data"]["limit"]) == (None, None, 2)
    assert alone["results"]["retrieval"]["panel"]["image_to_text"]["queries"] == 2
    assert alone["results"]["retrieval"]["figure"]["image_to_text"]["r1"]["gain"] is None
    render_page(alone, dict.fromkeys(_pictures(alone), "data:,"), {one["id"]: "data:," for one in alone["pointed"]})
    beside = evaluate("small-vit-mean", export, limit=2, against=str(run)).document
    assert beside["start"] == "a run"


def test_the_best_are_better_than_the_worst_and_show_what_was_found(report: Report) -> None:
    examples = report.document["examples"]
    assert {(item["task"], item["direction"], item["kind"]) for item in examples} == {
        (task, way, kind)
        for task in ("figure", "panel", "box")
        for way in ("image_to_text", "text_to_image")
        for kind in ("best", "worst")
    }
    for task in ("panel", "box"):
        ranks = {
            kind: [item["rank"] for item in examples if (item["task"], item["kind"]) == (task, kind)]
            for kind in ("best", "worst")
        }
        assert max(ranks["best"]) < min(ranks["worst"])
    for item in examples:
        positions = [place for place, found in enumerate(item["found"], start=1) if found["right"]]
        assert positions[:1] == ([item["rank"]] if item["rank"] <= 4 else [])
    assert set(report.pictures) == _pictures(report.document)


def test_what_points_best_and_worst_is_shown_as_a_picture_of_its_panel(report: Report) -> None:
    pointed = report.document["pointed"]
    assert [one["kind"] for one in pointed] == ["best"] * 3 + ["worst"] * 3
    assert min(one["iou"] for one in pointed[:3]) > max(one["iou"] for one in pointed[3:])
    assert set(report.heats) == {one["id"] for one in pointed}
    assert all(picture.startswith("data:image/jpeg;base64,") for picture in report.heats.values())


def test_the_page_is_whole_escaped_and_asks_nothing_of_the_network(report: Report, tmp_path: Path) -> None:
    report.save(tmp_path)
    assert load_report(tmp_path) == json.loads(json.dumps(report.document))
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.sources)
    assert not {"script", "link", "iframe"} & set(page.seen)
    assert "http" not in text.replace("http-equiv", "")
    assert "prefers-color-scheme: dark" in text
    assert page.seen.count("svg") == 11  # R@1, eight curves of R@k, loss, validation
    assert page.seen.count("table") == 3
    value = report.document["results"]["retrieval"]["panel"]["image_to_text"]["r5"]["value"]
    assert f"<strong>{value * 100:.1f} %</strong>" in text
    document = {**report.document, "model": "<script>alert(1)</script>"}
    document["examples"] = [{**item, "query_text": '"><img src=x onerror=y>'} for item in document["examples"]]
    assert "<script" not in (hostile := render_page(document, report.pictures, report.heats))
    assert "<img src=x" not in hostile


def test_a_split_that_holds_nothing_is_an_error(tmp_path: Path, run: Path) -> None:
    draw_hard_export(tmp_path / "one", 1, seed=0)
    with pytest.raises(InputError, match=r"split 'test' of .* holds no pair; name another, or export more figures"):
        evaluate(str(run), tmp_path / "one")


@pytest.mark.parametrize("text", [None, "[]", '{"format": 99}'], ids=["none", "no report", "other format"])
def test_what_is_no_report_is_an_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "report.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="`curator evaluate`"):
        load_report(tmp_path)


def _pictures(document: dict[str, Any]) -> set[Any]:
    """Task and id of every image that a report's examples name."""
    shown = {(item["task"], item["query_id"]) for item in document["examples"]}
    return shown | {
        (item["task"], found["id"]) for item in document["examples"] for found in item["found"] if found["id"]
    }


class Page(HTMLParser):
    """Tags that are still open, all tags seen, and the sources of images."""

    VOID = frozenset({"meta", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
