"""A figure's caption from its scenes and signs: who shares a sentence, where signs are explained, what comes last."""

# ruff: noqa: RUF001  (captions are printed with Greek letters, primes and dashes)
from __future__ import annotations

from collections.abc import Sequence

from curator.figure import MarkerKind
from data.demo.captions import Dialect, Part, compose, name_of, places, sample_dialect
from data.demo.fields import Rng
from data.demo.layout import Content, Layout, Slot
from data.demo.pointers import DrawnMarker, clause
from data.demo.remarks import sample_background, sample_remarks
from data.demo.scene import Scene
from data.demo.story import Story, listed, one_of

_REFERS = 0.07  # share of panels whose text names an earlier panel; guess
_BACKGROUND = 0.35  # share of titles that a second sentence follows; guess


def write_caption(
    rng: Rng,
    layout: Layout,
    story: Story,
    scenes: Sequence[Scene],
    markers: Sequence[tuple[DrawnMarker, int]],
    printed: bool,
) -> tuple[str, list[str], list[str]]:
    """The caption, each panel's own text, and each marker's clause."""
    slots = layout.slots
    n = len(slots)
    lettered = slots[0].label is not None
    where = None if lettered else places([slot.box_xyxy for slot in slots])
    single = n == 1 and rng.random() < 0.85
    dialect = Dialect.WHOLE if single else sample_dialect(rng, lettered, where is not None, n)
    flip = rng.random() < 0.1  # the caption's letters differ in case from the printed ones
    names = [slot.label.swapcase() if flip else slot.label for slot in slots if slot.label] if lettered else where
    groups = _groups(rng, dialect, scenes) if lettered else [[k] for k in range(n)]
    clauses = [""] * len(markers)
    added = [
        k
        for k, (marker, panel) in enumerate(markers)
        if all(marker.thing.name != m.thing.name for m in scenes[panel].drawn)
    ]
    in_tail = dialect in (Dialect.WHOLE, Dialect.LIST) or (
        len({markers[k][1] for k in added}) > 1 and rng.random() < 0.35
    )
    tail: list[str] = []
    if in_tail:
        tail += _explain(rng, markers, added, clauses)
    statistics = [k for k, scene in enumerate(scenes) if scene.statistics]
    own_statistics = len(statistics) == 1 and n > 1 and dialect != Dialect.LIST
    parts: list[Part] = []
    called: list[str] = []
    for group in groups:
        scene = scenes[group[0]]
        sentences = [scene.shared_topic if len(group) > 1 else scene.topic]
        if dialect != Dialect.LIST:
            sentences += scene.details if len(group) == 1 else ()
            sentences += sample_remarks(rng, slots[group[0]].content, story, scene.statistics)
            if lettered and names and group[0] and rng.random() < _REFERS:
                sentences.append(_reference(rng, names[int(rng.integers(group[0]))]))
            if own_statistics and statistics[0] in group:
                sentences.append(_statistics(rng))
        if not in_tail:
            mine = [k for k in added if markers[k][1] in group]
            if mine and rng.random() < 0.25 and _can_be_inline([markers[k][0] for k in mine]):
                text = clause(rng, markers[mine[0]][0], len(mine), "inline")
                sentences[0] += f" {one_of(rng, ('showing', 'with'))} {text}"
                for k in mine:
                    clauses[k] = text
            else:
                sentences += _explain(rng, markers, mine, clauses)
        labels = tuple(names[k] for k in group) if names else ()
        parts.append(Part(labels, tuple(sentences)))
        called.append(name_of(rng, labels, story.dash) if labels else "")
    if dialect == Dialect.WHOLE and n > 1:  # nothing tells the panels apart: one sentence speaks of all
        first = scenes[0]
        remarks = sample_remarks(rng, slots[0].content, story, first.statistics)
        parts, called = [Part((), (first.shared_topic, *first.details, *remarks))], [""]
        groups = [list(range(n))]
    tail += _tail(
        rng, story, slots, scenes, names if lettered else None, printed, bool(statistics) and not own_statistics
    )
    lead = "" if rng.random() < (0.5 if n == 1 else 0.12) and dialect != Dialect.LIST else _lead(rng, layout, story)
    if lead and dialect != Dialect.LIST and rng.random() < _BACKGROUND:
        lead += ". " + sample_background(rng, story)
    written = compose(dialect, lead, parts, tail, called)
    own = [""] * n
    for group, words in zip(groups, written.own, strict=True):
        for k in group:
            own[k] = written.text if dialect == Dialect.WHOLE else words
    for k, (_, panel) in enumerate(markers):
        if k not in added and scenes[panel].details[-1] in own[panel]:
            clauses[k] = scenes[panel].details[-1]
    return written.text, own, clauses


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


def _explain(
    rng: Rng, markers: Sequence[tuple[DrawnMarker, int]], which: Sequence[int], clauses: list[str]
) -> list[str]:
    """A sentence for each sign and name among the markers; enters it as their clause, in place."""
    style = one_of(rng, ("sentence", "sentence", "legend"))
    sentences = []
    for name in dict.fromkeys(markers[k][0].thing.name for k in which):
        mine = [k for k in which if markers[k][0].thing.name == name]
        text = clause(rng, markers[mine[0]][0], len(mine), style)
        sentences.append(text)
        for k in mine:
            clauses[k] = text
    return sentences


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


def _tail(
    rng: Rng,
    story: Story,
    slots: Sequence[Slot],
    scenes: Sequence[Scene],
    names: Sequence[str] | None,
    printed: bool,
    statistics: bool,
) -> list[str]:
    """Sentences that speak of all panels: scale bars, statistics, abbreviations."""
    sentences = []
    if statistics:
        sentences.append(_statistics(rng))
    scales: dict[str, list[str]] = {}
    for k, scene in enumerate(scenes):
        if scene.scale and not printed:
            scales.setdefault(scene.scale, []).append(names[k] if names else "")
    many = sum(len(labels) for labels in scales.values()) > 1
    if len(scales) == 1:
        word = one_of(
            rng,
            ("Scale bars, ", "Scale bars: ", "Scale bars represent ", "Bars = ")
            if many
            else ("Scale bar, ", "Scale bar: ", "Bar, ", "Scale bar = "),
        )
        sentences.append(word + next(iter(scales)))
    elif scales and names:
        sentences.append("Scale bars, " + listed([f"{size} ({', '.join(who)})" for size, who in scales.items()]))
    elif scales:
        sentences.append("Scale bars, " + listed(list(scales)))
    short: dict[str, str] = {}
    for scene in scenes:
        short |= scene.short
    if short and rng.random() < 0.3:
        sentences.append("; ".join(f"{key}, {meaning}" for key, meaning in short.items()))
    if len(slots) > 1 and not story.clinical and rng.random() < 0.15:
        sentences.append(
            one_of(rng, ("See also Supplementary Fig. 2", "Images are representative of three independent experiments"))
        )
    return sentences
