"""What a program does with a Curator that runs elsewhere."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from urllib.parse import quote

import httpx

from curator.codec import Level
from curator.commands import Command
from curator.errors import StoreError
from curator.figure import Article, FigureState
from data.client.transport import Transport
from data.client.values import (
    Job,
    Listed,
    RemoteFigure,
    RemoteMining,
    Whoami,
    job,
    listed,
    remote_figure,
    remote_mining,
    whoami,
)

Form = Literal["images", "thumbnails"]


class Client:
    """The API of a Curator, as one user.

    >>> with Client("http://127.0.0.1:7860", token="curator_...") as client:  # doctest: +SKIP
    ...     for item in client.figures(states=["proposed"]):
    ...         figure = client.figure(item.id)
    ...         client.decide(figure, [JudgeFigure(op="judge_figure", state="accepted")])

    Lists are read page by page as they are asked for. An edit names the revision that it was made on, and is sent again
    under one key when its answer is lost, so that it is done once or not at all. Every method raises RefusedError, and
    what it names besides. Safe to share among threads, which then share leases too (``name``).
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        name: str = "",
        http: httpx.Client | None = None,
        transport: Transport | None = None,
    ) -> None:
        self._transport = transport or Transport(url, token, http=http)
        self._name = {"Curator-Client": name or f"client-{uuid.uuid4().hex[:12]}"}

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def whoami(self) -> Whoami:
        """Whom the token is of, and what they may do."""
        return whoami(self.get("/me"))

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of any GET of the API; for what has no method of its own here."""
        return self._transport.ask("GET", path, params=_given(params)).json()

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """The JSON of any request; None where the answer has no body."""
        answer = self._transport.ask(method, path, params=_given(params), json=body)
        return answer.json() if answer.content else None

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Every row of a list, page by page."""
        answer = self.get(path, **params)
        yield from answer["items"]
        while answer["next"] is not None:
            answer = self.get(answer["next"])
            yield from answer["items"]

    def articles(self, text: str = "") -> Iterator[Article]:
        """Articles by id."""
        for doc in self.pages("/articles", text=text):
            yield Article(**{name: doc[name] for name in Article.__dataclass_fields__})

    def figures(
        self,
        *,
        states: Sequence[FigureState | str] = (),
        order: str = "confidence",
        text: str = "",
        article_id: str | None = None,
        page: int = 50,
        **filters: Any,
    ) -> Iterator[Listed]:
        """The queue; ``filters`` as /figures takes them. Figures that leave it while it is read make none be left
        out."""
        wanted = {"order": order, "text": text, "article_id": article_id, "limit": page, **filters}
        return map(listed, self.pages("/figures", state=[str(state) for state in states], **wanted))

    def count(self, **filters: Any) -> int:
        """How many figures a filter of /figures lets pass."""
        return int(self.get("/figures", limit=1, **filters)["total"])

    def figure(self, figure_id: str) -> RemoteFigure:
        """A figure as it stands.

        Raises:
            StoreError: there is no such figure.
        """
        return remote_figure(self.get(_path("figures", figure_id)))

    def decide(self, figure: RemoteFigure, commands: Iterable[Command], *, seconds: float = 0.0) -> RemoteFigure:
        """Obeys commands as one event, which can be undone; the figure afterwards.

        Raises:
            StaleError: it has changed since ``figure`` was read. LeaseError: somebody else edits it.
        """
        body = {"commands": [command.model_dump(mode="json") for command in commands], "seconds": seconds}
        return self._edit("decisions", figure, body)

    def undo(self, figure: RemoteFigure) -> RemoteFigure:
        """Takes one's last decision back; raises as ``decide``."""
        return self._edit("undo", figure)

    def redo(self, figure: RemoteFigure) -> RemoteFigure:
        """Makes the decision that was undone last again; raises as ``decide``."""
        return self._edit("redo", figure)

    def adopt(self, figure: RemoteFigure, mining_id: int, levels: Sequence[Level]) -> RemoteFigure:
        """Replaces open proposals of the levels by another mining's; raises as ``decide``, RightsError."""
        return self._edit("adoptions", figure, {"mining_id": mining_id, "levels": list(levels)})

    @contextmanager
    def lease(self, figure_id: str, *, take_over: bool = False) -> Iterator[RemoteFigure]:
        """Keeps others from editing the figure inside, for at most a minute after the last edit; the figure.

        Raises:
            LeaseError: somebody else holds it. StoreError: there is no such figure.
        """
        path = _path("leases", figure_id)
        self._transport.ask("PUT", path, params={"take_over": take_over}, headers=self._name)
        try:
            yield self.figure(figure_id)
        finally:
            self._transport.ask("DELETE", path, headers=self._name)

    def minings(self, figure_id: str) -> Iterator[RemoteMining]:
        """What agents proposed for a figure, newest first."""
        return map(remote_mining, self.pages("/minings", figure_id=figure_id))

    def mine(self, figure_ids: Sequence[str], agent: str = "embedded") -> Job:
        """Starts a job that mines figures aside; raises RightsError, StoreError."""
        return job(self.ask("POST", "/mining-jobs", {"figure_ids": list(figure_ids), "agent": agent}))

    def job(self, job_id: int) -> Job:
        """How far a mining job is."""
        return job(self.get(f"/mining-jobs/{job_id}"))

    def stop(self, job_id: int) -> Job:
        """Ends a mining job when the figures under way are finished."""
        return job(self.ask("DELETE", f"/mining-jobs/{job_id}"))

    def image(self, figure_id: str, form: Form = "images") -> bytes:
        """A figure's image in the frame of its boxes, or its thumbnail; raises StoreError."""
        return self._transport.ask("GET", _path(form, figure_id)).content

    def crop(self, figure_id: str, node_id: str) -> bytes:
        """A node as a small JPEG; raises StoreError."""
        return self._transport.ask("GET", _path("crops", figure_id), params={"node": node_id}).content

    def search(self, text: str, **wanted: Any) -> list[dict[str, Any]]:
        """Panels and regions by words, nearest first; ``wanted`` as /search takes it."""
        found: list[dict[str, Any]] = self.ask("POST", "/search", {"text": text, **wanted})["hits"]
        return found

    def export(
        self,
        target: Path,
        *,
        format_: str = "jsonl",
        verified_only: bool = True,
        sure: float = 0.0,
        images: bool = False,
    ) -> None:
        """Writes an export to a new file; see /export.

        Raises:
            StoreError: ``target`` exists, or there is nothing to export. RightsError.
        """
        if target.exists():
            raise StoreError(f"{target} exists; name another")
        params = {"format": format_, "verified_only": verified_only, "sure": sure, "images": images}
        fresh = target.with_name(f".{target.name}.part")
        try:
            with self._transport.stream("/export", params) as pieces, fresh.open("wb") as file:
                for piece in pieces:
                    file.write(piece)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)

    def audit(self, since: str = "", who: str | None = None) -> Iterator[dict[str, Any]]:
        """Who did what when, oldest first; raises RightsError."""
        with self._transport.stream("/audit", _given({"since": since, "who": who})) as pieces:
            for line in _lines(pieces):
                yield json.loads(line)

    def _edit(self, what: str, figure: RemoteFigure, body: Any = None) -> RemoteFigure:
        headers = {"If-Match": figure.etag, "Idempotency-Key": uuid.uuid4().hex, **self._name}
        answer = self._transport.ask("POST", _path(what, figure.id), json=body, headers=headers)
        return remote_figure(answer.json())


def _path(what: str, figure_id: str) -> str:
    return f"/{what}/{quote(figure_id, safe='')}"


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    left = b""
    for piece in pieces:
        *whole, left = (left + piece).split(b"\n")
        yield from whole
    if left:
        yield left
