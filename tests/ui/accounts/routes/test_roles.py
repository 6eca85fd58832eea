"""What each role may do through the page."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from data.store import Store
from tests.ui.accounts.routes.conftest import (
    actions,
    call,
    logged_in,
)

REFUSED: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "cleo": [
        ("review", "mine", {"figure_ids": ["PMC1:F1"], "agent": "embedded"}),
        ("gallery", "mine", {"figure_ids": ["PMC1:F1"], "agent": "embedded"}),
        ("review", "stop_mining", {"job_id": 1}),
        ("review", "model", {}),
        ("review", "test_model", {"fields": {}}),
        ("review", "save_model", {"fields": {"model": "m"}}),
        ("train", "train_start", {}),
        ("train", "train_stop", {"name": "a"}),
        ("train", "train_resume", {"name": "a"}),
        ("train", "train_remove", {"name": "a"}),
        ("train", "train_use", {"name": "a"}),
    ],
    "rob": [
        ("review", "model", {}),
        ("review", "test_model", {"fields": {}}),
        ("review", "save_model", {"fields": {"model": "m"}}),
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_server_refuses_what_the_role_does_not_allow_whatever_the_page_shows(
    page: FastAPI, whole: Store, name: str
) -> None:
    client = logged_in(page, whole, name)
    before = len(actions(whole, name))
    for component, function, request in REFUSED[name]:
        error = call(client, component, function, **request)["error"]
        message = error["message"] if isinstance(error, dict) else error
        assert message.startswith(f"{name} is a "), function
        assert "this needs the role" in message, function
    assert len(actions(whole, name)) == before
    assert not (whole.project / "model.toml").exists()


def test_a_curator_decides_under_the_own_name_and_cannot_adopt(page: FastAPI, whole: Store) -> None:
    client = logged_in(page, whole, "cleo")
    figure, tab = "PMC1:F3", "tab-1"
    assert call(client, "review", "lease", figure_id=figure, tab=tab)["holder"] == "cleo"
    edit = {"figure_id": figure, "tab": tab, "key": "k1", "revision": 1}
    move = [{"op": "move", "id": "p1", "dx": 1, "dy": 0}]
    assert call(client, "review", "edit", **edit, commands=move)["figure"]["revision"] == 2
    adopt = edit | {"key": "k2", "revision": 2, "action": "adopt", "mining_id": 1, "levels": ["panel"]}
    assert call(client, "review", "edit", **adopt)["error"]["message"].startswith("cleo is a curator")
    (decided,) = (one for one in whole.audit.records() if (one.action, one.subject) == ("decide", figure))
    assert decided.who == "cleo"


def test_another_user_s_lease_is_of_no_use_even_to_who_knows_its_tab(page: FastAPI, whole: Store) -> None:
    cleo, rob = logged_in(page, whole, "cleo"), logged_in(page, whole, "rob")
    figure, tab = "PMC1:F2", "tab-1"
    call(cleo, "review", "lease", figure_id=figure, tab=tab)
    edit = {"figure_id": figure, "tab": tab, "key": "k3", "revision": 1}
    move = [{"op": "move", "id": "p1", "dx": 1, "dy": 0}]
    assert call(rob, "review", "edit", **edit, commands=move)["error"]["kind"] == "lease"
    call(rob, "review", "release", figure_id=figure, tab=tab)
    assert whole.reviews.load(figure, 0).lease_by == f"cleo#{tab}"
    assert call(cleo, "review", "edit", **edit, commands=move)["figure"]["revision"] == 2
