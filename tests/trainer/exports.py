"""Exports for tests, what may be wrong with them, and a tokenizer whose tokens can be read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from data.export import Format, export
from data.store import Store
from tests.data.projects import add_mined_figure
from trainer.config import Stage, TrainConfig, Weights

CONTEXT = 160
ALL = Weights(inter=1.0, roi=1.0, negatives=1.0, consistency=1.0)


def config_of(weights: Weights = ALL, **changes: Any) -> TrainConfig:
    values: dict[str, Any] = {
        "preset": "test",
        "stages": (Stage("all", 1.0, ("M", "P", "R"), weights),),
        "model": "curator-tiny",
        "steps": 10,
        "batch": 4,
        "image_px": 32,
        "lr": 1e-3,
        "weight_decay": 0.0,
        "warmup_steps": 0,
        "workers": 0,
    }
    return TrainConfig(**(values | changes))


def bytes_of(texts: list[str]) -> Tensor:
    """A tokenizer: UTF-8, filled up with zeros."""
    return torch.tensor([list(text.encode().ljust(CONTEXT, b"\0")) for text in texts], dtype=torch.int64)


def texts_of(tokens: Tensor) -> list[str]:
    return [bytes(row).rstrip(b"\0").decode() for row in tokens.tolist()]


def export_project(tmp_path: Path, format_: Format, articles: int = 12) -> Path:
    """A real project's export: articles of one figure with two panels, a marker and a region."""
    store = Store(tmp_path / "project")
    for number in range(articles):
        add_mined_figure(store, f"PMC{number}")
    export(store, format_, tmp_path / format_, verified_only=False)
    store.close()
    return tmp_path / format_


def change_records(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    """Rewrites a JSONL export as if it had been exported so; figures changed to None are left out."""
    path = folder / "hierarchy.jsonl"
    changed = [change(json.loads(line)) for line in path.read_text().splitlines()]
    kept = [record for record in changed if record is not None]
    path.write_text("".join(json.dumps(record) + "\n" for record in kept))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["counts"]["figures"] = len(kept)
    manifest["files"]["hierarchy.jsonl"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
