"""Questions to models and their replies: kept at once, found again, summed up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from curator.errors import StoreError
from curator.exchange import Exchange, Finish, Picture, Reply
from data.store.clock import now_iso
from data.store.database import Connections
from data.store.image_store import ImageStore
from data.store.packing import packed, unpacked

_COLUMNS = "key, figure_id, stage, prompt, prompt_sha256, provider, model, fault, cost, at"


@dataclass(frozen=True, slots=True)
class Spent:
    """What one model has taken over all exchanges."""

    provider: str
    model: str
    requests: int
    faults: int
    """Replies that could not be used."""
    tokens_in: int
    tokens_out: int
    seconds: float
    cost: float
    """In the currency of the settings' prices."""


class Exchanges:
    """The project's ledger (``curator.exchange.Ledger``). Safe to call from several threads."""

    def __init__(self, connections: Connections, images: ImageStore) -> None:
        self._connections = connections
        self._images = images

    def find(self, key: str) -> Exchange | None:
        """The exchange with this key, whichever figure it was asked for; None where it was never answered."""
        row = self._connections.row("select * from exchanges where key = ?", (key,))
        return None if row is None else _exchange(row)

    def save(self, exchange: Exchange, pictures: Sequence[Picture]) -> None:
        """Keeps an exchange, pictures first; when it returns, a kill cannot lose it.

        The same key again replaces what was read from the reply. An empty ``at`` becomes the time of saving.

        Raises:
            StoreError: there is no such figure in the project.
        """
        for picture in pictures:
            self._images.save_seen(picture.sha256, picture.data, picture.media_type)
        reply = exchange.reply
        with self._connections.write() as conn:
            try:
                conn.execute(
                    "insert or replace into exchanges values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        exchange.key,
                        exchange.figure_id,
                        exchange.stage,
                        exchange.prompt,
                        exchange.prompt_sha256,
                        exchange.provider,
                        exchange.model,
                        reply.finish,
                        reply.tokens_in,
                        reply.tokens_out,
                        reply.seconds,
                        exchange.cost,
                        exchange.fault,
                        exchange.at or now_iso(),
                        packed(
                            {
                                "settings": exchange.settings,
                                "messages": exchange.messages,
                                "text": reply.text,
                                "repairs": exchange.repairs,
                                "parsed": exchange.parsed,
                            }
                        ),
                    ),
                )
            except sqlite3.IntegrityError as error:
                raise StoreError(
                    f"an exchange names figure {exchange.figure_id!r}, which is not in this project; ingest it first"
                ) from error

    def of_figure(self, figure_id: str) -> list[Exchange]:
        """Every exchange that was first asked for the figure, oldest first."""
        rows = self._connections.rows("select * from exchanges where figure_id = ? order by at, rowid", (figure_id,))
        return [_exchange(row) for row in rows]

    def cost_since(self, figure_id: str, at: str) -> float:
        """What the figure's exchanges since then cost, faulty replies too; ``at``: ISO 8601, UTC."""
        row = self._connections.row(
            "select coalesce(sum(cost), 0.0) as cost from exchanges where figure_id = ? and at >= ?", (figure_id, at)
        )
        assert row is not None
        return float(row["cost"])

    def found(self, keys: Iterable[str]) -> list[Exchange]:
        """The exchanges that a node's provenance names, in that order; one that is gone is left out."""
        return [exchange for key in keys if (exchange := self.find(key)) is not None]

    def picture(self, sha256: str) -> Path:
        """The file of a picture as a model saw it; raises StoreError where it is missing."""
        return self._images.seen(sha256)

    def spent(self) -> list[Spent]:
        """Totals of each provider and model, by name."""
        rows = self._connections.rows(
            """select provider, model, count(*) as requests, sum(fault != '') as faults, sum(tokens_in) as tokens_in,
            sum(tokens_out) as tokens_out, sum(seconds) as seconds, sum(cost) as cost from exchanges
            group by provider, model order by provider, model"""
        )
        return [Spent(**row) for row in rows]


def _exchange(row: sqlite3.Row) -> Exchange:
    document = unpacked(row["doc"])
    reply = Reply(document["text"], Finish(row["finish"]), row["tokens_in"], row["tokens_out"], row["seconds"])
    return Exchange(
        **{name: row[name] for name in _COLUMNS.split(", ")},
        settings=document["settings"],
        messages=document["messages"],
        reply=reply,
        repairs=tuple(document["repairs"]),
        parsed=document["parsed"],
    )
