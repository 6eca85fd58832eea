"""Images that an export shares with the project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.export import export
from data.store import Store
from tests.data.full_disk import full_disk
from tests.data.projects import add_mined_figure, keep_image


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    add_mined_figure(opened)
    yield opened
    opened.close()


def test_a_linked_image_takes_no_space_and_survives_both_its_folders(store: Store, tmp_path: Path) -> None:
    sha256 = keep_image(store)
    kept = store.images.web(sha256)
    export(store, "jsonl", tmp_path / "export", verified_only=False, link_images=True)
    shared = tmp_path / "export" / "images" / kept.name
    content = kept.read_bytes()
    assert shared.stat().st_ino == kept.stat().st_ino
    store.images.save(sha256, b"original", b"other bytes", kept.suffix, b"thumbnail")
    assert shared.read_bytes() == content
    shared.unlink()
    assert kept.read_bytes() == b"other bytes"


def test_without_links_images_are_copied(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(source: Path, target: Path) -> None:
        raise OSError("another file system")

    kept = store.images.web(keep_image(store))
    monkeypatch.setattr(os, "link", refused)
    export(store, "jsonl", tmp_path / "export", verified_only=False, link_images=True)
    copied = tmp_path / "export" / "images" / kept.name
    assert copied.read_bytes() == kept.read_bytes()
    assert copied.stat().st_ino != kept.stat().st_ino


def test_an_export_for_people_has_images_of_its_own(store: Store, tmp_path: Path) -> None:
    kept = store.images.web(keep_image(store))
    export(store, "jsonl", tmp_path / "export", verified_only=False)
    assert (tmp_path / "export" / "images" / kept.name).stat().st_ino != kept.stat().st_ino


def test_an_image_that_finds_no_room_leaves_nothing_behind(store: Store) -> None:
    before = list(store.images.files())
    with full_disk(), pytest.raises(OSError, match="File too large"):
        store.images.save("0" * 64, bytes(10_000), b"web", ".png", b"thumbnail")
    assert list(store.images.files()) == before
