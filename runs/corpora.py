"""The drawn corpora that experiments train on and are scored on, each drawn once into a folder of its own."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from runs.hard_corpus import draw_hard_export


class State(TypedDict, total=False):
    """How much of a corpus is wrong and reviewed: as ``draw_hard_export`` takes it."""

    wrong_boxes: float
    reviewed: float
    verified_only: bool


@dataclass(frozen=True, slots=True)
class Corpus:
    """``runs.hard_corpus``, and how much of it is wrong and reviewed."""

    figures: int
    seed: int
    wrong_boxes: float = 0.0
    reviewed: float = 0.0
    verified_only: bool = False

    @property
    def name(self) -> str:
        spoiled = f"-wrong{self.wrong_boxes:g}-reviewed{self.reviewed:g}" if self.wrong_boxes else ""
        return f"figures{self.figures}-seed{self.seed}{spoiled}{'-verified' if self.verified_only else ''}"

    def drawn(self, below: Path) -> Path:
        """The export's folder ``below / name``; drawn now where it is not there yet."""
        folder = below / self.name
        if not folder.is_dir():
            below.mkdir(parents=True, exist_ok=True)
            fresh = below / f".{self.name}.fresh"
            shutil.rmtree(fresh, ignore_errors=True)  # of a drawing that was killed
            draw_hard_export(
                fresh,
                self.figures,
                self.seed,
                wrong_boxes=self.wrong_boxes,
                reviewed=self.reviewed,
                verified_only=self.verified_only,
            )
            os.replace(fresh, folder)
        return folder
