"""The Search tab in a browser, over a project that a stand-in model has indexed."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from curator.commands import parse_commands
from curator.errors import ModelError
from data.embeddings import Embeddings
from data.store import Store
from tests.e2e.conftest import served
from tests.e2e.green_model import GreenModel
from ui.searching.indexing import index_project
from ui.searching.server import SearchServer

HOSTILE = "<img src=x onerror=document.title=1>"


@pytest.fixture(scope="module")
def indexed(drawn_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn project, indexed: 14 panels and region r7 of ``PMC1:F1``. Verified are p1 of ``PMC1:F2``, and r7 and p1
    of ``PMC1:F1``, whose words are hostile."""
    folder = tmp_path_factory.mktemp("indexed") / "kidneys"
    store = Store(Path(shutil.copytree(drawn_project, folder)))
    hostile = [
        {"op": "update", "id": "r7", "fields": {"label": HOSTILE}},
        {"op": "update", "id": "p1", "fields": {"own_text": HOSTILE}},
    ]
    store.reviews.decide("PMC1:F1", 1, parse_commands(hostile), "ada#1", 0.0)
    accepted = [{"op": "judge", "id": "p1", "state": "accepted"}]
    store.reviews.decide("PMC1:F2", 1, parse_commands(accepted), "ada#1", 0.0)
    for figure_id in ("PMC1:F1", "PMC1:F2"):
        store.reviews.release(figure_id, "ada#1")
    index_project(store, Embeddings(folder), GreenModel(), "green")
    store.close()
    return folder


@pytest.fixture(scope="module")
def search_url(indexed: Path) -> Iterator[str]:
    """A live page for tests that change nothing; they share it."""
    with served(Store(indexed), load=lambda place: GreenModel()) as address:
        yield address


@pytest.fixture
def search(open_page: Callable[..., Page], search_url: str) -> Page:
    page = open_page(search_url + "/#search")
    _ready(page)
    return page


def _ready(page: Page) -> None:
    expect(page.locator(".find")).to_have_attribute("data-ready", "true")


def _box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Describe what to find")


def _hits(page: Page) -> list[str]:
    """Figure and node of the cards, the most alike first."""
    _ready(page)
    found = page.locator(".find .card").evaluate_all(
        "cards => cards.map(c => [Number(c.dataset.index), c.dataset.figure + '/' + c.dataset.node])"
    )
    return [place for _, place in sorted(found)]


def _asked(page: Page) -> dict[str, object]:
    """The search of the address."""
    address: str = page.evaluate("location.hash")
    place, _, found = address.partition("&find=")
    assert place == "#search"
    asked: dict[str, object] = json.loads(unquote(found)) if found else {}
    return asked


def _find(page: Page, words: str) -> None:
    _box(page).fill(words)
    page.keyboard.press("Enter")
    expect(page.locator(".find .card").first).to_be_visible()
    _ready(page)


def _green(level: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (60, 40), (0, level, 0)).save(out, "PNG")
    return out.getvalue()


def test_before_a_search_the_tab_says_what_there_is_to_search(search: Page) -> None:
    expect(search.locator(".find .empty")).to_contain_text("15 panels and regions to search")
    expect(search.locator(".find .model")).to_have_text("green")
    expect(_box(search)).to_be_focused()


def test_words_find_panels_and_regions_the_most_alike_first_with_their_pictures(search: Page) -> None:
    _find(search, "green 0")
    expect(search.locator(".find .count")).to_have_text("15, most alike first")
    darkest = _hits(search)
    assert len(darkest) == 15
    scores = search.locator(".find .card").evaluate_all(
        "cards => cards.sort((a, b) => a.dataset.index - b.dataset.index)"
        ".map(c => Number(c.querySelector('.score').textContent))"
    )
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    _find(search, "green 255")
    expect(search.locator(".find .card[data-index='0']")).to_have_attribute("data-node", darkest[-1].split("/")[-1])
    assert sorted(_hits(search)) == sorted(darkest)
    search.wait_for_function(
        "[...document.querySelectorAll('.find .card img')].every(i => i.complete && i.naturalWidth > 0)"
    )
    card = search.locator('.find .card[data-figure="PMC1:F1"][data-node="p2"]')
    expect(card.locator(".name b")).to_have_text("Panel B")
    expect(card.locator(".kind")).to_have_text("microscopy")
    expect(card.locator(".words")).to_contain_text("The same region at higher magnification")
    expect(card.locator(".place")).to_contain_text("PMC1")


