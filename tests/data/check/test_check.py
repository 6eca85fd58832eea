"""A check of small real projects, whole and damaged one way at a time."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from curator.commands import parse_commands
from curator.exchange import Exchange, Picture, Reply
from data.check import Checked, Flaw, check_project, rebuild_search
from data.ingest import ingest
from data.pmc import PmcSettings
from data.sources import SourceSettings, read_sources
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures

NOW = 1_000_000.0
MOVE = {"op": "move", "id": "p1", "dx": 1, "dy": 0}
SEEN = b"what a model saw"
FIGURE = "PMC1:fig1"
RESTORE = "`curator restore BACKUP --overwrite` brings the newest backup back; the project that is here is kept"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two figures with decisions, undone and made again, a mining aside and an exchange with a picture."""
    folder = tmp_path_factory.mktemp("whole") / "project"
    store = Store(folder)
    first, second = add_figures(store, 2)
    for figure_id in (first, second):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    store.reviews.decide(first, 1, parse_commands([MOVE, {"op": "judge", "id": "r4", "state": "rejected"}]), "ann", NOW)
    store.reviews.undo(first, 2, "ann", NOW)
    store.reviews.redo(first, 3, "ann", NOW)
    store.reviews.decide(first, 4, parse_commands([{"op": "judge_figure", "state": "accepted"}]), "ann", NOW)
    store.reviews.mined(second, HIERARCHY, "embedded 2")
    store.minings.save(second, "lvlm", "m", HIERARCHY)
    picture = Picture(SEEN, "image/png", (1, 1))
    asked = [{"role": "user", "text": "?", "pictures": [picture.sha256]}]
    store.exchanges.save(Exchange("k", first, "panels", "p", "h", "openai", "m", {}, asked, Reply("{}")), [picture])
    store.close()
    return folder


