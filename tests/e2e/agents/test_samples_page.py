"""How far the samples of an agent agreed, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Page, expect

from curator.samples import Samples
from data.store import Store
from tests.e2e.review_screen import FIRST, row


def test_a_selected_box_tells_how_far_the_samples_of_its_agent_agreed(
    project: Store, review: Callable[..., Page]
) -> None:
    known = project.reviews.load(FIRST, 0).review.hierarchy
    sampled = [
        replace(panel, provenance=replace(panel.provenance, samples=samples))
        for panel, samples in zip(
            known.panels, (Samples(6, 4, label=3, kind=4), Samples(3, 3), None, None), strict=True
        )
    ]
    project.reviews.mined(FIRST, replace(known, panels=tuple(sampled)), "lvlm")
    page = review()
    facts = page.locator(".rv-facts")
    row(page, "p1").click()
    expect(facts).to_contain_text("samples4 of 6, label 3 of 4")
    row(page, "p2").click()
    expect(facts).to_contain_text("samples3 of 3time")
    row(page, "p3").click()
    expect(facts).to_contain_text("time")
    expect(facts).not_to_contain_text("samples")
