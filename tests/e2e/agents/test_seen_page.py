"""What a model saw and said, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from itertools import product

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from curator.exchange import Exchange, Finish, Picture, Reply
from curator.figure import Span
from data.store import Store
from tests.e2e.agents.drawers import drawer
from tests.e2e.agents.scripted_miner import MODEL, other_proposal
from tests.e2e.conftest import Scheme
from tests.e2e.review_screen import FIRST, row, saved

HOSTILE = '<img src=x onerror="document.title=1">'


def seen(store: Store) -> Picture:
    buffer = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(buffer, "PNG")
    picture = Picture(buffer.getvalue(), "image/png", (64, 48))
    made = Exchange(
        "a" * 64,
        FIRST,
        "panels",
        "panels_marks",
        "c" * 64,
        "openai",
        MODEL,
        {"temperature": 0.2},
        [
            {"role": "system", "text": "Answer with JSON.", "pictures": []},
            {"role": "user", "text": f"Which marks are panels? {HOSTILE}", "pictures": [picture.sha256]},
        ],
        Reply('```json\n{"panels": [{"marks": [1]}]}\n```', Finish.STOP, 1200, 40, 2.5),
        repairs=("a code fence was taken off",),
        parsed={"panels": [{"marks": [1]}]},
        cost=0.25,
    )
    store.exchanges.save(made, [picture])
    unread = replace(
        made, key="b" * 64, stage="caption", prompt="caption", fault="the reply is empty", repairs=(), parsed=None
    )
    store.exchanges.save(unread, [])
    return picture


def test_the_drawer_shows_what_the_model_saw_and_said_word_for_word(
    project: Store, review: Callable[..., Page]
) -> None:
    picture = seen(project)
    page = review()
    page.keyboard.press("i")
    trace = drawer(page, "trace")
    expect(trace).to_have_attribute("data-shown", FIRST)
    expect(trace).to_contain_text("2 questions · 2,400 tokens in, 80 out · 5.0 s · cost 0.50 · 1 unusable reply")
    first = trace.locator(f'[data-exchange="{"a" * 64}"]')
    expect(first.locator("pre.raw")).to_have_text('```json {"panels": [{"marks": [1]}]} ```')
    expect(first).to_contain_text("repaired: a code fence was taken off")
    expect(first).to_contain_text(HOSTILE)
    image = first.locator("img")
    expect(image).to_have_attribute("src", re.compile(f"/seen/{picture.sha256}$"))
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    second = trace.locator(f'[data-exchange="{"b" * 64}"]')
    expect(second).to_have_attribute("data-state", "fault")
    second.locator("summary").first.click()
    expect(second.locator(".rv-fault")).to_have_text("the reply is empty")
    first.get_by_role("button", name="Enlarge").click()
    expect(page.get_by_role("dialog", name="As the model saw it")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(trace).to_be_hidden()
    assert page.title() == "Curator"


def test_a_selected_box_shows_only_the_questions_that_made_it(project: Store, review: Callable[..., Page]) -> None:
    seen(project)
    project.reviews.mined(FIRST, other_proposal(project), "lvlm")
    page = review()
    row(page, "p1").click()
    page.keyboard.press("i")
    trace = drawer(page, "trace")
    expect(trace).to_have_attribute("data-shown", "p1")
    expect(trace.locator("[data-exchange]")).to_have_count(1)
    trace.get_by_role("button", name="All of this figure").click()
    expect(trace.locator("[data-exchange]")).to_have_count(2)


def test_the_other_reading_of_a_caption_is_taken_with_one_click(project: Store, review: Callable[..., Page]) -> None:
    project.reviews.mined(FIRST, other_proposal(project), "lvlm")
    page = review()
    row(page, "p1").click()
    expect(page.locator(".seg.rival")).to_contain_text("Podocyte injury in the kidney.")
    expect(page.get_by_label("Summary")).to_have_value("A stained section.")
    page.get_by_role("button", name="Use this reading").click()
    saved(page, 3)
    expect(page.locator(".rv-rival")).to_be_hidden()
    panel = project.reviews.load(FIRST, 0).review.hierarchy.panels[0]
    assert (panel.own_spans, panel.rival_spans, str(panel.state)) == ((Span(0, 30),), (), "edited")


@pytest.mark.parametrize(
    ("width", "scheme"), list(product((1280, 1920), ("light", "dark"))), ids=lambda value: str(value)
)
def test_the_drawers_fit_the_screen(project: Store, review: Callable[..., Page], width: int, scheme: Scheme) -> None:
    seen(project)
    project.minings.save(FIRST, "lvlm", MODEL, other_proposal(project))
    page = review(width=width, height=width * 5 // 8, color_scheme=scheme)
    for key, name in (("g", "agents"), ("c", "compare"), ("i", "trace")):
        page.keyboard.press(key)
        expect(drawer(page, name)).to_be_visible()
        overflow = drawer(page, name).evaluate(
            """drawer => [drawer, drawer.querySelector(".rv-drawer-body")].map(
                (one) => Math.max(one.scrollWidth - one.clientWidth, one.getBoundingClientRect().right - innerWidth))"""
        )
        assert max(overflow) <= 0, name
        assert page.locator(".rv-drawer:visible").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == width
