"""The image store against the figures and exchanges that name its files."""

from __future__ import annotations

import hashlib
import shlex
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from curator.errors import StoreError
from curator.geometry import Size
from data.check.flaw import Flaw, Progress
from data.store.database import Connections
from data.store.image_store import ImageStore, parse_image_path
from data.store.packing import unpacked

_ROWS_A_PAGE = 500
_ARRIVING_S = 3600.0  # guess: an article's images are named by a row within an hour of being written
_READERS: dict[str, Callable[[Path], ImageFile.ImageFile]] = {
    ".jpg": JpegImagePlugin.JpegImageFile,
    ".png": PngImagePlugin.PngImageFile,
    ".webp": WebPImagePlugin.WebPImageFile,
}
_FROM_BACKUP = "restore a backup into a new folder and copy the file from there"


def check_images(connections: Connections, store: ImageStore, fast: bool, progress: Progress) -> Iterator[Flaw]:
    """Missing forms, damaged files (not with ``fast``), files that nothing names. Hashes are compared for originals and
    pictures that models saw; of the other forms the header is read."""
    conn = connections.db.conn
    conn.execute("create temp table if not exists seen_pictures (sha256 text primary key) without rowid")
    conn.execute("delete from seen_pictures")
    try:
        yield from _of_figures(connections, store, fast, progress)
        yield from _of_exchanges(connections, store, fast, progress)
        yield from _unnamed(connections, store, progress)
    finally:
        conn.execute("drop table seen_pictures")


def _of_figures(connections: Connections, store: ImageStore, fast: bool, progress: Progress) -> Iterator[Flaw]:
    (total,) = connections.rows("select count(distinct image_sha256) from figures")[0]
    last, done = "", 0
    while page := connections.rows(
        """select f.image_sha256, f.id, f.width, f.height, a.source from figures f
        join articles a on a.id = f.article_id where f.image_sha256 > ?
        group by f.image_sha256 order by f.image_sha256 limit ?""",
        (last, _ROWS_A_PAGE),
    ):
        for row in page:
            yield from _check_image(store, row, fast)
            done += 1
            progress("images", done, max(total, done))
        last = page[-1]["image_sha256"]


def _check_image(store: ImageStore, row: sqlite3.Row, fast: bool) -> Iterator[Flaw]:
    sha256 = row["image_sha256"]
    mend = _FROM_BACKUP + (f", or `curator ingest {shlex.quote(row['source'])}` again" if row["source"] else "")
    for find in (store.original, store.web, store.thumbnail):
        try:
            path = find(sha256)
        except StoreError as error:
            yield Flaw("images", row["id"], str(error).partition(";")[0], mend)
            continue
        if not fast:
            wh = (row["width"], row["height"]) if find == store.web else None
            what = _hash_fault(path, sha256) if find == store.original else _header_fault(path, wh)
            if what:
                yield Flaw("images", row["id"], what, f"delete it, then {mend}")


def _of_exchanges(connections: Connections, store: ImageStore, fast: bool, progress: Progress) -> Iterator[Flaw]:
    (total,) = connections.rows("select count(*) from exchanges")[0]
    last, done = "", 0
    while page := connections.rows(
        "select key, figure_id, doc from exchanges where key > ? order by key limit ?", (last, _ROWS_A_PAGE)
    ):
        for row in page:
            for sha256 in _pictures(row["doc"]):
                if connections.db.conn.execute("insert or ignore into seen_pictures values (?)", (sha256,)).rowcount:
                    yield from _check_seen(store, sha256, row["figure_id"], fast)
            done += 1
            progress("pictures that models saw", done, max(total, done))
        last = page[-1]["key"]


def _pictures(doc: bytes) -> Iterator[str]:
    for message in unpacked(doc)["messages"]:
        yield from message.get("pictures", ())


def _check_seen(store: ImageStore, sha256: str, figure_id: str, fast: bool) -> Iterator[Flaw]:
    try:
        path = store.seen(sha256)
    except StoreError as error:
        yield Flaw("images", figure_id, str(error).partition(";")[0], _FROM_BACKUP)
        return
    what = "" if fast else _hash_fault(path, sha256)
    if what:
        yield Flaw("images", figure_id, what, _FROM_BACKUP)


def _hash_fault(path: Path, sha256: str) -> str:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return "" if found == sha256 else f"image {path} is damaged: its sha256 is {found!r}"


def _header_fault(path: Path, wh: Size | None) -> str:
    try:
        with _READERS[path.suffix](path) as image:
            if wh is None or image.size == wh:
                return ""
            return f"image {path} is damaged: it has {image.width} x {image.height} px, expected {wh[0]} x {wh[1]}"
    except (OSError, SyntaxError, ValueError) as error:  # Pillow calls a foreign header a SyntaxError
        return f"image {path} is damaged: it cannot be read ({error})"


def _unnamed(connections: Connections, store: ImageStore, progress: Progress) -> Iterator[Flaw]:
    total = sum(1 for _ in store.files())
    now_s = time.time()
    for done, name in enumerate(store.files(), start=1):
        progress("files", done, max(total, done))
        parsed = parse_image_path(name)
        if parsed is None:
            why = "it is no file of the image store, perhaps left by a process that was killed"
        elif _named(connections, *parsed):
            continue
        else:
            why = "no figure or exchange names it"
        path = store.root / name
        if path.is_file() and now_s - path.stat().st_mtime > _ARRIVING_S:
            yield Flaw("images", str(path), why, "delete it, or leave it: nothing needs it", wrong=False)


def _named(connections: Connections, form: str, sha256: str) -> bool:
    if form == "seen":
        return connections.row("select 1 from seen_pictures where sha256 = ?", (sha256,)) is not None
    return connections.row("select 1 from figures where image_sha256 = ? limit 1", (sha256,)) is not None
