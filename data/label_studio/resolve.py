"""Deciding on conflicts: a person says which version stays, and may say so again."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

from curator.codec import node_from_doc, validated
from curator.errors import ReviewError, StaleError
from curator.figure import FigureState, Shared
from data.label_studio.agreed import agreed_from_doc, agreed_to_doc, conflict_to_doc, key_of
from data.label_studio.merge import Conflict, Merged, NodeConflict, SharedConflict, Side, StateConflict, merge
from data.label_studio.step import ANNOTATION_GONE, TASK_GONE
from data.label_studio.there import tidy
from data.label_studio.version import Version
from data.store import Store
from data.store.clock import now_iso
from data.store.conflict_decisions import note_decision
from data.store.outbox import note_change, note_sent
from data.store.syncs import (
    WRITTEN_OVER,
    KeptConflict,
    Synced,
    delete_conflict,
    delete_synced,
    save_conflicts,
    save_synced,
)


def resolve(store: Store, figure_id: str, keep: Side, who: str, now_s: float, key: str | None = None) -> int:
    """Decides on a figure's conflicts, or on the one of ``key``; how many.

    Nothing is sent here: the base becomes what is there, so that the next sync writes ours over it, and if somebody has
    changed that in the meantime, there is a conflict again. Keeping theirs is a decision of ``who`` that can be undone;
    either can be decided again (``decide_again``). Where the task is gone: ours sends the figure anew, theirs leaves it
    out from now on. What was written over is only noted as seen.

    Raises:
        ReviewError: there is no such conflict. StaleError: it is no longer what was shown. LeaseError: somebody edits
        the figure here.
    """
    kept = store.syncs.conflicts(figure_id)
    chosen = [conflict for conflict in kept if key in (None, conflict.key)]
    synced = store.syncs.synced(figure_id)
    if not chosen or synced is None:
        raise ReviewError(
            f"{figure_id!r} has no conflict{f' over {key!r}' if key else ''}; `curator sync --conflicts` lists them"
        )
    with store.connections.write() as conn:
        for conflict in chosen:
            note_decision(conn, figure_id, conflict.key, keep, who, conflict.doc)
        if any(conflict.key == WRITTEN_OVER for conflict in chosen):
            delete_conflict(conn, figure_id, WRITTEN_OVER)
        gone = [conflict.key for conflict in chosen if conflict.key in (TASK_GONE, ANNOTATION_GONE)]
        if gone:
            _decide_gone(store, conn, synced, keep, gone[0])
        elif odds := [conflict for conflict in chosen if conflict.key != WRITTEN_OVER]:
            left = [conflict for conflict in kept if conflict not in chosen and conflict.key != WRITTEN_OVER]
            _decide_odds(store, conn, synced, keep, who, now_s, odds, left)
    return len(chosen)


def decide_again(store: Store, decision_id: int, keep: Side, who: str, now_s: float) -> bool:
    """Decides once more on a conflict that was decided, by the versions that were shown then; whether that changes
    anything.

    It is a decision of ``who`` like any other: it can be undone, and the next sync writes it there. What has become of
    the rest of the figure since stays.

    Raises:
        ReviewError: there is no such decision, it was about what nobody can have back, or the same is in conflict
        anew. LeaseError: somebody edits the figure here.
    """
    earlier = store.conflict_decisions.decision(decision_id)
    figure_id, key = earlier.figure_id, earlier.key
    if key == WRITTEN_OVER:
        raise ReviewError("what was written over in Label Studio is gone; there is nothing to decide again")
    open_keys = {conflict.key for conflict in store.syncs.conflicts(figure_id)}
    if open_keys & {key, TASK_GONE, ANNOTATION_GONE}:
        raise ReviewError(f"{figure_id!r} is in conflict over that again; decide on the new conflict")
    if key in (TASK_GONE, ANNOTATION_GONE):
        (store.outbox.put if keep == "ours" else store.outbox.take_out)([figure_id])
        with store.connections.write() as conn:
            note_decision(conn, figure_id, key, keep, who, earlier.doc)
        return True
    stored = store.reviews.load(figure_id, now_s)
    ours = tidy(Version(stored.review.hierarchy, stored.review.state, stored.reason))
    conflict = _conflict_from_doc(key, earlier.doc)
    after = Merged(ours, ours, ours, (conflict,)).resolved({conflict: keep}).ours
    with store.connections.write() as conn:
        note_decision(conn, figure_id, key, keep, who, earlier.doc)
        if after != ours:
            state = (after.state, after.reason)
            store.reviews.take_in(conn, figure_id, stored.revision, after.hierarchy, state, who, now_s)
    return after != ours


def _decide_odds(
    store: Store,
    conn: sqlite3.Connection,
    synced: Synced,
    keep: Side,
    who: str,
    now_s: float,
    chosen: list[KeptConflict],
    left: list[KeptConflict],
) -> None:
    figure_id = synced.figure_id
    stored = store.reviews.load(figure_id, now_s)
    ours = tidy(Version(stored.review.hierarchy, stored.review.state, stored.reason))
    agreed = agreed_from_doc(synced.doc)
    assert agreed.base is not None
    assert agreed.theirs is not None
    found = {key_of(conflict): conflict for conflict in merge(agreed.base, ours, agreed.theirs).conflicts}
    _check_still(chosen, {name: conflict_to_doc(conflict, "") for name, conflict in found.items()})
    conflicts = [found[conflict.key] for conflict in chosen]
    decided = Merged(ours, agreed.theirs, agreed.base, tuple(found.values()))
    after = decided.resolved(dict.fromkeys(conflicts, keep)).ours
    base = decided.resolved(dict.fromkeys(conflicts, "theirs")).base
    if after != ours:
        state = (after.state, after.reason)
        store.reviews.take_in(conn, figure_id, stored.revision, after.hierarchy, state, who, now_s)
    else:
        store.reviews.check_revision(conn, figure_id, stored.revision)
        note_change(conn, figure_id, stored.revision, now_iso())
    save_synced(conn, replace(synced, doc=agreed_to_doc(replace(agreed, base=base))))
    save_conflicts(conn, figure_id, {conflict.key: conflict.doc for conflict in left})


def _decide_gone(store: Store, conn: sqlite3.Connection, synced: Synced, keep: Side, key: str) -> None:
    figure_id = synced.figure_id
    revision = store.reviews.load(figure_id, 0.0).revision
    save_conflicts(conn, figure_id, {})
    if keep == "theirs":
        save_synced(conn, replace(synced, left_out=True))
        note_sent(conn, figure_id, revision)
        return
    if key == TASK_GONE:
        delete_synced(conn, figure_id)
    else:
        agreed = replace(agreed_from_doc(synced.doc), annotated=False)
        save_synced(conn, replace(synced, annotation_id=None, doc=agreed_to_doc(agreed)))
    note_change(conn, figure_id, revision, now_iso())


def _conflict_from_doc(key: str, doc: dict[str, Any]) -> Conflict:
    """As ``agreed.conflict_to_doc`` wrote it."""
    sides = [doc[side] for side in ("base", "ours", "theirs")]
    match key:
        case "shared":
            return SharedConflict(*(validated(Shared, side) for side in sides))
        case "state":
            return StateConflict(*((FigureState(state), str(reason)) for state, reason in sides))
        case _:
            return NodeConflict(key, *(side and node_from_doc(side) for side in sides))


def _check_still(chosen: list[KeptConflict], now: dict[str, dict[str, object]]) -> None:
    for conflict in chosen:
        if now.get(conflict.key, {}) | {"who": ""} != conflict.doc | {"who": ""}:
            raise StaleError(
                f"{conflict.key} of {conflict.figure_id} has changed since the conflict was found; run `curator sync` "
                "and look again"
            )