def test_filters_narrow_what_is_found_and_are_kept_over_a_reload(search: Page) -> None:
    _find(search, "green 200")
    search.get_by_role("button", name="Regions").click()
    expect(search.locator(".find .card")).to_have_count(1)
    assert _hits(search) == ["PMC1:F1/r7"]
    search.get_by_role("button", name="Panels").click()
    expect(search.locator(".find .card")).to_have_count(14)
    search.locator("#search").get_by_label("Kind of panel").select_option("radiology")
    expect(search.locator(".find .card")).to_have_count(1)
    assert _hits(search) == ["PMC2:F1/p1"]
    assert _asked(search) == {"text": "green 200", "level": "panel", "kind": "radiology"}
    search.reload()
    expect(search.locator(".find .card")).to_have_count(1)
    expect(_box(search)).to_have_value("green 200")
    expect(search.get_by_role("button", name="Panels")).to_have_attribute("aria-pressed", "true")
    search.locator("#search").get_by_label("Verified only").check()
    expect(search.locator(".find .empty")).to_contain_text("Nothing of that kind")
    search.locator("#search").get_by_label("Kind of panel").select_option("")
    expect(search.locator(".card .verified")).to_have_count(2)
    assert sorted(_hits(search)) == ["PMC1:F1/p1", "PMC1:F2/p1"]


def test_the_keyboard_alone_searches_walks_and_opens_the_node_in_review(search: Page) -> None:
    _box(search).blur()
    search.keyboard.press("/")
    expect(_box(search)).to_be_focused()
    search.keyboard.type("green 0")
    search.keyboard.press("Enter")
    expect(search.locator(".find .card")).to_have_count(15)
    _ready(search)
    places = _hits(search)
    search.keyboard.press("ArrowDown")
    search.keyboard.press("ArrowRight")
    search.keyboard.press("ArrowRight")
    figure, node = places[2].split("/p")[0], "p" + places[2].split("/p")[-1]
    expect(search.locator(f'.card[data-figure="{figure}"][data-node="{node}"] a')).to_be_focused()
    search.keyboard.press("Enter")
    expect(search.get_by_role("tab", name="Review")).to_have_attribute("aria-selected", "true")
    expect(search.locator("#review .rv")).to_have_attribute("data-figure", figure)
    expect(search.locator("#review .rv")).to_have_attribute("data-selected", node)
    search.go_back()
    expect(search.get_by_role("tab", name="Search")).to_have_attribute("aria-selected", "true")
    expect(_box(search)).to_have_value("green 0")
    assert _hits(search) == places


def test_more_like_a_hit_finds_others_and_back_returns_to_the_words(search: Page) -> None:
    _find(search, "green 255")
    first = _hits(search)[0]
    search.keyboard.press("ArrowDown")
    search.keyboard.press("s")
    expect(search.locator(".find .card")).to_have_count(14)
    assert first not in _hits(search)
    figure, node = first.rsplit("/", 1)
    assert _asked(search) == {"figure_id": figure, "node_id": node}
    expect(search.locator(".find .subject span")).to_have_text(f"like {node} of {figure}")
    search.locator(".find .card").nth(3).hover()
    search.locator(".find .card").nth(3).get_by_role("button", name="More like this").click()
    expect(search.locator(".find .subject span")).not_to_have_text(f"like {node} of {figure}")
    search.go_back()
    expect(search.locator(".find .subject span")).to_have_text(f"like {node} of {figure}")
    search.go_back()
    expect(search.locator(".find .subject")).to_be_hidden()
    expect(_box(search)).to_have_value("green 255")
    expect(search.locator(".find .card")).to_have_count(15)


