"""Where everything in an export is: one pass over its records, which are checked and then let go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from curator.errors import InputError
from trainer.config import Level
from trainer.exports import MANIFEST, Export, Place, find_export
from trainer.pairs import figure_fault, panel_fault, regions_of
from trainer.records import FigureRecord, Split
from trainer.splits import SPLITS, Membership, filled_splits

Items: TypeAlias = NDArray[np.int32]
"""[n, 2]: index of a figure, and of its panel (0 at level M), in the order of the files."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Some 20 bytes a figure and 8 a pair: it travels to workers however large the export is."""

    export: Export
    places: NDArray[np.int64]
    """[n, 2]: file and byte of each figure."""
    splits: NDArray[np.int8]
    """[n]: index into ``SPLITS``."""
    pairs: dict[Level, Items]
    """What trains at each level, of all splits; at R panels that have a region."""
    warnings: tuple[str, ...]
    """Of splits that had to be filled."""

    def items(self, split: Split, level: Level) -> Items:
        """What trains at a level of a split."""
        pairs = self.pairs[level]
        chosen: Items = pairs[self.splits[pairs[:, 0]] == SPLITS.index(split)]
        return chosen

    def record(self, figure: int) -> FigureRecord:
        return self.export.record(self.place(figure))

    def place(self, figure: int) -> Place:
        file, offset = self.places[figure]
        return Place(int(file), int(offset))


def contents_of(folder: Path) -> Contents:
    """The contents of the export in a folder; read once a process while its manifest does not change.

    Raises:
        InputError: no export is there, a record is unreadable, a figure is there twice, or some are missing.
    """
    manifest = folder / MANIFEST
    return _contents(folder.resolve(), manifest.stat().st_mtime_ns if manifest.is_file() else 0)


@lru_cache(maxsize=4)  # a run has one export; tests and the page look at a few
def _contents(folder: Path, changed_ns: int) -> Contents:
    export = find_export(folder)
    members: list[Membership] = []
    places: list[Place] = []
    pairs: dict[Level, list[tuple[int, int]]] = {"M": [], "P": [], "R": []}
    for index, (place, record) in enumerate(export.records()):
        places.append(place)
        members.append(Membership(record.article_id, record.figure_id, record.split))
        if figure_fault(record) is None:
            pairs["M"].append((index, 0))
        for number, panel in enumerate(record.panels):
            if panel_fault(panel) is None:
                pairs["P"].append((index, number))
                if regions_of(panel):
                    pairs["R"].append((index, number))
    _check(export, [member.figure_id for member in members])
    splits, warnings = filled_splits(members)
    return Contents(
        export,
        np.array(places, np.int64).reshape(-1, 2),
        np.array([SPLITS.index(split) for split in splits], np.int8),
        {level: np.array(found, np.int32).reshape(-1, 2) for level, found in pairs.items()},
        warnings,
    )


def _check(export: Export, figure_ids: list[str]) -> None:
    doubled = [figure_id for figure_id, n in Counter(figure_ids).items() if n > 1]
    if doubled:
        raise InputError(f"{export.folder} holds figures {doubled[:3]!r} more than once; export the project again")
    promised = export.manifest.get("counts", {}).get("figures")
    if promised != len(figure_ids):
        raise InputError(
            f"{export.folder} holds {len(figure_ids)} figures, its {MANIFEST} counts {promised!r}; "
            "copy it completely, or export the project again"
        )
