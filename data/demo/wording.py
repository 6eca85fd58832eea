"""A figure's caption from its scenes and signs: who shares a sentence, where signs are explained, what comes last."""

# ruff: noqa: RUF001  (captions are printed with Greek letters, primes and dashes)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curator.figure import MarkerKind
from data.demo.captions import Dialect, Part, compose, name_of, places, sample_dialect
from data.demo.fields import Rng
from data.demo.layout import Content, Layout, Slot
from data.demo.pointers import DrawnMarker, clause
from data.demo.remarks import sample_background, sample_remarks
from data.demo.scene import Scene
from data.demo.story import Story, listed, one_of

# Shares, all guesses from reading captions:
_SINGLE_WHOLE = 0.85  # of one-panel figures: the caption names no panel
_OTHER_CASE = 0.1  # of figures: the caption's letters differ in case from the printed ones
_SIGNS_LAST = 0.35  # of figures with signs on several panels: explained once, after the last panel
_INLINE = 0.25  # of panels with signs: "showing a mitotic cell (arrow)"
_UNTITLED, _UNTITLED_SINGLE = 0.12, 0.5  # of figures of several and of one panel: no title sentence
_ABBREVIATIONS = 0.3
_CLOSING = 0.15
_REFERS = 0.07  # share of panels whose text names an earlier panel; guess
_BACKGROUND = 0.35  # share of titles that a second sentence follows; guess


@dataclass(frozen=True, slots=True)
class Wording:
    """A figure's caption and what its parts speak of."""

    caption: str
    own: tuple[str, ...]
    """For each panel: its own text, verbatim in the caption."""
    clauses: tuple[str, ...]
    """For each marker: the words that explain it, verbatim in the caption; empty where nothing does."""


def write_caption(
    rng: Rng,
    layout: Layout,
    story: Story,
    scenes: Sequence[Scene],
    markers: Sequence[tuple[DrawnMarker, int]],
    printed: bool,
) -> Wording:
    """The caption in a dialect drawn by lot.

    ``markers``: each with the index of its panel; ``printed``: the scale bars' lengths can be read in the figure.
    """
    slots = layout.slots
    n = len(slots)
    lettered = slots[0].label is not None
    where = None if lettered else places([slot.box_xyxy for slot in slots])
    single = n == 1 and rng.random() < _SINGLE_WHOLE
    dialect = Dialect.WHOLE if single else sample_dialect(rng, lettered, where is not None, n)
    flip = rng.random() < _OTHER_CASE
    names = [slot.label.swapcase() if flip else slot.label for slot in slots if slot.label] if lettered else where
    writer = _Writer(rng, story, slots, scenes, markers, dialect, names if lettered else None)
    if dialect == Dialect.WHOLE and n > 1:  # nothing tells the panels apart: one sentence speaks of all
        groups = [list(range(n))]
    else:
        groups = _groups(rng, dialect, scenes) if lettered else [[k] for k in range(n)]
    parts, called = [], []
    for group in groups:
        labels = tuple(names[k] for k in group) if names and dialect != Dialect.WHOLE else ()
        parts.append(Part(labels, tuple(writer.sentences(group))))
        called.append(name_of(rng, labels, story.dash) if labels else "")
    drawn_only = all(slot.content in (Content.DIAGRAM, Content.TABLE) for slot in slots)  # no experiment to announce
    untitled = 1.0 if drawn_only else _UNTITLED_SINGLE if n == 1 else _UNTITLED
    lead = "" if dialect != Dialect.LIST and rng.random() < untitled else _lead(rng, layout, story)
    if lead and dialect != Dialect.LIST and rng.random() < _BACKGROUND:
        lead += ". " + sample_background(rng, story)
    written = compose(dialect, lead, parts, writer.tail(printed), called)
    own = [""] * n
    for group, words in zip(groups, written.own, strict=True):
        for k in group:
            own[k] = written.text if dialect == Dialect.WHOLE else words
    return Wording(written.text, tuple(own), writer.clauses(own))


