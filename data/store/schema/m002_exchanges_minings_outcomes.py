"""What models answered, what agents proposed, and how proposals turned out."""

from __future__ import annotations

from sqlite_utils import Database

_MODELS = (
    # One row a question that a model answered. The columns are what is listed and summed; ``doc`` is zlib-packed JSON
    # of what is read one at a time: settings, messages, reply text, repairs, parsed.
    """create table exchanges (
        key text primary key,
        figure_id text not null references figures(id),
        stage text not null,
        prompt text not null,
        prompt_sha256 text not null,
        provider text not null,
        model text not null,
        finish text not null,
        tokens_in integer not null,
        tokens_out integer not null,
        seconds real not null,
        cost real not null,
        fault text not null,
        at text not null,
        doc blob not null
    ) strict""",
    "create index exchanges_by_figure on exchanges(figure_id, at)",
    # covers the totals, so that they never touch the rows
    """create index exchanges_by_model
    on exchanges(provider, model, fault, tokens_in, tokens_out, seconds, cost)""",
    # What one agent proposed at one time, kept aside. ``doc`` is zlib-packed JSON of the hierarchy.
    """create table minings (
        id integer primary key autoincrement,
        figure_id text not null references figures(id),
        agent text not null,
        model text,
        at text not null,
        seconds real not null,
        cost real not null,
        doc blob not null
    ) strict""",
    "create index minings_by_figure on minings(figure_id, id)",
    "create index minings_by_agent on minings(agent, model, figure_id)",
    # How each decided proposal turned out, read off the event log up to the event that ``outcomes_read`` names.
    # ``proposal`` is JSON of what right and wrong are measured against; ``fold`` is drawn by the figure's id.
    # Percent, so that the index holds few groups: 100,000 outcomes are summed up in 35 ms instead of 350.
    """create table outcomes (
        figure_id text not null references figures(id),
        node_id text not null,
        level text not null,
        agent text not null,
        model text,
        fold integer not null,
        raw_percent integer not null,
        was_right integer not null,
        proposal text not null,
        primary key (figure_id, node_id)
    ) strict, without rowid""",
    "create index outcomes_by_agent on outcomes(level, agent, model, fold, raw_percent, was_right)",
    "create table outcomes_read (event_id integer not null) strict",
    "insert into outcomes_read values (0)",
)


def m002_exchanges_minings_outcomes(db: Database) -> None:
    for statement in _MODELS:
        db.execute(statement)
