"""Whether it answers, and whether the project can be worked on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from data.store import Store
from data.store.readiness import not_ready
from ui.service.health import health_routes


def readiness(store: Store, min_free_mb: int = 0) -> tuple[int, Any]:
    app = FastAPI()
    app.include_router(health_routes(store, min_free_mb))
    with TestClient(app) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_it_is_ready_where_the_project_can_be_worked_on(project: Store) -> None:
    assert readiness(project) == (200, {"status": "ready"})


def test_it_is_not_ready_without_its_database(project: Store) -> None:
    path = project.project / "curator.db"
    path.rename(path.with_name("elsewhere"))

    code, said = readiness(project)

    assert code == 503
    assert said == {
        "status": "not ready",
        "reasons": {"database": "it does not answer (unable to open database file)"},
    }
    assert not path.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            "delete from _sqlite_migrations where name = 'm012_image_links'",
            "1 upgrades are to be done; start Curator again",
            id="older",
        ),
        pytest.param(
            "update _sqlite_migrations set name = 'm999_later' where name = 'm012_image_links'",
            "it was written by a newer Curator",
            id="newer",
        ),
    ],
)
def test_it_is_not_ready_with_a_database_of_another_curator(project: Store, change: str, reason: str) -> None:
    with project.connections.write() as conn:
        conn.execute(change)

    assert readiness(project) == (503, {"status": "not ready", "reasons": {"database": reason}})


def test_it_is_not_ready_with_a_file_that_is_no_database(project: Store) -> None:
    project.close()  # with it goes the log, which would mend the file
    (project.project / "curator.db").write_bytes(b"no database" * 1000)

    assert not_ready(project.project, 0) == {"database": "it does not answer (file is not a database)"}


def test_it_is_not_ready_where_images_cannot_be_written(project: Store) -> None:
    project.images.root.rename(project.project / "elsewhere")
    project.images.root.touch()

    assert not_ready(project.project, 0) == {"images": "nothing can be written there (Not a directory)"}


def test_it_is_not_ready_on_a_full_disk(project: Store) -> None:
    reasons = not_ready(project.project, 10**12)

    assert list(reasons) == ["disk"]
    assert re.fullmatch(r"\d+ MB are free, expected 1000000000000", reasons["disk"])


def test_asking_leaves_nothing_behind(project: Store) -> None:
    before = sorted(project.project.rglob("*"))
    assert not_ready(project.project, 0) == {}
    assert sorted(project.project.rglob("*")) == before
