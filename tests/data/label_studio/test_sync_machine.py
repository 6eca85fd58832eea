"""Both sides edit, are killed and are synced in any order: whatever anybody did stands, or was in a conflict that was
decided against it. Found by hypothesis, which shrinks what fails to the few steps that matter."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from bench.stand_ins.label_studio import LabelStudioServer
from curator.commands import Add, Resize
from curator.figure import State
from data.label_studio.merge import Side
from data.label_studio.resolve import resolve
from tests.data.label_studio.syncing import NOW_S, Doc, Pair, ends, removed, shape
from tests.data.label_studio.test_sync_faults import KilledError

GONE: Final = -1.0
REMEMBERED: Final = 8
"""Writings after which an editor is no longer compared with what it had been shown; see ``agreed``."""


class Direct(httpx.BaseTransport):
    """Asks the stand-in without a network; dies at the n-th request, before the work is done or after."""

    def __init__(self, there: LabelStudioServer, at: int = 0, after: bool = False) -> None:
        self._there = there
        self._at, self._after = at, after
        self._count = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._count += 1
        if self._count == self._at and not self._after:
            raise KilledError
        body = json.loads(request.read() or b"null")
        status, content, _ = self._there.answer(request.method, str(request.url), dict(request.headers), body)
        if self._count == self._at:
            raise KilledError
        return httpx.Response(status, content=content)


class TwoSides(RuleBasedStateMachine):
    """Each width is given once, so that it tells whose work it is; ``parents`` knows what whoever gave it had seen."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._server = LabelStudioServer()
        self.pair = Pair(Path(self._folder.name), self._server)
        self.pair.transport = Direct(self._server)
        self.pair.sync()
        self.left: dict[str, float] = {"p1": 0.0, "p2": 50.0}
        self.parents: dict[tuple[str, float], set[float]] = {(node_id, 50.0): set() for node_id in self.left}
        self.refused: set[tuple[str, float]] = set()
        """What lost a conflict."""
        self.width = 50.0
        self.editor: list[Doc] | None = None
        self.shown: dict[str, float] = {}
        self.passes = 0
        """Since the editor was opened."""

    def teardown(self) -> None:
        try:
            self.submit_if_open()
            for _ in range(3):
                self.pair.sync()
                self.decide("ours")
            self.check_end()
        finally:
            self.pair.store.close()
            self._folder.cleanup()

    @rule(pick=st.integers(0, 3))
    def resize_here(self, pick: int) -> None:
        here = self.here()
        present = [node_id for node_id in self.left if here[node_id] != GONE]
        node_id = present[pick % len(present)]
        left, width = self.left[node_id], self.next_width()
        self.pair.decide(Resize(op="resize", id=node_id, box_xyxy=(left, 0, left + width, 80)))
        self.note(node_id, width, here[node_id])

    @rule()
    def draw_here(self) -> None:
        before, width = set(self.pair.hierarchy().by_id()), self.next_width()
        self.pair.decide(Add(op="add", level="panel", box_xyxy=(5, 0, 5 + width, 80)))
        (node_id,) = set(self.pair.hierarchy().by_id()) - before
        if node_id in self.left:  # of one that went, whose number is free again
            self.note(node_id, width, GONE)
        self.left[node_id] = 5.0
        self.parents.setdefault((node_id, width), set())

    @rule(pick=st.integers(0, 3))
    def remove_here(self, pick: int) -> None:
        here = self.here()
        present = [node_id for node_id in self.left if here[node_id] != GONE and node_id != "p2"]
        if present:
            node_id = present[pick % len(present)]
            self.pair.decide(removed(node_id))
            self.note(node_id, GONE, here[node_id])

    @precondition(lambda self: self.editor is None)
    @rule()
    def open_there(self) -> None:
        self.editor = self.pair.rows()
        self.shown = self.there()
        self.passes = 0

    @precondition(lambda self: self.editor is not None)
    @rule(pick=st.integers(0, 3))
    def resize_there(self, pick: int) -> None:
        assert self.editor is not None
        drawn = [node_id for node_id in self.shown if self.row_of(self.editor, node_id) is not None]
        row = self.row_of(self.editor, drawn[pick % len(drawn)])
        assert row is not None
        row["value"]["width"] = self.next_width()

    @precondition(lambda self: self.editor is not None)
    @rule()
    def draw_there(self) -> None:
        assert self.editor is not None
        width = self.next_width()
        row = {**shape(self.editor, "p2"), "id": f"x{width * 100:.0f}", "meta": {}}
        row["value"] = {**row["value"], "x": 1.0, "width": width}
        self.editor.append(row)
        self.left[f"p-{row['id']}"] = 1.0

    @precondition(lambda self: self.editor is not None)
    @rule(pick=st.integers(0, 3))
    def delete_there(self, pick: int) -> None:
        assert self.editor is not None
        rows = [self.row_of(self.editor, node_id) for node_id in self.shown if node_id != "p2"]
        present = [row["id"] for row in rows if row is not None]
        if present:
            self.editor = [row for row in self.editor if present[pick % len(present)] not in ends(row)]

    @precondition(lambda self: self.editor is not None)
    @rule()
    def submit_if_open(self) -> None:
        if self.editor is None:
            return
        rows, self.editor = self.editor, None
        if self.passes >= REMEMBERED:
            return  # closed without saving
        self.pair.submit(rows)
        for node_id, width in self.there().items():
            if width != (before := self.shown.get(node_id, GONE)):
                self.note(node_id, width, before)

    @rule()
    def sync(self) -> None:
        self.passes += 1
        self.pair.sync()
        self.check_conflicts()

    @rule(at=st.integers(1, 14), after=st.booleans())
    def sync_killed(self, at: int, after: bool) -> None:
        self.passes += 1
        self.pair.transport = Direct(self._server, at, after)
        with suppress(KilledError):
            self.pair.sync()
        self.pair.transport = Direct(self._server)

    @rule(keep=st.sampled_from(["ours", "theirs"]))
    def sync_and_decide(self, keep: Side) -> None:
        self.sync()
        self.decide(keep)

    def decide(self, keep: Side) -> None:
        for conflict in self.pair.store.syncs.conflicts():
            here, there = self.here()[conflict.key], self.there()[conflict.key]
            self.refused.add((conflict.key, there if keep == "ours" else here))
            resolve(self.pair.store, self.pair.id, keep, "anna", NOW_S, conflict.key)

    def note(self, node_id: str, width: float, before: float) -> None:
        self.parents.setdefault((node_id, width), set()).add(before)

    def next_width(self) -> float:
        self.width -= 0.25
        return self.width

    def here(self) -> dict[str, float]:
        found = self.pair.hierarchy().by_id()
        alive = {
            node_id: round((node.box_xyxy[2] - node.box_xyxy[0]) * 4) / 4
            for node_id, node in found.items()
            if node.state != State.REJECTED
        }
        return {node_id: alive.get(node_id, GONE) for node_id in self.left}

    def there(self) -> dict[str, float]:
        rows = self.pair.rows()
        found = {node_id: self.row_of(rows, node_id) for node_id in self.left}
        return {node_id: round(row["value"]["width"] * 4) / 4 if row else GONE for node_id, row in found.items()}

    @staticmethod
    def row_of(rows: list[Doc], node_id: str) -> Doc | None:
        names = (node_id, node_id.removeprefix("p-"))
        return next((row for row in rows if row.get("id") in names and row["type"] == "rectanglelabels"), None)

    def seen_by(self, node_id: str, width: float) -> set[float]:
        """The widths that whoever gave this one had seen, and it."""
        seen, waiting = set[float](), [width]
        while waiting:
            if (one := waiting.pop()) not in seen:
                seen.add(one)
                waiting += self.parents.get((node_id, one), ())
        return seen

    def check_conflicts(self) -> None:
        """Nobody is asked about what only one side did."""
        here, there = self.here(), self.there()
        for conflict in self.pair.store.syncs.conflicts():
            ours, theirs = here[conflict.key], there[conflict.key]
            assert ours not in self.seen_by(conflict.key, theirs), conflict
            assert theirs not in self.seen_by(conflict.key, ours), conflict

    def check_end(self) -> None:
        assert self.pair.store.syncs.conflicts() == []
        assert self.pair.statuses() == {"synced"}
        task = self.pair.task()
        assert len(task["annotations"]) <= 1 >= len(task["predictions"])
        here = self.here()
        assert here == self.there()
        for node_id, width in self.parents:
            stands = self.seen_by(node_id, here[node_id])
            told = [self.seen_by(name, lost) for name, lost in self.refused if name == node_id]
            assert width in stands.union(*told), (node_id, width, here[node_id])


TestTwoSides = TwoSides.TestCase
TestTwoSides.settings = settings(
    derandomize=True,
    database=None,
    max_examples=25,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