class _Writer:
    """Writes the sentences of one caption and remembers which of them explains which marker."""

    def __init__(
        self,
        rng: Rng,
        story: Story,
        slots: Sequence[Slot],
        scenes: Sequence[Scene],
        markers: Sequence[tuple[DrawnMarker, int]],
        dialect: Dialect,
        letters: Sequence[str] | None,
    ) -> None:
        self.rng, self.story, self.slots, self.scenes, self.letters = rng, story, slots, scenes, letters
        self.markers, self.terse = markers, dialect == Dialect.LIST
        self._clauses = [""] * len(markers)
        self._added = [  # the others are part of their picture, and its details speak of them
            k
            for k, (marker, panel) in enumerate(markers)
            if all(marker.thing.name != drawn.thing.name for drawn in scenes[panel].drawn)
        ]
        several = len({markers[k][1] for k in self._added}) > 1
        self._signs_last = dialect in (Dialect.WHOLE, Dialect.LIST) or (several and rng.random() < _SIGNS_LAST)
        tested = [k for k, scene in enumerate(scenes) if scene.statistics]
        alone = len(tested) == 1 and len(slots) > 1 and not self.terse
        self._tested_alone = tested[0] if alone else None
        self._tested_last = bool(tested) and not alone

    def sentences(self, group: Sequence[int]) -> list[str]:
        """What the caption says of the panels of a group that shares its text."""
        rng, first = self.rng, group[0]
        scene = self.scenes[first]
        found = [scene.shared_topic if len(group) > 1 else scene.topic]
        if not self.terse:
            found += scene.details if len(group) == 1 else ()
            found += sample_remarks(rng, self.slots[first].content, self.story, scene.statistics)
            if self.letters and first and rng.random() < _REFERS:
                found.append(_reference(rng, self.letters[int(rng.integers(first))]))
            if self._tested_alone in group:
                found.append(_statistics(rng))
        mine = [] if self._signs_last else [k for k in self._added if self.markers[k][1] in group]
        if mine and rng.random() < _INLINE and _can_be_inline([self.markers[k][0] for k in mine]):
            text = clause(rng, self.markers[mine[0]][0], len(mine), "inline")
            found[0] += f" {one_of(rng, ('showing', 'with'))} {text}"
            for k in mine:
                self._clauses[k] = text
            return found
        return found + self._explained(mine)

    def _explained(self, which: Sequence[int]) -> list[str]:
        """A sentence for each sign and name among the markers."""
        style = one_of(self.rng, ("sentence", "sentence", "legend"))
        found = []
        for name in dict.fromkeys(self.markers[k][0].thing.name for k in which):
            mine = [k for k in which if self.markers[k][0].thing.name == name]
            text = clause(self.rng, self.markers[mine[0]][0], len(mine), style)
            found.append(text)
            for k in mine:
                self._clauses[k] = text
        return found

    def tail(self, printed: bool) -> list[str]:
        """Sentences that speak of all panels: signs, statistics, scale bars, abbreviations."""
        rng = self.rng
        found = self._explained(self._added) if self._signs_last else []
        if self._tested_last:
            found.append(_statistics(rng))
        found += [] if printed else self._scale_bars()
        short: dict[str, str] = {}
        for scene in self.scenes:
            short |= scene.short
        if short and rng.random() < _ABBREVIATIONS:
            found.append("; ".join(f"{key}, {meaning}" for key, meaning in short.items()))
        if len(self.slots) > 1 and not self.story.clinical and rng.random() < _CLOSING:
            closing = ("See also Supplementary Fig. 2", "Images are representative of three independent experiments")
            found.append(one_of(rng, closing))
        return found

    def _scale_bars(self) -> list[str]:
        scales: dict[str, list[str]] = {}
        for k, scene in enumerate(self.scenes):
            if scene.scale:
                scales.setdefault(scene.scale, []).append(self.letters[k] if self.letters else "")
        if not scales:
            return []
        if len(scales) > 1 and self.letters:
            return ["Scale bars, " + listed([f"{size} ({', '.join(who)})" for size, who in scales.items()])]
        one = ("Scale bar, ", "Scale bar: ", "Bar, ", "Scale bar = ")
        many = ("Scale bars, ", "Scale bars: ", "Scale bars represent ", "Bars = ")
        return [one_of(self.rng, many if sum(map(len, scales.values())) > 1 else one) + listed(list(scales))]

    def clauses(self, own: Sequence[str]) -> tuple[str, ...]:
        """Each marker's clause; for signs that are part of a picture, its last detail where the panel's text has it."""
        found = list(self._clauses)
        for k, (_, panel) in enumerate(self.markers):
            if k not in self._added and self.scenes[panel].details[-1] in own[panel]:
                found[k] = self.scenes[panel].details[-1]
        return tuple(found)


