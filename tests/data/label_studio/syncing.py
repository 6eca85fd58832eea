"""A project and a Label Studio beside it, for tests of what keeps them in step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.stand_ins.label_studio import LabelStudioServer
from curator.commands import Command, Judge, Remove, Resize, Update
from curator.figure import Hierarchy, Node
from data.label_studio.client import LabelStudio
from data.label_studio.connect import connect
from data.label_studio.controls import FIGURE, UNFINISHED
from data.label_studio.images import LocalFiles
from data.label_studio.sync import Sync, SyncReport
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures

EVE = "eve@lab.org"
NOW_S = 1_800_000_000.0

Doc = dict[str, Any]


class Pair:
    """Both sides; ``sync`` makes one pass, through ``transport`` where one is set."""

    def __init__(self, folder: Path, there: LabelStudioServer, figures: int = 1, ids: Sequence[str] = ()) -> None:
        """Makes so many mined figures; ``ids``: those that the folder holds already."""
        self.store = Store(folder / "project")
        self.there = there
        self.ids: list[str] = [*ids, *(add_figures(self.store, figures) if figures else ())]
        for figure_id in self.ids[len(ids) :]:
            self.store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
        self.transport: httpx.BaseTransport | None = None

    @property
    def id(self) -> str:
        return self.ids[0]

    def sync(self, *, whole: bool = False, retry: bool = True) -> SyncReport:
        images = LocalFiles(self.store.images, self.store.project.parent)
        with LabelStudio(
            self.there.url, self.there.token, retries=2, transport=self.transport, sleep=lambda _: None
        ) as server:
            connected = connect(self.store, server, "", images)
            return Sync(self.store, server, connected, images, lambda: NOW_S).once(whole=whole, retry=retry)

    def decide(self, *commands: Command, figure_id: str = "", who: str = "anna") -> None:
        figure_id = figure_id or self.id
        revision = self.store.reviews.load(figure_id, NOW_S).revision
        self.store.reviews.decide(figure_id, revision, list(commands), who, NOW_S)
        self.store.reviews.release(figure_id, who)

    def undo(self, figure_id: str = "", who: str = "anna") -> None:
        figure_id = figure_id or self.id
        self.store.reviews.undo(figure_id, self.store.reviews.load(figure_id, NOW_S).revision, who, NOW_S)
        self.store.reviews.release(figure_id, who)

    def hierarchy(self, figure_id: str = "") -> Hierarchy:
        return self.store.reviews.load(figure_id or self.id, NOW_S).review.hierarchy

    def node(self, node_id: str, figure_id: str = "") -> Node:
        return self.hierarchy(figure_id).by_id()[node_id]

    def task(self, figure_id: str = "") -> Doc:
        return self.there.task_of(figure_id or self.id)

    def rows(self, figure_id: str = "") -> list[Doc]:
        """A copy of the rows as a person's editor shows them: of the annotation, else of the prediction."""
        task = self.task(figure_id)
        (part,) = task["annotations"] or task["predictions"]
        rows: list[Doc] = json.loads(json.dumps(part["result"]))
        return rows

    def submit(
        self, rows: list[Doc], figure_id: str = "", email: str = EVE, cancelled: bool = False, finished: bool = False
    ) -> None:
        """A person there submits the rows; as "unfinished", but where that is all that was to be done."""
        if not finished and not any(row.get("from_name") == FIGURE for row in rows):
            rows = unfinished(rows)
        self.there.annotate(self.task(figure_id)["id"], rows, email, cancelled)

    def move_there(self, node_id: str, x: float, figure_id: str = "") -> None:
        """A person there drags a shape to ``x`` percent."""
        rows = self.rows(figure_id)
        shape(rows, node_id)["value"]["x"] = x
        self.submit(rows, figure_id)

    def delete_there(self, node_id: str, figure_id: str = "") -> None:
        self.submit([row for row in self.rows(figure_id) if node_id not in ends(row)], figure_id)

    def events(self, figure_id: str = "") -> list[tuple[str, str]]:
        """Kind and name of all decisions."""
        rows = self.store.connections.rows(
            "select kind, who from events where figure_id = ? and kind != 'mine' order by id", (figure_id or self.id,)
        )
        return [(row["kind"], row["who"]) for row in rows]

    def statuses(self) -> set[str]:
        return set(self.store.syncs.statuses().values())


def unfinished(rows: list[Doc]) -> list[Doc]:
    """The rows of a person who says that the figure is not done."""
    value = {"choices": [UNFINISHED]}
    return [*rows, {"id": "f", "from_name": FIGURE, "to_name": "image", "type": "choices", "value": value}]


def shape(rows: list[Doc], node_id: str) -> Doc:
    return next(row for row in rows if row.get("id") == node_id and row["type"] == "rectanglelabels")


def ends(row: Doc) -> set[str]:
    return {str(row.get(key)) for key in ("id", "from_id", "to_id")}


def resized(node_id: str, right: float) -> Resize:
    """p1 or p2 of the small project's hierarchy with another right edge."""
    left = 0.0 if node_id == "p1" else 50.0
    return Resize(op="resize", id=node_id, box_xyxy=(left, 0, right, 80))


def labelled(node_id: str, label: str) -> Update:
    return Update(op="update", id=node_id, fields={"label": label})


def judged_accepted(node_id: str) -> Judge:
    return Judge(op="judge", id=node_id, state="accepted")


def removed(node_id: str) -> Remove:
    return Remove(op="remove", id=node_id)
