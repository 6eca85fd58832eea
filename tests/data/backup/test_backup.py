"""Backups of small real projects, and what is made of them."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from curator.commands import parse_commands
from curator.errors import StoreError
from data.backup import restore, swap, take, take_backup, verify
from data.backup.manifest import load_images
from data.backup.shelf import Shelf
from data.check import Checked, check_project
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures, add_mined_figure, keep_image

SETTINGS = ["curator.toml", "model.toml", "settings of März.toml"]
MOVE = {"op": "move", "id": "p1", "dx": 1, "dy": 0}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a decision, settings, and things that are no part of a backup."""
    folder = tmp_path / "project"
    store = Store(folder)
    figure_id = add_mined_figure(store)
    store.reviews.decide(figure_id, 1, parse_commands([MOVE]), "ann#1", 0.0)
    store.images.save_seen(hashlib.sha256(b"seen").hexdigest(), b"seen", "image/png")
    store.close()
    (folder / "curator.toml").write_text("[mining]\n")
    (folder / "model.toml").write_text("[model]\n")
    (folder / "model.toml").chmod(0o600)
    (folder / "settings of März.toml").write_text("# kept too\n")
    (folder / "embeddings.db").write_bytes(b"derived")
    (folder / "runs").mkdir()
    return folder


def dump(project: Path) -> list[str]:
    with closing(sqlite3.connect(project / "curator.db")) as conn:
        return list(conn.iterdump())


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def wrong(project: Path) -> list[str]:
    store = Store(project)
    found = [flaw.what for flaw in check_project(store, Checked()) if flaw.wrong]
    store.close()
    return found


def test_a_restored_backup_is_the_project_again(project: Path, tmp_path: Path) -> None:
    taken = take_backup(project, tmp_path / "backups")
    (tmp_path / "again").mkdir()
    restore(taken.place, tmp_path / "again")
    assert dump(tmp_path / "again") == dump(project)
    assert files(tmp_path / "again" / "images") == files(project / "images")
    assert {path.name for path in (tmp_path / "again").iterdir()} == {"curator.db", "images", *SETTINGS}
    for name in SETTINGS:
        assert (tmp_path / "again" / name).read_bytes() == (project / name).read_bytes()
    assert (tmp_path / "again" / "model.toml").stat().st_mode & 0o077 == 0, "it may hold a key"
    assert wrong(tmp_path / "again") == []


def test_nobody_is_logged_in_to_what_was_restored(project: Path, tmp_path: Path) -> None:
    store = Store(project)
    store.users.add("ann", "admin", "hash")
    secret = store.sessions.open("ann")
    store.close()
    taken = take_backup(project, tmp_path / "backups")

    restore(taken.place, tmp_path / "again")

    again = Store(tmp_path / "again")
    assert again.sessions.user_of(secret) is None
    assert again.users.find("ann") is not None
    again.close()


def test_the_manifest_says_what_is_in_the_backup_and_what_is_not(project: Path, tmp_path: Path) -> None:
    manifest = take_backup(project, tmp_path / "backups").manifest
    assert (manifest.figures, manifest.decisions, manifest.images) == (1, 1, 4)
    assert sorted(manifest.files) == ["curator.db", "curator.toml", "images.jsonl", *SETTINGS[1:]]
    assert manifest.left_out == ("embeddings.db", "runs")
    assert manifest.image_bytes == sum(map(len, files(project / "images").values()))


