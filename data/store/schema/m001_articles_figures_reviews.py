"""Articles, figures, reviews, nodes and the event log."""

from __future__ import annotations

from sqlite_utils import Database

_FIRST = (
    # One row an article as last ingested; a changed article raises ``version`` and keeps its old self in the history.
    """create table articles (
        id text primary key,
        version integer not null,
        content_sha256 text not null,
        title text not null,
        journal text not null,
        doi text,
        pmcid text,
        license text,
        source text not null,
        ingested_at text not null
    ) strict""",
    """create table article_history (
        article_id text not null references articles(id),
        version integer not null,
        doc text not null,
        replaced_at text not null,
        primary key (article_id, version)
    ) strict, without rowid""",
    # Figures never change; a changed one is a new row, and the old one names it in ``replaced_by``.
    """create table figures (
        number integer primary key,
        id text not null unique,
        article_id text not null references articles(id),
        key text not null,
        version integer not null,
        replaced_by text references figures(id),
        image_name text not null,
        image_sha256 text not null,
        width integer not null,
        height integer not null,
        label text not null,
        caption text not null,
        bold_spans text not null,
        mentions text not null,
        license text,
        doi text,
        ingested_at text not null
    ) strict""",
    "create index figures_by_article on figures(article_id, key)",
    "create index figures_by_image on figures(image_sha256)",
    # Where each figure's review stands: small rows, written often. ``revision`` rises with every event.
    """create table reviews (
        figure_id text primary key references figures(id),
        number integer not null,
        article_id text not null,
        current integer not null default 1,
        state text not null default 'unmined',
        revision integer not null default 0,
        confidence real,
        flag_count integer not null default 0,
        kinds integer not null default 0,
        panel_count integer not null default 0,
        marker_count integer not null default 0,
        region_count integer not null default 0,
        shared text not null default '{}',
        reason text not null default '',
        mined_by text,
        mined_at text,
        decided_by text,
        decided_at text,
        lease_by text,
        lease_until real not null default 0
    ) strict, without rowid""",
    # ``kinds`` is a bit set of the panels' kinds; it stands in the indexes so that filters never touch the rows.
    "create index reviews_queue on reviews(current, state, confidence, number, kinds, flag_count)",
    "create index reviews_order on reviews(current, confidence, number, state, kinds, flag_count)",
    "create index reviews_number on reviews(current, number, state, confidence, kinds, flag_count)",
    "create index reviews_day on reviews(state, decided_at)",
    "create index reviews_article on reviews(article_id, current, number)",
    """create table nodes (
        figure_id text not null references figures(id),
        id text not null,
        level text not null,
        parent_id text,
        kind text not null,
        label text not null,
        state text not null,
        confidence real,
        agent text not null,
        doc text not null,
        primary key (figure_id, id)
    ) strict, without rowid""",
    "create index nodes_by_kind on nodes(level, kind, figure_id)",
    "create index nodes_by_outcome on nodes(level, agent, state)",
    # Every decision, append-only: nothing updates or deletes a row here.
    """create table events (
        id integer primary key autoincrement,
        figure_id text not null references figures(id),
        revision integer not null,
        kind text not null check (kind in ('mine', 'decide', 'undo', 'redo')),
        target integer references events(id),
        who text not null,
        at text not null,
        seconds real not null default 0,
        to_state text,
        doc text not null,
        unique (figure_id, revision)
    ) strict""",
    "create index events_by_day on events(to_state, at)",
    "create index events_by_who on events(kind, who, figure_id)",
    """create trigger events_are_final before update on events
        begin select raise(abort, 'the event log is append-only'); end""",
    """create trigger events_are_kept before delete on events
        begin select raise(abort, 'the event log is append-only'); end""",
    """create table problems (
        id integer primary key,
        stage text not null check (stage in ('ingest', 'mine')),
        place text not null,
        figure_id text references figures(id),
        reason text not null,
        at text not null,
        unique (stage, place)
    ) strict""",
    "create index problems_by_figure on problems(figure_id)",
)


def m001_articles_figures_reviews(db: Database) -> None:
    for statement in _FIRST:
        db.execute(statement)
    db.table("figures").enable_fts(["label", "caption"], create_triggers=True, tokenize="porter unicode61")
