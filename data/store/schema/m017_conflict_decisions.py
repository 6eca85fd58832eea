"""How persons decided on what Label Studio and this project disagreed about."""

from __future__ import annotations

from sqlite_utils import Database

_DECISIONS = (
    # Both versions stay with it (``doc``, as in ``conflicts``), so that it can be decided again, the other way.
    """create table conflict_decisions (
        id integer primary key,
        figure_id text not null references figures(id),
        key text not null,
        keep text not null,
        who text not null,
        at text not null,
        doc text not null
    ) strict""",
    "create index conflict_decisions_by_figure on conflict_decisions(figure_id, key, id)",
)


def m017_conflict_decisions(db: Database) -> None:
    for statement in _DECISIONS:
        db.execute(statement)
