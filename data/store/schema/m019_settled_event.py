"""Which event settled two readings, so that undoing it lets them wait to be settled again."""

from __future__ import annotations

from sqlite_utils import Database

_STATEMENTS = (
    "alter table second_readings add column settled_event integer references events(id)",
    # what was settled before: the last one that whoever settled it decided there until then
    """update second_readings set settled_event = (select max(e.id) from events e
    where e.figure_id = second_readings.figure_id and e.kind = 'decide' and e.who = settled_by and e.at <= settled_at)
    where settled_at is not null""",
)


def m019_settled_event(db: Database) -> None:
    for statement in _STATEMENTS:
        db.execute(statement)
