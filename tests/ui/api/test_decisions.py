"""Edits through the API: whose, of which revision, once."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.store import Store
from tests.data.full_disk import full_disk
from tests.ui.api.conftest import URL, Clients, app_of
from ui.api.app import PREFIX

FIGURE = "PMC1:F1"
ACCEPT = {"commands": [{"op": "judge", "id": "p1", "state": "accepted"}], "seconds": 4.5}
REJECT = {"commands": [{"op": "judge", "id": "p2", "state": "rejected"}]}


def decide(api: TestClient, body: Any = ACCEPT, tag: str | None = '"1"', figure: str = FIGURE, **headers: str) -> Any:
    if tag is not None:
        headers["If-Match"] = tag
    return api.post(f"/decisions/{figure}", json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def events(store: Store) -> list[tuple[str, str]]:
    rows = store.connections.rows("select kind, who from events where kind != 'mine' order by id")
    return [(row["kind"], row["who"]) for row in rows]


def test_a_decision_is_an_event_of_who_asked_and_answers_the_figure_with_its_new_tag(
    as_role: Clients, store: Store
) -> None:
    answer = decide(as_role("curator"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"2"'
    figure = answer.json()
    assert (figure["revision"], figure["undoable"]) == (2, True)
    assert next(node["state"] for node in figure["nodes"] if node["id"] == "p1") == "accepted"
    row = store.connections.row("select who, seconds from events where kind = 'decide'")
    assert row is not None
    assert tuple(row) == ("curator", 4.5)


def test_an_edit_without_if_match_is_428_and_says_what_to_send(api: TestClient, store: Store) -> None:
    answer = decide(api, tag=None)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()) == (
        428,
        {
            "type": "about:blank",
            "title": "Precondition Required",
            "status": 428,
            "detail": "an edit needs If-Match with the figure's ETag, so that nobody's work is overwritten",
            "kind": "precondition",
        },
    )
    assert events(store) == []


def test_an_edit_of_an_older_revision_is_412_and_saves_nothing(api: TestClient, store: Store) -> None:
    assert decide(api).status_code == 200
    answer = decide(api, REJECT)
    assert (answer.status_code, answer.json()["kind"]) == (412, "stale")
    assert len(events(store)) == 1


@pytest.mark.parametrize("tag", ["1", "*", '"x"', '""', 'W/"1"', '"1", "2"', '"-1"'])
def test_a_tag_that_is_none_of_a_figure_is_refused(api: TestClient, store: Store, tag: str) -> None:
    answer = decide(api, tag=tag)
    assert (answer.status_code, answer.json()["kind"]) == (422, "invalid")
    assert events(store) == []


def test_a_figure_that_another_one_holds_is_423_until_it_is_given_back(as_role: Clients, store: Store) -> None:
    ann, eve = as_role("curator"), as_role("reviewer")
    assert ann.put(f"/leases/{FIGURE}").json() == {"mine": True, "holder": "curator", "you": True, "revision": 1}
    refused = decide(eve)
    assert (refused.status_code, refused.json()["kind"]) == (423, "lease")
    assert refused.json()["detail"].startswith("curator is editing this figure")
    taken = eve.put(f"/leases/{FIGURE}")
    assert (taken.status_code, taken.json()["kind"]) == (423, "lease")
    assert eve.delete(f"/leases/{FIGURE}").status_code == 204  # not hers: nothing happens
    assert decide(eve).status_code == 423
    assert ann.delete(f"/leases/{FIGURE}").status_code == 204
    assert decide(eve).status_code == 200
    assert events(store) == [("decide", "reviewer")]


def test_two_programs_of_one_user_hold_leases_of_their_own_and_one_may_take_over(as_role: Clients) -> None:
    ann = as_role("curator")
    one, other = {"Curator-Client": "one"}, {"Curator-Client": "other"}
    assert ann.put(f"/leases/{FIGURE}", headers=one).status_code == 200
    refused = ann.put(f"/leases/{FIGURE}", headers=other)
    assert refused.status_code == 423
    assert refused.json()["detail"].startswith("you, in another program or window, is editing")
    assert ann.put(f"/leases/{FIGURE}", params={"take_over": True}, headers=other).status_code == 200
    assert ann.put(f"/leases/{FIGURE}", headers=one).status_code == 423


def test_the_same_request_sent_twice_decides_once_even_when_the_server_was_started_again(
    api: TestClient, store: Store
) -> None:
    first = decide(api, Idempotency_Key="lost-answer")
    again = decide(api, Idempotency_Key="lost-answer")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    restarted = TestClient(app_of(Store(store.project)), base_url=f"{URL}{PREFIX}")
    assert decide(restarted, Idempotency_Key="lost-answer").json() == first.json()
    assert len(events(store)) == 1


def test_a_request_that_is_sent_again_after_other_edits_is_still_answered(api: TestClient, store: Store) -> None:
    decide(api, Idempotency_Key="lost-answer")
    decide(api, REJECT, tag='"2"', Idempotency_Key="next")
    again = decide(api, Idempotency_Key="lost-answer")
    assert (again.status_code, again.headers["etag"]) == (200, '"3"')
    assert len(events(store)) == 2


def test_a_key_that_named_another_request_is_refused(api: TestClient, store: Store) -> None:
    decide(api, Idempotency_Key="twice")
    answer = decide(api, REJECT, tag='"2"', Idempotency_Key="twice")
    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "the key 'api/twice' named another request before, which made revision 2 of 'PMC1:F1'; make a new key for each "
        "request"
    )
    assert len(events(store)) == 1


def test_the_same_key_of_two_users_names_two_requests(as_role: Clients, store: Store) -> None:
    assert decide(as_role("curator"), Idempotency_Key="same").status_code == 200
    store.reviews.release(FIGURE, "curator#api")
    assert decide(as_role("reviewer"), REJECT, tag='"2"', Idempotency_Key="same").status_code == 200
    assert events(store) == [("decide", "curator"), ("decide", "reviewer")]


def test_undo_and_redo_are_edits_too(api: TestClient, store: Store) -> None:
    decide(api)
    undone = api.post(f"/undo/{FIGURE}", headers={"If-Match": '"2"', "Idempotency-Key": "u"})
    assert (undone.status_code, undone.json()["redoable"]) == (200, True)
    assert api.post(f"/undo/{FIGURE}", headers={"If-Match": '"2"', "Idempotency-Key": "u"}).json() == undone.json()
    redone = api.post(f"/redo/{FIGURE}", headers={"If-Match": '"3"'})
    assert redone.headers["etag"] == '"4"'
    nothing = api.post(f"/redo/{FIGURE}", headers={"If-Match": '"4"'})
    assert nothing.status_code == 422
    assert nothing.json()["detail"] == "there is nothing to redo in this figure"
    assert [kind for kind, _ in events(store)] == ["decide", "undo", "redo"]


def test_proposals_of_another_mining_are_adopted_by_who_may(as_role: Clients, store: Store) -> None:
    hierarchy = store.reviews.load("PMC1:F2", 0).review.hierarchy.panels[:2]
    base = store.reviews.load("PMC1:F2", 0).review.hierarchy
    mining = store.minings.save("PMC1:F2", "other", None, type(base)(panels=hierarchy))
    body = {"mining_id": mining, "levels": ["panel"]}
    refused = as_role("curator").post("/adoptions/PMC1:F2", json=body, headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["kind"]) == (403, "rights")
    adopted = as_role("reviewer").post("/adoptions/PMC1:F2", json=body, headers={"If-Match": '"1"'})
    assert adopted.status_code == 200
    assert len([node for node in adopted.json()["nodes"] if node["level"] == "panel"]) == 2


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"commands": []}, "body.commands"),
        ({"commands": [{"op": "explode", "id": "p1"}]}, "body.commands.0"),
        ({"commands": [{"op": "judge", "id": "p1", "state": "accepted"}], "extra": 1}, "body.extra"),
        ({"commands": [{"op": "move", "id": "p1", "dx": "far", "dy": 0}]}, "body.commands.0.move.dx"),
        ({"commands": [{"op": "judge", "id": "p1", "state": "accepted"}], "seconds": -1}, "body.seconds"),
        ([], "body"),
    ],
    ids=["none", "unknown", "extra", "no number", "negative", "no object"],
)
def test_commands_that_are_not_understood_are_named_and_nothing_is_saved(
    api: TestClient, store: Store, body: Any, fault: str
) -> None:
    answer = decide(api, body)
    assert (answer.status_code, answer.json()["kind"]) == (422, "invalid")
    assert answer.json()["faults"][0].startswith(fault)
    assert events(store) == []


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ({"op": "judge", "id": "p99", "state": "accepted"}, "p99"),
        ({"op": "resize", "id": "p1", "box_xyxy": [5, 5, 5, 5]}, "box"),
    ],
    ids=["no such node", "no area"],
)
def test_commands_that_cannot_be_obeyed_are_refused_whole(
    api: TestClient, store: Store, command: dict[str, Any], why: str
) -> None:
    answer = decide(api, {"commands": [*ACCEPT["commands"], command]})  # type: ignore[misc]
    assert (answer.status_code, answer.json()["kind"]) == (422, "refused")
    assert why in answer.json()["detail"]
    assert events(store) == []


@pytest.mark.parametrize("way", ["decisions", "undo", "redo", "leases"])
def test_what_is_of_no_figure_is_404(api: TestClient, way: str) -> None:
    method = "PUT" if way == "leases" else "POST"
    answer = api.request(method, f"/{way}/PMC9:F9", json=ACCEPT, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["kind"]) == (404, "missing")


def test_a_key_or_client_that_could_be_another_one_s_is_refused(api: TestClient) -> None:
    assert decide(api, Idempotency_Key="a/b").status_code == 422
    assert decide(api, Curator_Client="a#b").status_code == 422
    assert decide(api, Curator_Client="x" * 65).status_code == 422


def test_a_full_disk_is_503_with_the_reason(api: TestClient, store: Store) -> None:
    with store.connections.write(), full_disk(8192):  # open already: what opens it says so itself
        answer = api.get("/export", params={"verified_only": False, "images": True, "format": "webdataset"})
    assert (answer.status_code, answer.json()["kind"]) == (503, "busy")
    assert "File too large" in answer.json()["detail"]
    assert list(store.project.glob(".export-*")) == []


def test_a_locked_database_is_503_with_the_time_to_wait(
    api: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr("data.store.reviews.Reviews.decide", locked)
    answer = decide(api)
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["kind"]) == (503, "1", "busy")
