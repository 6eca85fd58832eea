"""Reviews: hierarchies as they stand, and what may be asked of them.

Every change of a hierarchy is one transaction that writes an event and the rows it touches, so that a process killed at
any moment leaves either all of a decision or none of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Any, Literal

from curator.adopt import adopt
from curator.codec import Level, node_from_doc, validated
from curator.commands import Command
from curator.decide import decide
from curator.errors import LeaseError, ReviewError, StaleError, StoreError
from curator.figure import Figure, FigureState, Hierarchy, Shared, check
from curator.merge import LEVELS, merge_proposals
from curator.review import Decision, Review, changes_between, decision_from_doc, undo_stacks
from data.store.articles import figure_from_row
from data.store.clock import now_iso
from data.store.database import Connections
from data.store.events import FROM_LABEL_STUDIO, Asked, refuse_repeated, write_event
from data.store.leases import give_back_lease, refuse_held, renew_lease, take_lease, user_of
from data.store.minings import Minings
from data.store.second_reading import SECOND_READING, UNDER_WAY, is_settlement, note_settlement, refuse_others


@dataclass(frozen=True, slots=True)
class Stored:
    """A review as stored, with what a page needs to edit it."""

    review: Review
    revision: int
    confidence: float | None
    lease_by: str | None
    """Holder of a running lease (``NAME#TAB``)."""
    undoable: bool
    redoable: bool
    reason: str
    replaced_by: str | None


class Reviews:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def load(self, figure_id: str, now_s: float) -> Stored:
        """The review as it stands (``now_s``: Unix time, to tell whether a lease still runs).

        Raises:
            StoreError: there is no such figure.
        """
        review, row = self._review(figure_id)
        done, undone = undo_stacks(self._log(figure_id))
        return Stored(
            review,
            row["revision"],
            row["confidence"],
            row["lease_by"] if row["lease_until"] > now_s else None,
            bool(done),
            bool(undone),
            row["reason"],
            row["replaced_by"],
        )

    def decide(
        self,
        figure_id: str,
        revision: int,
        commands: list[Command],
        holder: str,
        now_s: float,
        seconds: float = 0.0,
        asked: Asked | None = None,
    ) -> Decision:
        """Obeys a curator's commands as one event. ``seconds``: how long the curator worked at it.

        Raises:
            StaleError: the figure is no longer at ``revision``. LeaseError: somebody else holds it.
            RepeatedError: it was obeyed before, under the name ``asked``.
            ReviewError, GeometryError, HierarchyError: see ``curator.decide``. Nothing was saved in any case.
        """
        who = user_of(holder)
        with self._connections.write() as conn:
            review = self._begin(conn, figure_id, revision, holder, now_s, asked)
            refuse_others(conn, figure_id, who)
            decision = decide(review, commands, who, now_iso())
            if decision:
                write_event(conn, review, decision, "decide", who, seconds=seconds, asked=asked)
        return decision

    def adopt(
        self,
        figure_id: str,
        revision: int,
        mining_id: int,
        levels: Set[Level],
        holder: str,
        now_s: float,
        seconds: float = 0.0,
        asked: Asked | None = None,
    ) -> Decision:
        """Replaces open proposals of the levels by those of another mining of the figure, as one event.

        Raises:
            StoreError: there is no such mining of this figure.
            ReviewError: the figure is closed, or no level is named. StaleError, LeaseError, RepeatedError: see
            ``decide``.
        """
        mining = Minings(self._connections).mining(mining_id)
        if mining.figure_id != figure_id:
            raise StoreError(
                f"mining {mining_id} is of figure {mining.figure_id!r}, not {figure_id!r}; reload the figure"
            )
        who = user_of(holder)
        with self._connections.write() as conn:
            review = self._begin(conn, figure_id, revision, holder, now_s, asked)
            refuse_others(conn, figure_id, who)
            decision = adopt(review, mining.hierarchy, levels)
            if decision:
                write_event(conn, review, decision, "decide", who, seconds=seconds, asked=asked)
        return decision

    def take_in(
        self,
        conn: Any,
        figure_id: str,
        revision: int,
        hierarchy: Hierarchy,
        state: tuple[FigureState, str],
        who: str,
        now_s: float,
    ) -> int:
        """Makes what was decided elsewhere the figure's hierarchy, as one event; the revision afterwards.

        ``conn``: a write transaction, in which the caller notes what was taken in. ``state``: also why it was skipped.

        Raises:
            StaleError, LeaseError: see ``decide``; the latter also while another one reads the figure a second time.
            HierarchyError, GeometryError: it is no hierarchy of the figure.
        """
        review = self._begin(conn, figure_id, revision, who, now_s)
        refuse_others(conn, figure_id, who, LeaseError)
        check(hierarchy, review.figure.image_wh, review.figure.caption)
        row = conn.execute("select reason from reviews where figure_id = ?", (figure_id,)).fetchone()
        reason = row["reason"] if review.state == FigureState.SKIPPED else ""
        before = review.hierarchy.shared
        decision = Decision(
            changes_between(review.hierarchy, hierarchy),
            (before, hierarchy.shared) if before != hierarchy.shared else None,
            (review.state, state[0]) if (review.state, reason) != state else None,
            state[1],
        )
        write_event(conn, review, decision, "decide", who)
        # nobody edits it: whoever opens it next must not wait
        give_back_lease(conn, figure_id, who)
        return revision + 1

    def check_revision(self, conn: Any, figure_id: str, revision: int) -> None:
        """Raises StaleError where the figure is no longer at ``revision``; ``conn``: a write transaction."""
        row = conn.execute("select revision from reviews where figure_id = ?", (figure_id,)).fetchone()
        if row["revision"] != revision:
            raise StaleError(f"the figure has changed since it was read (revision {row['revision']}, not {revision})")

    def undo(self, figure_id: str, revision: int, holder: str, now_s: float, asked: Asked | None = None) -> Decision:
        """Takes the last decision back.

        Raises:
            ReviewError: nothing to undo, or the decision is another curator's of this project.
            StaleError, LeaseError, RepeatedError: see ``decide``.
        """
        return self._step(figure_id, revision, holder, now_s, "undo", asked)

    def redo(self, figure_id: str, revision: int, holder: str, now_s: float, asked: Asked | None = None) -> Decision:
        """Makes the decision that was undone last again; raises as ``undo``."""
        return self._step(figure_id, revision, holder, now_s, "redo", asked)

    def _step(
        self,
        figure_id: str,
        revision: int,
        holder: str,
        now_s: float,
        kind: Literal["undo", "redo"],
        asked: Asked | None,
    ) -> Decision:
        who = user_of(holder)
        with self._connections.write() as conn:
            review = self._begin(conn, figure_id, revision, holder, now_s, asked)
            done, undone = undo_stacks(self._log(figure_id))
            stack = done if kind == "undo" else undone
            settles = bool(stack) and is_settlement(conn, figure_id, stack[-1])
            if not settles:
                refuse_others(conn, figure_id, who)
            if not stack:
                raise ReviewError(f"there is nothing to {kind} in this figure")
            event = conn.execute("select who, doc from events where id = ?", (stack[-1],)).fetchone()
            if event["who"] != who and not event["who"].startswith(FROM_LABEL_STUDIO):
                raise ReviewError(f"the last decision here is {event['who']}'s; only {event['who']} can {kind} it")
            decision = decision_from_doc(json.loads(event["doc"]))
            if kind == "undo":
                decision = replace(decision.inverse(), reason=_skipped_for(conn, figure_id, stack[-1]))
            write_event(conn, review, decision, kind, who, target=stack[-1], asked=asked)
            if settles:
                note_settlement(conn, figure_id, kind == "redo", now_iso())
        return decision

    def mined(self, figure_id: str, proposed: Hierarchy, agent: str, now_s: float = math.inf) -> bool:
        """Saves a mining's proposals beside what persons decided; False where one closed the figure.

        Raises:
            HierarchyError, GeometryError: the proposals are no hierarchy; nothing was saved.
            LeaseError: at ``now_s`` somebody edits the figure, whose next edit would be refused.
            ReviewError: somebody reads it a second time, who must find what the first reader found.
        """
        with self._connections.write() as conn:
            return self.take_mined(conn, figure_id, None, proposed, LEVELS, agent, now_s)

    def take_mined(
        self,
        conn: Any,
        figure_id: str,
        revision: int | None,
        proposed: Hierarchy,
        levels: Set[Level],
        agent: str,
        now_s: float,
    ) -> bool:
        """As ``mined``, of the levels; ``conn``: a write transaction, in which the caller notes what was taken.

        Raises:
            StaleError: the figure is no longer at ``revision``, where one is named.
        """
        review, row = self._review(figure_id)
        if row["lease_until"] > now_s:
            raise LeaseError(f"{user_of(row['lease_by'])} is editing this figure; mine it again later")
        if revision is not None:
            self.check_revision(conn, figure_id, revision)
        if review.state in (FigureState.ACCEPTED, FigureState.SKIPPED):
            return False
        refuse_others(conn, figure_id, agent)
        merged = merge_proposals(review.hierarchy, proposed, levels)
        check(merged, review.figure.image_wh, review.figure.caption)
        decision = Decision(
            changes_between(review.hierarchy, merged),
            (review.hierarchy.shared, merged.shared),
            (review.state, FigureState.PROPOSED),
        )
        write_event(conn, review, decision, "mine", agent)
        conn.execute("update reviews set mined_by = ?, mined_at = ? where figure_id = ?", (agent, now_iso(), figure_id))
        conn.execute("delete from problems where stage = 'mine' and place = ?", (figure_id,))
        return True

    def to_mine(self, again: bool = False, agent: str | None = None, model: str | None = None) -> list[str]:
        """Figures that wait for mining, in order of ingest.

        Without ``agent`` those that nobody has mined; with it those that no person has closed and of which there is no
        mining by this agent with this model (``data.store.minings``). With ``again`` all that no person has closed.
        None that somebody reads a second time.
        """
        states = [FigureState.UNMINED] if agent is None and not again else [FigureState.UNMINED, FigureState.PROPOSED]
        rows = self._connections.rows(
            f"""select figure_id from reviews r where current = 1 and state in ({", ".join("?" * len(states))})
            and not exists (select 1 from second_readings s where s.figure_id = r.figure_id and {UNDER_WAY})
            and (? or ? is null or not exists (
            select 1 from minings m where m.agent = ? and m.model is ? and m.figure_id = r.figure_id))
            order by number""",
            (*states, again, agent, agent, model),
        )
        return [row["figure_id"] for row in rows]

    def figure(self, figure_id: str) -> Figure:
        """The figure as ingested; raises as ``load``."""
        row = self._connections.row("select * from figures where id = ?", (figure_id,))
        if row is None:
            raise _no_figure(figure_id)
        return figure_from_row(row)

    def mined_ids(self) -> list[str]:
        """Current figures that have a hierarchy, in order of their ids."""
        rows = self._connections.rows(
            "select figure_id from reviews where current = 1 and state != 'unmined' order by figure_id"
        )
        return [row["figure_id"] for row in rows]

    def lease(self, figure_id: str, holder: str, now_s: float, take_over: bool = False) -> str:
        """Takes or renews the lease for a minute; the holder afterwards, who may be somebody else.

        Who takes over what another user holds stands in the audit log.
        """
        with self._connections.write() as conn:
            held_by = take_lease(conn, figure_id, holder, now_s, take_over)
        if held_by is None:
            raise _no_figure(figure_id)
        return held_by

    def release(self, figure_id: str, holder: str) -> None:
        """Gives the lease back where ``holder`` has it."""
        with self._connections.write() as conn:
            give_back_lease(conn, figure_id, holder)

    def _begin(
        self, conn: Any, figure_id: str, revision: int, holder: str, now_s: float, asked: Asked | None = None
    ) -> Review:
        if asked is not None:
            refuse_repeated(conn, user_of(holder), asked)
        review, row = self._review(figure_id)
        refuse_held(row, holder, now_s)
        if row["revision"] != revision:
            raise StaleError(
                f"the figure has changed since the page read it (revision {row['revision']}, the page has {revision}); "
                "your last edit was not saved, the figure is loaded again"
            )
        renew_lease(conn, figure_id, holder, now_s)
        return review

    def _review(self, figure_id: str) -> tuple[Review, Any]:
        row = self._connections.row(
            "select f.*, r.* from figures f join reviews r on r.figure_id = f.id where f.id = ?", (figure_id,)
        )
        if row is None:
            raise _no_figure(figure_id)
        nodes = self._connections.rows("select doc from nodes where figure_id = ?", (figure_id,))
        hierarchy = Hierarchy(shared=validated(Shared, json.loads(row["shared"]))).with_nodes(
            node_from_doc(json.loads(node["doc"])) for node in nodes
        )
        return Review(figure_from_row(row), hierarchy, FigureState(row["state"])), row

    def _log(self, figure_id: str) -> list[tuple[int, str, int | None]]:
        """For ``undo_stacks``; what opened or ended a second reading is a barrier, as mining is: what was decided
        before is another reader's."""
        rows = self._connections.rows(
            """select id, case when who glob ? then 'mine' else kind end as kind, target from events
            where figure_id = ? order by id""",
            (f"{SECOND_READING}*", figure_id),
        )
        return [(row["id"], row["kind"], row["target"]) for row in rows]


def _skipped_for(conn: Any, figure_id: str, event_id: int) -> str:
    """Why the figure was skipped before the event; empty where it was not."""
    row = conn.execute(
        """select to_state, json_extract(doc, '$.reason') as reason from events
        where figure_id = ? and id < ? and to_state is not null order by id desc limit 1""",
        (figure_id, event_id),
    ).fetchone()
    return str(row["reason"]) if row is not None and row["to_state"] == FigureState.SKIPPED else ""


def _no_figure(figure_id: str) -> StoreError:
    return StoreError(f"there is no figure {figure_id!r} in this project; `curator status` lists its articles")
