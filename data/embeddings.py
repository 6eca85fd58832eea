"""What a model made of each figure's parts, in a file of its own beside the project's database: ``embeddings.db``.

Everything in it can be made again by ``curator index``, so it may be deleted at any time; docs/adr/0011 says why it is
no part of ``curator.db``. One row holds a figure: a figure is indexed or it is not, wherever a process was killed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from curator.errors import StoreError
from data.store.findable import FindableLevel

Features: TypeAlias = NDArray[np.float32]
"""[n, d], rows of unit length; of a text that is not there, zeros."""

_FORMAT = 1
_BUSY_TIMEOUT_S = 10.0  # guess, as of the project's database
_ASKED = 500  # figures in a statement: SQLite's older limit is 999 values
_SCHEMA = (
    # One row a model that figures were indexed with; searches use the one ``in_use``, others are being finished.
    # ``generation`` rises with every figure written.
    """create table models (
        id integer primary key,
        name text not null,
        place text not null,
        fingerprint text not null unique,
        dim integer not null,
        scale real not null,
        in_use integer not null default 0,
        generation integer not null default 0
    ) strict""",
    # ``nodes`` is JSON, a list a node: id, level, key, text_key; images and texts are float16 [nodes, dim].
    """create table figures (
        model_id integer not null references models(id) on delete cascade,
        figure_id text not null,
        revision integer not null,
        nodes text not null,
        images blob not null,
        texts blob not null,
        primary key (model_id, figure_id)
    ) strict""",
    f"pragma user_version = {_FORMAT}",
)
_FIGURES = "select m.dim, f.* from figures f join models m on m.id = f.model_id where m.fingerprint = ?"


@dataclass(frozen=True, slots=True)
class IndexedBy:
    """The model that embeddings are of."""

    name: str
    place: str
    """What loads it again: the absolute path of a folder, or a name of open_clip's."""
    fingerprint: str
    """Hash of its weights: a run's folder may hold others by now."""
    dim: int
    scale: float
    """What it multiplies cosines by before a softmax."""


@dataclass(frozen=True, slots=True)
class IndexedNode:
    id: str
    level: FindableLevel
    key: str
    """Hash of what the embeddings were made of: where the node's differs by now, they are stale."""
    text_key: str
    """Hash of the text; empty where it has none."""


@dataclass(frozen=True, slots=True, eq=False)
class IndexedFigure:
    figure_id: str
    revision: int
    """Of the review that was read."""
    nodes: tuple[IndexedNode, ...]
    images: Features
    """Of each node's picture."""
    texts: Features
    """Of each node's text."""


