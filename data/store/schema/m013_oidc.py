"""Accounts of an OpenID Connect provider, each linked with a user."""

from __future__ import annotations

from sqlite_utils import Database


def m013_oidc(db: Database) -> None:
    # A person is known by issuer and subject (OpenID Connect Core, 5.7): names and addresses are given out again.
    db.execute("""create table subjects (
        issuer text not null,
        subject text not null,
        user_name text not null references users(name),
        linked_at text not null,
        primary key (issuer, subject)
    ) strict, without rowid""")
    db.execute("create index subjects_by_user on subjects(user_name)")
