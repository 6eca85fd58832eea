"""What a run did, one JSON object a line: the curves of the page and the end of every run.

Kinds of lines, each with ``kind`` and ``step`` (steps done):

    start       pid, at, steps, world, parameters, trained: what is before it no longer counts
    resume      the same: lines before it with a later step were lost with the process and no longer count
    step        stage, level, loss, parts, lr, grad_norm, scale, images, seconds
    evaluation  levels (recall of each), score, best
    memory      accumulate: memory ran out, the batch is now cut into so many
    end         reason: finished, early, stopped, failed; message of what failed
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from curator.errors import TrainingError


class MetricsLog:
    """Appends to ``metrics.jsonl``. A line is one write, so that a reader never sees two halves of different lines."""

    def __init__(self, path: Path) -> None:
        _drop_torn_end(path)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, kind: str, step: int, **values: Any) -> None:
        """``values`` are JSON-ready; NaN and infinity are refused, since no browser reads them."""
        os.write(self._file, (json.dumps({"kind": kind, "step": step, **values}, allow_nan=False) + "\n").encode())

    def close(self) -> None:
        os.close(self._file)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines that count, in order: of a resumed run those that led to its present state.

    A last line that a killed process did not finish is left out; no file is no line.

    Raises:
        TrainingError: another line is no JSON object.
    """
    lines: list[dict[str, Any]] = []
    if not path.is_file():
        return lines
    *whole, _torn = path.read_bytes().split(b"\n")
    for number, text in enumerate(whole, start=1):
        try:
            line = json.loads(text)
            kind, step = line["kind"], line["step"]
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{path}:{number} is {text[:80]!r}; expected an object with kind and step") from error
        if kind == "start":
            lines = []
        if kind == "resume":
            lines = [earlier for earlier in lines if earlier["step"] <= step and earlier["kind"] != "end"]
        lines.append(line)
    return lines


def _drop_torn_end(path: Path) -> None:
    """Cuts off what a killed process left behind the last whole line."""
    if path.is_file():
        with path.open("rb+") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
