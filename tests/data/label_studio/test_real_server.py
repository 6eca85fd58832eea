"""The same against Label Studio itself: CURATOR_LABEL_STUDIO names its executable, or .venv-labelstudio has it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from curator.figure import State
from data.label_studio.client import LabelStudio
from data.label_studio.connect import connect
from data.label_studio.images import LocalFiles
from data.label_studio.sync import Sync
from data.store import Store
from tests.data.label_studio.syncing import NOW_S, resized, shape
from tests.data.projects import HIERARCHY, add_figures

TOKEN = "0123456789abcdef0123456789abcdef01234567"
PERSON = "curator@example.org"
START_S = 600.0  # on a busy machine; 55 s on an idle one
_BESIDE = Path(__file__).parents[3] / ".venv-labelstudio" / "bin" / "label-studio"

pytestmark = [pytest.mark.labelstudio, pytest.mark.process]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def url(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Label Studio that serves local files from ``folder``."""
    executable = Path(os.environ.get("CURATOR_LABEL_STUDIO", _BESIDE))
    if not executable.is_file():
        pytest.skip(f"no Label Studio at {executable}; `make test-labelstudio` installs one")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = tmp_path_factory.mktemp("label-studio")
    command = [
        *(str(executable), "start", "--init", "--no-browser", "--data-dir", str(data)),
        *("--internal-host", "127.0.0.1", "-p", str(port), "--username", PERSON, "--password", "a long password"),
        *("--user-token", TOKEN, "--enable-legacy-api-token", "--log-level", "WARNING"),
    ]
    variables = os.environ | {
        "COLLECT_ANALYTICS": "False",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(folder),
    }
    with (data / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process, data / "server.log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(f"{address}/health", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise AssertionError(f"Label Studio did not start in {START_S:.0f} s: {log.read_text()[-2000:]}")


@pytest.fixture
def api(url: str) -> Iterator[httpx.Client]:
    """What a person's browser uses."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Token {TOKEN}"}, timeout=60) as client:
        yield client


def test_figures_go_there_their_images_are_served_and_edits_come_back(
    folder: Path, url: str, api: httpx.Client
) -> None:
    store = Store(folder / "project")
    ids = add_figures(store, 3)
    for figure_id in ids:
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    images = LocalFiles(store.images, folder)
    with LabelStudio(url, TOKEN, timeout_s=60) as server:
        connected = connect(store, server, "Figures", images)
        syncing = Sync(store, server, connected, images)
        assert (syncing.once().made, syncing.once().sent) == (3, 0)
        project = api.get(f"/api/projects/{connected.project_id}/").json()
        assert (project["task_number"], project["model_version"]) == (3, "curator")
        tasks = _tasks(api, connected.project_id)
        assert api.get(tasks[ids[0]]["data"]["image"]).headers["content-type"].startswith("image/")

        rows = tasks[ids[0]]["predictions"][0]["result"]
        shape(rows, "p1")["value"]["width"] = 40
        edited = {"result": rows, "was_cancelled": False}
        made = api.post(f"/api/tasks/{tasks[ids[0]]['id']}/annotations/", json=edited)
        assert made.status_code == 201
        store.reviews.decide(ids[1], 1, [resized("p1", 30)], "anna", NOW_S)
        report = syncing.once()
        assert (report.taken_in, report.sent, report.conflicts, report.failed) == (1, 1, 0, {})
        panel = store.reviews.load(ids[0], NOW_S).review.hierarchy.panels[0]
        assert (panel.box_xyxy[2], panel.state) == (pytest.approx(40), State.EDITED)
        who = store.connections.rows("select who from events where kind = 'decide' order by id")
        assert [row["who"] for row in who] == ["anna", f"label-studio:{PERSON}"]
        (annotation,) = _tasks(api, connected.project_id)[ids[1]]["annotations"]
        assert shape(annotation["result"], "p1")["value"]["width"] == pytest.approx(30)

        shape(annotation["result"], "p1")["value"]["width"] = 20
        api.patch(f"/api/annotations/{annotation['id']}/", json={"result": annotation["result"]})
        store.reviews.decide(ids[1], 2, [resized("p1", 35)], "anna", NOW_S)
        assert syncing.once().conflicts == 1
        api.delete(f"/api/tasks/{tasks[ids[2]]['id']}/")
        assert syncing.once().conflicts == 1
        assert {(kept.figure_id, kept.key) for kept in store.syncs.conflicts()} == {(ids[1], "p1"), (ids[2], "task")}


def test_a_personal_access_token_works_too(url: str, api: httpx.Client) -> None:
    api.post("/api/jwt/settings", json={"api_tokens_enabled": True, "legacy_api_tokens_enabled": True})
    token = api.post("/api/token/", json={}).json()["token"]
    with LabelStudio(url, token) as server:
        assert server.whoami() == PERSON


def _tasks(api: httpx.Client, project_id: int) -> dict[str, Any]:
    found = api.get("/api/tasks/", params={"project": project_id, "fields": "all", "page_size": 50}).json()["tasks"]
    return {task["data"]["figure_id"]: task for task in found}
