"""What a person chose to keep in step with Label Studio, and indexes for lists of where each figure stands."""

from __future__ import annotations

from sqlite_utils import Database

_SYNC = (
    # Whether figures go there by themselves once they are mined or decided; else only those that a person chose.
    "alter table label_studio add column sends_new integer not null default 1",
    # Whether a page or service that opens the project keeps it in step from then on.
    "alter table label_studio add column watching integer not null default 0",
    # Figures without a task there that a person does not want sent (those with one: ``synced.left_out``).
    """create table kept_back (
        figure_id text primary key references figures(id)
    ) strict, without rowid""",
    # The rows of ``synced`` hold documents: what is listed or counted is read from these alone.
    "create index synced_states on synced(figure_id, left_out, changed_there, task_id)",
    "create index synced_left_out on synced(figure_id) where left_out",
    "create index outbox_by_age on outbox(at, figure_id)",
)


def m011_sync(db: Database) -> None:
    for statement in _SYNC:
        db.execute(statement)
