"""Each figure's hierarchy against the event log that made it, and against the rules of hierarchies."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from curator.errors import CuratorError
from curator.figure import FigureState, Hierarchy, check
from curator.review import Review, apply, decision_from_doc
from data.check.flaw import RESTORE, Flaw, Progress
from data.store.database import Connections
from data.store.reviews import Reviews, Stored

_IDS_A_PAGE = 500


def check_reviews(connections: Connections, progress: Progress) -> Iterator[Flaw]:
    """Replays every figure's events and compares; one figure is held at a time."""
    (total,) = connections.rows("select count(*) from reviews")[0]
    for done, figure_id in enumerate(_figure_ids(connections), start=1):
        yield from _check_figure(connections, figure_id)
        progress("figures", done, max(total, done))


def _figure_ids(connections: Connections) -> Iterator[str]:
    """All figures, a page at a time: a query that stays open would keep the write-ahead log from being emptied."""
    last = ""
    while page := connections.rows("select id from figures where id > ? order by id limit ?", (last, _IDS_A_PAGE)):
        yield from (row["id"] for row in page)
        last = page[-1]["id"]


def _check_figure(connections: Connections, figure_id: str) -> Iterator[Flaw]:
    connections.db.conn.execute("begin")  # the hierarchy and its log as of one moment
    try:
        stored = Reviews(connections).load(figure_id, now_s=0.0)
        events = connections.rows("select revision, doc from events where figure_id = ? order by id", (figure_id,))
    except (CuratorError, ValueError, LookupError) as error:  # whatever a garbled document makes of itself
        yield Flaw("hierarchy", figure_id, f"its hierarchy cannot be read ({error})", RESTORE)
        return
    finally:
        connections.db.conn.execute("rollback")
    figure, hierarchy = stored.review.figure, stored.review.hierarchy
    try:
        check(hierarchy, figure.image_wh, figure.caption)
    except CuratorError as error:
        yield Flaw(
            "hierarchy", figure_id, str(error), "open the figure in the page and correct or remove the node it names"
        )
    what = _difference(stored, events)
    if what:
        yield Flaw("log", figure_id, what, RESTORE)


def _difference(stored: Stored, events: list[sqlite3.Row]) -> str:
    """How the review differs from what its events make; empty where it does not."""
    revisions = [event["revision"] for event in events]
    if revisions != list(range(1, stored.revision + 1)):
        return f"its log has {len(revisions)} events, the review says {stored.revision}"
    replayed = Review(stored.review.figure, Hierarchy(), FigureState.UNMINED)
    for event in events:
        try:
            replayed = apply(replayed, decision_from_doc(json.loads(event["doc"])))
        except (CuratorError, ValueError, LookupError, TypeError) as error:
            return f"event {event['revision']} of its log cannot be replayed ({error})"
    if replayed.state != stored.review.state:
        return f"its log makes it {str(replayed.state)!r}, the review says {str(stored.review.state)!r}"
    made, kept = replayed.hierarchy, stored.review.hierarchy
    if made.shared != kept.shared:
        return "its log and its review differ in the sentences that all panels share"
    nodes, others = made.by_id(), kept.by_id()
    differing = sorted(name for name in nodes.keys() | others.keys() if nodes.get(name) != others.get(name))
    return f"its log and its hierarchy differ in {', '.join(differing)}" if differing else ""
