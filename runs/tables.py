"""Results as Markdown tables: the mean over seeds, with an interval that says how much the seed matters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from scipy.stats import t as student

from runs.trials import Result

LEVELS = {
    "figure": "figure",
    "figure r10": "figure R@10",
    "panel": "panel",
    "box": "region",
    "box r10": "region R@10",
    "negatives": "negatives",
}
"""Scores and their titles: what each level learned, both directions together."""


def by_row(results: Sequence[Result]) -> dict[str, list[Result]]:
    """In the order of their first result; of a row in the order of seeds."""
    rows: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda result: result.trial.config.seed):
        rows.setdefault(result.trial.row, []).append(result)
    first = list(dict.fromkeys(result.trial.row for result in results))
    return {row: rows[row] for row in first}


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half of its 95 % interval, by Student's t over the seeds; one value gives an endless one."""
    if len(values) < 2:
        return fmean(values), math.inf
    return fmean(values), float(student.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))


def score_table(results: Sequence[Result], columns: Mapping[str, str]) -> str:
    """A line a row: mean and interval of each score; ``columns`` are titles by the name of the score."""
    lines = [_line("", *columns.values(), "seconds"), _line(*["---"] * (len(columns) + 2))]
    for row, found in by_row(results).items():
        cells = [shown(*interval([result.scores[name] for result in found])) for name in columns]
        lines.append(_line(row, *cells, f"{fmean(result.seconds for result in found):.0f}"))
    return "\n".join(lines)


def difference_table(results: Sequence[Result], columns: Mapping[str, str], baseline: str) -> str:
    """Each row's scores less those of the ``baseline`` with the same seed; bold where the interval leaves out 0."""
    rows = by_row(results)
    lines = [_line(f"less {baseline}", *columns.values()), _line(*["---"] * (len(columns) + 1))]
    for row, found in rows.items():
        if row == baseline:
            continue
        cells = [shown(*interval(differences(found, rows[baseline], name)), signed=True) for name in columns]
        lines.append(_line(row, *cells))
    return "\n".join(lines)


def differences(found: Sequence[Result], baseline: Sequence[Result], name: str) -> list[float]:
    """Seed by seed; the seeds that both have."""
    before = {result.trial.config.seed: result.scores[name] for result in baseline}
    return [
        result.scores[name] - before[result.trial.config.seed] for result in found if result.trial.config.seed in before
    ]


def shown(value: float, half: float, *, signed: bool = False) -> str:
    """A mean with half of its interval; a difference (``signed``) is bold where the interval leaves out 0."""
    text = f"{value:{'+' if signed else ''}.1f} ± {half:.1f}"
    return f"**{text}**" if signed and abs(value) > half else text


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