def test_the_editor_finds_what_resembles_the_selected_box(open_page: Callable[..., Page], search_url: str) -> None:
    page = open_page(search_url + "/#figure=PMC1%3AF1&node=p3")
    expect(page.locator("#review .rv")).to_have_attribute("data-selected", "p3")
    page.keyboard.press("Shift+S")
    expect(page.get_by_role("tab", name="Search")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".find .subject span")).to_have_text("like p3 of PMC1:F1")
    expect(page.locator(".find .card")).to_have_count(14)
    page.go_back()
    expect(page.get_by_role("tab", name="Review")).to_have_attribute("aria-selected", "true")


def test_the_editor_and_the_queue_show_what_the_model_doubts(open_page: Callable[..., Page], search_url: str) -> None:
    page = open_page(search_url + "/#figure=PMC1%3AF1&node=p1")
    expect(page.locator(".rv-facts")).to_contain_text("% its own words")
    page.get_by_role("tab", name="Queue").click()
    page.locator("#gallery").get_by_label("Order").select_option("fit")
    expect(page.locator(".gallery")).to_have_attribute("data-ready", "true")
    fits = page.locator(".gallery .card").evaluate_all(
        "cards => cards.sort((a, b) => a.dataset.index - b.dataset.index)"
        ".map(c => c.querySelector('.fit')).map(f => f && parseInt(f.textContent))"
    )
    known = [fit for fit in fits if fit is not None]
    assert len(fits) == 7
    assert 0 < len(known) < 7
    assert known == sorted(known)
    assert fits[len(known) :] == [None] * (7 - len(known)), "figures of which no model was asked come last"


def _dropped(page: Page, content: bytes, media_type: str, event: str) -> None:
    page.evaluate(
        """([values, type, event]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(values)], "given", { type }));
            const how = { bubbles: true, cancelable: true };
            const given = event === "paste" ? new ClipboardEvent(event, { clipboardData: transfer, ...how })
                : new DragEvent(event, { dataTransfer: transfer, ...how });
            (event === "paste" ? document.body : document.querySelector(".find .results")).dispatchEvent(given);
        }""",
        [list(content), media_type, event],
    )


@pytest.mark.parametrize("way", ["drop", "paste", "choose"])
def test_a_picture_is_searched_by(search: Page, way: str) -> None:
    if way == "choose":
        with search.expect_file_chooser() as chooser:
            search.get_by_role("button", name="Search by a picture").click()
        chooser.value.set_files({"name": "green.png", "mimeType": "image/png", "buffer": _green(0)})
    else:
        _dropped(search, _green(0), "image/png", way)
    expect(search.locator(".find .subject span")).to_have_text("like your picture")
    expect(search.locator(".find .card")).to_have_count(15)
    by_picture = _hits(search)
    search.wait_for_function("document.querySelector('.find .subject img').naturalWidth > 0")
    assert list(_asked(search)) == ["picture"]
    search.reload()
    expect(search.locator(".find .card")).to_have_count(15)
    assert _hits(search) == by_picture
    search.get_by_role("button", name="Search by words again").click()
    _find(search, "green 0")
    assert _hits(search) == by_picture


def test_the_tab_shows_where_a_picture_may_be_dropped(search: Page) -> None:
    _dropped(search, _green(1), "image/png", "dragenter")
    expect(search.locator(".find .drop")).to_be_visible()
    _dropped(search, _green(1), "image/png", "dragleave")
    expect(search.locator(".find .drop")).to_be_hidden()


