"""One figure: what is there is merged with what is here, taken in, and sent.

The order makes every moment safe to be killed in. First, in one transaction, what was done there becomes a decision
here, and the base becomes what is there (where the sides are at odds it stays). Then what was done here is written
there. Only then the base becomes what was written. A step that is done again finds both sides equal and does nothing.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from curator.errors import StaleError, StoreError
from curator.figure import Node
from data.label_studio.agreed import Agreed, agreed_from_doc, agreed_to_doc, conflict_to_doc, key_of
from data.label_studio.client import LabelStudio, MissingError
from data.label_studio.images import Images, Link
from data.label_studio.merge import Merged, NodeConflict, SharedConflict, StateConflict, merge
from data.label_studio.nodes import Author
from data.label_studio.push import Outgoing, differs, make, write
from data.label_studio.submitted import accepted_by_submit
from data.label_studio.there import Task, There, arrived, hashes_of, parse_task, read_there, tidy
from data.label_studio.version import Version
from data.store import Store
from data.store.events import FROM_LABEL_STUDIO
from data.store.image_links import save_image_link
from data.store.outbox import keep_back, note_sent
from data.store.syncs import WRITTEN_OVER, Synced, delete_synced, save_conflict, save_conflicts, save_synced

TASK_GONE = "task"
"""Key of the conflict that the task was deleted there."""
ANNOTATION_GONE = "annotation"
"""Key of the conflict that the annotation which held the figure was deleted there."""
NO_VERSIONS: Final[Mapping[str, Any]] = {"who": "", "base": None, "ours": None, "theirs": None}
_ROUNDS = 5  # a figure that somebody edits on both sides all the time waits for the next pass


@dataclass(frozen=True, slots=True)
class Done:
    """What a step did with a figure."""

    taken_in: bool = False
    sent: bool = False
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is left to do after taking in."""

    there: There
    merged: Merged
    taken_in: bool
    revision: int
    synced: Synced
    agreed: Agreed


