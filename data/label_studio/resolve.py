"""Deciding on conflicts: a person says which version stays."""

from __future__ import annotations

from dataclasses import replace

from curator.errors import ReviewError, StaleError
from data.label_studio.agreed import agreed_from_doc, agreed_to_doc, conflict_to_doc, key_of
from data.label_studio.merge import Merged, Side, merge
from data.label_studio.step import ANNOTATION_GONE, TASK_GONE
from data.label_studio.there import tidy
from data.label_studio.version import Version
from data.store import Store
from data.store.clock import now_iso
from data.store.outbox import note_change, note_sent
from data.store.syncs import KeptConflict, Synced, delete_synced, save_conflicts, save_synced


def resolve(store: Store, figure_id: str, keep: Side, who: str, now_s: float, key: str | None = None) -> int:
    """Decides on a figure's conflicts, or on the one of ``key``; how many.

    Nothing is sent here: the base becomes what is there, so that the next sync writes ours over it, and if somebody has
    changed that in the meantime, there is a conflict again. Keeping theirs is a decision of ``who`` that can be undone.
    Where the task is gone: ours sends the figure anew, theirs leaves it out from now on.

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
    if chosen[0].key in (TASK_GONE, ANNOTATION_GONE):
        _decide_gone(store, synced, keep, chosen[0].key)
        return 1
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
    with store.connections.write() as conn:
        if after != ours:
            state = (after.state, after.reason)
            store.reviews.take_in(conn, figure_id, stored.revision, after.hierarchy, state, who, now_s)
        else:
            store.reviews.check_revision(conn, figure_id, stored.revision)
            note_change(conn, figure_id, stored.revision, now_iso())
        save_synced(conn, replace(synced, doc=agreed_to_doc(replace(agreed, base=base))))
        left = {conflict.key: conflict.doc for conflict in kept if conflict not in chosen}
        save_conflicts(conn, figure_id, left)
    return len(chosen)


def _decide_gone(store: Store, synced: Synced, keep: Side, key: str) -> None:
    figure_id = synced.figure_id
    revision = store.reviews.load(figure_id, 0.0).revision
    with store.connections.write() as conn:
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


def _check_still(chosen: list[KeptConflict], now: dict[str, dict[str, object]]) -> None:
    for conflict in chosen:
        if now.get(conflict.key, {}) | {"who": ""} != conflict.doc | {"who": ""}:
            raise StaleError(
                f"{conflict.key} of {conflict.figure_id} has changed since the conflict was found; run `curator sync` "
                "and look again"
            )
