"""The database's tables, as migrations. ``docs/schema.md`` is generated from what they make."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("curator")

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


@migrations()
def m001_articles_figures_reviews(db: Database) -> None:
    for statement in _FIRST:
        db.execute(statement)
    db.table("figures").enable_fts(["label", "caption"], create_triggers=True, tokenize="porter unicode61")


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


@migrations()
def m002_exchanges_minings_outcomes(db: Database) -> None:
    for statement in _MODELS:
        db.execute(statement)


_FITS = (
    # How well a node's text fits what the model in use sees, 0 to 1; ``curator index`` writes it. Also of the figure:
    # its worst node's, in the review's row and an index, so that the queue can be in that order.
    """create table fits (
        figure_id text not null references figures(id),
        node_id text not null,
        fit real not null,
        primary key (figure_id, node_id)
    ) strict, without rowid""",
    "alter table reviews add column fit real",
    "create index reviews_fit on reviews(current, fit, number, state, confidence, kinds, flag_count)",
)


@migrations()
def m003_fits(db: Database) -> None:
    for statement in _FITS:
        db.execute(statement)


_LABEL_STUDIO = (
    # The project there that this one is kept in step with: one row, or none.
    """create table label_studio (
        id integer primary key check (id = 1),
        url text not null,
        project_id integer not null,
        connected_at text not null,
        read_until text not null default ''
    ) strict""",
    # Figures whose change has not been sent; the row is written in the change's own transaction.
    """create table outbox (
        figure_id text primary key references figures(id),
        revision integer not null,
        at text not null
    ) strict, without rowid""",
    # Each figure as both sides last agreed on it; ``doc`` is zlib-packed JSON, ``updated_at`` by Label Studio's clock.
    """create table synced (
        figure_id text primary key references figures(id),
        task_id integer not null unique,
        annotation_id integer,
        updated_at text not null default '',
        changed_there integer not null default 0,
        left_out integer not null default 0,
        synced_at text not null,
        doc blob not null
    ) strict, without rowid""",
    "create index synced_waiting on synced(figure_id) where changed_there",
    """create table conflicts (
        figure_id text not null references figures(id),
        key text not null,
        found_at text not null,
        doc text not null,
        primary key (figure_id, key)
    ) strict, without rowid""",
    # Why a figure could not be sent or read, and when it is tried again (Unix time).
    """create table sync_faults (
        figure_id text primary key references figures(id),
        tries integer not null,
        next_at real not null,
        reason text not null,
        at text not null
    ) strict, without rowid""",
)


@migrations()
def m004_label_studio(db: Database) -> None:
    for statement in _LABEL_STUDIO:
        db.execute(statement)


_ACCOUNTS = (
    # Users are disabled, never deleted: the logs name them.
    """create table users (
        name text primary key,
        role text not null check (role in ('curator', 'reviewer', 'admin')),
        password_hash text not null,
        made_at text not null,
        disabled_at text
    ) strict, without rowid""",
    # What a browser or program shows is kept only as its hash: whoever reads the file or a backup cannot use it.
    """create table sessions (
        secret_sha256 text primary key,
        user_name text not null references users(name),
        made_at text not null,
        seen_at text not null
    ) strict, without rowid""",
    "create index sessions_by_user on sessions(user_name)",
    """create table tokens (
        id integer primary key autoincrement,
        secret_sha256 text not null unique,
        user_name text not null references users(name),
        title text not null,
        role text not null check (role in ('curator', 'reviewer', 'admin')),
        made_at text not null,
        used_at text,
        revoked_at text
    ) strict""",
    "create index tokens_by_user on tokens(user_name)",
    # Who did what beside decisions, which are events; append-only like those. ``detail`` is JSON.
    """create table audit (
        id integer primary key autoincrement,
        at text not null,
        who text not null,
        action text not null,
        subject text not null,
        detail text not null,
        address text not null
    ) strict""",
    "create index audit_by_time on audit(at)",
    """create trigger audit_is_final before update on audit
        begin select raise(abort, 'the audit log is append-only'); end""",
    """create trigger audit_is_kept before delete on audit
        begin select raise(abort, 'the audit log is append-only'); end""",
)


@migrations()
def m005_accounts(db: Database) -> None:
    for statement in _ACCOUNTS:
        db.execute(statement)
