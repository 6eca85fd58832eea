"""Simulated curators: they know the truth, work as the page lets one work, and take a person's time for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from bench.stand_ins.differences import Pair, differences
from curator.commands import Add, Assign, Command, Judge, JudgeFigure, Reparent, Resize, Update
from curator.figure import Figure, Hierarchy, Marker, Node, Panel, Region, State
from data.store.reviews import Stored


@dataclass(frozen=True, slots=True)
class TimeModel:
    """Seconds of a person. Card, Moran and Newell 1980 (the Keystroke-Level Model) where nothing else is said.

    The page's own answers are left out: they take less than a tenth of a second (``python -m bench page``).
    """

    key_s: float = 0.28
    """A key or a button of the mouse, by an average typist who is no secretary."""
    point_s: float = 1.10
    """Pointing at something with the mouse."""
    home_s: float = 0.40
    """A hand from the mouse to the keys, or back."""
    think_s: float = 1.35
    """Preparing one step; also looking at one box and deciding that it is right, for which crowd workers took about as
    long (Papadopoulos et al. 2016)."""
    draw_s: float = 7.0
    """Drawing one box well: Papadopoulos et al. 2017, by four clicks at extreme points; 35 s by dragging corners."""
    words_a_minute: float = 238.0
    """Silent reading of English non-fiction: Brysbaert 2019."""
    read_share: float = 1.0
    """Of the caption that a curator reads, once. Guess."""

    def reading(self, text: str) -> float:
        return len(text.split()) / self.words_a_minute * 60

    def looking(self, figure: Figure, shown: int) -> float:
        """Reading the caption, looking at each of the ``shown`` boxes, and accepting the figure with a key."""
        return self.read_share * self.reading(figure.caption) + (shown + 1) * self.think_s + self.key_s

    @property
    def click_s(self) -> float:
        return self.point_s + self.key_s

    @property
    def selecting(self) -> float:
        """Seeing what is wrong with a box, and a click on it. A box that was just drawn is selected."""
        return self.think_s + self.click_s

    @property
    def drawing(self) -> float:
        """Seeing what is missing, a key for the tool, the box."""
        return self.think_s + self.key_s + self.draw_s

    @property
    def resizing(self) -> float:
        """Two corners dragged to where they belong."""
        return 2 * (self.click_s + self.point_s)

    def typing(self, value: str) -> float:
        """A key for the field, the value, and Enter; a hand goes to the keys and back."""
        return 2 * self.home_s + (2 + len(value)) * self.key_s

    @property
    def choosing(self) -> float:
        """One of a list that opens on a click."""
        return 2 * self.click_s

    @property
    def assigning(self) -> float:
        """Finding the words, marking them with the mouse, and a key."""
        return self.think_s + self.click_s + self.point_s + self.key_s

    @property
    def hanging(self) -> float:
        """A row of the tree dragged onto another one."""
        return self.think_s + self.click_s + self.point_s


class Work(NamedTuple):
    """What a curator does with a figure."""

    commands: list[Command]
    seconds: float
    errors_mended: int
    """Nodes that were wrong, missing or superfluous and no longer are."""


@dataclass(frozen=True, slots=True)
class SimulatedCurator:
    """Turns a figure's proposals into its truth and accepts it."""

    truth: Mapping[str, Hierarchy]
    """By the figure's id."""
    times: TimeModel = field(default_factory=TimeModel)
    overlooks: float = 0.0
    """Chance of not seeing an error, for each."""
    mistakes: float = 0.0
    """Chance of rejecting a node that is right, for each."""
    seed: int = 0

    def review(self, stored: Stored) -> Work:
        """The commands for ``Store.reviews.decide``, in order; with what they cost.

        Raises:
            KeyError: the curator does not know the figure.
        """
        review = stored.review
        truth = self.truth[review.figure.id]
        digest = hashlib.sha256(f"{self.seed} {review.figure.id}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        task = _Task(self.times, review.hierarchy, truth)
        standing = sum(node.state != State.REJECTED for node in review.hierarchy.nodes())
        task.seconds = self.times.looking(review.figure, standing)
        seen, rejected = [], []
        for pair in differences(truth, review.hierarchy):
            if not pair.faults:
                task.stand_for(pair)
                if pair.found is not None and rng.random() < self.mistakes:
                    rejected.append(pair.found)
            elif rng.random() < self.overlooks:
                task.overlook(pair)
            else:
                seen.append(pair)
        for pair in seen:
            task.mend(pair)
        task.reject([*(pair.found for pair in seen if pair.true is None and pair.found is not None), *rejected])
        task.commands.append(JudgeFigure(op="judge_figure", state="accepted"))
        return Work(task.commands, task.seconds, len(seen))


class _Task:
    """One figure's commands as they are made; nodes are named as ``curator.decide`` will name them."""

    def __init__(self, times: TimeModel, hierarchy: Hierarchy, truth: Hierarchy) -> None:
        self.commands: list[Command] = []
        self.seconds = 0.0
        self._times = times
        self._hierarchy = hierarchy
        self._truth = truth.by_id()
        self._number = max((int(node.id[1:]) for node in hierarchy.nodes() if node.id[1:].isdigit()), default=0)
        self._ids: dict[str, str] = {}
        """Of each true node: the id of what stands for it."""
        self._overlooked: set[str] = set()

    def stand_for(self, pair: Pair) -> None:
        if pair.true is not None and pair.found is not None:
            self._ids[pair.true.id] = pair.found.id

    def overlook(self, pair: Pair) -> None:
        self.stand_for(pair)
        if pair.found is not None:
            self._overlooked.add(pair.found.id)

    def mend(self, pair: Pair) -> None:
        """Draws what is missing and mends what is wrong; what is superfluous waits until its children have moved."""
        if pair.true is None:
            return
        if pair.found is None:
            self._draw(pair.true)
            return
        self.stand_for(pair)
        if pair.faults != {"parent"}:  # a row of the tree needs no selecting
            self.seconds += self._times.selecting
        if "box" in pair.faults:
            self._do(Resize(op="resize", id=pair.found.id, box_xyxy=pair.true.box_xyxy), self._times.resizing)
        if "label" in pair.faults and isinstance(pair.true, Panel):
            seconds = self._times.typing(pair.true.label or "")
            self._do(Update(op="update", id=pair.found.id, fields={"label": pair.true.label}), seconds)
        if "kind" in pair.faults:
            self._do(Update(op="update", id=pair.found.id, fields=_kind(pair.true)), self._times.choosing)
        if "words" in pair.faults:
            self._assign(pair.found.id, pair.true)

    def reject(self, nodes: Sequence[Node]) -> None:
        """Rejects the nodes, a whole branch at once, after what is right was hung where it belongs."""
        gone = {node.id for node in nodes}
        parents = {node.id: node.parent_id for node in self._hierarchy.nodes()}
        self._hang(gone, parents)
        for node in nodes:
            if not gone & _above(node.id, parents):
                self._do(Judge(op="judge", id=node.id, state="rejected"), self._times.selecting + self._times.key_s)

    def _hang(self, gone: set[str], parents: Mapping[str, str | None]) -> None:
        """Hangs what lies under a wrong panel, or under what is to be rejected, where it belongs."""
        stands_for = {found: true for true, found in self._ids.items() if found not in gone}
        panels = {node.id: node.panel_id for node in self._hierarchy.nodes() if not isinstance(node, Panel)}
        for node_id in panels:
            if node_id not in stands_for:
                continue
            true = self._truth[stands_for[node_id]]
            assert not isinstance(true, Panel)
            parent_id = parents[node_id]
            # a region follows its marker, which comes before it
            panel_id = panels.get(parent_id or "", panels[node_id]) if parent_id in stands_for else panels[node_id]
            wanted = self._ids.get(true.panel_id or "")
            misplaced = wanted is not None and wanted not in gone and panel_id != wanted
            lost = parent_id not in stands_for and bool(gone & _above(node_id, parents))
            if lost or (misplaced and node_id not in self._overlooked):
                command = Reparent(op="reparent", id=node_id, parent_id=self._parent_of(true, gone))
                self._do(command, self._times.hanging)
                panels[node_id] = None if wanted in gone else wanted

    def _parent_of(self, true: Node, gone: set[str]) -> str | None:
        """What stands for the node's true parent, or for the panel that it lies in."""
        assert not isinstance(true, Panel)
        wanted = [true.marker_id] if isinstance(true, Region) else []
        standing = [self._ids.get(true_id or "") for true_id in [*wanted, true.panel_id]]
        return next((found for found in standing if found is not None and found not in gone), None)

    def _draw(self, true: Node) -> None:
        self._number += 1
        fields: dict[str, object] = dict(_kind(true))
        parent_id, seconds = None, self._times.drawing
        match true:
            case Panel():
                level: Literal["panel", "marker", "region"] = "panel"
                fields["label"] = true.label
                seconds += self._times.choosing + (self._times.typing(true.label) if true.label else 0.0)
            case Marker():
                level, parent_id = "marker", self._parent_of(true, set())
                fields |= {"color": true.color, "tip_xy": true.tip_xy}
                seconds += self._times.choosing
            case Region():
                level, parent_id = "region", self._parent_of(true, set())
                fields |= {"label": true.label, "caption": true.caption}
        node_id = f"{level[0]}{self._number}"
        self._ids[true.id] = node_id
        add = Add(op="add", level=level, box_xyxy=true.box_xyxy, parent_id=parent_id, fields=fields)
        self._do(add, seconds)
        self._assign(node_id, true)

    def _assign(self, node_id: str, true: Node) -> None:
        spans = true.own_spans if isinstance(true, Panel) else (true.clause_span,)
        for index, span in enumerate(span for span in spans if span is not None):
            command = Assign(op="assign", id=node_id, span=span, mode="add" if index else "set")
            self._do(command, self._times.assigning)

    def _do(self, command: Command, seconds: float) -> None:
        self.commands.append(command)
        self.seconds += seconds


def _above(node_id: str, parents: Mapping[str, str | None]) -> set[str]:
    """Ids of all nodes that the node hangs below."""
    above: set[str] = set()
    parent_id = parents[node_id]
    while parent_id is not None and parent_id not in above:
        above.add(parent_id)
        parent_id = parents.get(parent_id)
    return above


def _kind(true: Node) -> dict[str, object]:
    match true:
        case Panel():
            return {"kind": true.kind, "photographic": true.photographic}
        case Marker():
            return {"kind": true.kind}
    return {}
