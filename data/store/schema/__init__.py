"""The database's tables, as migrations: a module each. ``docs/schema.md`` is generated from what they make."""

from __future__ import annotations

from sqlite_utils import Migrations

from data.store.schema.m001_articles_figures_reviews import m001_articles_figures_reviews
from data.store.schema.m002_exchanges_minings_outcomes import m002_exchanges_minings_outcomes
from data.store.schema.m003_fits import m003_fits
from data.store.schema.m004_label_studio import m004_label_studio
from data.store.schema.m005_accounts import m005_accounts

_STEPS = (
    m001_articles_figures_reviews,
    m002_exchanges_minings_outcomes,
    m003_fits,
    m004_label_studio,
    m005_accounts,
)
"""In the order in which they are applied. One that was released is never changed."""

migrations = Migrations("curator")
for step in _STEPS:
    migrations()(step)
