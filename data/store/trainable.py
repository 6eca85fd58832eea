"""What the project would be trained on: pairs of picture and text by level and split, counted without exporting."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass, field
from time import monotonic

from curator.geometry import coverage
from curator.wording import tokens
from data.formats.record import split_of
from data.store.database import Connections
from data.store.second_reading import SECOND_READING

INSIDE = 0.5
"""Of a region's area that must lie in its panel; the trainer's own number (trainer.pairs.INSIDE)."""
SURE = 0.6
"""Confidence from which the page trains on open proposals. Measured with drawn proposals of two agents, seven of ten
regions right: nine of ten of these are (docs/active_learning.md)."""
_REST = 20
"""Guess: while decisions go on, counting takes at most a twentieth of the time."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What ``trainer.snapshot`` says of an export made at this moment, but for splits: here those of the articles."""

    figures: int = 0
    articles: int = 0
    levels: dict[str, dict[str, int]] = field(
        default_factory=lambda: {level: {"train": 0, "val": 0, "test": 0} for level in "MPR"}
    )
    """Pairs by level (M: figures with a caption; P, R: panels and regions with a text) and split."""
    kinds: dict[str, int] = field(default_factory=dict)
    """Of the panels that make a pair; the commonest first, as in all of these."""
    licenses: dict[str, int] = field(default_factory=dict)
    """Of figures."""
    people: dict[str, int] = field(default_factory=dict)
    """Who decided something in how many of the figures."""
    left_out: dict[str, int] = field(default_factory=dict)
    """What makes no pair, by reason."""


@dataclass(frozen=True, slots=True)
class Trainable:
    """The ways to export the project."""

    verified: Counts
    """Only what a person accepted or edited, in accepted figures."""
    sure: Counts
    """Also open proposals with a confidence of at least ``SURE``, or another one that was asked for: the assessor's or,
    where it has not spoken, the agent's."""
    every: Counts
    """Also all open proposals, which nobody has verified."""


class TrainableCounts:
    """Counts, kept while no figure changes. Safe to share among threads: one of them counts, the others wait for it."""

    def __init__(self, connections: Connections, sure: float = SURE) -> None:
        self._connections = connections
        self._sure = sure
        self._lock = threading.Lock()
        self._last: tuple[tuple[int, ...], float, Trainable] | None = None

    def counts(self) -> Trainable:
        """As the project stands; of a large one that is being changed as it stood moments ago.

        Reading 100,000 figures takes seconds, so that while decisions go on they are counted again only after twenty
        times as long. Readers hold up no writer.
        """
        with self._lock:
            mark = self._mark()
            if self._last is None or (self._last[0] != mark and monotonic() >= self._last[1]):
                began = monotonic()
                found = self._counted()
                ended = monotonic()
                self._last = (mark, ended + _REST * (ended - began), found)
            return self._last[2]

    def _mark(self) -> tuple[int, ...]:
        """Changes with every event, and with every figure that another version replaces."""
        row = self._connections.row(
            """select (select coalesce(max(id), 0) from events) as event,
            (select coalesce(max(number), 0) from figures) as figure, (select count(*) from articles) as articles"""
        )
        assert row is not None
        return (row["event"], row["figure"], row["articles"])

    def _counted(self) -> Trainable:
        conn = self._connections.db.conn
        conn.create_function("split_of", 1, split_of, deterministic=True)
        conn.create_function("has_token", 1, _has_token, deterministic=True)
        conn.create_function("is_inside", 8, _is_inside, deterministic=True)
        verified, sure, every = _Tally(), _Tally(), _Tally()
        for row in self._connections.rows(_FIGURES):
            for tally in (verified, sure, every) if row["accepted"] else (sure, every):
                tally.add_figures(row)
        for row in self._connections.rows(_PANELS, {"sure": self._sure}):
            wanted = (verified if row["verified"] else None, sure if row["sure"] else None, every)
            for tally in filter(None, wanted):
                tally.add("P", row["split"], None if row["text"] else "panels without text", row["n"])
                if row["text"]:
                    tally.kinds[row["kind"]] += row["n"]
        for row in self._connections.rows(_REGIONS, {"sure": self._sure}):
            every.add("R", row["split"], row["fault"] if row["in_panel"] else _NO_PANEL, row["n"])
            if row["sure"]:
                sure.add("R", row["split"], row["fault"] if row["in_sure_panel"] else _NO_PANEL, row["n"])
            if row["verified"]:
                verified.add("R", row["split"], row["fault"] if row["in_verified_panel"] else _NO_PANEL, row["n"])
        for row in self._connections.rows(_PEOPLE):
            for tally in (sure, every):
                tally.people[row["who"]] += row["n"]
            verified.people[row["who"]] += row["accepted"]
        return Trainable(verified.counts(), sure.counts(), every.counts())


