"""The file of embeddings: what is kept, what is searched, and what a broken one says."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curator.errors import StoreError
from data.embeddings import Embeddings, IndexedBy, IndexedFigure, IndexedNode

OLD, NEW = (IndexedBy(name, f"/runs/{name}", f"hash of {name}", 4, 14.3) for name in ("old", "new"))
MEND = "nothing is lost that cannot be made again: `curator index --rebuild` makes it anew"


def a_figure(figure_id: str = "PMC1:fig1", revision: int = 3, nodes: int = 2) -> IndexedFigure:
    random = np.random.default_rng(5)
    images, texts = (random.standard_normal((nodes, 4)).astype(np.float32) for _ in range(2))
    listed = tuple(IndexedNode(f"p{n}", "panel", f"key {n}", f"text {n}") for n in range(nodes))
    return IndexedFigure(figure_id, revision, listed, images, texts)


@pytest.fixture
def embeddings(tmp_path: Path) -> Embeddings:
    """One figure, indexed with the old model, which is in use."""
    opened = Embeddings(tmp_path)
    opened.begin(OLD)
    opened.save(OLD.fingerprint, a_figure())
    opened.use(OLD.fingerprint)
    return opened


@pytest.mark.parametrize("nodes", [0, 1, 5])
def test_a_figure_is_read_as_it_was_saved(embeddings: Embeddings, nodes: int) -> None:
    saved = a_figure("PMC2:fig1", nodes=nodes)
    embeddings.save(OLD.fingerprint, saved)
    found = embeddings.figure(OLD.fingerprint, "PMC2:fig1")
    assert found is not None
    assert (found.figure_id, found.revision, found.nodes) == (saved.figure_id, saved.revision, saved.nodes)
    assert found.images == pytest.approx(saved.images, rel=1e-3)  # kept as float16
    assert found.texts == pytest.approx(saved.texts, rel=1e-3)
    assert [figure.figure_id for figure in embeddings.figures(OLD.fingerprint)] == ["PMC1:fig1", "PMC2:fig1"]


def test_a_model_that_is_being_finished_is_not_searched_until_it_is_used(embeddings: Embeddings) -> None:
    before = embeddings.generation()
    embeddings.begin(NEW)
    embeddings.save(NEW.fingerprint, a_figure(revision=4))
    assert (embeddings.in_use(), embeddings.generation()) == (OLD, before)
    assert (embeddings.revisions(OLD.fingerprint), embeddings.revisions(NEW.fingerprint)) == (
        {"PMC1:fig1": 3},
        {"PMC1:fig1": 4},
    )
    embeddings.use(NEW.fingerprint)
    assert embeddings.in_use() == NEW
    assert embeddings.generation() != before
    assert embeddings.revisions(OLD.fingerprint) == {}, "the old model's are gone"


def test_beginning_again_keeps_what_is_there_and_takes_the_new_place(embeddings: Embeddings) -> None:
    moved = replace(OLD, place="/elsewhere/old")
    embeddings.begin(moved)
    assert embeddings.in_use() == moved
    assert embeddings.revisions(OLD.fingerprint) == {"PMC1:fig1": 3}


def test_a_figure_can_be_confirmed_and_dropped(embeddings: Embeddings) -> None:
    embeddings.save(OLD.fingerprint, a_figure("PMC2:fig1"))
    before = embeddings.generation()
    embeddings.confirm(OLD.fingerprint, "PMC1:fig1", 9)
    assert embeddings.revisions(OLD.fingerprint) == {"PMC1:fig1": 9, "PMC2:fig1": 3}
    assert embeddings.generation() == before, "what is searched is the same"
    embeddings.drop(OLD.fingerprint, ["PMC1:fig1"])
    assert embeddings.revisions(OLD.fingerprint) == {"PMC2:fig1": 3}
    assert embeddings.generation() != before


def test_without_a_file_there_is_nothing_and_none_is_made(tmp_path: Path) -> None:
    embeddings = Embeddings(tmp_path)
    embeddings.check()
    assert (embeddings.in_use(), embeddings.generation(), embeddings.revisions("x")) == (None, ("", 0), {})
    assert (embeddings.figure("x", "PMC1:fig1"), list(embeddings.figures("x"))) == (None, [])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told_with_its_mend_and_left(embeddings: Embeddings) -> None:
    embeddings.delete()
    embeddings.path.write_bytes(b"not a database" * 100)
    for ask in (embeddings.in_use, embeddings.generation, embeddings.check, lambda: embeddings.begin(NEW)):
        with pytest.raises(StoreError) as caught:
            ask()
        assert str(caught.value) == f"{embeddings.path} cannot be read (file is not a database); {MEND}"
    assert embeddings.path.read_bytes() == b"not a database" * 100


def test_features_that_are_cut_off_are_told(embeddings: Embeddings) -> None:
    with sqlite3.connect(embeddings.path) as conn:
        conn.execute("update figures set images = substr(images, 1, 6)")
    with pytest.raises(StoreError, match=MEND):
        embeddings.check()
    with pytest.raises(StoreError, match=MEND):
        embeddings.figure(OLD.fingerprint, "PMC1:fig1")


def test_a_file_of_another_format_is_told(embeddings: Embeddings) -> None:
    with sqlite3.connect(embeddings.path) as conn:
        conn.execute("pragma user_version = 99")
    with pytest.raises(StoreError, match="it has format 99, expected 1"):
        embeddings.in_use()