class Stepping:
    """Steps of one project; ``config``: the labelling configuration there."""

    def __init__(
        self,
        store: Store,
        server: LabelStudio,
        images: Images,
        config: str,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._server = server
        self._images = images
        self._config = config
        self._now_s = now_s

    def step(self, figure_id: str, listed: Task | None = None) -> Done:
        """Makes both sides agree on a figure that has a task (``listed``: the task, if it was just read).

        Raises:
            LeaseError: somebody edits the figure here; it waits. InputError: the task cannot be read.
            SyncError: see ``LabelStudio``. StaleError: it changes faster than it can be sent.
        """
        task, fresh = listed, False
        taken_in = False
        for _ in range(_ROUNDS):
            if task is None:
                task, fresh = self._read(figure_id), True
                if task is None:
                    return Done(taken_in, conflicts=len(self._store.syncs.conflicts(figure_id)))
            try:
                plan = self._take_in(figure_id, task)
            except StaleError:
                continue  # decided here in the meantime: merge again with that
            if isinstance(plan, Done):
                return replace(plan, taken_in=taken_in)
            taken_in |= plan.taken_in
            conflicts = len(plan.merged.conflicts)
            if not differs(plan.there, plan.merged.theirs):
                return Done(taken_in, conflicts=conflicts)
            if not fresh:
                task = None  # there is no version check there: read it right before writing
                continue
            try:
                was_over = self._send(figure_id, plan)
            except StaleError:
                task = None  # saved there in the meantime: merge again with that
                continue
            return Done(taken_in, True, conflicts + was_over)
        raise StaleError(f"{figure_id} changes faster than it can be sent; it is tried again later")

    def make(self, project_id: int, figure_ids: list[str]) -> None:
        """Makes tasks for figures that have none there; raises as ``LabelStudio``."""
        figures = [self._outgoing(figure_id) for figure_id in figure_ids]
        for outgoing, task_id in zip(figures, make(self._server, self._config, project_id, figures), strict=True):
            version = outgoing.version
            agreed = Agreed(version).written(version, version, hashes_of(version))
            figure_id = outgoing.figure.id
            with self._store.connections.write() as conn:
                save_synced(conn, Synced(figure_id, task_id, None, "", False, False, agreed_to_doc(agreed)))
                self._note_link(conn, figure_id, outgoing.image)
                note_sent(conn, figure_id, outgoing.revision)

    def renew_link(self, figure_id: str) -> None:
        """Gives the task a fresh link to its image, also that of a figure that is left out; nothing else of it changes,
        on either side. Raises as ``step``."""
        task = self._read(figure_id)
        if task is None:
            return
        image = self._images.link(self._store.reviews.figure(figure_id).image_sha256)
        if task.data.get("image") != image.url:
            self._server.change_task(task.id, {**task.data, "image": image.url})
        with self._store.connections.write() as conn:
            self._note_link(conn, figure_id, image)

    def _note_link(self, conn: sqlite3.Connection, figure_id: str, image: Link) -> None:
        save_image_link(conn, figure_id, self._images.source, image.until)

    def _read(self, figure_id: str) -> Task | None:
        """The task as it is now; None where it was deleted there, which becomes a conflict, but for a figure that is
        left out."""
        synced = self._store.syncs.synced(figure_id)
        if synced is None:
            raise StoreError(f"{figure_id!r} has no task in Label Studio yet; `curator sync` makes one")
        try:
            return parse_task(self._server.task(synced.task_id))
        except MissingError:
            with self._store.connections.write() as conn:
                if synced.left_out:
                    delete_synced(conn, figure_id)
                    keep_back(conn, figure_id)
                else:
                    _note_gone(conn, replace(synced, changed_there=False), TASK_GONE)
            return None

    def _take_in(self, figure_id: str, task: Task) -> _Plan | Done:
        """Merges, takes in what was done there; no plan where nothing may be sent."""
        outgoing = self._outgoing(figure_id)
        synced = self._store.syncs.synced(figure_id) or Synced(
            figure_id, task.id, None, "", False, False, agreed_to_doc(Agreed(None))
        )
        if synced.left_out:
            return Done()
        agreed = arrived(outgoing.figure, task, agreed_from_doc(synced.doc))
        annotation = task.annotation
        who = self._who(annotation)
        at = str(annotation["updated_at"]) if annotation and annotation.get("updated_at") else task.updated_at
        there = read_there(outgoing.figure, task, agreed, synced.annotation_id, Author.person(who, at))
        read_at = synced.updated_at
        synced = replace(
            synced,
            annotation_id=there.annotation["id"] if there.annotation else None,
            updated_at=task.updated_at,
            changed_there=False,
        )
        if agreed.annotated and there.annotation is None:
            with self._store.connections.write() as conn:
                _note_gone(conn, synced, ANNOTATION_GONE)
            return Done(conflicts=1)
        ours = outgoing.version
        merged = merge(there.base, ours, there.version)
        if there.submitted is not None and there.task.updated_at != read_at:  # else it was taken in, and maybe undone
            merged = accepted_by_submit(merged, there.submitted)
        agreed = Agreed(
            _taken(there, merged),
            there.version,
            there.sent if there.annotation else agreed.sent,
            there.foreign if there.annotation else agreed.foreign,
            there.annotation is not None,
            there.mark or agreed.mark,
            agreed.writings,
        )
        is_sent = not differs(there, merged.theirs)
        if not is_sent:
            sending = agreed.written(merged.theirs, merged.base, hashes_of(merged.theirs))
            agreed = replace(agreed, sending=replace(sending, annotated=True))
        revision = outgoing.revision
        with self._store.connections.write() as conn:
            if merged.ours != ours:
                state = (merged.ours.state, merged.ours.reason)
                revision = self._store.reviews.take_in(
                    conn, figure_id, revision, merged.ours.hierarchy, state, FROM_LABEL_STUDIO + who, self._now_s()
                )
            else:
                self._store.reviews.check_revision(conn, figure_id, revision)
            save_synced(conn, replace(synced, doc=agreed_to_doc(agreed)))
            save_conflicts(conn, figure_id, {key_of(item): conflict_to_doc(item, who) for item in merged.conflicts})
            if is_sent:
                note_sent(conn, figure_id, revision)
        return _Plan(there, merged, merged.ours != ours, revision, synced, agreed)

    def _send(self, figure_id: str, plan: _Plan) -> bool:
        """Whether somebody's work of the same moment was written over there, which is kept as a conflict."""
        version = plan.merged.theirs
        outgoing = replace(self._outgoing(figure_id), version=version, revision=plan.revision)
        written = write(self._server, self._config, outgoing, plan.there, plan.agreed.foreign)
        agreed = plan.agreed.written(version, plan.merged.base, hashes_of(version))
        agreed = replace(agreed, annotated=written.annotation_id is not None)
        with self._store.connections.write() as conn:
            save_synced(conn, replace(plan.synced, annotation_id=written.annotation_id, doc=agreed_to_doc(agreed)))
            self._note_link(conn, figure_id, outgoing.image)
            note_sent(conn, figure_id, plan.revision)
            if written.was_over:
                save_conflict(conn, figure_id, WRITTEN_OVER, NO_VERSIONS)
        return written.was_over

    def _outgoing(self, figure_id: str) -> Outgoing:
        stored = self._store.reviews.load(figure_id, self._now_s())
        review = stored.review
        return Outgoing(
            review.figure,
            self._store.articles.article(review.figure.article_id),
            self._images.link(review.figure.image_sha256),
            tidy(Version(review.hierarchy, review.state, stored.reason)),
            stored.revision,
        )

    def _who(self, annotation: Mapping[str, Any] | None) -> str:
        """Who changed the annotation last, by e-mail address."""
        for key in ("updated_by", "completed_by"):
            match annotation and annotation.get(key):
                case int(user_id):
                    return self._server.email_of(user_id)
                case {"email": str(email)} if email:
                    return email
                case {"id": int(user_id)}:
                    return self._server.email_of(user_id)
        return "nobody"


def _note_gone(conn: Any, synced: Synced, key: str) -> None:
    """Keeps that it is gone, for a person to decide; until then nothing is sent."""
    save_synced(conn, synced)
    save_conflicts(conn, synced.figure_id, {key: NO_VERSIONS})
    conn.execute("delete from outbox where figure_id = ?", (synced.figure_id,))


def _taken(there: There, merged: Merged) -> Version:
    """The base once all is taken in: what is there, but where the sides are at odds what it was."""
    base, theirs = there.base, there.version
    nodes: dict[str, Node] = theirs.hierarchy.by_id()
    before = base.hierarchy.by_id()
    shared, state = theirs.hierarchy.shared, (theirs.state, theirs.reason)
    for conflict in merged.conflicts:
        match conflict:
            case NodeConflict():
                nodes.pop(conflict.node_id, None)
                if conflict.node_id in before:
                    nodes[conflict.node_id] = before[conflict.node_id]
            case SharedConflict():
                shared = base.hierarchy.shared
            case StateConflict():
                state = (base.state, base.reason)
    hierarchy = replace(theirs.hierarchy, shared=shared).with_nodes(nodes.values())
    return Version(hierarchy, *state)
