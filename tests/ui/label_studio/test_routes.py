"""What Label Studio calls is answered to whoever knows the secret, and to nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from agents.segment.choose import Choice
from agents.segment.opencv_segment import OpenCvSegmenter
from data.label_studio.callbacks import ML_USER, SECRET_HEADER, ml_password, webhook_secret
from data.store import Store
from tests.data.projects import HIERARCHY, add_mined_figure
from ui.label_studio.requests import LARGEST_HINT
from ui.label_studio.routes import label_studio_routes
from ui.segmenting import segmenting_of
from ui.syncing.passes import Syncing

KEY = b"k" * 32
BASIC = (ML_USER, ml_password(KEY))
SECRET = {SECRET_HEADER: webhook_secret(KEY)}
PATHS = ["/label-studio/webhook", "/label-studio/ml/webhook"]
Doc = dict[str, Any]


class Place:
    """A project with one mined figure, the routes over it, and how often a pass was hinted at."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "project")
        self.figure_id = add_mined_figure(self.store)
        self.store.outbox.connect("http://there", 7)
        self.hints = 0
        self.segmenting = segmenting_of(self.store, lambda: Choice(OpenCvSegmenter(), ""))
        app = FastAPI()
        syncing = cast(Syncing, SimpleNamespace(hint=self._hint))
        app.include_router(label_studio_routes(self.store, self.segmenting, syncing, KEY))
        self.client = TestClient(app)

    def _hint(self) -> None:
        self.hints += 1

    def predict(self, task: Doc, context: Doc | None = None) -> Any:
        body = {"tasks": [{"id": 1, "data": task}], "project": "7.1", "label_config": "<View/>", "params": {}}
        body["params"] = {"login": None, "password": None, "context": context}
        return self.client.post("/label-studio/ml/predict", json=body, auth=BASIC)

    def refusals(self) -> list[tuple[str, str, Doc]]:
        return [
            (record.who, record.subject, dict(record.detail))
            for record in self.store.audit.records()
            if record.action == "label-studio.refused"
        ]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.segmenting.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "health"),
        ("POST", "setup"),
        ("POST", "predict"),
        ("POST", "train"),
        ("POST", "job_status"),
        ("GET", "versions"),
    ],
)
@pytest.mark.parametrize("auth", [None, (ML_USER, "guessed"), ("admin", BASIC[1])], ids=["none", "password", "user"])
def test_the_ml_backend_answers_nobody_without_its_password(
    place: Place, method: str, path: str, auth: tuple[str, str] | None
) -> None:
    given: dict[str, Any] = {} if auth is None else {"auth": auth}
    answer = place.client.request(method, f"/label-studio/ml/{path}", json={}, **given)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert place.refusals() == [("nobody", "ML backend", {"requests": 1})]
    assert place.hints == 0


@pytest.mark.parametrize("header", ["Basic", "Basic ?", "Basic " + "w6k=" * 3, "Bearer x", "Basic Y3VyYXRvcg=="])
def test_no_header_breaks_the_check(place: Place, header: str) -> None:
    assert place.client.get("/label-studio/ml/health", headers={"Authorization": header}).status_code == 401


def test_health_and_setup_say_who_answers(place: Place) -> None:
    assert place.client.get("/label-studio/ml/health", auth=BASIC).json()["status"] == "UP"
    setup = {"project": "7.1", "schema": "<View/>", "hostname": "", "access_token": "theirs", "extra_params": None}
    assert place.client.post("/label-studio/ml/setup", json=setup, auth=BASIC).json() == {"model_version": "curator"}
    assert place.client.get("/label-studio/ml/versions", auth=BASIC).json() == {"versions": ["curator"]}
    assert place.client.post("/label-studio/ml/job_status", json={"job": "1"}, auth=BASIC).status_code == 200


def test_a_task_is_answered_with_the_proposals_as_they_stand(place: Place) -> None:
    (prediction,) = place.predict({"figure_id": place.figure_id}).json()["results"]
    assert prediction["model_version"] == "curator"
    assert prediction["score"] == pytest.approx((0.9 * 0.4) ** 0.5)
    assert {node.id for node in HIERARCHY.nodes()} <= {row.get("id") for row in prediction["result"]}


@pytest.mark.parametrize(
    "task", [{}, {"figure_id": "PMC9:fig9"}, {"figure_id": ["x"]}], ids=["none", "unknown", "list"]
)
def test_a_task_of_no_figure_of_ours_gets_no_prediction(place: Place, task: Doc) -> None:
    assert place.predict(task).json()["results"] == [[]]


def drawn(kind: str, from_name: str, labels: list[str], **value: float) -> Doc:
    return {"result": [{"id": "a", "from_name": from_name, "type": kind, "value": {**value, kind: labels}}]}


