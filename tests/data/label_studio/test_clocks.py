"""Clocks that are apart lose nothing and take nothing in twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.stand_ins.label_studio import LabelStudioServer
from curator.figure import Panel
from tests.data.label_studio.syncing import EVE, NOW_S, Pair, labelled, resized, shape

HERE = datetime.fromtimestamp(NOW_S, UTC)


@pytest.mark.parametrize("apart", [timedelta(minutes=m) for m in (-600, -7, 7, 600)], ids=str)
def test_it_does_not_matter_how_far_apart_the_clocks_are(tmp_path: Path, apart: timedelta) -> None:
    with LabelStudioServer(HERE + apart) as there:
        pair = Pair(tmp_path, there, 2)
        both, odds = pair.ids
        pair.sync()
        for round_ in range(3):
            pair.move_there("p2", 60 + round_, both)
            pair.decide(labelled("p1", "XYZ"[round_]), figure_id=both)
            report = pair.sync()
            assert (report.taken_in, report.conflicts) == (1, 0)
        assert pair.events(both) == [("decide", "anna"), ("decide", f"label-studio:{EVE}")] * 3
        panel = pair.node("p1", both)
        assert isinstance(panel, Panel)
        assert (panel.label, pair.node("p2", both).box_xyxy[0]) == ("Z", pytest.approx(62, abs=0.1))
        rows = pair.rows(odds)
        shape(rows, "p1")["value"]["width"] = 20
        pair.submit(rows, odds)
        pair.decide(resized("p1", 40), figure_id=odds)
        assert pair.sync().conflicts == 1  # the newer one does not win by its clock
        assert (pair.sync().taken_in, pair.sync().sent) == (0, 0)


@pytest.mark.parametrize("year", [1999, 2099])
def test_clocks_may_differ(tmp_path: Path, there: LabelStudioServer, year: int) -> None:
    there.clock = datetime(year, 1, 1, tzinfo=UTC)
    pair = Pair(tmp_path, there)
    pair.sync()
    pair.move_there("p2", 60)
    assert pair.sync().taken_in == 1


def test_a_change_after_the_clock_there_was_set_back_by_minutes_is_read(pair: Pair) -> None:
    pair.sync()
    pair.there.clock -= timedelta(minutes=9)
    pair.move_there("p2", 60)
    assert pair.sync().taken_in == 1


def test_a_change_after_the_clock_there_was_set_back_by_hours_is_read_by_a_whole_reading(pair: Pair) -> None:
    pair.sync()
    pair.there.clock -= timedelta(hours=9)
    pair.move_there("p2", 60)
    assert pair.sync().taken_in == 0
    assert pair.sync(whole=True).taken_in == 1
