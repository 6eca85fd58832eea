"""What an upgrade of the database leaves beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from curator.errors import StoreError
from data.store import Store, database
from data.store.copying import copy_database
from data.store.schema import migrations
from tests.data.full_disk import full_disk
from tests.data.projects import add_mined_figure


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of this Curator with one figure."""
    store = Store(tmp_path / "project")
    add_mined_figure(store)
    store.close()
    return tmp_path / "project"


@pytest.fixture
def later(project: Path, monkeypatch: pytest.MonkeyPatch) -> Migrations:
    """The Curator after the one that made ``project``; it makes one more table."""
    after = Migrations("curator")
    for migration in migrations.pending(Database(memory=True)):
        after(name=migration.name)(migration.fn)

    @after()
    def m900_table_of_the_test(db: Database) -> None:
        db.execute("create table later (number integer)")

    monkeypatch.setattr(database, "migrations", after)
    return after


def beside(project: Path) -> list[str]:
    return sorted(path.name for path in project.glob("*before*"))


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as conn:
        return {name for (name,) in conn.execute("select name from sqlite_master where type = 'table'")}


@pytest.mark.usefixtures("later")
def test_a_database_is_kept_as_it_was_before_its_upgrade(project: Path) -> None:
    before = tables(project / "curator.db")
    Store(project).close()
    assert tables(project / "curator.db") - before == {"later"}
    assert beside(project) == ["curator.before-m900.db"]
    kept = project / "curator.before-m900.db"
    assert tables(kept) == before
    with closing(sqlite3.connect(kept)) as conn:
        assert conn.execute("select count(*) from events").fetchone() == (1,)


@pytest.mark.usefixtures("later")
def test_opening_an_upgraded_database_copies_nothing(project: Path) -> None:
    Store(project).close()
    changed = (project / "curator.before-m900.db").stat().st_mtime_ns
    Store(project).close()
    assert beside(project) == ["curator.before-m900.db"]
    assert (project / "curator.before-m900.db").stat().st_mtime_ns == changed


def test_a_new_project_has_nothing_to_keep(tmp_path: Path) -> None:
    Store(tmp_path).close()
    assert beside(tmp_path) == []


def test_an_upgrade_that_fails_changes_nothing_and_is_tried_again_with_one_copy(
    project: Path, later: Migrations
) -> None:
    before = tables(project / "curator.db")

    @later()
    def m901_fails(db: Database) -> None:
        db.execute("create table broken (")

    for _ in range(2):
        with pytest.raises(StoreError, match="cannot be read as a Curator database"):
            Store(project)
    assert tables(project / "curator.db") == before
    assert beside(project) == ["curator.before-m900.db"]


@pytest.mark.usefixtures("later")
def test_a_copy_of_another_upgrade_stays(project: Path) -> None:
    (project / "curator.before-m900.db").write_bytes(b"of an earlier upgrade")
    Store(project).close()
    assert beside(project) == ["curator.before-m900-2.db", "curator.before-m900.db"]
    assert (project / "curator.before-m900.db").read_bytes() == b"of an earlier upgrade"


def test_a_database_that_another_process_writes_to_is_not_called_broken(
    project: Path, later: Migrations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 1)
    with closing(sqlite3.connect(project / "curator.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreError) as caught:
            Store(project)
    assert str(caught.value) == (
        f"{project / 'curator.db'} is being written to by another process, perhaps upgraded; try again when it is done"
    )


def test_a_full_disk_is_not_called_a_broken_database(project: Path) -> None:
    """Whoever restored a backup for it would lose what came after that."""
    path = project / "curator.db"
    with full_disk(), pytest.raises(StoreError) as caught:
        Store(project)
    assert str(caught.value) == (
        f"{path} cannot be written to (disk I/O error); see that its disk has room and that you may write to "
        f"{project}. What was saved there is as it was"
    )
    assert Store(project).reviews.mined_ids()


def test_a_project_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"project folder .*/file/project cannot be made"):
        Store(tmp_path / "file" / "project")


@pytest.mark.usefixtures("later")
def test_an_upgrade_without_room_for_its_copy_leaves_nothing_of_it(project: Path) -> None:
    size = (project / "curator.db").stat().st_size
    with full_disk(size - 8192), pytest.raises(StoreError, match="see that the disk has room"):
        Store(project)
    assert sorted(path.name for path in project.iterdir() if "before" in path.name) == []
    Store(project).close()
    assert beside(project) == ["curator.before-m900.db"]


def test_a_damaged_database_is_not_copied(project: Path, tmp_path: Path) -> None:
    path = project / "curator.db"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 12] = bytes(4096 * 9)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|could not be copied"):
        copy_database(path, tmp_path / "copy.db")
