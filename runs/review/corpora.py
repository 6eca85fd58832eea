"""Drawn figures without their pictures, each corpus drawn once: what simulated curators review."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.stand_ins.truths import figure_of, hierarchy_of
from curator.figure import Article, Figure, Hierarchy
from data.demo.corpus import FIGURES_AN_ARTICLE
from data.demo.drawing import draw_figure

JOURNALS = 6  # guess: a project reads a handful of journals


@dataclass(frozen=True, slots=True)
class Truths:
    """The first figures of a drawn corpus; figure k is that of ``data.demo.corpus`` with this seed."""

    figures: int
    seed: int

    def articles(self, below: Path) -> Iterator[tuple[Article, list[tuple[Figure, Hierarchy]]]]:
        """Articles of a few figures, each with its truth; drawn into ``below`` where they are not there yet."""
        entries = self._entries(below)
        for first in range(0, len(entries), FIGURES_AN_ARTICLE):
            number = first // FIGURES_AN_ARTICLE
            article = Article(f"drawn-{self.seed}-{number:04d}", journal=f"Journal {number % JOURNALS + 1}")
            some = entries[first : first + FIGURES_AN_ARTICLE]
            yield (
                article,
                [
                    (figure_of(truth, article.id, f"f{n}"), hierarchy_of(truth))
                    for n, truth in enumerate(some, start=first + 1)
                ],
            )

    def _entries(self, below: Path) -> list[dict[str, Any]]:
        path = below / f"truths-{self.figures}-{self.seed}.json"
        if not path.is_file():
            below.mkdir(parents=True, exist_ok=True)
            drawn = [
                draw_figure(np.random.default_rng([self.seed, index])).truth(f"demo-{index + 1:04d}", f"f{index + 1}")
                for index in range(self.figures)
            ]
            fresh = path.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(drawn, ensure_ascii=False), encoding="utf-8")
            os.replace(fresh, path)
        entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return entries
