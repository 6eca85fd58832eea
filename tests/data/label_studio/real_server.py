"""Label Studio itself for tests: CURATOR_LABEL_STUDIO names its executable, or .venv-labelstudio has it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

TOKEN = "0123456789abcdef0123456789abcdef01234567"
PERSON = "curator@example.org"
START_S = 600.0  # on a busy machine; 55 s the first time on an idle one, later 6 s
_BESIDE = Path(__file__).parents[3] / ".venv-labelstudio" / "bin" / "label-studio"


class RealLabelStudio:
    """One server at one address with one database, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        """The folder that it serves local files from."""
        self.files.mkdir()
        self._data = folder / "data"
        self._data.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns when it answers."""
        executable = Path(os.environ.get("CURATOR_LABEL_STUDIO", _BESIDE))
        if not executable.is_file():
            pytest.skip(f"no Label Studio at {executable}; `make test-labelstudio` installs one")
        command = [
            *(str(executable), "start", "--init", "--no-browser", "--data-dir", str(self._data)),
            *("--internal-host", "127.0.0.1", "-p", str(self._port), "--username", PERSON),
            *("--password", "a long password", "--user-token", TOKEN),
            *("--enable-legacy-api-token", "--log-level", "WARNING"),
        ]
        variables = os.environ | {
            "COLLECT_ANALYTICS": "False",
            "LATEST_VERSION_CHECK": "false",
            "SENTRY_DSN": "",
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(self.files),
            "USE_DEFAULT_BANNED_SUBNETS": "false",  # it may call this machine
        }
        log = self._data / "server.log"
        with log.open("a") as file:
            self._process = subprocess.Popen(command, env=variables, stdout=file, stderr=file, start_new_session=True)
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            assert self._process.poll() is None, log.read_text()[-2000:]
            try:
                if httpx.get(f"{self.url}/health", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise AssertionError(f"Label Studio did not start in {START_S:.0f} s: {log.read_text()[-2000:]}")

    def end(self, how: int = signal.SIGTERM) -> None:
        """Ends it: SIGKILL leaves it no time for anything."""
        if self._process is not None:
            os.killpg(self._process.pid, how)
            self._process.wait(60)
            self._process = None

    def browser(self) -> httpx.Client:
        """What a person's browser uses; close it."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Token {TOKEN}"}, timeout=60)


def tasks_of(api: httpx.Client, project_id: int) -> dict[str, Any]:
    """The project's tasks by figure."""
    found = api.get("/api/tasks/", params={"project": project_id, "fields": "all", "page_size": 100}).json()["tasks"]
    return {task["data"]["figure_id"]: task for task in found}
