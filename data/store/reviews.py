"""Reviews: hierarchies as they stand, the event log behind them, and leases.

Every change of a hierarchy is one transaction that writes an event and the rows it touches, so that a process killed at
any moment leaves either all of a decision or none of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from curator.adopt import adopt
from curator.codec import Level, node_from_doc, node_to_doc, to_doc, validated
from curator.commands import Command
from curator.confidence import figure_confidence
from curator.decide import decide
from curator.errors import LeaseError, RepeatedError, ReviewError, StaleError, StoreError
from curator.figure import Figure, FigureState, Hierarchy, Marker, Panel, PanelKind, Shared, State, check, flags
from curator.merge import LEVELS, merge_proposals
from curator.review import (
    Decision,
    Review,
    apply,
    changes_between,
    decision_from_doc,
    decision_to_doc,
    undo_stacks,
)
from data.store.articles import figure_from_row
from data.store.clock import now_iso
from data.store.database import Connections
from data.store.minings import Minings
from data.store.outbox import note_change
from data.store.second_reading import SECOND_READING, refuse_others

LEASE_S = 60.0  # guess: three missed heartbeats of 20 s
MAX_SECONDS = 3600.0  # a figure that was open longer was left open
FROM_LABEL_STUDIO = "label-studio:"
"""Starts the name of whoever decided there; anybody may undo that here."""
KIND_BITS = {kind: 1 << index for index, kind in enumerate(PanelKind)}


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What names a request, so that sending it again after a lost answer decides nothing a second time."""

    key: str
    """Made by the sender, another one for each request; kept with the event for good."""
    sha256: str
    """Of what is asked for."""


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
        who = holder.partition("#")[0]
        with self._connections.write() as conn:
            review = self._begin(conn, figure_id, revision, holder, now_s, asked)
            refuse_others(conn, figure_id, who)
            decision = decide(review, commands, who, now_iso())
            if decision:
                self._write(conn, review, decision, "decide", who, None, seconds, asked)
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
        who = holder.partition("#")[0]
        with self._connections.write() as conn:
            review = self._begin(conn, figure_id, revision, holder, now_s, asked)
            refuse_others(conn, figure_id, who)
            decision = adopt(review, mining.hierarchy, levels)
            if decision:
                self._write(conn, review, decision, "decide", who, None, seconds, asked)
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
            StaleError, LeaseError: see ``decide``. HierarchyError, GeometryError: it is no hierarchy of the figure.
        """
        review = self._begin(conn, figure_id, revision, who, now_s)
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
        self._write(conn, review, decision, "decide", who, None, 0.0)
        # nobody edits it: whoever opens it next must not wait
        conn.execute("update reviews set lease_by = null, lease_until = 0 where figure_id = ?", (figure_id,))
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
        self, figure_id: str, revision: int, holder: str, now_s: float, kind: str, asked: Asked | None
    ) -> Decision:
        who = holder.partition("#")[0]
        with self._connections.write() as conn:
            review = self._begin(conn, figure_id, revision, holder, now_s, asked)
            refuse_others(conn, figure_id, who)
            done, undone = undo_stacks(self._log(figure_id))
            stack = done if kind == "undo" else undone
            if not stack:
                raise ReviewError(f"there is nothing to {kind} in this figure")
            event = conn.execute("select who, doc from events where id = ?", (stack[-1],)).fetchone()
            if event["who"] != who and not event["who"].startswith(FROM_LABEL_STUDIO):
                raise ReviewError(f"the last decision here is {event['who']}'s; only {event['who']} can {kind} it")
            decision = decision_from_doc(json.loads(event["doc"]))
            if kind == "undo":
                decision = decision.inverse()
            self._write(conn, review, decision, kind, who, stack[-1], 0.0, asked)
        return decision

    def mined(
        self,
        figure_id: str,
        proposed: Hierarchy,
        agent: str,
        now_s: float = math.inf,
        levels: Set[Level] = LEVELS,
    ) -> bool:
        """Saves a mining's proposals of the levels beside what persons decided; False where one closed the figure.

        Raises:
            HierarchyError, GeometryError: the proposals are no hierarchy; nothing was saved.
            LeaseError: at ``now_s`` somebody edits the figure, whose next edit would be refused.
        """
        with self._connections.write() as conn:
            review, row = self._review(figure_id)
            if row["lease_until"] > now_s:
                raise LeaseError(f"{row['lease_by'].partition('#')[0]} is editing this figure; mine it again later")
            if review.state in (FigureState.ACCEPTED, FigureState.SKIPPED):
                return False
            merged = merge_proposals(review.hierarchy, proposed, levels)
            check(merged, review.figure.image_wh, review.figure.caption)
            decision = Decision(
                changes_between(review.hierarchy, merged),
                (review.hierarchy.shared, merged.shared),
                (review.state, FigureState.PROPOSED),
            )
            self._write(conn, review, decision, "mine", agent, None, 0.0)
            conn.execute(
                "update reviews set mined_by = ?, mined_at = ? where figure_id = ?", (agent, now_iso(), figure_id)
            )
            conn.execute("delete from problems where stage = 'mine' and place = ?", (figure_id,))
        return True

    def to_mine(self, again: bool = False, agent: str | None = None, model: str | None = None) -> list[str]:
        """Figures that wait for mining, in order of ingest.

        Without ``agent`` those that nobody has mined; with it those that no person has closed and of which there is no
        mining by this agent with this model (``data.store.minings``). With ``again`` all that no person has closed.
        """
        states = [FigureState.UNMINED] if agent is None and not again else [FigureState.UNMINED, FigureState.PROPOSED]
        rows = self._connections.rows(
            f"""select figure_id from reviews r where current = 1 and state in ({", ".join("?" * len(states))})
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
        """Takes or renews the lease for ``LEASE_S`` seconds; the holder afterwards, who may be somebody else.

        Who takes over what another user holds stands in the audit log.
        """
        with self._connections.write() as conn:
            if take_over:
                conn.execute(
                    """insert into audit (at, who, action, subject, detail, address)
                    select ?1, ?2, 'lease.take', figure_id, json_object('from', user), '' from (
                        select figure_id, substr(lease_by, 1, instr(lease_by || '#', '#') - 1) as user from reviews
                        where figure_id = ?3 and lease_until >= ?4
                    ) where user <> ?2""",
                    (now_iso(), holder.partition("#")[0], figure_id, now_s),
                )
            conn.execute(
                """update reviews set lease_by = :holder, lease_until = :until where figure_id = :id
                and (lease_by is null or lease_by = :holder or lease_until < :now or :take_over)""",
                {
                    "holder": holder,
                    "until": now_s + LEASE_S,
                    "id": figure_id,
                    "now": now_s,
                    "take_over": take_over,
                },
            )
            row = conn.execute("select lease_by from reviews where figure_id = ?", (figure_id,)).fetchone()
        if row is None:
            raise _no_figure(figure_id)
        return str(row["lease_by"])

    def release(self, figure_id: str, holder: str) -> None:
        """Gives the lease back where ``holder`` has it."""
        with self._connections.write() as conn:
            conn.execute(
                "update reviews set lease_by = null, lease_until = 0 where figure_id = ? and lease_by = ?",
                (figure_id, holder),
            )

    def _begin(
        self, conn: Any, figure_id: str, revision: int, holder: str, now_s: float, asked: Asked | None = None
    ) -> Review:
        if asked is not None:
            _refuse_repeated(conn, holder.partition("#")[0], asked)
        review, row = self._review(figure_id)
        if row["lease_by"] not in (None, holder) and row["lease_until"] > now_s:
            other, _, _ = row["lease_by"].partition("#")
            where = "you, in another tab," if other == holder.partition("#")[0] else other
            raise LeaseError(f"{where} is editing this figure; nothing was saved here. Take it over, or open another")
        if row["revision"] != revision:
            raise StaleError(
                f"the figure has changed since the page read it (revision {row['revision']}, the page has {revision}); "
                "your last edit was not saved, the figure is loaded again"
            )
        conn.execute(
            "update reviews set lease_by = ?, lease_until = ? where figure_id = ?", (holder, now_s + LEASE_S, figure_id)
        )
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

    def _write(
        self,
        conn: Any,
        review: Review,
        decision: Decision,
        kind: str,
        who: str,
        target: int | None,
        seconds: float,
        asked: Asked | None = None,
    ) -> None:
        """One event and the rows that it changes."""
        after = apply(review, decision)
        figure_id, at = review.figure.id, now_iso()
        for change in decision.changes:
            node = change.after
            if node is None:
                assert change.before is not None
                conn.execute("delete from nodes where figure_id = ? and id = ?", (figure_id, change.before.id))
                continue
            document = node_to_doc(node)
            conn.execute(
                "insert or replace into nodes values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    figure_id,
                    node.id,
                    document["level"],
                    node.parent_id,
                    document.get("kind", ""),
                    (node.color if isinstance(node, Marker) else node.label) or "",
                    node.state,
                    node.provenance.confidence,
                    node.provenance.agent,
                    json.dumps(document),
                ),
            )
        (revision,) = conn.execute(
            "update reviews set revision = revision + 1 where figure_id = ? returning revision", (figure_id,)
        ).fetchone()
        conn.execute(
            """insert into events (figure_id, revision, kind, target, who, at, seconds, to_state, doc, request_key,
            request_sha256) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                figure_id,
                revision,
                kind,
                target,
                who,
                at,
                min(max(seconds, 0.0), MAX_SECONDS),
                decision.state and decision.state[1],
                json.dumps(decision_to_doc(decision)),
                asked and asked.key,
                asked and asked.sha256,
            ),
        )
        note_change(conn, figure_id, revision, at)
        self._summarise(conn, after, decision.reason if decision.state else None)
        if kind != "mine":
            conn.execute("update reviews set decided_by = ?, decided_at = ? where figure_id = ?", (who, at, figure_id))

    @staticmethod
    def _summarise(conn: Any, review: Review, reason: str | None) -> None:
        """The figure's row, by which the queue finds and orders it."""
        hierarchy = review.hierarchy
        found = flags(hierarchy)
        present = [node for node in hierarchy.nodes() if node.state != State.REJECTED]
        panels = [node for node in present if isinstance(node, Panel)]
        markers = [node for node in present if isinstance(node, Marker)]
        kinds = 0
        for panel in panels:
            kinds |= KIND_BITS[panel.kind]
        conn.execute(
            """update reviews set state = ?, confidence = ?, flag_count = ?, kinds = ?, panel_count = ?,
            marker_count = ?, region_count = ?, shared = ?, reason = coalesce(?, reason) where figure_id = ?""",
            (
                review.state,
                figure_confidence(hierarchy, found),
                len(found),
                kinds,
                len(panels),
                len(markers),
                len(present) - len(panels) - len(markers),
                json.dumps(to_doc(hierarchy.shared)),
                reason,
                review.figure.id,
            ),
        )


def _refuse_repeated(conn: Any, who: str, asked: Asked) -> None:
    row = conn.execute(
        "select request_sha256, figure_id, revision from events where who = ? and request_key = ?", (who, asked.key)
    ).fetchone()
    if row is None:
        return
    if row["request_sha256"] != asked.sha256:
        raise ReviewError(
            f"the key {asked.key!r} named another request before, which made revision {row['revision']} of "
            f"{row['figure_id']!r}; make a new key for each request"
        )
    raise RepeatedError(f"this request made revision {row['revision']} of {row['figure_id']!r} already")


def _no_figure(figure_id: str) -> StoreError:
    return StoreError(f"there is no figure {figure_id!r} in this project; `curator status` lists its articles")