class Embeddings:
    """Safe to share among threads and processes; one writes at a time, the others read what was there before."""

    def __init__(self, project: Path) -> None:
        self.path = project / "embeddings.db"

    # --- reading ---

    def in_use(self) -> IndexedBy | None:
        """The model whose embeddings are searched; None before the first was finished.

        Raises:
            StoreError: the file is broken (so do all methods).
        """
        rows = list(self._rows("select name, place, fingerprint, dim, scale from models where in_use"))
        return IndexedBy(*rows[0]) if rows else None

    def generation(self) -> tuple[str, int]:
        """Changes whenever what is searched does: the model's hash, and a number; ("", 0) where there is none."""
        rows = list(self._rows("select fingerprint, generation from models where in_use"))
        return (rows[0]["fingerprint"], rows[0]["generation"]) if rows else ("", 0)

    def revisions(self, fingerprint: str) -> dict[str, int]:
        """The revision at which each figure was indexed with a model."""
        rows = self._rows(
            "select figure_id, revision from figures join models m on m.id = model_id where m.fingerprint = ?",
            (fingerprint,),
        )
        return {row["figure_id"]: row["revision"] for row in rows}

    def figure(self, fingerprint: str, figure_id: str) -> IndexedFigure | None:
        """One figure; None where it is not indexed."""
        rows = list(self._rows(f"{_FIGURES} and figure_id = ?", (fingerprint, figure_id)))
        return self._figure(rows[0]) if rows else None

    def figures(self, fingerprint: str) -> Iterator[IndexedFigure]:
        """All, as they are at this moment, in order of their ids."""
        for row in self._rows(f"{_FIGURES} order by figure_id", (fingerprint,)):
            yield self._figure(row)

    def means(self, fingerprint: str, figure_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """What each figure looks like as a whole: the mean of its pictures' embeddings, [d] of unit length; figures
        that are not indexed are left out."""
        found: dict[str, NDArray[np.float32]] = {}
        for first in range(0, len(figure_ids), _ASKED):
            some = tuple(figure_ids[first : first + _ASKED])
            marks = ", ".join("?" * len(some))
            for row in self._rows(f"{_FIGURES} and figure_id in ({marks})", (fingerprint, *some)):
                images = np.frombuffer(row["images"], np.float16).astype(np.float32)
                mean = images.reshape(-1, row["dim"]).sum(axis=0)
                if (length := float(np.linalg.norm(mean))) > 0:
                    found[row["figure_id"]] = mean / length
        return found

    def _figure(self, row: sqlite3.Row) -> IndexedFigure:
        try:
            nodes = tuple(IndexedNode(*node) for node in json.loads(row["nodes"]))
            images, texts = (
                np.frombuffer(row[name], np.float16).astype(np.float32).reshape(len(nodes), row["dim"])
                for name in ("images", "texts")
            )
        except (ValueError, TypeError) as error:
            raise self._broken(error) from error
        return IndexedFigure(row["figure_id"], row["revision"], nodes, images, texts)

    def check(self) -> None:
        """Reads the whole file, which raises where any of it is broken."""
        faults = [row[0] for row in self._rows("pragma quick_check")]
        if faults not in ([], ["ok"]):
            raise self._broken(faults[0])
        for model in list(self._rows("select fingerprint from models")):
            for _ in self.figures(model["fingerprint"]):
                pass

    # --- writing ---

    @contextmanager
    def held_open(self) -> Iterator[None]:
        """Inside, writing a figure takes a tenth of the time: SQLite tidies up, and waits for the disk, whenever the
        last connection to a file is closed."""
        with self._opened():
            yield

    def begin(self, model: IndexedBy) -> None:
        """Makes the model known, where it is not yet; what is searched stays as it is."""
        with self._write() as conn:
            conn.execute(
                """insert into models (name, place, fingerprint, dim, scale) values (?, ?, ?, ?, ?)
                on conflict (fingerprint) do update set name = excluded.name, place = excluded.place""",
                (model.name, model.place, model.fingerprint, model.dim, model.scale),
            )

    def save(self, fingerprint: str, figure: IndexedFigure) -> None:
        """Keeps a figure, in the place of what was there of it."""
        with self._write() as conn:
            conn.execute(
                """insert or replace into figures
                select id, ?, ?, ?, ?, ? from models where fingerprint = ?""",
                (
                    figure.figure_id,
                    figure.revision,
                    json.dumps([[node.id, node.level, node.key, node.text_key] for node in figure.nodes]),
                    figure.images.astype(np.float16).tobytes(),
                    figure.texts.astype(np.float16).tobytes(),
                    fingerprint,
                ),
            )
            _count_up(conn, fingerprint)

    def confirm(self, fingerprint: str, figure_id: str, revision: int) -> None:
        """What is kept of a figure holds at a later revision too."""
        with self._write() as conn:
            conn.execute(
                """update figures set revision = ? where figure_id = ?
                and model_id = (select id from models where fingerprint = ?)""",
                (revision, figure_id, fingerprint),
            )

    def drop(self, fingerprint: str, figure_ids: Collection[str]) -> None:
        """Forgets figures that are no longer to be found."""
        with self._write() as conn:
            conn.executemany(
                """delete from figures where model_id = (select id from models where fingerprint = ?)
                and figure_id = ?""",
                [(fingerprint, figure_id) for figure_id in figure_ids],
            )
            _count_up(conn, fingerprint)

    def use(self, fingerprint: str) -> None:
        """Searches use this model's embeddings from now on; those of all others are deleted."""
        with self._write() as conn:
            conn.execute("update models set in_use = (fingerprint = ?)", (fingerprint,))
            conn.execute("delete from models where not in_use")

    def delete(self) -> None:
        """Deletes the file, whatever is in it."""
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    # --- the file ---

    def _rows(self, sql: str, values: tuple[object, ...] = ()) -> Iterator[sqlite3.Row]:
        """Of one moment, however long the reading takes; none where there is no file yet."""
        if self.path.is_file():
            with self._opened() as conn:
                yield from conn.execute(sql, values)

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._opened() as conn:
            conn.execute("begin immediate")
            yield conn
            conn.execute("commit")

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """A fresh connection: opening takes 0.2 ms (measured), and threads then share nothing."""
        try:
            with closing(sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as conn:
                conn.row_factory = sqlite3.Row
                conn.execute("pragma journal_mode = wal")
                conn.execute("pragma synchronous = normal")  # what a power cut takes is indexed again
                conn.execute("pragma foreign_keys = on")
                (found,) = conn.execute("pragma user_version").fetchone()
                if found == 0:
                    found = _created(conn)
                if found != _FORMAT:
                    raise self._broken(f"it has format {found!r}, expected {_FORMAT}")
                yield conn
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise StoreError(f"{self.path} is being written to by another process; try again") from error
            raise self._broken(error) from error

    def _broken(self, why: object) -> StoreError:
        return StoreError(
            f"{self.path} cannot be read ({why}); nothing is lost that cannot be made again: "
            "`curator index --rebuild` makes it anew"
        )


def _created(conn: sqlite3.Connection) -> int:
    conn.execute("begin immediate")
    (found,) = conn.execute("pragma user_version").fetchone()
    if found == 0:  # else another process was faster
        for statement in _SCHEMA:
            conn.execute(statement)
        found = _FORMAT
    conn.execute("commit")
    return int(found)


def _count_up(conn: sqlite3.Connection, fingerprint: str) -> None:
    conn.execute("update models set generation = generation + 1 where fingerprint = ?", (fingerprint,))
