"""The agent as a whole: what becomes of a model's answers, and what each node says of where it comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents.lvlm.agent import LvlmAgent, prompts_version
from agents.lvlm.asking.budget import Budget
from curator.exchange import MemoryLedger
from curator.figure import Figure, Hierarchy, check
from curator.samples import Samples
from curator.settings import ModelSettings, PromptingSettings, Settings
from tests.agents.lvlm.looks import Scripted, panel

LETTERS = "(A) Liver. (B) Lung."
PLACES = "(Left) Liver. (Right) Lung."
CANDIDATES = Hierarchy((panel("p1", (0.0, 0.0, 490.0, 500.0)), panel("p2", (510.0, 0.0, 1000.0, 500.0))))


def seen(*labels: str | None) -> dict[str, Any]:
    """Both candidates as panels, with these letters."""
    panels = [
        {"marks": [n], "label": label, "kind": "microscopy", "description": "", "box": None}
        for n, label in enumerate(labels, start=1)
    ]
    return {"panels": panels, "not_panels": []}


def units(first: str, second: str) -> dict[str, Any]:
    """The caption's two sentences, each with its identifier."""
    texts = {first: f"({first}) Liver.", second: f"({second}) Lung."}
    return {"shared": [], "units": [{"label": label, "text": text} for label, text in texts.items()]}


def proposed(caption: str, panels: dict[str, Any], of_caption: dict[str, Any]) -> Hierarchy:
    settings = Settings(
        model=ModelSettings(model="scripted-1", coordinates="0-1000"),
        prompting=PromptingSettings(views=1, regions=False, texts=False, examples=0),
    )
    agent = LvlmAgent(
        Scripted(panels, of_caption),
        MemoryLedger(),
        Budget(settings.model),
        settings,
        lambda *_: pytest.fail("no examples"),
    )
    figure = Figure("f1", "a1", "f1.png", "0" * 64, (1000, 500), caption=caption)
    found = agent.propose(figure, np.full((500, 1000, 3), 120, np.uint8), CANDIDATES)
    assert found.faults == ()
    check(found.hierarchy, figure.image_wh, caption)
    return found.hierarchy


def test_each_panel_tells_who_proposed_it_from_which_questions_and_how_far_these_agreed() -> None:
    (liver, lung) = proposed(LETTERS, seen("A", "B"), units("A", "B")).panels
    for one in (liver, lung):
        assert (one.provenance.agent, one.provenance.model) == ("scripted", "scripted-1")
        assert one.provenance.version == prompts_version()
        assert len(one.provenance.exchanges) == 2  # of the panels, and of the caption
        assert one.provenance.samples == Samples(1, 1, label=1, kind=1)


def test_a_letter_that_only_the_caption_gives_was_read_by_no_sample() -> None:
    (liver, lung) = proposed(PLACES, seen(None, None), units("Left", "Right")).panels
    assert [liver.label, lung.label] == ["left", "right"]
    assert liver.provenance.samples == lung.provenance.samples == Samples(1, 1, label=0, kind=1)
