"""A project, and processes that serve it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.store import Store
from tests.e2e.project import make_project
from tests.ui.service.process import Service, environment


@pytest.fixture
def started() -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def start(*command: str, **more: str) -> Service:
        services.append(Service(command, environment(**more)))
        return services[-1]

    yield start
    for service in services:
        service.process.kill()
        service.process.wait()


@pytest.fixture
def project(tmp_path: Path) -> Store:
    return make_project(tmp_path / "kidneys")
