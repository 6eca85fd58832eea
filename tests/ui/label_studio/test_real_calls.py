"""Label Studio itself calls the app: webhooks, predictions, clicks, and images by signed links."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from curator.figure import FigureState
from curator.settings import load_settings
from data.store import Store
from tests.data.label_studio.real_server import TOKEN, RealLabelStudio, tasks_of
from tests.data.projects import HIERARCHY, add_mined_figure

pytestmark = [pytest.mark.labelstudio, pytest.mark.process]

_PATIENCE_S = 180.0


@dataclass
class Place:
    """A project whose app is served, connected with Label Studio, which knows its address."""

    store: Store
    figure_id: str
    project_id: int
    app: Any
    api: httpx.Client

    def task(self) -> dict[str, Any]:
        found: dict[str, Any] = tasks_of(self.api, self.project_id)[self.figure_id]
        return found

    def backend_id(self) -> int:
        (backend,) = self.api.get("/api/ml/", params={"project": self.project_id}).json()
        assert backend["readable_state"] == "Connected"
        return int(backend["id"])

    def wait_for_pass(self, number: int) -> None:
        """Until so many passes have ended."""
        end = time.monotonic() + _PATIENCE_S
        while self.app.state.syncing.state()["passes"] < number:
            assert time.monotonic() < end, self.app.state.syncing.state()
            self.app.state.syncing.settle(0.2)
            threading.Event().wait(0.05)


@pytest.fixture(scope="module")
def place(label_studio: RealLabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    import uvicorn

    from ui.app import build_app

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    folder = tmp_path_factory.mktemp("called")
    _settings(folder, label_studio.url, address)
    store = Store(folder)
    figure_id = add_mined_figure(store)
    app = build_app(store)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        with label_studio.browser() as api:
            yield Place(store, figure_id, _connected(store, app), app, api)
    finally:
        app.state.syncing.close()
        server.should_exit = True
        thread.join(_PATIENCE_S)
        app.state.mining_jobs.close()
        app.state.segmenting.close()
        listening.close()


def _settings(folder: Path, url: str, address: str) -> None:
    (folder / "curator.toml").write_text(
        f'[label_studio]\nurl = "{url}"\nproject = "Called"\n'
        f'public_url = "{address}"\nimages = "signed"\npoll_s = 3600\n'
    )
    token = folder / "label_studio.key"
    token.write_text(TOKEN)
    token.chmod(0o600)


def _connected(store: Store, app: Any) -> int:
    """Connects as the Sync tab does, and waits for the first pass."""
    from data.label_studio.connect import connect
    from data.label_studio.images import images_of
    from ui.syncing.passes import open_server

    settings = load_settings(store.project, {}).label_studio
    with open_server(settings, store.project) as server:
        connected = connect(store, server, settings.project, images_of(store, settings))
    app.state.syncing.start_watch()
    end = time.monotonic() + _PATIENCE_S
    while app.state.syncing.state()["passes"] < 1:
        assert time.monotonic() < end, app.state.syncing.state()
        threading.Event().wait(0.05)
    assert app.state.syncing.state()["not_called"] == ""
    return connected.project_id


def test_it_shows_images_by_signed_links_of_the_app(place: Place) -> None:
    link = place.task()["data"]["image"]
    assert "/signed/" in link
    image = httpx.get(link)
    assert (image.status_code, image.headers["content-type"].partition("/")[0]) == (200, "image")


def test_it_asks_for_proposals_when_somebody_opens_a_task_that_has_none(place: Place) -> None:
    task = place.task()
    for prediction in task["predictions"]:
        assert place.api.delete(f"/api/predictions/{prediction['id']}/").status_code == 204
    opened = place.api.get(f"/api/tasks/{task['id']}/").json()
    (prediction,) = opened["predictions"]
    assert prediction["model_version"] == "curator"
    assert {node.id for node in HIERARCHY.nodes()} <= {row.get("id") for row in prediction["result"]}
    assert prediction["score"] == pytest.approx((0.9 * 0.4) ** 0.5)


def test_it_asks_what_lies_where_somebody_clicks(place: Place) -> None:
    row = {
        "original_width": 100,
        "original_height": 80,
        "image_rotation": 0,
        "value": {"x": 75, "y": 44, "width": 0.3, "labels": ["region"], "keypointlabels": ["region"]},
        "is_positive": True,
        "id": "BVQdmgAdlT",
        "from_name": "click",
        "to_name": "image",
        "type": "keypointlabels",
        "origin": "manual",
    }
    asked = {"task": place.task()["id"], "context": {"result": [row]}}
    answer = place.api.post(f"/api/ml/{place.backend_id()}/interactive-annotating", json=asked).json()
    (found,) = answer["data"]["result"]
    assert (found["from_name"], found["value"]["polygonlabels"]) == ("region_outline", ["region"])
    xs = [x for x, _ in found["value"]["points"]]
    assert (min(xs), max(xs)) == pytest.approx((60, 90), abs=4)  # the red ellipse of the drawn figure


def test_it_can_start_training_without_harm(place: Place) -> None:
    assert place.api.post(f"/api/ml/{place.backend_id()}/train", json={}).status_code == 200
    place.backend_id()  # and is connected afterwards


def test_what_somebody_submits_is_here_soon_though_nobody_looks_for_an_hour(place: Place) -> None:
    passes = place.app.state.syncing.state()["passes"]
    task = place.task()
    rows = task["predictions"][0]["result"]
    made = place.api.post(f"/api/tasks/{task['id']}/annotations/", json={"result": rows, "was_cancelled": False})
    assert made.status_code == 201
    place.wait_for_pass(passes + 1)
    assert place.store.reviews.load(place.figure_id, 0.0).review.state == FigureState.ACCEPTED


def test_its_webhook_and_backend_are_each_there_once_and_go_with_the_connection(place: Place) -> None:
    syncing = place.app.state.syncing
    webhooks = place.api.get("/api/webhooks/", params={"project": place.project_id}).json()
    assert [webhook["url"].rpartition("/label-studio")[2] for webhook in webhooks] == ["/ml/webhook"]
    place.backend_id()
    syncing.be_left_alone()
    for kind in ("webhooks", "ml"):
        assert place.api.get(f"/api/{kind}/", params={"project": place.project_id}).json() == []
