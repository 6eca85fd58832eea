"""What holds of panels whatever is answered."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.lvlm.panels.pooling import Sighting, ViewAnswer, fused, pool
from curator.figure import Panel, PanelKind
from curator.geometry import Box, iou
from tests.agents.lvlm.poolings import STEADY, WH, WHOLE, answer, candidate, seen

shares = st.floats(0.05, 0.95)
counts = st.integers(0, 12)


@STEADY
@given(shares, counts, counts)
def test_confidence_rises_with_each_yes_and_falls_with_each_no(prior: float, yes: int, no: int) -> None:
    assert fused(prior, yes + 1, no) > fused(prior, yes, no) > fused(prior, yes, no + 1)


@STEADY
@given(shares, shares, counts, counts)
def test_confidence_rises_with_the_embedded_agent_s(one: float, other: float, yes: int, no: int) -> None:
    low, high = sorted((one, other))
    assert fused(low, yes, no) <= fused(high, yes, no)


@STEADY
@given(shares, st.integers(1, 12))
def test_agreeing_agents_are_surer_than_either(prior: float, yes: int) -> None:
    assert fused(prior, 0, 0) == pytest.approx(prior)
    assert fused(prior, yes, 0) > prior
    assert fused(max(prior, 0.51), yes, 0) > fused(0.5, yes, 0)


corners = st.tuples(st.integers(0, 900), st.integers(0, 700), st.integers(40, 500), st.integers(40, 500))
some_boxes = corners.map(
    lambda c: (float(c[0]), float(c[1]), float(min(c[0] + c[2], 1000)), float(min(c[1] + c[3], 800)))
)


@st.composite
def sightings_of(draw: st.DrawFn, drawn: Sequence[int]) -> tuple[Sighting, ...]:
    free = list(drawn)
    out: list[Sighting] = []
    for _ in range(draw(st.integers(0, 4))):
        marks = tuple(sorted(free.pop() for _ in range(draw(st.integers(0, min(2, len(free)))))))
        box = draw(some_boxes if not marks else st.none() | some_boxes)
        out.append(Sighting(marks, box, draw(st.sampled_from([None, "A", "B", "c"])), PanelKind.GEL, "words"))
    return tuple(out)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[tuple[Panel, ...], list[ViewAnswer]]:
    panels = tuple(
        candidate(n, draw(some_boxes), draw(st.sampled_from([None, "A", "B"])), draw(st.floats(0, 1)))
        for n in range(draw(st.integers(0, 4)))
    )
    answers: list[ViewAnswer] = []
    for number in range(draw(st.integers(0, 4))):
        drawn = tuple(i for i in range(len(panels)) if draw(st.booleans()))
        window = draw(st.sampled_from([WHOLE, (0.0, 0.0, 600.0, 800.0), (300.0, 100.0, 1000.0, 700.0)]))
        answers.append(answer(number, *draw(sightings_of(drawn)), drawn=drawn, window=window))
    return panels, answers


@STEADY
@given(scenes(), st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(
    scene: tuple[tuple[Panel, ...], list[ViewAnswer]], shuffled: random.Random
) -> None:
    panels, answers = scene
    other = [replace(a, sightings=tuple(shuffled.sample(a.sightings, len(a.sightings)))) for a in answers]
    shuffled.shuffle(other)
    assert pool(panels, other, WH) == pool(panels, answers, WH)


@STEADY
@given(scenes(), st.integers(0, 3))
def test_an_answer_that_is_there_twice_changes_nothing(
    scene: tuple[tuple[Panel, ...], list[ViewAnswer]], which: int
) -> None:
    panels, answers = scene
    if answers:
        again = replace(answers[which % len(answers)], exchange="asked again")
        once, twice = pool(panels, answers, WH), pool(panels, [*answers, again], WH)
        assert [replace(panel, exchanges=()) for panel in twice.panels] == [
            replace(panel, exchanges=()) for panel in once.panels
        ]
        assert twice.dropped == once.dropped


@STEADY
@given(scenes())
def test_whatever_is_answered_the_panels_are_sound(scene: tuple[tuple[Panel, ...], list[ViewAnswer]]) -> None:
    pooled = pool(*scene, WH)
    for index, panel in enumerate(pooled.panels):
        x0, y0, x1, y1 = panel.box_xyxy
        assert 0 <= x0 < x1 <= WH[0]
        assert 0 <= y0 < y1 <= WH[1]
        assert 0 <= panel.confidence <= 1
        assert panel not in pooled.panels[:index]


@STEADY
@given(some_boxes, st.lists(st.tuples(*[st.integers(-6, 6)] * 4), min_size=2, max_size=6))
def test_pooled_boxes_are_no_worse_than_the_worst(truth: Box, errors: list[tuple[int, int, int, int]]) -> None:
    given_boxes = [tuple(value + error for value, error in zip(truth, by, strict=True)) for by in errors]
    answers = [answer(n, seen(box=box, label="A"), drawn=()) for n, box in enumerate(given_boxes)]  # type: ignore[arg-type]
    pooled = pool((), answers, WH)
    assert len(pooled.panels) == 1
    x0, y0, x1, y1 = truth
    worst = max(abs(error) for by in errors for error in by)
    inner, outer = (
        (x0 + worst, y0 + worst, x1 - worst, y1 - worst),
        (x0 - worst, y0 - worst, x1 + worst, y1 + worst),
    )
    assert iou(pooled.panels[0].box_xyxy, truth) >= iou(inner, outer) - 1e-9
