"""The store against real SQLite files: decisions, undo, leases, versions, search, and being killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from curator.commands import parse_commands
from curator.errors import LeaseError, ReviewError, StaleError, StoreError
from curator.figure import Article, Figure, FigureState, PanelKind, State
from data.store import Store
from data.store.queue import QueueFilter
from tests.data.projects import CAPTION, HIERARCHY, add_figures, add_mined_figure, keep_image

NOW = 1_000_000.0
MOVE = {"op": "move", "id": "p1", "dx": 1, "dy": 0}
ACCEPT = {"op": "judge_figure", "state": "accepted"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def decide(store: Store, figure_id: str, *commands: object, holder: str = "ann#1", now_s: float = NOW) -> None:
    revision = store.reviews.load(figure_id, now_s).revision
    store.reviews.decide(figure_id, revision, parse_commands(list(commands)), holder, now_s, seconds=10)


def test_a_mined_hierarchy_is_loaded_as_it_was_saved(store: Store) -> None:
    stored = store.reviews.load(add_mined_figure(store), NOW)
    assert stored.review.hierarchy == HIERARCHY
    assert stored.review.state == FigureState.PROPOSED
    assert stored.confidence == pytest.approx((0.9 * 0.4) ** 0.5)


def test_undo_and_redo_outlive_the_process(store: Store, tmp_path: Path) -> None:
    figure_id = add_mined_figure(store)
    decide(store, figure_id, MOVE)
    decide(store, figure_id, ACCEPT)
    again = Store(tmp_path / "project")
    for expected in (FigureState.PROPOSED, FigureState.PROPOSED):
        again.reviews.undo(figure_id, again.reviews.load(figure_id, NOW).revision, "ann#1", NOW)
        assert again.reviews.load(figure_id, NOW).review.state == expected
    assert again.reviews.load(figure_id, NOW).review.hierarchy == HIERARCHY
    with pytest.raises(ReviewError, match="there is nothing to undo in this figure"):
        again.reviews.undo(figure_id, again.reviews.load(figure_id, NOW).revision, "ann#1", NOW)
    again.reviews.redo(figure_id, again.reviews.load(figure_id, NOW).revision, "ann#1", NOW)
    stored = again.reviews.load(figure_id, NOW)
    assert stored.review.hierarchy.panels[0].box_xyxy == (1, 0, 51, 80)
    assert (stored.undoable, stored.redoable) == (True, True)


def test_an_edit_of_a_figure_that_has_changed_is_refused_and_nothing_saved(store: Store) -> None:
    figure_id = add_mined_figure(store)
    decide(store, figure_id, MOVE)
    with pytest.raises(StaleError) as caught:
        store.reviews.decide(figure_id, 1, parse_commands([MOVE]), "ann#1", NOW)
    assert str(caught.value) == (
        "the figure has changed since the page read it (revision 2, the page has 1); your last edit was not saved, "
        "the figure is loaded again"
    )
    assert store.reviews.load(figure_id, NOW).review.hierarchy.panels[0].box_xyxy == (1, 0, 51, 80)


def test_a_lease_keeps_others_out_until_it_ends_or_is_taken_over(store: Store) -> None:
    figure_id = add_mined_figure(store)
    assert store.reviews.lease(figure_id, "ann#1", NOW) == "ann#1"
    assert store.reviews.lease(figure_id, "bob#2", NOW + 30) == "ann#1"
    with pytest.raises(LeaseError) as caught:
        decide(store, figure_id, MOVE, holder="bob#2", now_s=NOW + 30)
    assert str(caught.value) == ("ann is editing this figure; nothing was saved here. Take it over, or open another")
    with pytest.raises(LeaseError, match="you, in another tab, is editing this figure"):
        decide(store, figure_id, MOVE, holder="ann#2", now_s=NOW + 30)
    assert store.reviews.lease(figure_id, "bob#2", NOW + 30, take_over=True) == "bob#2"
    decide(store, figure_id, MOVE, holder="bob#2", now_s=NOW + 31)
    decide(store, figure_id, MOVE, holder="ann#1", now_s=NOW + 200)


def test_another_curators_decision_cannot_be_undone(store: Store) -> None:
    figure_id = add_mined_figure(store)
    decide(store, figure_id, MOVE)
    with pytest.raises(ReviewError, match="the last decision here is ann's; only ann can undo it"):
        store.reviews.undo(figure_id, 2, "bob#1", NOW + 1000)


def test_undoing_the_opening_of_a_skipped_figure_tells_why_it_was_skipped(store: Store) -> None:
    figure_id = add_mined_figure(store)
    decide(store, figure_id, {"op": "judge_figure", "state": "skipped", "reason": "blurred"})
    decide(store, figure_id, {"op": "judge_figure", "state": "proposed"})

    store.reviews.undo(figure_id, store.reviews.load(figure_id, NOW).revision, "ann#1", NOW)

    stored = store.reviews.load(figure_id, NOW)
    assert (stored.review.state, stored.reason) == (FigureState.SKIPPED, "blurred")
    store.reviews.undo(figure_id, stored.revision, "ann#1", NOW)
    assert store.reviews.load(figure_id, NOW).reason == ""


def test_the_event_log_is_append_only(store: Store) -> None:
    add_mined_figure(store)
    for statement in ("update events set who = 'eve'", "delete from events"):
        with pytest.raises(sqlite3.IntegrityError, match="the event log is append-only"):
            store.connections.db.conn.execute(statement)


def test_mining_again_leaves_decisions_and_closed_figures_alone(store: Store) -> None:
    figure_id = add_mined_figure(store)
    decide(store, figure_id, MOVE)
    assert store.reviews.mined(figure_id, HIERARCHY, "embedded 2")
    panel = store.reviews.load(figure_id, NOW).review.hierarchy.by_id()["p1"]
    assert (panel.box_xyxy, panel.state) == ((1, 0, 51, 80), State.EDITED)
    decide(store, figure_id, ACCEPT)
    revision = store.reviews.load(figure_id, NOW).revision
    assert not store.reviews.mined(figure_id, HIERARCHY, "embedded 3")
    assert store.reviews.load(figure_id, NOW).revision == revision


def test_mining_waits_for_the_curator_who_edits(store: Store) -> None:
    figure_id = add_mined_figure(store)
    store.reviews.lease(figure_id, "ann#1", NOW)
    with pytest.raises(LeaseError, match="ann is editing this figure; mine it again later"):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 2", now_s=NOW + 1)
    assert store.reviews.mined(figure_id, HIERARCHY, "embedded 2", now_s=NOW + 100)


def test_ingesting_twice_changes_nothing(store: Store) -> None:
    add_figures(store, 3)
    before = [tuple(row) for row in store.connections.rows("select * from figures")]
    assert add_figures(store, 3) == []
    assert [tuple(row) for row in store.connections.rows("select * from figures")] == before


def test_a_changed_figure_is_a_new_version_and_verified_work_stays(store: Store) -> None:
    untouched, reviewed = add_figures(store, 2)
    store.reviews.mined(reviewed, HIERARCHY, "embedded 1")
    decide(store, reviewed, ACCEPT)
    before = store.reviews.load(reviewed, NOW)
    sha256 = keep_image(store)
    changed = [
        Figure(f"fig{n}", "PMC1", f"fig{n}.png", sha256, (100, 80), f"Figure {n}", CAPTION + " New.") for n in (1, 2)
    ]
    report = store.articles.save(Article("PMC1", "A title", license="CC BY 4.0"), changed)
    assert report.replaced == ("PMC1:fig1@2", "PMC1:fig2@2")
    after = store.reviews.load(reviewed, NOW)
    assert after.replaced_by == "PMC1:fig2@2"
    assert replace(after, replaced_by=None) == before
    listed = {item.figure_id for item in store.queue.page(QueueFilter(), 0, 10, NOW)}
    assert listed == {"PMC1:fig1@2", "PMC1:fig2@2", reviewed}
    assert store.reviews.load(untouched, NOW).replaced_by == "PMC1:fig1@2"


def test_two_folders_of_one_name_are_two_articles(store: Store) -> None:
    def figures(shade: int) -> list[Figure]:
        return [Figure("a", "figures", "a.png", keep_image(store, shade), (100, 80), caption=CAPTION)]

    store.articles.save(Article("figures", source="one/figures"), figures(10))
    report = store.articles.save(Article("figures", source="two/figures"), figures(20))
    assert report.added == ("figures-2:a",)
    assert store.articles.save(Article("figures", source="moved/figures"), figures(20)).unchanged == ("figures-2:a",)
    report = store.articles.save(Article("figures", source="one/figures"), figures(30))
    assert report.replaced == ("figures:a@2",)


def test_the_queue_filters_orders_and_counts(store: Store) -> None:
    sure = add_mined_figure(store, "PMC1")
    doubtful = add_mined_figure(store, "PMC2")
    decide(store, sure, {"op": "judge", "id": "p2", "state": "accepted"})
    decide(store, doubtful, {"op": "resize", "id": "p2", "box_xyxy": [20, 0, 100, 80]}, {"op": "remove", "id": "p1"})
    (unmined,) = add_figures(store, 1, "PMC3")

    def found(wanted: QueueFilter) -> list[str]:
        ids = [item.figure_id for item in store.queue.page(wanted, 0, 10, NOW)]
        assert store.queue.count(wanted) == len(ids)
        assert [store.queue.position(wanted, figure_id) for figure_id in ids] == list(range(len(ids)))
        return ids

    assert found(QueueFilter(order="number")) == [sure, doubtful, unmined]
    assert found(QueueFilter(states=(FigureState.PROPOSED,))) == [doubtful, sure]
    assert found(QueueFilter(confidence_from=0.9)) == [sure]
    assert found(QueueFilter(confidence_below=0.9)) == [doubtful]
    assert found(QueueFilter(article_id="PMC3")) == [unmined]
    assert found(QueueFilter(kind=PanelKind.MICROSCOPY)) == [sure]
    assert found(QueueFilter(problem=True)) == [doubtful]
    assert found(QueueFilter(text="mitos", order="number")) == [sure, doubtful, unmined]
    assert found(QueueFilter(text="plasmodium")) == []
    assert store.queue.states()[FigureState.PROPOSED] == 2


@pytest.mark.parametrize("text", ['"', "red OR", "NEAR(a b)", "caption:x", "a*b^2", "'; drop table figures; --", "-"])
def test_search_takes_any_text_as_words(store: Store, text: str) -> None:
    add_figures(store)
    assert store.queue.count(QueueFilter(text=text)) in (0, 1)
    assert store.queue.count(QueueFilter()) == 1


def test_the_dashboard_tells_pace_outcomes_and_agreement(store: Store) -> None:
    figure_id = add_mined_figure(store)
    decide(store, figure_id, MOVE, {"op": "remove", "id": "r4"})
    decide(store, figure_id, ACCEPT)
    decide(store, figure_id, {"op": "update", "id": "p2", "fields": {"label": "C"}}, holder="bob#1", now_s=NOW + 100)
    assert [count for _, count in store.dashboard.verified_by_day()] == [1]
    assert store.dashboard.seconds_per_figure() == 30
    outcomes = {o.level: (o.accepted, o.edited, o.rejected) for o in store.dashboard.outcomes()}
    assert outcomes == {"panel": (0, 2, 0), "marker": (1, 0, 0), "region": (0, 0, 1)}
    agreement = store.dashboard.agreement()
    assert (agreement.figure_count, agreement.node_count, agreement.kept_count) == (1, 4, 3)


def test_problems_stay_until_they_are_solved(store: Store) -> None:
    store.problems.add("ingest", "PMC1 fig2", "no image")
    store.problems.add("ingest", "PMC10", "not XML")
    store.problems.add("ingest", "PMC1 fig2", "still no image")
    assert [(p.place, p.reason) for p in store.problems.listed()] == [
        ("PMC1 fig2", "still no image"),
        ("PMC10", "not XML"),
    ]
    store.problems.solve("ingest", "PMC1")
    assert [problem.place for problem in store.problems.listed()] == ["PMC10"]


def test_an_unknown_figure_is_named(store: Store) -> None:
    with pytest.raises(StoreError) as caught:
        store.reviews.load("PMC9:fig1", NOW)
    assert str(caught.value) == "there is no figure 'PMC9:fig1' in this project; `curator status` lists its articles"


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "curator.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="cannot be read as a Curator database"):
        Store(tmp_path)
    assert path.read_bytes() == b"not a database" * 100


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.connections.db.conn.execute(
        "insert into _sqlite_migrations (migration_set, name, applied_at) values ('curator', 'm999_later', '')"
    )
    with pytest.raises(StoreError, match="was written by a newer Curator"):
        Store(tmp_path)


def test_threads_that_write_at_once_lose_nothing(store: Store) -> None:
    ids = add_figures(store, 8)
    for figure_id in ids:
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")

    def work(figure_id: str) -> None:
        for _ in range(5):
            decide(store, figure_id, MOVE, holder=f"{figure_id}#1")
        store.close()

    threads = [threading.Thread(target=work, args=(figure_id,)) for figure_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    boxes = {store.reviews.load(figure_id, NOW).review.hierarchy.panels[0].box_xyxy for figure_id in ids}
    assert boxes == {(5, 0, 55, 80)}


_EDITS_FOREVER = """
import sys
from pathlib import Path
from curator.commands import parse_commands
from data.store import Store
store = Store(Path(sys.argv[1]))
revision = store.reviews.load(sys.argv[2], 0).revision
while True:
    for dx in (1, -1):
        moves = [{"op": "move", "id": "p1", "dx": dx, "dy": 0}, {"op": "move", "id": "p2", "dx": -dx, "dy": 0}]
        commands = parse_commands(moves)
        store.reviews.decide(sys.argv[2], revision, commands, "ann#1", 0.0)
        revision += 1
        print(revision, flush=True)
"""


def test_killing_an_editor_loses_at_most_the_edit_in_flight(store: Store, tmp_path: Path) -> None:
    figure_id = add_mined_figure(store)
    decide(
        store, figure_id, {"op": "move", "id": "p2", "dx": -1, "dy": 0}, {"op": "move", "id": "p1", "dx": 1, "dy": 0}
    )
    process = subprocess.Popen(
        [sys.executable, "-c", _EDITS_FOREVER, str(store.project), figure_id],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    confirmed = 0
    for line in process.stdout:
        confirmed = int(line)
        if confirmed >= 12:
            break
    process.send_signal(signal.SIGKILL)
    rest = process.communicate()[0].split()
    confirmed = int(rest[-1]) if rest else confirmed
    stored = Store(store.project).reviews.load(figure_id, NOW)
    assert stored.revision in (confirmed, confirmed + 1)
    first, second = stored.review.hierarchy.panels
    # both moves of one edit are there, or neither
    assert first.box_xyxy[0] - 1 == -(second.box_xyxy[0] - 49)
    check = store.connections.row("pragma integrity_check")
    assert check is not None
    assert check[0] == "ok"
