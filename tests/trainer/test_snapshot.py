"""Snapshots: what was trained on, by whom it was verified, and that it is still the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from curator.commands import parse_commands
from curator.errors import InputError
from data.export import export
from data.store import Store
from runs.hard_corpus import draw_hard_export
from tests.data.projects import add_mined_figure
from tests.trainer.exports import change_records
from trainer.snapshot import describe, freeze, load_snapshot


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    draw_hard_export(tmp_path / "drawn", 20, 0)
    return tmp_path / "drawn"


def test_a_snapshot_counts_pairs_kinds_and_licences_by_split(drawn: Path, tmp_path: Path) -> None:
    snapshot = freeze(drawn, tmp_path / "run")
    counts = json.loads((drawn / "manifest.json").read_text())["counts"]
    for split, figures in snapshot.figures.items():
        assert figures == counts[f"figures_{split}"] > 0
        assert snapshot.pairs[split] == {"M": figures, "P": 3 * figures, "R": 6 * figures}
        assert snapshot.kinds[split] == {"microscopy": 3 * figures}
        assert snapshot.licenses[split] == {"CC0-1.0": figures}
        assert snapshot.articles[split] == figures / 2
    assert snapshot.states == {"figures": {"accepted": 20}, "panels": {"accepted": 60}, "regions": {"accepted": 120}}
    assert (snapshot.format, snapshot.schema_version, snapshot.verified_only) == ("jsonl", 2, True)
    assert (snapshot.left_out, snapshot.warnings) == ({}, ())
    assert load_snapshot(tmp_path / "run") == snapshot


def test_a_snapshot_says_who_decided(tmp_path: Path) -> None:
    store = Store(tmp_path / "project")
    for number in range(3):
        add_mined_figure(store, f"PMC{number}")
    accept = {"op": "judge_figure", "state": "accepted"}
    moved = {"op": "resize", "id": "p1", "box_xyxy": [0, 0, 49, 80]}
    drawn = {"op": "add", "level": "region", "box_xyxy": [55, 5, 65, 15], "parent_id": "p2"}
    store.reviews.decide("PMC0:fig1", 1, parse_commands([moved, drawn, accept]), "ann#1", 0.0)
    export(store, "jsonl", tmp_path / "export", verified_only=False)
    store.close()
    snapshot = describe(tmp_path / "export")
    assert snapshot.states["figures"] == {"proposed": 2, "accepted": 1}
    assert snapshot.states["panels"] == {"proposed": 4, "accepted": 1, "edited": 1}
    assert snapshot.agents == {"embedded": 9, "person:ann": 1}
    assert not snapshot.verified_only
    assert len(snapshot.warnings) > 0


def test_what_makes_no_pair_is_counted_with_its_reason(drawn: Path) -> None:
    def spoil(record: dict[str, Any]) -> dict[str, Any]:
        first, second, third = record["panels"]
        first.update(caption="", own_caption="")
        second["regions"][0]["box_xyxy"] = [0, 0, 9, 9]
        second["regions"][1].update(description="", caption="...", label="", clause="")
        record["unassigned"]["regions"] = third.pop("regions")[:1]
        return {**record, "caption": "", "panels": [first, second, {**third, "regions": []}]}

    change_records(drawn, spoil)
    assert describe(drawn).left_out == {
        "regions of panels without text": 40,
        "figures without caption": 20,
        "panels without text": 20,
        "regions in no panel": 20,
        "regions outside their panel": 20,
        "regions without text": 20,
    }
    assert all(pairs["M"] == pairs["R"] == 0 for pairs in describe(drawn).pairs.values())


def test_the_hash_is_that_of_the_data_wherever_they_lie(drawn: Path, tmp_path: Path) -> None:
    shutil.copytree(drawn, tmp_path / "copy")
    assert describe(tmp_path / "copy") == describe(drawn)
    before = describe(drawn).sha256
    change_records(drawn, lambda record: {**record, "caption": "Other."})
    assert describe(drawn).sha256 != before


def test_a_run_goes_on_only_with_the_data_it_was_started_on(drawn: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert freeze(drawn, run) == freeze(drawn, run)
    change_records(drawn, lambda record: {**record, "caption": "Other."})
    with pytest.raises(InputError, match=rf"^{run} was started on other data \("):
        freeze(drawn, run)


def test_files_changed_or_lost_after_the_export_are_named(drawn: Path, tmp_path: Path) -> None:
    image = next((drawn / "images").iterdir())
    content = image.read_bytes()
    image.write_bytes(content + b" ")
    with pytest.raises(InputError, match=rf"^{image} was changed after the export"):
        freeze(drawn, tmp_path / "run")
    image.unlink()
    with pytest.raises(InputError, match=rf"^{image} is missing from the export"):
        freeze(drawn, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [None, "{", "{}", '{"warnings": [], "sha": 1}'])
def test_what_is_no_snapshot_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "snapshot.json").write_text(content)
    with pytest.raises(InputError, match="is no snapshot of a run's data"):
        load_snapshot(tmp_path)
