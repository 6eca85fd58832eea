"""The order of review, its reasons, and what was accepted without a person, in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import Page, expect

from curator.audit_sample import in_audit
from data.store import Store
from data.store.auto import AGENTS_OWN
from tests.e2e.review_screen import shown


def test_figures_come_as_ranked_and_each_says_why(project: Store, url: str, open_page: Callable[..., Page]) -> None:
    waiting = project.ranks.waiting().figure_ids
    first, second, *rest = reversed(waiting)
    reasons = ["about 2.1 errors in 14 s; agents disagree on panel C", "about 0.9 errors in 8 s", *("" for _ in rest)]
    project.ranks.replace([first, second, *rest], reasons)
    page = open_page(f"{url}/#queue")
    expect(page.locator(".gallery")).to_have_attribute("data-ready", "true")
    expect(page.locator(".gallery .order select")).to_have_value("next")
    expect(page.locator('.card[data-index="0"]')).to_have_attribute("data-figure", first)
    page = open_page(f"{url}/#figure={first}")
    screen = page.locator("#review .rv")
    expect(screen).to_have_attribute("data-ready", "true")
    expect(screen.locator(".rv-item").first).to_have_attribute("data-figure", first)
    short = "2.1 errors, 14 s; agents disagree on panel C"  # the list is narrow
    expect(screen.locator(".rv-item").first.locator(".counts")).to_have_text(short)
    expect(screen.locator(".rv-why")).to_have_text(reasons[0])
    page.keyboard.press("Enter")
    expect(screen).to_have_attribute("data-figure", second)
    expect(screen.locator(".rv-why")).to_have_text(reasons[1])


def test_a_figure_that_its_list_does_not_hold_is_opened_too(
    project: Store, url: str, open_page: Callable[..., Page]
) -> None:
    figure_id = project.ranks.waiting().figure_ids[0]
    listed = quote(json.dumps({"article_id": "PMC-of-no-figure"}))
    page = open_page(f"{url}/#figure={quote(figure_id)}&filter={listed}")
    screen = page.locator("#review .rv")
    expect(screen).to_have_attribute("data-ready", "true")
    expect(screen).to_have_attribute("data-figure", figure_id)
    expect(screen.locator(".rv-item")).to_have_count(1)
    expect(screen.locator(".rv-item .counts")).to_contain_text("panel")
    expect(screen.locator(".rv-why")).to_be_empty()


def test_what_was_accepted_without_a_person_leaves_the_queue_and_is_marked(
    project: Store, url: str, open_page: Callable[..., Page]
) -> None:
    found = project.auto.candidates(1.0)
    surest = max(
        (one for one in zip(found.confidences, found.figure_ids, strict=True) if not in_audit(one[1])),
        key=lambda one: one[0],
    )
    project.auto.apply(0.02, float(surest[0]), 12, {"text": "promised"}, "ada", 1.0, AGENTS_OWN)
    accepted = project.auto.figures()
    assert surest[1] in accepted
    page = open_page(f"{url}/#queue")
    gallery = page.locator(".gallery")
    expect(gallery).to_have_attribute("data-ready", "true")
    expect(gallery.locator(f'[data-figure="{surest[1]}"] [data-state="auto"]')).to_have_text("auto")
    page.locator("#gallery").get_by_label("Accepted without a person").check()
    expect(gallery.locator(".count")).to_have_text(f"{len(accepted)} figure{'s' if len(accepted) > 1 else ''}")
    others = project.ranks.waiting().figure_ids
    page = open_page(f"{url}/#figure={others[0]}")
    screen = page.locator("#review .rv")
    expect(screen).to_have_attribute("data-ready", "true")
    expect(screen.locator(f'.rv-item[data-figure="{others[-1]}"]')).to_have_count(1)
    expect(screen.locator(f'.rv-item[data-figure="{surest[1]}"]')).to_have_count(0)
    page.locator('#review select[aria-label="Which figures"]').select_option("auto")
    expect(screen.locator(".rv-items .rv-item .auto")).to_have_count(len(accepted))


def test_a_figure_that_a_person_accepts_is_no_longer_marked_as_accepted_without_one(
    project: Store, url: str, open_page: Callable[..., Page]
) -> None:
    found = project.auto.candidates(1.0)
    project.auto.apply(0.02, float(found.confidences.min()), 12, {"text": "promised"}, "ada", 1.0, AGENTS_OWN)
    accepted = sorted(project.auto.figures())
    assert len(accepted) > 1
    listed = quote(json.dumps({"auto": True}))
    page = open_page(f"{url}/#figure={quote(accepted[0])}&filter={listed}")
    shown(page, accepted[0])
    decided = page.locator(f'.rv-item[data-figure="{accepted[0]}"]')
    expect(decided.locator(".auto")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(decided).to_have_attribute("data-state", "accepted")
    expect(decided.locator(".auto")).to_have_count(0)
    expect(page.locator(".rv-item .auto")).to_have_count(len(accepted) - 1)
