"""In which order figures are reviewed, and which were accepted without a person."""

from __future__ import annotations

from sqlite_utils import Database

_RANKS_AUTO = (
    # Derived by ``curator rank`` and after assessing; may be emptied at any time. ``why`` is empty far from the front.
    """create table ranks (
        figure_id text primary key,
        position integer not null,
        why text not null
    ) strict, without rowid""",
    "create index ranks_by_position on ranks(position)",
    # What was accepted at one time: by which threshold, and what that promised then (``doc``, JSON).
    """create table auto_batches (
        id integer primary key autoincrement,
        at text not null,
        who text not null,
        error_rate real not null,
        threshold real not null,
        figure_count integer not null,
        panel_count integer not null,
        doc text not null,
        undone_at text,
        undone_by text
    ) strict""",
    # Holds while the figure's revision is this one: whatever a person or a mining does to the figure ends it. The row
    # stays, so that it can be told later how good those were. ``audit``: in the sample that is reviewed all the same.
    """create table auto_accepted (
        figure_id text primary key references figures(id),
        batch_id integer not null references auto_batches(id),
        revision integer not null,
        audit integer not null,
        panel_count integer not null
    ) strict, without rowid""",
    "create index auto_accepted_by_batch on auto_accepted(batch_id)",
    # The audit sample's reviewed figures: how sure ``assessor`` was of them before (-1: the agents' own confidence) and
    # how many of their panels were wrong, as of the event. Derived: may be emptied at any time.
    """create table audited (
        figure_id text primary key references figures(id),
        event_id integer not null,
        assessor integer not null,
        confidence real,
        panel_count integer not null,
        wrong_count integer not null
    ) strict, without rowid""",
)


def m007_ranks_auto(db: Database) -> None:
    for statement in _RANKS_AUTO:
        db.execute(statement)