@pytest.fixture
def project(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def store(project: Path) -> Iterator[Store]:
    opened = Store(project)
    yield opened
    opened.close()


def flaws_of(store: Store, fast: bool = False) -> list[Flaw]:
    return list(check_project(store, Checked(), fast))


def image(store: Store, form: str) -> Path:
    (path,) = (store.images.root / form).glob("*/*")
    return path


def sql(statement: str) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        conn = store.connections.db.conn
        conn.execute("pragma foreign_keys = off")
        for trigger in ("events_are_final", "events_are_kept"):
            conn.execute(f"drop trigger {trigger}")
        conn.execute(statement)

    return change


def rewritten(form: str, content: bytes) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        image(store, form).write_bytes(content)

    return change


def removed(form: str) -> Callable[[Store], None]:
    return lambda store: image(store, form).unlink()


def resized(store: Store) -> None:
    Image.new("RGB", (10, 10)).save(image(store, "web"))


def test_a_whole_project_has_no_flaws(store: Store) -> None:
    checked = Checked()
    assert list(check_project(store, checked)) == []
    assert (checked.figures, checked.images, checked.wrong, checked.notes) == (2, 1, 0, 0)


def test_an_empty_project_is_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert flaws_of(store) == []
    store.close()


DAMAGES: list[tuple[str, Callable[[Store], None], tuple[str, str, str]]] = [
    (
        "a node gone",
        sql(f"delete from nodes where figure_id = '{FIGURE}' and id = 'p2'"),
        ("hierarchy", FIGURE, "m3: its panel 'p2' does not exist"),
    ),
    (
        "a node changed past the log",
        sql(f"update nodes set doc = json_set(doc, '$.label', 'Z') where figure_id = '{FIGURE}' and id = 'p1'"),
        ("log", FIGURE, "its log and its hierarchy differ in p1"),
    ),
    (
        "a node that is no JSON",
        sql(f"update nodes set doc = '{{' where figure_id = '{FIGURE}' and id = 'p1'"),
        ("hierarchy", FIGURE, "its hierarchy cannot be read"),
    ),
    (
        "a figure's state changed past the log",
        sql(f"update reviews set state = 'proposed' where figure_id = '{FIGURE}'"),
        ("log", FIGURE, "its log makes it 'accepted', the review says 'proposed'"),
    ),
    (
        "shared sentences changed past the log",
        sql(f"update reviews set shared = '{{}}' where figure_id = '{FIGURE}'"),
        ("log", FIGURE, "its log and its review differ in the sentences that all panels share"),
    ),
    (
        "the last event gone",
        sql(f"delete from events where figure_id = '{FIGURE}' and revision = 5"),
        ("log", FIGURE, "its log has 4 events, the review says 5"),
    ),
    (
        "an event changed",
        sql(f"update events set doc = replace(doc, '\"p1\"', '\"p7\"') where figure_id = '{FIGURE}' and revision = 2"),
        ("log", FIGURE, "event 2 of its log cannot be replayed (p7 is no longer what it was"),
    ),
    (
        "an event that is no JSON",
        sql(f"update events set doc = '' where figure_id = '{FIGURE}' and revision = 2"),
        ("log", FIGURE, "event 2 of its log cannot be replayed ("),
    ),
    (
        "a box outside its image",
        sql(f"update figures set width = 60 where id = '{FIGURE}'"),
        ("hierarchy", FIGURE, "box (50.0, 0.0, 100.0, 80.0) leaves the image of 60 x 80 px"),
    ),
    (
        "a span outside its caption",
        sql(f"update figures set caption = 'Cells.' where id = '{FIGURE}'"),
        ("hierarchy", FIGURE, "p1: span (7, 21) lies outside the caption of 6 characters"),
    ),
    (
        "a node of no figure",
        sql(
            "insert into nodes select 'gone', id, level, parent_id, kind, label, state, confidence, agent, doc "
            "from nodes limit 1"
        ),
        ("database", "nodes", "a row names none of 'figures'"),
    ),
    (
        "the search index behind",
        sql("insert into figures_fts (figures_fts) values ('delete-all')"),
        ("search", "figures_fts", "searching finds other figures than those whose captions have the words"),
    ),
    ("no original", removed("originals"), ("images", FIGURE, "is missing")),
    ("no web form", removed("web"), ("images", FIGURE, "is missing")),
    ("no thumbnail", removed("thumbnails"), ("images", FIGURE, "is missing")),
    ("no picture that a model saw", removed("seen"), ("images", FIGURE, "is missing")),
    ("an original damaged", rewritten("originals", b"x"), ("images", FIGURE, "is damaged: its sha256 is '2d711642")),
    ("a web form damaged", rewritten("web", b"x"), ("images", FIGURE, "is damaged: it cannot be read")),
    ("a thumbnail damaged", rewritten("thumbnails", b""), ("images", FIGURE, "is damaged: it cannot be read")),
    ("a picture damaged", rewritten("seen", b"x"), ("images", FIGURE, "is damaged: its sha256 is '2d711642")),
    ("a web form of another size", resized, ("images", FIGURE, "it has 10 x 10 px, expected 100 x 80")),
]


@pytest.mark.parametrize(
    ("damage", "expected"), [case[1:] for case in DAMAGES], ids=[case[0].replace(" ", "-") for case in DAMAGES]
)
def test_each_damage_is_found_and_its_mend_named(
    store: Store, damage: Callable[[Store], None], expected: tuple[str, str, str]
) -> None:
    damage(store)
    flaws = flaws_of(store)
    part, where, what = expected
    assert [(flaw.part, flaw.where) for flaw in flaws if what in flaw.what][:1] == [(part, where)]
    assert all(flaw.wrong and flaw.mend for flaw in flaws)


def test_a_damaged_database_is_told_without_going_on(project: Path) -> None:
    path = project / "curator.db"
    conn = sqlite3.connect(path)
    (page,) = conn.execute("select rootpage from sqlite_master where name = 'events_by_day'").fetchone()
    conn.close()
    content = bytearray(path.read_bytes())
    content[4096 * (page - 1) : 4096 * page] = b"\xff" * 4096
    path.write_bytes(content)
    store = Store(project)
    flaws = flaws_of(store)
    store.close()
    assert {flaw.part for flaw in flaws} == {"database"}
    assert flaws[0].mend == RESTORE


def test_fast_reads_no_image_but_misses_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rewritten("originals", b"x")(store)

    def never(*_: Any) -> None:
        raise AssertionError("an image was read")

    monkeypatch.setattr(hashlib, "file_digest", never)
    assert flaws_of(store, fast=True) == []
    removed("web")(store)
    (flaw,) = flaws_of(store, fast=True)
    assert flaw.what.endswith("is missing")


def test_files_that_nothing_names_are_noted_once_they_are_old(store: Store) -> None:
    orphan = store.images.root / "originals" / "ab" / ("ab" * 32)
    leftover = store.images.root / "web" / ".tmp1234"
    for path in (orphan, leftover):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    assert flaws_of(store) == [], "an ingest may be about to name them"
    for path in (orphan, leftover):
        os.utime(path, (0, 0))
    checked = Checked()
    notes = list(check_project(store, checked))
    assert {(note.where, note.what, note.wrong) for note in notes} == {
        (str(orphan), "no figure or exchange names it", False),
        (str(leftover), "it is no file of the image store, perhaps left by a process that was killed", False),
    }
    assert (checked.wrong, checked.notes) == (0, 2)


@pytest.mark.parametrize("name", [".check-killed", ".export-killed"])
def test_what_a_killed_check_or_export_left_is_noted(store: Store, name: str) -> None:
    leftover = store.project / name
    leftover.mkdir()
    os.utime(leftover, (0, 0))
    (note,) = flaws_of(store)
    assert (note.where, note.what, note.wrong) == (str(leftover), "a check or export that was killed left it", False)


def test_the_search_index_is_made_again(store: Store) -> None:
    sql("insert into figures_fts (figures_fts) values ('delete-all')")(store)
    (flaw,) = flaws_of(store)
    assert flaw.mend == "`curator check --rebuild-search` makes the search index again from the captions"
    rebuild_search(store)
    assert flaws_of(store) == []


def test_a_page_that_decides_meanwhile_is_no_finding(store: Store, project: Path) -> None:
    page = Store(project)

    def decide(what: str, done: int, total: int) -> None:
        if what == "figures" and done == 1:
            page.reviews.decide("PMC1:fig2", 2, parse_commands([MOVE]), "bob", NOW)

    assert list(check_project(store, Checked(), progress=decide)) == []
    assert page.reviews.load("PMC1:fig2", NOW).revision == 3
    page.close()


@pytest.mark.parametrize("form", ["originals", "web", "thumbnails"])
def test_an_image_that_is_deleted_and_ingested_again_is_mended(tmp_path: Path, form: str) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (300, 200), (9, 99, 199)).save(tmp_path / "in" / "cells.png")
    store = Store(tmp_path / "project")
    settings = SourceSettings(PmcSettings(tmp_path / "pmc", contact=""))
    ingest(store, read_sources([str(tmp_path / "in")], settings))
    image(store, form).write_bytes(b"damaged")
    (flaw,) = flaws_of(store)
    assert flaw.mend == (
        "delete it, then restore a backup into a new folder and copy the file from there, "
        f"or `curator ingest {tmp_path / 'in'}` again"
    )
    image(store, form).unlink()
    ingest(store, read_sources([str(tmp_path / "in")], settings))
    assert flaws_of(store) == []
    store.close()
