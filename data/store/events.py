"""The event log: a change of a hierarchy as one event, with every row that changes with it.

All of it runs inside the caller's write transaction, so that a change is saved whole or not at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from curator.codec import node_to_doc, to_doc
from curator.confidence import figure_confidence
from curator.errors import RepeatedError, ReviewError
from curator.figure import FigureState, Marker, Node, Panel, PanelKind, State, flags
from curator.review import Decision, Review, apply, decision_to_doc
from data.store.clock import now_iso
from data.store.outbox import note_change
from data.store.second_reading import change_places

MAX_SECONDS = 3600.0  # a figure that was open longer was left open
FROM_LABEL_STUDIO = "label-studio:"
"""Starts the name of whoever decided there; anybody may undo that here."""
KIND_BITS = {kind: 1 << index for index, kind in enumerate(PanelKind)}


@dataclass(frozen=True, slots=True)
class Asked:
    """What names a request, so that sending it again after a lost answer decides nothing a second time."""

    key: str
    """Made by the sender, another one for each request; kept with the event for good."""
    sha256: str
    """Of what is asked for."""


def refuse_repeated(conn: Any, who: str, asked: Asked) -> None:
    """Raises RepeatedError where the request was obeyed before, ReviewError where its key named another one."""
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


def write_event(
    conn: Any,
    review: Review,
    decision: Decision,
    kind: Literal["decide", "mine", "undo", "redo"],
    who: str,
    target: int | None = None,
    seconds: float = 0.0,
    asked: Asked | None = None,
) -> None:
    """One event and the rows that it changes.

    ``review`` is the one before the ``decision``; ``target``: the event that is undone or redone.
    """
    after = apply(review, decision)
    figure_id, at = review.figure.id, now_iso()
    for change in decision.changes:
        if change.after is not None:
            _write_node(conn, figure_id, change.after)
        elif change.before is not None:
            conn.execute("delete from nodes where figure_id = ? and id = ?", (figure_id, change.before.id))
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
    _summarise(conn, after, decision.reason if decision.state else None)
    if kind != "mine":
        conn.execute("update reviews set decided_by = ?, decided_at = ? where figure_id = ?", (who, at, figure_id))
        if after.state in (FigureState.ACCEPTED, FigureState.SKIPPED):
            change_places(conn, figure_id, who)


def _write_node(conn: Any, figure_id: str, node: Node) -> None:
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
