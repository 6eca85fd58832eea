"""The bench of ranking runs, on a small project."""

from __future__ import annotations

import re

import pytest

from bench import ranking


def test_it_ranks_every_figure_that_waits_and_times_the_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"FIGURES": 400, "_REVIEWED": 40, "DIM": 8, "RUNS": 1, "ASKED": 5}.items():
        monkeypatch.setattr(ranking, name, value)
    ranking.run()
    printed = capsys.readouterr().out
    assert "ranked again by default, 360 figures, embeddings of 8" in printed
    assert re.search(r"next figure, order next: p95 \d+\.\d ms", printed)
