"""Articles and figures as ingested: idempotent, versioned, never touching what was verified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from curator.codec import to_doc
from curator.figure import Article, Figure, FigureState, Span
from curator.geometry import Size
from data.store.clock import now_iso
from data.store.database import Connections


@dataclass(frozen=True, slots=True)
class SaveReport:
    """What saving one article did, in figure ids."""

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    """New versions of figures whose image or caption has changed."""
    unchanged: tuple[str, ...] = ()


class Articles:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def save(self, article: Article, figures: Sequence[Figure]) -> SaveReport:
        """Saves an article with its figures in one transaction; saving the same again changes nothing.

        Each figure's id is made here: ``ARTICLE:KEY``, with ``@VERSION`` from the second version on; pass the key as
        ``Figure.id``. A figure whose image or caption has changed becomes a new figure. The old one leaves the queue
        unless a person has decided something in it: then it stays as it is.

        An article without PMC id and DOI is known by its name alone ("figures"). Where another of that name is in the
        project, one that shares no image with it and was read from elsewhere, this one becomes "figures-2".
        """
        digest = _digest(article, figures)
        added: list[str] = []
        replaced: list[str] = []
        unchanged: list[str] = []
        with self._connections.write() as conn:
            article, old = _identified(conn, article, {figure.image_sha256 for figure in figures})
            if old is not None and old["content_sha256"] == digest:
                return SaveReport(unchanged=tuple(f"{article.id}:{figure.id}" for figure in figures))
            version = 1 if old is None else old["version"] + 1
            if old is not None:
                conn.execute(
                    "insert into article_history values (?, ?, ?, ?)",
                    (article.id, old["version"], json.dumps(dict(old)), now_iso()),
                )
            conn.execute(
                """insert into articles values
                (:id, :version, :digest, :title, :journal, :doi, :pmcid, :license, :source, :at)
                on conflict (id) do update set version = :version, content_sha256 = :digest, title = :title,
                journal = :journal, doi = :doi, pmcid = :pmcid, license = :license, source = :source,
                ingested_at = :at""",
                {**to_doc(article), "version": version, "digest": digest, "at": now_iso()},
            )
            for figure in figures:
                current = conn.execute(
                    "select * from figures where article_id = ? and key = ? and replaced_by is null",
                    (article.id, figure.id),
                ).fetchone()
                if current is None:
                    added.append(self._insert(conn, article, figure, 1))
                elif (current["image_sha256"], current["caption"]) == (figure.image_sha256, figure.caption):
                    unchanged.append(current["id"])
                    self._refresh(conn, current["id"], figure)
                else:
                    new_id = self._insert(conn, article, figure, current["version"] + 1)
                    replaced.append(new_id)
                    conn.execute("update figures set replaced_by = ? where id = ?", (new_id, current["id"]))
                    conn.execute(
                        "update reviews set current = 0 where figure_id = ? and decided_at is null", (current["id"],)
                    )
        return SaveReport(tuple(added), tuple(replaced), tuple(unchanged))

    @staticmethod
    def _insert(conn: Any, article: Article, figure: Figure, version: int) -> str:
        figure_id = f"{article.id}:{figure.id}" + (f"@{version}" if version > 1 else "")
        values = {**_columns(figure), "id": figure_id, "article_id": article.id, "key": figure.id, "version": version}
        number = conn.execute(
            """insert into figures (id, article_id, key, version, image_name, image_sha256, width, height, label,
            caption, bold_spans, mentions, license, doi, ingested_at) values (:id, :article_id, :key, :version,
            :image_name, :image_sha256, :width, :height, :label, :caption, :bold_spans, :mentions, :license, :doi,
            :ingested_at)""",
            values,
        ).lastrowid
        conn.execute(
            "insert into reviews (figure_id, number, article_id, state) values (?, ?, ?, ?)",
            (figure_id, number, article.id, FigureState.UNMINED),
        )
        return figure_id

    @staticmethod
    def _refresh(conn: Any, figure_id: str, figure: Figure) -> None:
        """What review does not stand on follows the article: label, mentions, licence, bold letters, file name."""
        conn.execute(
            """update figures set label = :label, mentions = :mentions, license = :license, doi = :doi,
            bold_spans = :bold_spans, image_name = :image_name where id = :id""",
            {**_columns(figure), "id": figure_id},
        )

    def article(self, article_id: str) -> Article | None:
        row = self._connections.row("select * from articles where id = ?", (article_id,))
        return None if row is None else _article_from_row(row)

    def image_wh(self, image_sha256: str) -> Size | None:
        """Size of an image that some figure shows; None where none does."""
        row = self._connections.row("select width, height from figures where image_sha256 = ? limit 1", (image_sha256,))
        return None if row is None else (row["width"], row["height"])

    def listed(self) -> list[tuple[Article, int]]:
        """Every article with the number of its current figures, by id."""
        rows = self._connections.rows(
            """select a.*, (select count(*) from reviews r where r.article_id = a.id and r.current = 1) as figure_count
            from articles a order by a.id"""
        )
        return [(_article_from_row(row), row["figure_count"]) for row in rows]


def _article_from_row(row: Any) -> Article:
    return Article(**{name: row[name] for name in Article.__dataclass_fields__})


def figure_from_row(row: Any) -> Figure:
    """A figure of a row of ``figures``."""
    return Figure(
        id=row["id"],
        article_id=row["article_id"],
        image_name=row["image_name"],
        image_sha256=row["image_sha256"],
        image_wh=(row["width"], row["height"]),
        label=row["label"],
        caption=row["caption"],
        bold_spans=tuple(Span(*span) for span in json.loads(row["bold_spans"])),
        mentions=tuple(json.loads(row["mentions"])),
        license=row["license"],
        doi=row["doi"],
        version=row["version"],
    )


def _identified(conn: Any, article: Article, images: set[str]) -> tuple[Article, Any]:
    """The article under an id of its own, and its row where it was ingested before."""
    for number in count(1):
        name = article.id if number == 1 else f"{article.id}-{number}"
        row = conn.execute("select * from articles where id = ?", (name,)).fetchone()
        if row is None or _same(conn, row, article, images):
            return replace(article, id=name), row
    raise AssertionError("count() never ends")


def _same(conn: Any, row: Any, article: Article, images: set[str]) -> bool:
    published, known = article.pmcid or article.doi, row["pmcid"] or row["doi"]
    if published and known:
        return bool(published == known)
    found = conn.execute("select image_sha256 from figures where article_id = ?", (row["id"],)).fetchall()
    kept = {figure["image_sha256"] for figure in found}
    return row["source"] == article.source or not kept or bool(kept & images)


def _columns(figure: Figure) -> dict[str, Any]:
    columns = to_doc(replace(figure, version=1))
    columns["width"], columns["height"] = columns.pop("image_wh")
    columns["bold_spans"] = json.dumps(columns["bold_spans"])
    columns["mentions"] = json.dumps(columns["mentions"])
    columns["ingested_at"] = now_iso()
    return columns


def _digest(article: Article, figures: Sequence[Figure]) -> str:
    """Hash of everything but where it was read from."""
    documents = [to_doc(replace(article, source="")), *(to_doc(figure) for figure in figures)]
    return hashlib.sha256(json.dumps(documents, sort_keys=True).encode()).hexdigest()
