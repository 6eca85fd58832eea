"""Edits that the page shows before the server has answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from data.store import Store
from tests.e2e.review_screen import FIRST
from ui.editor.bundle import as_script
from ui.editor.server import ReviewServer


@pytest.mark.parametrize(
    "commands",
    [
        [{"op": "add", "level": "panel", "box_xyxy": [10, 10, 60, 60], "fields": {"label": "E"}}],
        [{"op": "add", "level": "marker", "box_xyxy": [330, 20, 350, 40], "fields": {"kind": "star"}}],
        [{"op": "add", "level": "region", "box_xyxy": [140, 90, 190, 120], "parent_id": "m5"}],
        [{"op": "move", "id": "p1", "dx": 2, "dy": 1.5}],
        [{"op": "resize", "id": "r7", "box_xyxy": [100, 60, 170, 104]}],
        [{"op": "resize", "id": "p3", "box_xyxy": [0, 250, 300, 470], "polygon_xy": [[0, 250], [300, 250], [9, 470]]}],
        [
            {
                "op": "resize",
                "id": "r7",
                "box_xyxy": [100, 60, 170, 104],
                "polygon_xy": [[100, 60], [170, 60], [99, 104]],
            },
            {"op": "move", "id": "m5", "dx": -3, "dy": 2},
        ],
        [
            {
                "op": "resize",
                "id": "r7",
                "box_xyxy": [100, 60, 170, 104],
                "polygon_xy": [[100, 60], [170, 60], [99, 104]],
            },
            {"op": "resize", "id": "r7", "box_xyxy": [100, 60, 160, 104]},
        ],
        [{"op": "add", "level": "region", "box_xyxy": [20, 20, 50, 50], "polygon_xy": [[20, 20], [50, 20], [50, 50]]}],
        [{"op": "update", "id": "m5", "fields": {"kind": "arrowhead", "color": None, "clause_text": "nucleus"}}],
        [{"op": "reparent", "id": "m5", "parent_id": "p2"}],
        [{"op": "reparent", "id": "r7", "parent_id": "p4"}],
        [
            {"op": "assign", "id": "p1", "span": [0, 5], "mode": "add"},
            {"op": "assign", "id": "p1", "span": [3, 9], "mode": "add"},
        ],
        [{"op": "assign", "id": "p1", "span": [40, 50], "mode": "remove"}],
        [
            {"op": "assign", "id": "m5", "span": [0, 5]},
            {"op": "assign", "id": "lead", "span": [0, 8], "mode": "remove"},
        ],
        [{"op": "judge", "id": "p1", "state": "rejected"}],
        [{"op": "update", "id": "p2", "fields": {"label": "Z"}}, {"op": "judge", "id": "p2", "state": "accepted"}],
        [{"op": "remove", "id": "p1"}],
        [
            {"op": "add", "level": "marker", "box_xyxy": [20, 20, 40, 40]},
            {"op": "reparent", "id": "r7", "parent_id": "m8"},
            {"op": "remove", "id": "m8"},
        ],
        [{"op": "accept_above", "confidence": 0.81}],
        [{"op": "judge_figure", "state": "accepted"}],
        [{"op": "judge_figure", "state": "skipped", "reason": "poor"}],
    ],
    ids=lambda commands: "+".join(
        f"{command['op']}-{command.get('level', command.get('id', ''))}" for command in commands
    ),
)
def test_what_the_page_shows_before_the_server_answers_is_what_the_server_answers(
    project: Store, blank_page: Page, commands: list[dict[str, Any]]
) -> None:
    asked = {function.__name__: function for function in ReviewServer(project, "ada").functions()}
    before = asked["load"]({"figure_id": FIRST})["figure"]
    shown_at_once = blank_page.evaluate("([figure, commands]) => obey(figure, commands)", [before, commands])
    edit = {"figure_id": FIRST, "tab": "t", "key": "k", "revision": 1, "commands": commands}
    answered = json.loads(json.dumps(asked["edit"](edit)["figure"]))
    for figure in (shown_at_once, answered):
        for one in figure["nodes"]:
            if one["provenance"]["agent"].startswith("person:"):
                del one["provenance"]
    assert answered != before
    for part in ("nodes", "shared", "state", "reason"):
        assert shown_at_once[part] == answered[part]


@pytest.fixture(scope="module")
def blank_page(chromium: Browser) -> Iterator[Page]:
    """A page without a server that knows the editor's ``obey``."""
    page = chromium.new_page()
    page.add_script_tag(
        content=as_script(("geometry.js", "figure.js", "commands.js")) + ";window.obey = module_commands.obey;"
    )
    yield page
    page.close()
