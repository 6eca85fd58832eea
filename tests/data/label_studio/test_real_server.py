"""The same against Label Studio itself; see ``real_server``."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from curator.errors import SyncError
from curator.figure import FigureState, State
from data.label_studio.client import LabelStudio
from data.label_studio.connect import connect
from data.label_studio.images import LocalFiles
from data.label_studio.sync import Sync
from data.store import Store
from tests.data.label_studio.real_server import PERSON, TOKEN, RealLabelStudio, tasks_of
from tests.data.label_studio.syncing import NOW_S, resized, shape, unfinished
from tests.data.projects import HIERARCHY, add_figures

pytestmark = [pytest.mark.labelstudio, pytest.mark.process]


@pytest.fixture
def api(label_studio: RealLabelStudio) -> Iterator[httpx.Client]:
    with label_studio.browser() as client:
        yield client


def mined(folder: Path, count: int) -> tuple[Store, list[str]]:
    store = Store(folder)
    ids = add_figures(store, count)
    for figure_id in ids:
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    return store, ids


def test_figures_go_there_their_images_are_served_and_edits_come_back(
    label_studio: RealLabelStudio, api: httpx.Client
) -> None:
    store, ids = mined(label_studio.files / "project", 3)
    images = LocalFiles(store.images, label_studio.files)
    with LabelStudio(label_studio.url, TOKEN, timeout_s=60) as server:
        connected = connect(store, server, "Figures", images)
        syncing = Sync(store, server, connected, images)
        assert (syncing.once().made, syncing.once().sent) == (3, 0)
        project = api.get(f"/api/projects/{connected.project_id}/").json()
        assert (project["task_number"], project["model_version"]) == (3, "curator")
        tasks = tasks_of(api, connected.project_id)
        assert api.get(tasks[ids[0]]["data"]["image"]).headers["content-type"].startswith("image/")

        rows = tasks[ids[0]]["predictions"][0]["result"]
        shape(rows, "p1")["value"]["width"] = 40
        made = api.post(f"/api/tasks/{tasks[ids[0]]['id']}/annotations/", json={"result": rows, "was_cancelled": False})
        assert made.status_code == 201
        store.reviews.decide(ids[1], 1, [resized("p1", 30)], "anna", NOW_S)
        report = syncing.once()
        assert (report.taken_in, report.sent, report.conflicts, report.failed) == (1, 2, 0, {})
        review = store.reviews.load(ids[0], NOW_S).review
        panel = review.hierarchy.panels[0]
        assert (panel.box_xyxy[2], panel.state) == (pytest.approx(40), State.EDITED)
        assert review.state == FigureState.ACCEPTED  # it was submitted
        who = store.connections.rows("select who from events where kind = 'decide' order by id")
        assert [row["who"] for row in who] == ["anna", f"label-studio:{PERSON}"]
        assert syncing.once(whole=True).sent == 0
        assert store.reviews.load(ids[1], NOW_S).review.state == FigureState.PROPOSED  # what we send is no submit
        (annotation,) = tasks_of(api, connected.project_id)[ids[1]]["annotations"]
        assert shape(annotation["result"], "p1")["value"]["width"] == pytest.approx(30)

        shape(annotation["result"], "p1")["value"]["width"] = 20
        api.patch(f"/api/annotations/{annotation['id']}/", json={"result": annotation["result"]})
        store.reviews.decide(ids[1], 2, [resized("p1", 35)], "anna", NOW_S)
        assert syncing.once().conflicts == 1
        api.delete(f"/api/tasks/{tasks[ids[2]]['id']}/")
        assert syncing.once().conflicts == 1
        assert {(kept.figure_id, kept.key) for kept in store.syncs.conflicts()} == {(ids[1], "p1"), (ids[2], "task")}


def test_a_personal_access_token_works_too(label_studio: RealLabelStudio, api: httpx.Client) -> None:
    api.post("/api/jwt/settings", json={"api_tokens_enabled": True, "legacy_api_tokens_enabled": True})
    token = api.post("/api/token/", json={}).json()["token"]
    with LabelStudio(label_studio.url, token) as server:
        assert server.whoami() == PERSON


class Killing(httpx.HTTPTransport):
    """Kills Label Studio once a request was sent, or once it was answered."""

    def __init__(self, server: RealLabelStudio, method: str, path: str, after: int, answered: bool) -> None:
        super().__init__()
        self._server = server
        self._wanted = method, path
        self._left = after
        self._answered = answered
        self.killed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fits = request.method == self._wanted[0] and self._wanted[1] in request.url.path
        self._left -= fits
        if not fits or self._left or self.killed:
            return super().handle_request(request)
        self.killed = True
        if self._answered:
            super().handle_request(request).read()
        self._server.end(signal.SIGKILL)
        return super().handle_request(request)


@pytest.mark.parametrize(
    ("method", "path", "after", "answered"),
    [("POST", "/import", 2, True), ("POST", "/annotations/", 3, True), ("PATCH", "/api/annotations/", 3, False)],
    ids=["import", "new annotation", "annotation"],
)
def test_killed_and_started_again_in_the_middle_of_a_pass_it_ends_as_if_nothing_had_happened(
    label_studio: RealLabelStudio, tmp_path: Path, method: str, path: str, after: int, answered: bool
) -> None:
    folder = label_studio.files / tmp_path.name
    store, ids = mined(folder, 60 if path == "/import" else 20)  # an import makes 50 at a time
    images = LocalFiles(store.images, label_studio.files)

    def once(transport: httpx.BaseTransport | None = None) -> None:
        with LabelStudio(
            label_studio.url, TOKEN, timeout_s=60, retries=0, transport=transport, sleep=lambda _: None
        ) as server:
            connected = connect(store, server, tmp_path.name, images)
            Sync(store, server, connected, images, lambda: NOW_S).once()

    killing = Killing(label_studio, method, path, after, answered)
    if path != "/import":
        once()
        connected = store.outbox.connected()
        assert connected is not None
        with label_studio.browser() as api:
            tasks = tasks_of(api, connected.project_id)
            for figure_id in ids[:8]:  # moved there; of these every second here too, another box
                rows = tasks[figure_id]["predictions"][0]["result"]
                shape(rows, "p2")["value"]["x"] = 60
                sent = {"result": unfinished(rows), "was_cancelled": False}
                assert api.post(f"/api/tasks/{tasks[figure_id]['id']}/annotations/", json=sent).status_code == 201
        for figure_id in ids[1:16:2]:
            store.reviews.decide(figure_id, 1, [resized("p1", 40)], "anna", NOW_S)
            store.reviews.release(figure_id, "anna")
    with pytest.raises(SyncError):
        once(killing)
    assert killing.killed
    label_studio.start()
    once()
    once()
    connected = store.outbox.connected()
    assert connected is not None
    with label_studio.browser() as api:
        listed = api.get("/api/tasks/", params={"project": connected.project_id, "page_size": 200}).json()["tasks"]
        assert sorted(task["data"]["figure_id"] for task in listed) == sorted(ids)
        tasks = tasks_of(api, connected.project_id)
    for number, figure_id in enumerate(ids):
        there = path != "/import" and number < 8
        here = path != "/import" and number < 16 and number % 2 == 1
        nodes = store.reviews.load(figure_id, NOW_S).review.hierarchy.by_id()
        assert nodes["p1"].box_xyxy[2] == pytest.approx(40 if here else 50)
        assert nodes["p2"].box_xyxy[0] == pytest.approx(60 if there else 50)
        task = tasks[figure_id]
        assert [len(task["predictions"]), len(task["annotations"])] == [1, int(here or there)]
        rows = (task["annotations"] or task["predictions"])[0]["result"]
        assert shape(rows, "p1")["value"]["width"] == pytest.approx(40 if here else 50)
        assert shape(rows, "p2")["value"]["x"] == pytest.approx(60 if there else 50)
    decisions = store.connections.rows("select figure_id, who from events where kind = 'decide'")
    assert len(decisions) == len({tuple(row) for row in decisions}) == (0 if path == "/import" else 16)
    assert set(store.syncs.statuses().values()) == {"synced"}
    assert json.dumps(store.syncs.conflicts()) == "[]"
