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
