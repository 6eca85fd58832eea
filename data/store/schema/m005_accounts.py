"""Accounts and the audit log."""

from __future__ import annotations

from sqlite_utils import Database

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


def m005_accounts(db: Database) -> None:
    for statement in _ACCOUNTS:
        db.execute(statement)
