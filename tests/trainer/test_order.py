"""The order of training: the same for any start, disjoint between processes, new in each epoch."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import TrainingError
from trainer.order import Key, Order


def over(n_items: int, batch: int = 4, *, files: int = 1, world: int = 1, rank: int = 0, seed: int = 0) -> Order:
    items = np.stack([np.arange(n_items), np.zeros(n_items)], axis=1).astype(np.int32)
    return Order.over(items, np.arange(n_items) * files // max(n_items, 1), "P", batch, seed, rank, world)


def figures(batches: list[list[Key]]) -> list[int]:
    return [key.figure for batch in batches for key in batch]


@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 40), st.integers(1, 5))
def test_any_later_start_gives_the_rest_of_the_same_batches(n_items: int, batch: int, start: int, files: int) -> None:
    order = over(n_items, batch, files=files)
    whole = list(islice(order, start + 3))
    assert list(islice(replace(order, start=start), 3)) == whole[start:]


@given(st.integers(1, 4), st.integers(4, 60), st.integers(1, 9), st.integers(1, 5))
def test_processes_share_an_epoch_without_a_sample_in_two(world: int, n_items: int, batch: int, files: int) -> None:
    orders = [over(n_items, batch, files=files, world=world, rank=rank) for rank in range(world)]
    assert len({order.batches_an_epoch for order in orders}) == 1
    shares = [figures(list(islice(order, order.batches_an_epoch))) for order in orders]
    together = [figure for share in shares for figure in share]
    assert len(set(together)) == len(together)
    assert len(together) > n_items - orders[0].batch * world
    assert {len(share) for share in shares} == {len(together) // world}


def test_each_epoch_has_another_order_and_leaves_out_another_rest() -> None:
    order = over(10)
    assert order.batches_an_epoch == 2
    first, second, third = (figures(list(islice(replace(order, start=2 * epoch), 2))) for epoch in range(3))
    assert first != second != third
    assert set(first) | set(second) | set(third) == set(range(10))


def test_seeds_give_other_orders_and_one_seed_the_same() -> None:
    assert list(islice(over(10), 5)) == list(islice(over(10), 5))
    assert list(islice(over(10), 5)) != list(islice(over(10, seed=1), 5))


def test_a_batch_is_as_large_as_there_are_samples() -> None:
    order = over(3, 16)
    assert [len(batch) for batch in islice(order, 3)] == [3, 3, 3]


def test_fewer_samples_than_processes_is_an_error() -> None:
    with pytest.raises(TrainingError) as caught:
        over(1, world=2)
    assert str(caught.value) == (
        "2 process(es) need as many panels with words to train on, and there are 1; "
        "verify more figures, or choose a preset without panels"
    )


def test_a_large_export_is_read_some_shards_at_a_time() -> None:
    """A window of 8,192 samples out of 100 shards of 1,000 comes from about nine shards, in any order."""
    order = over(100_000, 64, files=100)
    window = figures(list(islice(order, 8192 // 64)))
    shards = [figure // 1000 for figure in window]
    assert len(set(shards)) <= 10
    assert len(set(shards[:64])) >= 6
    assert len(set(figures(list(islice(order, order.batches_an_epoch))))) == order.batches_an_epoch * 64


def test_random_numbers_of_a_sample_are_its_own() -> None:
    def drawn(key: Key, seed: int = 0) -> float:
        return key.rng(seed, "P").random()

    assert drawn(Key(0, 1, 2)) == drawn(Key(0, 1, 2))
    others = {drawn(Key(0, 1, 2)), drawn(Key(1, 1, 2)), drawn(Key(0, 2, 1)), drawn(Key(0, 1, 2), seed=1)}
    assert len({*others, Key(0, 1, 2).rng(0, "R").random()}) == 5