def test_a_click_is_answered_with_the_outline_of_what_lies_there(place: Place) -> None:
    context = drawn("keypointlabels", "click", ["region"], x=75, y=44, width=0.3)
    ((row,),) = [
        result["result"] for result in place.predict({"figure_id": place.figure_id}, context).json()["results"]
    ]
    assert (row["from_name"], row["type"], row["value"]["polygonlabels"]) == (
        "region_outline",
        "polygonlabels",
        ["region"],
    )
    xs, ys = zip(*row["value"]["points"], strict=True)
    assert (min(xs), max(xs)) == pytest.approx((60, 90), abs=4)  # the red ellipse of the drawn figure
    assert (min(ys), max(ys)) == pytest.approx((25, 62.5), abs=5)


@pytest.mark.parametrize(
    ("from_name", "label", "answered"),
    [("marker", "circle", "marker"), ("panel", "photo", "panel")],
    ids=["marker", "panel"],
)
def test_a_box_is_drawn_tight_as_what_it_was_drawn_as(place: Place, from_name: str, label: str, answered: str) -> None:
    context = drawn("rectanglelabels", from_name, [label], x=55, y=18, width=40, height=55)
    ((row,),) = [
        result["result"] for result in place.predict({"figure_id": place.figure_id}, context).json()["results"]
    ]
    assert (row["from_name"], row["value"]["rectanglelabels"]) == (answered, [label])
    assert row["value"]["x"] == pytest.approx(60, abs=4)


@pytest.mark.parametrize(
    ("task", "context"),
    [
        ({}, drawn("keypointlabels", "click", ["region"], x=75, y=44)),
        ({"figure_id": "PMC9:fig9"}, drawn("keypointlabels", "click", ["region"], x=75, y=44)),
        (None, drawn("keypointlabels", "click", ["region"], x=1e300, y=44)),
        (None, drawn("ellipselabels", "click", ["region"], x=75, y=44)),
    ],
    ids=["no figure", "unknown figure", "no number", "ellipse"],
)
def test_what_cannot_be_pointed_at_is_refused_with_the_reason(place: Place, task: Doc | None, context: Doc) -> None:
    answer = place.predict(task if task is not None else {"figure_id": place.figure_id}, context)
    assert answer.status_code == 422
    assert answer.json()["error"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"tasks": 1}', b'{"tasks": [{"data": 1}]}'])
def test_what_is_no_question_is_refused(place: Place, body: bytes) -> None:
    assert place.client.post("/label-studio/ml/predict", content=body, auth=BASIC).status_code == 422


def test_training_there_starts_nothing_but_a_pass(place: Place) -> None:
    assert place.client.post("/label-studio/ml/train", json={"annotations": []}, auth=BASIC).json() == {}
    assert place.hints == 1


@pytest.mark.parametrize("path", PATHS)
def test_a_webhook_with_the_secret_is_a_hint(place: Place, path: str) -> None:
    assert place.client.post(path, json={"action": "ANNOTATION_CREATED"}, headers=SECRET).status_code == 200
    assert place.hints == 1


def test_a_webhook_of_another_project_is_none(place: Place) -> None:
    for project_id in (7, 8):
        body = {"action": "ANNOTATION_CREATED", "project": {"id": project_id, "title": "x"}, "annotation": {"id": 1}}
        assert place.client.post(PATHS[0], json=body, headers=SECRET).status_code == 200
    assert place.hints == 1


def test_of_a_project_that_is_not_connected_a_webhook_says_nothing(place: Place) -> None:
    place.store.outbox.disconnect()
    assert place.client.post(PATHS[0], json={"action": "TASKS_DELETED"}, headers=SECRET).status_code == 200
    assert place.hints == 0


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("secret", ["", "x" * 64, "\u00e9" * 8], ids=["none", "wrong", "no ASCII"])
def test_forged_webhooks_are_refused_and_noted_without_filling_the_log(place: Place, path: str, secret: str) -> None:
    headers = {SECRET_HEADER.encode(): secret.encode()}
    for _ in range(50):
        assert place.client.post(path, json={"action": "ANNOTATION_CREATED"}, headers=headers).status_code == 403
    assert place.hints == 0
    assert place.refusals() == [("nobody", "webhook", {"requests": 1})]


def test_a_body_that_never_ends_is_read_no_further_than_needed(place: Place) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 20 * LARGEST_HINT:
            sent += 2**16
            yield b" " * 2**16

    assert place.client.post(PATHS[0], content=endless(), headers=SECRET).status_code == 413
    assert place.client.post(PATHS[0], content=b"x" * (LARGEST_HINT + 1), headers={}).status_code == 403
    assert place.hints == 0


def test_a_storm_of_webhooks_is_answered_and_leads_to_hints_only(place: Place) -> None:
    statuses: list[int] = []

    def storm() -> None:
        for _ in range(25):
            answer = place.client.post(PATHS[0], json={"action": "ANNOTATION_UPDATED"}, headers=SECRET)
            statuses.append(answer.status_code)

    threads = [threading.Thread(target=storm) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 200
    assert place.hints == 200