def test_what_is_no_picture_is_refused_in_words(search: Page, expected_errors: list[str]) -> None:
    expected_errors.append("status of 400")
    _dropped(search, b"<svg onload=alert(1)>", "image/svg+xml", "drop")
    expect(search.locator(".find .empty")).to_contain_text("The picture: is an SVG drawing")
    _dropped(search, b"words", "text/plain", "drop")
    expect(search.locator(".find .empty")).to_contain_text("What was dropped is no picture")
    _find(search, "green 9")


def test_hostile_words_stay_words(search: Page) -> None:
    _find(search, HOSTILE)
    region = search.locator('.find .card[data-node="r7"]')
    expect(region.locator(".name b")).to_have_text(HOSTILE)
    panel = search.locator('.find .card[data-figure="PMC1:F1"][data-node="p1"]')
    expect(panel.locator(".words")).to_have_text(HOSTILE)
    assert search.locator(".find .card :is(.name, .words) img").count() == 0
    assert search.title() == "Curator"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"figure_id": HOSTILE, "node_id": "p1"}, "There is no figure"),
        ({"picture": "0" * 64}, "The picture of this search is no longer kept; drop or paste it again"),
        ({"text": "green 1", "kind": HOSTILE}, "not understood"),
    ],
    ids=["no such figure", "picture of another day", "wrong filter"],
)
def test_an_address_that_nobody_here_made_is_answered_and_not_obeyed(
    open_page: Callable[..., Page],
    search_url: str,
    expected_errors: list[str],
    asked: dict[str, str],
    said: str,
) -> None:
    expected_errors.append("status of 404")  # the picture of what is not there
    page = open_page(search_url + "/#search&find=" + quote(json.dumps(asked)))
    expect(page.locator(".find .empty")).to_contain_text("This search was not made")
    expect(page.locator(".find .empty")).to_contain_text(said)
    assert page.title() == "Curator"


def test_without_a_model_the_tab_says_how_to_get_one(open_page: Callable[..., Page], read_url: str) -> None:
    page = open_page(read_url + "/#search&find=" + quote('{"text": "nucleus"}'))
    empty = page.locator(".find .empty")
    expect(empty).to_contain_text("No model in use")
    expect(empty.get_by_role("link", name="Train one")).to_have_attribute("href", "#train")
    expect(empty.locator("code").last).to_contain_text("index --model RUN")
    assert "`" not in empty.inner_text()
    expect(_box(page)).to_be_disabled()


def test_while_the_model_is_loaded_the_tab_says_so_and_a_failure_is_told(
    open_page: Callable[..., Page], indexed: Path, tmp_path: Path
) -> None:
    seen = threading.Event()

    def broken(place: str) -> GreenModel:
        assert seen.wait(60)  # the model loads for as long as the test looks
        raise ModelError("its weights are cut off; train again")

    store = Store(Path(shutil.copytree(indexed, tmp_path / "kidneys")))
    with served(store, load=broken) as address:
        page = open_page(address + "/#search")
        _ready(page)
        _box(page).fill("green 1")
        expect(page.locator(".find .empty")).to_contain_text("The first search takes some seconds")
        seen.set()
        expect(page.locator(".find .empty")).to_contain_text("its weights are cut off; train again")
        page.close()


def _timers_held(page: Page) -> None:
    """Timers of the page wait for ``page.clock.run_for``: how fast somebody types is then the test's to say."""
    page.clock.install()
    page.clock.pause_at(datetime.now() + timedelta(hours=1))


