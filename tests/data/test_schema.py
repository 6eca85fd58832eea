"""Migrations of real database files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from curator.commands import parse_commands
from data.store import Store
from data.store.queue import QueueFilter
from data.store.schema import migrations
from tests.data.projects import HIERARCHY, add_figures

NOW = 1_000_000.0
_TABLES = ("articles", "article_history", "figures", "reviews", "nodes", "events", "problems")


@pytest.fixture
def first_project(tmp_path: Path) -> Path:
    """A project as the first migration alone made it: one figure accepted after an edit, one edited and undone."""
    store = Store(tmp_path / "new")
    first, second = add_figures(store, 2)
    for figure_id in (first, second):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    move = parse_commands([{"op": "move", "id": "p1", "dx": 1, "dy": 0}])
    store.reviews.decide(first, 1, move, "ann#1", NOW, seconds=9)
    store.reviews.decide(first, 2, parse_commands([{"op": "judge_figure", "state": "accepted"}]), "ann#1", NOW)
    store.reviews.decide(second, 1, move, "ann#1", NOW)
    store.reviews.undo(second, 2, "ann#1", NOW)
    store.problems.add("ingest", "broken.zip", "not a zip file")
    store.close()
    project = tmp_path / "old"
    project.mkdir()
    database = Database(project / "curator.db")
    migrations.apply(database, stop_before="m002_exchanges_minings_outcomes")
    connection = database.conn
    connection.execute("attach database ? as new", (str(tmp_path / "new" / "curator.db"),))
    with connection:
        for table in _TABLES:
            columns = ", ".join(column.name for column in database[table].columns)
            connection.execute(f"insert into main.{table} ({columns}) select {columns} from new.{table}")
    connection.close()
    return project


def _rows(project: Path) -> dict[str, list[tuple[object, ...]]]:
    """Of all tables that the first migration made, save for columns that a later one added."""
    connection = sqlite3.connect(project / "curator.db")
    added = {"reviews": {"fit"}, "events": {"request_key", "request_sha256"}}
    found = {}
    for table in _TABLES:
        columns = [name for (name,) in connection.execute("select name from pragma_table_info(?)", (table,))]
        kept = ", ".join(name for name in columns if name not in added.get(table, ()))
        found[table] = connection.execute(f"select {kept} from {table}").fetchall()
    connection.close()
    return found


def test_a_database_of_the_first_schema_is_brought_up_without_loss(first_project: Path) -> None:
    before = _rows(first_project)
    assert len(before["events"]) == 6
    store = Store(first_project)
    assert _rows(first_project) == before
    assert store.queue.count(QueueFilter(text="mitosis")) == 2
    assert store.reviews.load("PMC1:fig2", NOW).redoable
    assert store.minings.save("PMC1:fig1", "lvlm", "m", HIERARCHY) == 1
    assert store.exchanges.spent() == []
    (panels,) = (tallies for source, tallies in store.outcomes.tallies().items() if source.level == "panel")
    assert [(tally.confidence, tally.count, tally.right) for tally in panels] == [(0.4, 1, 1), (0.9, 1, 1)]
    store.close()
    Store(first_project).close()
    assert _rows(first_project) == before
