"""Images by signed links: to whom they are given, and what else is not."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from data.label_studio.images import PURPOSE, SignedUrls
from data.signing import Signer, load_secret
from data.store import Store
from tests.e2e.project import make_project
from ui.app import build_app
from ui.signed import signed_routes

NOW_S = 1_800_000_000.0
SIGNER = Signer(b"k" * 32)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_project(tmp_path_factory.mktemp("kidneys"))


@pytest.fixture(scope="module")
def sha256(store: Store) -> str:
    return store.reviews.figure("PMC1:F1").image_sha256


def link(store: Store, sha256: str, made_s: float = NOW_S, signer: Signer = SIGNER) -> str:
    """Path and query of a link of at most a day, made at that Unix time."""
    parts = urlsplit(SignedUrls(store.images, signer, "http://x", 1, lambda: made_s).link(sha256).url)
    return f"{parts.path}?{parts.query}"


@pytest.fixture
def client(store: Store) -> TestClient:
    app = FastAPI()
    app.include_router(signed_routes(store, SIGNER, lambda: NOW_S))
    return TestClient(app)


def test_a_link_gives_the_image_to_a_canvas_of_another_site(client: TestClient, store: Store, sha256: str) -> None:
    answer = client.get(link(store, sha256), headers={"Origin": "http://label-studio:8080"})

    assert answer.status_code == 200
    assert answer.content == store.images.web(sha256).read_bytes()
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_a_cache_keeps_the_image_no_longer_than_the_link_is_valid(
    client: TestClient, store: Store, sha256: str
) -> None:
    address = link(store, sha256)
    until = int(address.partition("until=")[2].partition("&")[0])

    answer = client.get(address)

    assert answer.headers["cache-control"] == f"private, max-age={until - int(NOW_S)}, immutable"
    again = client.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_an_expired_link_is_refused_and_says_so(client: TestClient, store: Store, sha256: str) -> None:
    answer = client.get(link(store, sha256, made_s=NOW_S - 2 * 86_400))

    assert answer.status_code == 403
    assert answer.text == "this link has expired; sync again to renew it"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("moment", ["last second", "end"])
def test_a_link_is_valid_until_its_very_end(store: Store, sha256: str, moment: str) -> None:
    now_s = NOW_S - 1 if moment == "last second" else NOW_S
    app = FastAPI()
    app.include_router(signed_routes(store, SIGNER, lambda: now_s))
    signature = SIGNER.sign((PURPOSE, sha256), int(NOW_S))

    answer = TestClient(app).get(f"/signed/images/{sha256}?until={int(NOW_S)}&signature={signature}")

    assert answer.status_code == (200 if moment == "last second" else 403)


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda path: path.replace("until=1", "until=2"), id="another end"),
        pytest.param(lambda path: path[:-1] + ("A" if path[-1] != "A" else "B"), id="another signature"),
        pytest.param(lambda path: path.partition("&signature")[0], id="no signature"),
        pytest.param(lambda path: path + "%F0%9F%94%91", id="no ASCII"),
        pytest.param(lambda path: path.replace("/images/", "/images/" + "0"), id="no hash"),
        pytest.param(lambda path: path.replace("until=", "until=-"), id="no time"),
        pytest.param(lambda path: path.replace("until=", "until=" + "9" * 5000), id="a time of many digits"),
        pytest.param(lambda path: path.replace("until=1", "until=%D9%A1"), id="digits of another script"),
    ],
)
def test_a_forged_link_is_refused(client: TestClient, store: Store, sha256: str, forge: object) -> None:
    assert callable(forge)
    answer = client.get(forge(link(store, sha256)))

    assert answer.status_code == 403
    assert answer.text in (
        "the signature of this link is not Curator's; sync again to make new ones",
        "this is no link that Curator made",
    )


def test_a_link_to_one_image_gives_no_other(client: TestClient, store: Store, sha256: str) -> None:
    other = store.reviews.figure("PMC2:fig 2/a").image_sha256
    assert other != sha256

    assert client.get(link(store, sha256).replace(sha256, other)).status_code == 403


def test_what_was_signed_for_something_else_is_no_link_to_an_image(client: TestClient, sha256: str) -> None:
    until = int(NOW_S) + 60
    signature = SIGNER.sign(("webhook", sha256), until)

    assert client.get(f"/signed/images/{sha256}?until={until}&signature={signature}").status_code == 403


def test_an_image_that_the_project_does_not_have_is_not_found(client: TestClient) -> None:
    until = int(NOW_S) + 60
    signature = SIGNER.sign((PURPOSE, "ab" * 32), until)

    answer = client.get(f"/signed/images/{'ab' * 32}?until={until}&signature={signature}")

    assert (answer.status_code, answer.text) == (404, "this project does not have the image any more")


def test_a_browser_that_asks_first_is_told_that_it_may(client: TestClient, sha256: str) -> None:
    answer = client.options(f"/signed/images/{sha256}", headers={"Origin": "http://label-studio:8080"})

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[TestClient, Store]:
    """The whole page, known to a Label Studio in a container by a name of its own; with accounts."""
    store = make_project(tmp_path_factory.mktemp("accounts"))
    store.users.add("ann", "admin", "$argon2id$unused")
    return TestClient(build_app(store, loopback=False), base_url="http://curator:7860"), store


def test_the_page_gives_images_to_label_studio_without_a_session(page: tuple[TestClient, Store]) -> None:
    client, store = page
    signer = Signer(load_secret(store.project))
    sha256 = store.reviews.figure("PMC1:F1").image_sha256
    theirs = {"Origin": "http://label-studio:8080"}
    address = link(store, sha256, time.time(), signer)
    answer = client.get(address, headers=theirs)

    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert client.get(f"/image/{'PMC1:F1'}").status_code == 401
    assert client.get(address + "x", headers=theirs).status_code == 403


@pytest.mark.parametrize("path", ["/signed/", "/signed/../config", "/signed/config", "/label-studio/theme.css"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_else_of_the_page_is_found_below_paths_that_check_for_themselves(
    page: tuple[TestClient, Store], path: str, method: str
) -> None:
    # sent as it is: a client would tidy the path up
    answer = page[0].request(method, path.replace("..", "%2e%2e"))

    assert answer.status_code == 404


def test_the_page_on_this_machine_gives_them_under_any_name_too(store: Store, sha256: str) -> None:
    client = TestClient(build_app(store), base_url="http://host.docker.internal:7860")
    signer = Signer(load_secret(store.project))

    assert client.get(link(store, sha256, time.time(), signer)).status_code == 200
    assert client.get("/").status_code == 403


def test_the_key_stays_in_the_project_and_is_the_owner_s(page: tuple[TestClient, Store]) -> None:
    path: Path = page[1].project / "secret.key"

    assert path.stat().st_mode & 0o777 == 0o600
