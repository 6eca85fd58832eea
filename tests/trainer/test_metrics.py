"""The log of a run, whatever kills its process."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.errors import TrainingError
from trainer.metrics import MetricsLog, read_metrics


def steps(path: Path) -> list[tuple[str, int]]:
    return [(line["kind"], line["step"]) for line in read_metrics(path)]


def test_what_is_written_is_read_in_order(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "m.jsonl")
    log.write("step", 1, loss=0.5, parts={"intra": 0.5})
    assert read_metrics(tmp_path / "m.jsonl") == [{"kind": "step", "step": 1, "loss": 0.5, "parts": {"intra": 0.5}}]


def test_a_run_without_a_log_has_no_lines(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "m.jsonl") == []


def test_a_line_that_a_killed_process_left_torn_is_not_read_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    MetricsLog(path).write("step", 1)
    path.write_bytes(path.read_bytes() + b'{"kind": "step", "st')
    assert steps(path) == [("step", 1)]
    MetricsLog(path).write("step", 2)
    assert steps(path) == [("step", 1), ("step", 2)]


def test_after_a_resume_the_steps_lost_with_the_process_no_longer_count(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    log = MetricsLog(path)
    for step in (1, 2, 3, 4):
        log.write("step", step)
    log.write("end", 2, reason="stopped")
    log.write("resume", 2)
    log.write("step", 3)
    assert steps(path) == [("step", 1), ("step", 2), ("resume", 2), ("step", 3)]


def test_a_broken_line_in_the_middle_is_named_and_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"kind": "step", "step": 1}\nrubbish\n{"kind": "step", "step": 2}\n')
    with pytest.raises(TrainingError, match=r"m\.jsonl:2 is b'rubbish'; expected an object with kind and step"):
        read_metrics(path)


def test_not_a_number_is_refused_since_no_browser_reads_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        MetricsLog(tmp_path / "m.jsonl").write("step", 1, loss=float("nan"))
