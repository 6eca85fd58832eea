"""A check of a whole project, while the page and miners go on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from data.check.database import check_database
from data.check.flaw import RESTORE, Flaw, Progress
from data.check.images import check_images
from data.check.reviews import check_reviews
from data.store import Store


@dataclass(slots=True)
class Checked:
    """What was looked at."""

    figures: int = 0
    images: int = 0
    wrong: int = 0
    notes: int = 0
    """Flaws by which nothing is lost or false."""


def check_project(
    store: Store, checked: Checked, fast: bool = False, progress: Progress = lambda what, done, total: None
) -> Iterator[Flaw]:
    """Flaws as they come, so that memory does not grow with the project; ``checked`` counts along.

    ``fast`` reads no image and compares no index of SQLite's with its table. Where the database itself is broken,
    nothing else is looked at.
    """
    for flaw in _flaws(store, checked, fast, progress):
        if flaw.wrong:
            checked.wrong += 1
        else:
            checked.notes += 1
        yield flaw


def _flaws(store: Store, checked: Checked, fast: bool, progress: Progress) -> Iterator[Flaw]:
    connections = store.connections
    try:
        yield from check_database(connections, fast)
        if checked.wrong:
            return
        (checked.figures,) = connections.rows("select count(*) from figures")[0]
        (checked.images,) = connections.rows("select count(distinct image_sha256) from figures")[0]
        yield from check_reviews(connections, progress)
        yield from check_images(connections, store.images, fast, progress)
    except sqlite3.DatabaseError as error:
        yield Flaw("database", str(connections.path), f"the check broke off: {error}", RESTORE)


def rebuild_search(store: Store) -> None:
    """Makes the search index again from the captions."""
    with store.connections.write() as conn:
        conn.execute("insert into figures_fts (figures_fts) values ('rebuild')")
