"""The database's tables, as migrations: a module each. ``docs/schema.md`` is generated from what they make."""

from __future__ import annotations

from sqlite_utils import Migrations

from data.store.schema.m001_articles_figures_reviews import m001_articles_figures_reviews
from data.store.schema.m002_exchanges_minings_outcomes import m002_exchanges_minings_outcomes
from data.store.schema.m003_fits import m003_fits
from data.store.schema.m004_label_studio import m004_label_studio
from data.store.schema.m005_accounts import m005_accounts
from data.store.schema.m006_assessors import m006_assessors
from data.store.schema.m007_ranks_auto import m007_ranks_auto
from data.store.schema.m008_readings import m008_readings
from data.store.schema.m009_rounds import m009_rounds
from data.store.schema.m010_requests import m010_requests
from data.store.schema.m011_sync import m011_sync
from data.store.schema.m012_image_links import m012_image_links
from data.store.schema.m013_oidc import m013_oidc
from data.store.schema.m017_conflict_decisions import m017_conflict_decisions
from data.store.schema.m018_review_time import m018_review_time
from data.store.schema.m019_settled_event import m019_settled_event
from data.store.schema.m020_round_seconds import m020_round_seconds

_STEPS = (
    m001_articles_figures_reviews,
    m002_exchanges_minings_outcomes,
    m003_fits,
    m004_label_studio,
    m005_accounts,
    m006_assessors,
    m007_ranks_auto,
    m008_readings,
    m009_rounds,
    m010_requests,
    m011_sync,
    m012_image_links,
    m013_oidc,
    m017_conflict_decisions,
    m018_review_time,
    m019_settled_event,
    m020_round_seconds,
)
"""In the order in which they are applied. One that was released is never changed."""

migrations = Migrations("curator")
for step in _STEPS:
    migrations()(step)