def test_images_that_the_shelf_has_are_not_written_again(project: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "backups"
    assert take_backup(project, shelf).new_images == 3, "the drawn PNG is its own form for the browser"
    before = {path: path.stat().st_ino for path in (shelf / "files").rglob("*") if path.is_file()}
    store = Store(project)
    keep_image(store, shade=7)
    store.close()
    second = take_backup(project, shelf)
    assert second.new_images == 2
    assert second.manifest.images == 7
    assert {path: path.stat().st_ino for path in before} == before
    assert len(Shelf(shelf).names()) == 2


def test_a_file_that_changed_is_kept_beside_its_former_self(project: Path, tmp_path: Path) -> None:
    first = take_backup(project, tmp_path / "backups")
    (thumbnail,) = (project / "images" / "thumbnails").glob("*/*")
    former = thumbnail.read_bytes()
    thumbnail.unlink()
    thumbnail.write_bytes(b"of another encoder")
    second = take_backup(project, tmp_path / "backups")
    assert second.new_images == 1
    for taken, content in ((first, former), (second, b"of another encoder")):
        restore(taken.place, tmp_path / taken.place.name)
        (restored,) = (tmp_path / taken.place.name / "images" / "thumbnails").glob("*/*")
        assert restored.read_bytes() == content


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK], ids=["other disk", "no links", "too many"])
def test_where_files_cannot_be_linked_they_are_copied(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    take_backup(project, tmp_path / "backups")
    assert take_backup(project, tmp_path / "backups").new_images == 0
    restore(tmp_path / "backups", tmp_path / "again")
    assert files(tmp_path / "again" / "images") == files(project / "images")
    inodes = {path.stat().st_nlink for path in (tmp_path / "again" / "images").rglob("*") if path.is_file()}
    assert inodes == {1}


def test_a_full_disk_is_told_and_nothing_is_left(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    taken = take_backup(project, tmp_path / "backups")
    monkeypatch.setattr(os, "link", full)
    with pytest.raises(StoreError) as caught:
        take_backup(project, tmp_path / "others")
    assert str(caught.value) == (
        "the backup was not taken: [Errno 28] No space left on device; "
        f"see that {tmp_path / 'others'} can be written to and has room, then take it again"
    )
    assert Shelf(tmp_path / "others").names() == []
    with pytest.raises(StoreError, match=r"nothing was restored: .Errno 28. No space left on device; see that"):
        restore(taken.place, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert not (tmp_path / ".again.restoring").exists()


def test_a_backup_that_broke_off_is_not_there_and_the_next_one_cleans_up(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = tmp_path / "backups"
    with monkeypatch.context() as broken:
        broken.setattr(take, "save_manifest", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take_backup(project, shelf)
    (shelf / ".unfinished-killed").mkdir()
    assert Shelf(shelf).names() == []
    with pytest.raises(StoreError, match="holds no complete backup; take one with"):
        restore(shelf, tmp_path / "again")
    taken = take_backup(project, shelf)
    assert sorted(path.name for path in shelf.iterdir()) == sorted(
        [".lock", taken.place.name, "curator-backups.json", "files"]
    )


def test_keeping_so_many_removes_older_ones_of_this_project_and_their_images(project: Path, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    add_figures(other)
    other.close()
    shelf = tmp_path / "backups"
    of_other = take_backup(tmp_path / "other", shelf).place.name
    (seen,) = (project / "images" / "seen").glob("*/*")
    first = take_backup(project, shelf)
    seen.unlink()
    kept = [take_backup(project, shelf, keep=2).place.name for _ in range(2)]
    assert Shelf(shelf).names() == [of_other, *kept]
    needed = {image.sha256 for name in Shelf(shelf).names() for image in load_images(shelf / name)}
    assert {path.name for path in (shelf / "files").glob("*/*")} == needed
    assert not first.place.exists()
    for name in Shelf(shelf).names():
        verify(shelf / name)


def test_a_folder_that_holds_something_else_is_left_alone(project: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(StoreError) as caught:
        take_backup(project, tmp_path / "mine")
    assert str(caught.value) == f"{tmp_path / 'mine'} is not empty and holds no backups; name a new folder with -o"
    assert files(tmp_path / "mine") == {"letter.txt": b"dear"}


def test_there_must_be_a_project(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        take_backup(tmp_path / "none", tmp_path / "backups")
    assert str(caught.value) == (
        f"there is no project in {tmp_path / 'none'}: it has no curator.db; name one with --project, "
        "or make one with `curator ingest`"
    )
    assert not (tmp_path / "backups").exists()


def test_a_damaged_original_is_named(project: Path, tmp_path: Path) -> None:
    (original,) = (project / "images" / "originals").glob("*/*")
    original.write_bytes(b"something else")
    taken = take_backup(project, tmp_path / "backups")
    assert taken.damaged == (str(original.relative_to(project / "images")),)


def test_a_backup_without_images_finds_them_where_they_are(project: Path, tmp_path: Path) -> None:
    taken = take_backup(project, tmp_path / "backups", images=False)
    assert not (tmp_path / "backups" / "files").exists()
    again = tmp_path / "again"
    with pytest.raises(StoreError, match=r"the backup was taken without images: .* is missing; bring it there"):
        restore(taken.place, again)
    assert not again.exists()
    again.mkdir()
    (project / "images").rename(again / "images")
    expected = files(again / "images")
    restore(taken.place, again)
    assert files(again / "images") == expected
    assert (again / "curator.db").is_file()


def test_a_backup_in_one_file_is_the_same_backup(project: Path, tmp_path: Path) -> None:
    taken = take_backup(project, tmp_path / "one.tar")
    assert taken.place == tmp_path / "one.tar"
    assert taken.place.stat().st_mode & 0o077 == 0, "settings may hold a key"
    assert verify(taken.place) == taken.manifest
    restore(taken.place, tmp_path / "again")
    assert dump(tmp_path / "again") == dump(project)
    assert files(tmp_path / "again" / "images") == files(project / "images")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "one.tar", "project"]
    with pytest.raises(StoreError, match="exists; name another file with -o, or a folder"):
        take_backup(project, tmp_path / "one.tar")


def test_an_archive_that_writes_outside_its_folder_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        entry = tarfile.TarInfo("../escaped")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"hey"))
    with pytest.raises(StoreError, match="cannot be unpacked"):
        restore(tmp_path / "evil.tar", tmp_path / "again")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.tar"]


def test_a_damaged_backup_is_refused_whole(project: Path, tmp_path: Path) -> None:
    taken = take_backup(project, tmp_path / "backups")
    for path in (
        *(tmp_path / "backups" / "files").glob("*/*"),
        taken.place / "curator.db",
        taken.place / "images.jsonl",
    ):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        for attempt in (lambda: restore(taken.place, tmp_path / "again"), lambda: verify(taken.place)):
            with pytest.raises(StoreError) as caught:
                attempt()
            assert "is damaged: its sha256 is" in str(caught.value)
            assert path.name in str(caught.value)
        assert not (tmp_path / "again").exists()
        path.write_bytes(content)
    restore(taken.place, tmp_path / "again")


@pytest.mark.parametrize(
    "path", ["../../escaped", "/etc/escaped", "originals/aa/../../../escaped", "web/ab/" + "c" * 64]
)
def test_a_manifest_cannot_name_a_file_outside_the_image_store(project: Path, tmp_path: Path, path: str) -> None:
    taken = take_backup(project, tmp_path / "backups")
    lines = (taken.place / "images.jsonl").read_text().splitlines()
    document = {**json.loads(lines[0]), "path": path}
    (taken.place / "images.jsonl").write_text(json.dumps(document))
    with pytest.raises(StoreError, match=r"is damaged: its sha256 is"):
        restore(taken.place, tmp_path / "again")
    with pytest.raises(StoreError, match="which is no file of an image store; take another backup"):
        list(load_images(taken.place))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format: Input should be 1"),
        ({"surprise": 1}, "surprise: Unexpected keyword argument"),
        ({"files": {"../x": {"bytes": 1, "sha256": "a" * 64}}}, r"names \['../x'\] and lacks"),
        ({"migrations": ["m999_later"]}, r"taken by a newer Curator \(it has \['m999_later'\]\); update Curator"),
    ],
    ids=["another format", "an unknown key", "a name outside", "a newer database"],
)
def test_a_manifest_of_another_kind_is_refused(
    project: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    taken = take_backup(project, tmp_path / "backups")
    path = taken.place / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(StoreError, match=message):
        restore(taken.place, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_project_is_never_overwritten_but_moved_aside_when_asked(project: Path, tmp_path: Path) -> None:
    taken = take_backup(project, tmp_path / "backups")
    store = Store(project)
    store.reviews.decide("PMC1:fig1", 2, parse_commands([MOVE]), "ann#1", 0.0)
    store.close()
    present = dump(project)
    with pytest.raises(StoreError) as caught:
        restore(taken.place, project)
    assert str(caught.value) == (
        f"{project} is not empty; name a new folder with --project, or move this one aside with --overwrite"
    )
    assert dump(project) == present
    _, aside = restore(taken.place, project, overwrite=True)
    assert aside is not None
    assert dump(aside) == present
    assert (aside / "embeddings.db").read_bytes() == b"derived"
    assert len(dump(project)) < len(present)
    assert wrong(project) == []


@pytest.mark.parametrize("present", ["a project", "an empty folder"])
def test_a_folder_that_others_may_not_read_stays_so(project: Path, tmp_path: Path, present: str) -> None:
    taken = take_backup(project, tmp_path / "backups")
    place = project if present == "a project" else tmp_path / "again"
    place.mkdir(exist_ok=True)
    place.chmod(0o700)
    before = os.umask(0o022)
    try:
        restore(taken.place, place, overwrite=True)
    finally:
        os.umask(before)
    assert (place / "curator.db").is_file()
    assert place.stat().st_mode & 0o777 == 0o700


def test_without_an_exchange_of_names_the_former_project_is_kept_too(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap, "_exchange", lambda *_: False)
    present = dump(project)
    taken = take_backup(project, tmp_path / "backups")
    _, aside = restore(taken.place, project, overwrite=True)
    assert aside is not None
    assert dump(aside) == dump(project) == present


def test_a_folder_that_cannot_be_replaced_stays(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(first: Path, second: Path) -> bool:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(first))

    monkeypatch.setattr(swap, "_exchange", refuse)
    taken = take_backup(project, tmp_path / "backups")
    present = dump(project)
    with pytest.raises(StoreError, match=r"cannot be replaced .*; a mount point cannot: name a folder in it"):
        restore(taken.place, project, overwrite=True)
    assert dump(project) == present
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backups", "project"]


def test_a_project_in_use_is_not_moved_aside(project: Path, tmp_path: Path) -> None:
    taken = take_backup(project, tmp_path / "backups")
    page = Store(project)
    with pytest.raises(StoreError, match=r"is in use .*; stop the page and whatever else works on it, then restore"):
        restore(taken.place, project, overwrite=True)
    page.close()
    restore(taken.place, project, overwrite=True)


def test_a_project_with_a_broken_database_is_moved_aside(project: Path, tmp_path: Path) -> None:
    taken = take_backup(project, tmp_path / "backups")
    (project / "curator.db").write_bytes(b"no database" * 1000)
    _, aside = restore(taken.place, project, overwrite=True)
    assert aside is not None
    assert (aside / "curator.db").read_bytes() == b"no database" * 1000
    assert Store(project).reviews.load("PMC1:fig1", 0.0).review.hierarchy.panels[1] == HIERARCHY.panels[1]
