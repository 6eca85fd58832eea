"""The report that a run ends with: its best model beside the one that it started from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ui.training.runs import REPORT

if TYPE_CHECKING:
    from trainer.records import Split


def write_report(run: Path, data: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> str:
    """Writes ``run/report`` and gives what must be said of it, often nothing.

    On the test split; where that is empty on val, else on train. ``progress`` gets images done, of how many.

    Raises:
        InputError, ImageError: the data cannot be read, or no split holds a pair.
        TrainingError, ModelError, SettingsError: a model cannot be loaded.
    """
    from trainer.evaluate.report import evaluate
    from trainer.snapshot import load_snapshot

    pairs = load_snapshot(run).pairs
    splits: tuple[Split, ...] = ("test", "val", "train")
    split: Split = next((split for split in splits if any(pairs[split].values())), "test")
    done, total = 0, 2 * sum(pairs[split].values())

    def told(model: str, images: int) -> None:
        nonlocal done
        done += images
        progress(done, max(total, done))

    progress(0, total)
    evaluate(str(run), data, split=split, progress=told).save(run / REPORT)
    return "" if split == "test" else f"the report is of the {split} split, since test is empty"