class _Tally:
    def __init__(self) -> None:
        self.pairs = {level: Counter({"train": 0, "val": 0, "test": 0}) for level in "MPR"}
        self.articles: set[str] = set()
        self.figures = 0
        self.kinds: Counter[str] = Counter()
        self.licenses: Counter[str] = Counter()
        self.people: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()

    def add_figures(self, row: sqlite3.Row) -> None:
        self.figures += row["n"]
        self.articles.add(row["article_id"])
        self.licenses[row["license"]] += row["n"]
        self.add("M", row["split"], None if row["text"] else "figures without caption", row["n"])

    def add(self, level: str, split: str, fault: str | None, n: int) -> None:
        if fault:
            self.left_out[fault] += n
        else:
            self.pairs[level][split] += n

    def counts(self) -> Counts:
        return Counts(
            self.figures,
            len(self.articles),
            {level: dict(pairs) for level, pairs in self.pairs.items()},
            _sorted(self.kinds),
            _sorted(self.licenses),
            _sorted(self.people),
            _sorted(self.left_out),
        )


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(((name, n) for name, n in counter.items() if n), key=lambda item: (-item[1], item[0])))


def _has_token(text: str) -> bool:
    return bool(tokens(text))


def _is_inside(*edges: float) -> bool:
    """Whether a region's box (the first four) lies in its panel's window, as the export rounds that."""
    x0, y0, x1, y1 = (round(value) for value in edges[4:])
    window = (x0, y0, max(x1, x0 + 1), max(y1, y0 + 1))
    return coverage((edges[0], edges[1], edges[2], edges[3]), window) >= INSIDE


_NO_PANEL = "regions in no panel"
_SET = "r.current = 1 and r.state in ('accepted', 'proposed')"
_VERIFIED = "r.state = 'accepted' and {node}.state in ('accepted', 'edited')"
_SURE = """{node}.state != 'proposed' or coalesce(
    (select a.confidence from assessed a where a.figure_id = {node}.figure_id and a.node_id = {node}.id),
    json_extract({node}.doc, '$.provenance.confidence'), 0) >= :sure"""


def _any(*conditions: str) -> str:
    """SQL: whether one of them holds; those after it are not even worked out, as OR would in a column."""
    return f"case {' '.join(f'when {condition} then 1' for condition in conditions)} else 0 end"


def _says(text: str) -> str:
    """SQL: whether a text has a word left when it is normalised; plain letters and digits always are one."""
    return _any(f"{text} glob '*[0-9A-Za-z]*'", f"has_token({text})")


def _span_says(span: str) -> str:
    """SQL: whether the caption has a word between ``$[0]`` and ``$[1]`` of a JSON document."""
    start, end = span.format(0), span.format(1)
    return _says(f"substr(f.caption, {start} + 1, {end} - {start})")


def _spans_say(document: str, path: str) -> str:
    """SQL: whether one of these spans of the caption has a word; the first one mostly has."""
    first = f"json_extract({document}, '$.{path}[0][{{}}]')"
    each = "json_extract(value, '$[{}]')"
    return (
        f"case when {first.format(0)} is null then 0 when {_span_says(first)} then 1 "
        f"else exists (select 1 from json_each({document}, '$.{path}') where {_span_says(each)}) end"
    )


def _field(node: str, name: str) -> str:
    return f"json_extract({node}.doc, '$.{name}')"


