"""Splits of small exports: where the articles' own splits leave one empty, it gets figures of the training split."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from trainer.records import Split

SPLITS: tuple[Split, ...] = ("train", "val", "test")
_SHARE = 0.1  # as ``curator export`` splits articles: 80 / 10 / 10
_FEW_ARTICLES = 10  # with fewer, a whole article is more than the tenth that val and test are meant to be


class Membership(NamedTuple):
    """A figure, as far as splits go."""

    article_id: str
    figure_id: str
    split: Split
    """As exported: by article."""


def filled_splits(figures: Sequence[Membership]) -> tuple[list[Split], tuple[str, ...]]:
    """The split of each figure, and a warning for each split that had to be filled.

    Splits that hold figures stay as exported. An empty "val" or "test" takes a tenth of all figures out of "train",
    whole articles where there are ten or more, else single figures; of one or two figures nothing can be spared. Where
    "train" is not the largest split, the largest joins it. The same figures always give the same splits.
    """
    splits = [figure.split for figure in figures]
    warnings: list[str] = []
    largest = max(SPLITS, key=splits.count)
    if splits.count("train") < splits.count(largest):
        warnings.append(
            f"only {splits.count('train')} figures of the export fall to train: the {splits.count(largest)} of "
            f"{largest} join them; export figures of more articles"
        )
        splits = ["train" if split == largest else split for split in splits]
    for wanted in ("val", "test"):
        if wanted in splits:
            continue
        train = [index for index, split in enumerate(splits) if split == "train"]
        by_article = len({figures[index].article_id for index in train}) >= _FEW_ARTICLES
        units = [figures[index].article_id if by_article else figures[index].figure_id for index in train]
        chosen = _chosen(units, max(1, round(_SHARE * len(figures)))) if len(train) > 2 else set()
        for index, unit in zip(train, units, strict=True):
            if unit in chosen:
                splits[index] = wanted
        warnings.append(_warning(wanted, splits.count(wanted), by_article))
    return splits, tuple(warnings)


def _chosen(units: Sequence[str], wanted: int) -> set[str]:
    """Units, small ones first and then by hash, that together have so many figures."""
    sizes = Counter(units)
    order = sorted(sizes, key=lambda unit: (sizes[unit], hashlib.sha256(unit.encode()).digest()))
    chosen: set[str] = set()
    for unit in order:
        if sum(sizes[one] for one in chosen) >= wanted:
            break
        chosen.add(unit)
    return chosen


def _warning(split: Split, n_figures: int, by_article: bool) -> str:
    if not n_figures:
        return f"{split} is empty: the export has too few figures to spare one from training"
    if by_article:
        return f"no article of the export falls to {split}: {n_figures} figures of other articles were taken from train"
    return (
        f"no article of the export falls to {split}: {n_figures} figures were taken from train, so their articles may "
        "be in both, and results may be too good; export figures of more articles"
    )
