"""Splits are the articles' own; where one is empty it is filled, and said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from data.formats.record import split_of
from trainer.splits import SPLITS, Membership, filled_splits


def members(*articles: tuple[str, str, int]) -> list[Membership]:
    """(article, split, figures) each."""
    return [
        Membership(article, f"{article}:{number}", split)  # type: ignore[arg-type]
        for article, split, n_figures in articles
        for number in range(n_figures)
    ]


def test_splits_that_hold_figures_stay_as_exported() -> None:
    figures = members(("a", "train", 3), ("b", "val", 1), ("c", "test", 1))
    assert filled_splits(figures) == (["train", "train", "train", "val", "test"], ())


def test_whole_articles_fill_an_empty_split_where_there_are_enough() -> None:
    figures = members(*((f"a{number}", "train", 2) for number in range(19)), ("t", "test", 2))
    splits, warnings = filled_splits(figures)
    assert [splits.count(split) for split in SPLITS] == [34, 4, 2]
    of_articles = {(figure.article_id, split) for figure, split in zip(figures, splits, strict=True)}
    assert len(of_articles) == 20
    assert warnings == ("no article of the export falls to val: 4 figures of other articles were taken from train",)


def test_of_few_articles_single_figures_are_taken_and_the_leak_is_said() -> None:
    splits, warnings = filled_splits(members(("a", "train", 20)))
    assert [splits.count(split) for split in SPLITS] == [16, 2, 2]
    assert warnings[0] == (
        "no article of the export falls to val: 2 figures were taken from train, so their articles may be in both, "
        "and results may be too good; export figures of more articles"
    )


def test_where_hardly_anything_falls_to_train_the_largest_split_joins_it() -> None:
    splits, warnings = filled_splits(members(("a", "test", 8), ("b", "val", 2)))
    assert [splits.count(split) for split in SPLITS] == [7, 2, 1]
    assert warnings[0] == (
        "only 0 figures of the export fall to train: the 8 of test join them; export figures of more articles"
    )


def test_one_figure_is_trained_on_and_the_empty_splits_are_said() -> None:
    splits, warnings = filled_splits(members(("a", "val", 1)))
    assert splits == ["train"]
    assert warnings[1:] == (
        "val is empty: the export has too few figures to spare one from training",
        "test is empty: the export has too few figures to spare one from training",
    )


@given(st.lists(st.integers(1, 6), min_size=1, max_size=30))
def test_any_export_of_five_figures_fills_all_splits_the_same_way_each_time(sizes: list[int]) -> None:
    figures = members(*((f"a{number}", split_of(f"a{number}"), size) for number, size in enumerate(sizes)))
    splits, _ = filled_splits(figures)
    assert filled_splits(figures)[0] == splits
    if len(figures) > 4:
        assert all(splits.count(split) for split in SPLITS)