def _panel_says(node: str) -> str:
    """SQL: whether the panel has a text (trainer.wording.panel_text): own or shared words, else a model's."""
    own_text = _field(node, "own_text")
    return _any(
        f"case when {own_text} is null then {_spans_say(f'{node}.doc', 'own_spans')} else {_says(own_text)} end",
        _spans_say("r.shared", "lead_spans"),
        _spans_say("r.shared", "tail_spans"),
        _says(_field(node, "summary")),
        _says(_field(node, "description")),
    )


def _region_says() -> str:
    """SQL: whether region ``n`` has a text (trainer.wording.region_texts)."""
    clause = "json_extract(n.doc, '$.clause_span[{}]')"
    written = (_says(_field("n", name)) for name in ("description", "caption", "label"))
    return _any(*written, f"case when {clause.format(0)} is null then 0 else {_span_says(clause)} end")


def _inside() -> str:
    """SQL: whether region ``n`` lies in panel ``p``; where it lies well within, nothing need be rounded."""
    region = [_field("n", f"box_xyxy[{index}]") for index in range(4)]
    panel = [_field("p", f"box_xyxy[{index}]") for index in range(4)]
    within = " and ".join(f"{a} >= {b} + 0.5" for a, b in zip(region[:2], panel[:2], strict=True))
    within += " and " + " and ".join(f"{a} <= {b} - 0.5" for a, b in zip(region[2:], panel[2:], strict=True))
    return _any(within, f"is_inside({', '.join(region + panel)})")


# Rows are counted by article first: a split is then worked out once an article and not once a node.
_FIGURES = f"""
select split_of(article_id) as split, * from (
    select r.article_id, r.state = 'accepted' as accepted, {_says("f.caption")} as text,
    coalesce(nullif(f.license, ''), nullif(a.license, ''), 'unknown') as license, count(*) as n
    from reviews r join figures f on f.id = r.figure_id join articles a on a.id = r.article_id
    where {_SET} group by 1, 2, 3, 4)"""
_PANELS = f"""
select split_of(article_id) as split, kind, verified, sure, text, sum(n) as n from (
    select r.article_id, n.kind, {_VERIFIED.format(node="n")} as verified, {_SURE.format(node="n")} as sure,
    {_panel_says("n")} as text, count(*) as n
    from reviews r join figures f on f.id = r.figure_id join nodes n on n.figure_id = r.figure_id
    where {_SET} and n.level = 'panel' and n.state != 'rejected' group by 1, 2, 3, 4, 5)
group by 1, 2, 3, 4, 5"""
_REGIONS = f"""
select split_of(article_id) as split, verified, sure, in_panel, in_sure_panel, in_verified_panel, fault, sum(n) as n
from (
    select r.article_id, {_VERIFIED.format(node="n")} as verified, {_SURE.format(node="n")} as sure,
    coalesce(p.state != 'rejected', 0) as in_panel,
    coalesce(p.state != 'rejected' and ({_SURE.format(node="p")}), 0) as in_sure_panel,
    coalesce({_VERIFIED.format(node="p")}, 0) as in_verified_panel,
    case when p.id is null then null
        when not ({_region_says()}) then 'regions without text'
        when not {_inside()} then 'regions outside their panel'
        when not {_panel_says("p")} then 'regions of panels without text' end as fault,
    count(*) as n
    from reviews r join figures f on f.id = r.figure_id join nodes n on n.figure_id = r.figure_id
    left join nodes p on p.figure_id = n.figure_id and p.id = {_field("n", "panel_id")} and p.level = 'panel'
    where {_SET} and n.level = 'region' and n.state != 'rejected' group by 1, 2, 3, 4, 5, 6, 7)
group by 1, 2, 3, 4, 5, 6, 7"""
_PEOPLE = f"""
select who, count(*) as n, sum(r.state = 'accepted') as accepted from (
    select distinct who, figure_id from events where kind = 'decide' and who not glob '{SECOND_READING}*') e
join reviews r on r.figure_id = e.figure_id where {_SET} group by who"""
