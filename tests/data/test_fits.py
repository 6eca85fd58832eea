"""Fits: kept by figure, and the order of the queue by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from data.store import Store
from data.store.queue import QueueFilter
from data.store.schema import migrations
from tests.data.projects import add_mined_figure

NOW = 1_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def test_the_queue_puts_first_where_a_text_is_doubted_most_and_the_unknown_last(store: Store) -> None:
    unknown, sure, doubted, mixed = (add_mined_figure(store, f"PMC{n}") for n in range(1, 5))
    store.fits.replace_all([(sure, {"p1": 0.9}), (doubted, {"p1": 0.1}), (mixed, {"p1": 0.99, "r4": 0.2})])
    by_fit = QueueFilter(order="fit")
    listed = store.queue.page(by_fit, 0, 10, NOW)
    assert [item.figure_id for item in listed] == [doubted, mixed, sure, unknown]
    assert [item.fit for item in listed] == [0.1, 0.2, 0.9, None]
    assert [store.queue.position(by_fit, item.figure_id) for item in listed] == [0, 1, 2, 3]
    assert [item.figure_id for item in store.queue.page(by_fit, 1, 2, NOW)] == [mixed, sure]


def test_new_fits_take_the_place_of_all_that_were_there(store: Store) -> None:
    first, second, third = (add_mined_figure(store, f"PMC{n}") for n in range(1, 4))
    store.fits.replace_all([(first, {"p1": 0.5, "p2": 0.4}), (second, {"p1": 0.3}), (third, {"p1": 0.2})])
    store.fits.replace_all([(first, {"p1": 0.5}), (second, {})])
    assert [store.fits.of_figure(figure_id) for figure_id in (first, second, third)] == [{"p1": 0.5}, {}, {}]
    assert [item.fit for item in store.queue.page(QueueFilter(order="fit"), 0, 10, NOW)] == [0.5, None, None]


def test_what_stays_the_same_is_not_written(store: Store) -> None:
    figure_id = add_mined_figure(store)
    store.fits.replace_all([(figure_id, {"p1": 0.5})])
    before = store.connections.db.conn.total_changes
    store.fits.replace_all([(figure_id, {"p1": 0.5})])
    assert store.connections.db.conn.total_changes == before


def test_a_project_of_the_schema_before_gets_an_order_by_fit(tmp_path: Path) -> None:
    database = Database(tmp_path / "curator.db")
    migrations.apply(database, stop_before="m003_fits")
    database.execute("insert into articles values ('a', 1, '', '', '', null, null, null, '', '')")
    database.execute(
        """insert into figures (number, id, article_id, key, version, image_name, image_sha256, width, height, label,
        caption, bold_spans, mentions, ingested_at) values (1, 'a:f', 'a', 'f', 1, '', '', 1, 1, '', '', '', '', '')"""
    )
    database.execute("insert into reviews (figure_id, number, article_id, state) values ('a:f', 1, 'a', 'proposed')")
    database.conn.commit()
    database.close()
    store = Store(tmp_path)
    store.fits.replace_all([("a:f", {"p1": 0.25})])
    assert [item.fit for item in store.queue.page(QueueFilter(order="fit"), 0, 10, NOW)] == [0.25]
    store.close()