def _can_be_inline(markers: Sequence[DrawnMarker]) -> bool:
    """All stand for one thing, and their sign has a name: "an arrow", not "M"."""
    return len({marker.thing.name for marker in markers}) == 1 and markers[0].sign.kind != MarkerKind.LETTER


def _reference(rng: Rng, letter: str) -> str:
    """A sentence that names another panel: it must not be taken for the beginning of that panel's text."""
    return one_of(
        rng, ("Same experiment as in ({})", "Conditions as in {}", "Cells were treated as described in ({})")
    ).format(letter)


def _groups(rng: Rng, dialect: Dialect, scenes: Sequence[Scene]) -> list[list[int]]:
    """Neighbouring panels that share one text, now and then."""
    groups: list[list[int]] = []
    sharing = rng.random() < 0.3 and dialect != Dialect.LIST
    for k, scene in enumerate(scenes):
        last = groups[-1] if groups else None
        alike = last is not None and scenes[last[-1]].shared_topic == scene.shared_topic
        if last is not None and alike and sharing and scene.picture.kind != "plot" and len(last) < 4:
            last.append(k)
        else:
            groups.append([k])
    if len(groups) == 1 and len(scenes) > 1:  # "(A-C) ..." for all panels would be the lead
        return [[k] for k in range(len(scenes))]
    return groups


def _lead(rng: Rng, layout: Layout, story: Story) -> str:
    process = story.spelled(story.process)
    organ = story.spelled(story.organ)
    choices = {
        "pathology": (
            f"Loss of {story.protein} {one_of(rng, ('aggravates', 'attenuates'))} injury of the {organ}",
            f"Histological changes in the {organ} after {story.treatment}",
            f"Effect of {story.treatment} on the {organ}",
        ),
        "radiology": (
            "Imaging findings",
            "Radiological course",
            "Typical imaging features at presentation and follow-up",
        ),
        "ultrastructure": (
            f"Ultrastructure of {story.cells} cells",
            f"{story.protein} maintains organelle ultrastructure",
        ),
    }.get(
        layout.theme,
        (
            f"{story.protein} {story.verb} {process} in {story.cells} cells",
            f"Loss of {story.protein} impairs {process}",
            f"{story.protein} and {story.other} cooperate in {process}",
            f"{story.treatment[0].upper()}{story.treatment[1:]} affects {process} through {story.protein}",
        ),
    )
    if layout.theme == "single":
        choices = (f"{story.protein} {story.verb} {process}", f"Role of {story.protein} in {process}")
        if layout.slots[0].content in (Content.CHEST, Content.BRAIN, Content.ULTRASOUND):
            choices = ("Imaging findings", "Imaging at presentation")
    return one_of(rng, choices)


def _statistics(rng: Rng) -> str:
    n = one_of(rng, (3, 4, 5, 6))
    spread = one_of(rng, ("s.e.m.", "SEM", "s.d.", "SD"))
    test = one_of(rng, ("two-tailed Student's t-test", "one-way ANOVA with Tukey's test", "Mann–Whitney U test"))
    levels = one_of(
        rng,
        ("*P < 0.05, **P < 0.01, ***P < 0.001", "*p<0.05; **p<0.01; ***p<0.001", "*P ≤ 0.05; **P ≤ 0.01; ***P ≤ 0.001"),
    )
    return f"Data are mean ± {spread} (n = {n} independent experiments); {levels}; ns, not significant ({test})"