def test_words_typed_before_it_is_known_what_there_is_to_search_are_searched_for(
    open_page: Callable[..., Page], indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = threading.Event()
    known = SearchServer.search_state

    def slow(server: SearchServer, raw: object) -> dict[str, object]:
        assert typed.wait(60)
        return {**known(server, raw), "nodes": 4711}

    monkeypatch.setattr(SearchServer, "search_state", slow)
    store = Store(Path(shutil.copytree(indexed, tmp_path / "kidneys")))
    with served(store, load=lambda place: GreenModel()) as address:
        page = open_page(address + "/#queue")
        page.get_by_role("tab", name="Search").click()
        expect(_box(page)).to_be_visible()
        _timers_held(page)
        _box(page).fill("green 0")
        typed.set()
        expect(page.locator(".find .model")).to_have_attribute("title", re.compile(r"^4,711 "))
        page.clock.run_for(1000)
        expect(page.locator(".find .card")).to_have_count(15)
        expect(_box(page)).to_have_value("green 0")
        page.close()


def test_a_filter_set_while_somebody_types_narrows_what_is_typed(search: Page) -> None:
    _timers_held(search)
    _box(search).fill("green 200")
    search.locator("#search").get_by_label("Verified only").check()
    expect(search.locator(".find .card")).to_have_count(3)
    assert _asked(search) == {"text": "green 200", "verified": True}
    expect(_box(search)).to_have_value("green 200")


def test_words_typed_just_before_another_tab_is_opened_leave_its_address_alone(search: Page) -> None:
    _find(search, "green 0")
    _timers_held(search)
    _box(search).fill("green 200")
    search.get_by_role("tab", name="Queue").click()
    expect(search.locator(".gallery")).to_be_visible()
    search.clock.run_for(1000)
    assert search.evaluate("location.hash") == "#queue"
    search.clock.resume()
    search.get_by_role("tab", name="Search").click()
    _find(search, "green 200")


def test_back_returns_to_the_search_before_however_fast_the_words_were_typed(search: Page) -> None:
    _find(search, "green 0")
    before = _hits(search)
    _timers_held(search)
    for words in ("green 2", "green 25", "green 255"):
        _box(search).fill(words)
    search.clock.run_for(1000)
    _ready(search)
    assert _hits(search) != before
    search.go_back()
    expect(_box(search)).to_have_value("green 0")
    _ready(search)
    assert _hits(search) == before


def test_figures_that_changed_since_they_were_indexed_are_counted(
    open_page: Callable[..., Page], indexed: Path, tmp_path: Path
) -> None:
    store = Store(Path(shutil.copytree(indexed, tmp_path / "kidneys")))
    moved = parse_commands([{"op": "resize", "id": "p1", "box_xyxy": [0, 0, 100, 100]}])
    store.reviews.decide("PMC1:F3", 1, moved, "ada#1", 0.0)
    with served(store, load=lambda place: GreenModel()) as address:
        page = open_page(address + "/#search&find=" + quote('{"text": "green 1"}'))
        expect(page.locator(".find .changed")).to_contain_text(
            "1 figure has changed since they were indexed with green"
        )
        card = page.locator('.find .card[data-figure="PMC1:F3"][data-node="p1"]')
        expect(card.locator(".stale")).to_have_text("edited")
        page.close()


def test_more_is_fetched_as_the_results_are_scrolled(
    open_page: Callable[..., Page], indexed: Path, tmp_path: Path
) -> None:
    store = Store(Path(shutil.copytree(indexed, tmp_path / "kidneys")))
    corners = [(x, y) for y in range(0, 360, 40) for x in range(0, 600, 40)]
    added = [{"op": "add", "level": "panel", "box_xyxy": [x, y, x + 40, y + 40], "fields": {}} for x, y in corners]
    store.reviews.decide("PMC1:F4", 1, parse_commands(added), "ada#1", 0.0)
    index_project(store, Embeddings(store.project), GreenModel(), "green")
    with served(store, load=lambda place: GreenModel()) as address:
        page = open_page(address + "/#search&find=" + quote('{"text": "green 3"}'))
        expect(page.locator(".find .count")).to_have_text("150, most alike first")
        expect(page.locator('.find .card[data-index="149"]')).to_have_count(0)
        page.locator(".find .scroll").evaluate("node => node.scrollTo(0, node.scrollHeight)")
        expect(page.locator('.find .card[data-index="149"]')).to_be_visible()
        page.close()
