"""Dealing figures out and settling what needs nobody: for the page and the command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from curator.errors import LeaseError, ReviewError
from curator.figure import FigureState
from data.store import Store
from data.store.queue import QueueFilter

ALL = 1_000_000
_BATCH = 5_000  # figures that are asked for at a time; guess


def deal_out(
    store: Store,
    wanted: QueueFilter,
    people: Sequence[str],
    by: str,
    *,
    overlap: float = 0.0,
    seed: int = 0,
    again: bool = False,
    count: int = 0,
) -> tuple[int, int]:
    """Gives the figures of a queue to people in turn; how many, and how many of them get a second reader.

    A queue that names no states is that of open figures. ``again``: also figures that somebody has. ``count``: the
    first so many; 0 all.

    Raises:
        ReviewError: see ``data.store.readings.Readings.assign``.
    """
    open_ones = wanted if wanted.states else replace(wanted, states=(FigureState.PROPOSED,))
    figure_ids = matching(store, open_ones, again, count or ALL)
    return len(figure_ids), store.readings.assign(figure_ids, people, overlap, seed, by)


def matching(store: Store, wanted: QueueFilter, also_assigned: bool, most: int) -> list[str]:
    """Figures in the order of the queue."""
    found: list[str] = []
    figure_ids = iter(store.queue.ids(wanted))
    while len(found) < most and (some := list(islice(figure_ids, _BATCH))):
        taken = set() if also_assigned else store.readings.assigned(some)
        found += [figure_id for figure_id in some if figure_id not in taken]
    return found[:most]


def settle_agreeing(store: Store, who: str, now_s: float) -> tuple[int, int]:
    """Settles all figures on which both readers agree; how many, and how many were left since somebody edits or settles
    them now."""
    settled = busy = 0
    for pair in store.readings.pairs():
        if store.comparisons.of(pair).differences:
            continue
        try:
            store.readings.settle(pair.figure_id, pair.revision, {}, who, now_s)
            settled += 1
        except (LeaseError, ReviewError):
            busy += 1
    return settled, busy
