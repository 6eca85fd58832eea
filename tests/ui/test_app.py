"""The page's routes, and what it refuses."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from curator.errors import SettingsError
from curator.exchange import Exchange, Picture, Reply
from data.store import Store
from tests.e2e.project import make_project
from ui import theme
from ui.app import build_app
from ui.service.serving import serve_page


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_project(tmp_path_factory.mktemp("kidneys"))


@pytest.fixture(scope="module")
def client(store: Store) -> TestClient:
    return TestClient(build_app(store, who="ada"), base_url="http://127.0.0.1:7860")


def test_the_page_is_served_and_names_no_font_or_script_of_another_host(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "Curator" in page.text
    fetched = re.findall(r"""(?:src|href)=["']((?:https?:)?//[^"']+)""", page.text)
    assert fetched == []
    assert "https://" not in client.get("/theme.css").text


def test_healthz_says_that_the_server_is_up(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("route", "media_type", "magic"),
    [("image", "image/png", b"\x89PNG"), ("thumbnail", "image/webp", b"RIFF")],
)
@pytest.mark.parametrize("figure_id", ["PMC1:F1", "PMC2:fig 2/a"], ids=["plain", "slash and space"])
def test_a_figure_s_image_is_served_under_its_id(
    client: TestClient, route: str, media_type: str, magic: bytes, figure_id: str
) -> None:
    answer = client.get(f"/{route}/{figure_id}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.content.startswith(magic)


def test_an_image_that_the_browser_has_is_not_sent_again(client: TestClient, store: Store) -> None:
    tag = client.get("/image/PMC1:F1").headers["etag"]
    assert tag == f'"{store.reviews.load("PMC1:F1", 0).review.figure.image_sha256}"'
    again = client.get("/image/PMC1:F1", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "figure_id",
    ["PMC1:F9", "../curator.db", "%2e%2e%2fcurator.db", "/etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%00"],
)
@pytest.mark.parametrize("route", ["image", "thumbnail"])
def test_an_id_that_is_not_in_the_database_is_not_found_whatever_it_spells(
    client: TestClient, route: str, figure_id: str
) -> None:
    answer = client.get(f"/{route}/{figure_id}")
    assert answer.status_code == 404
    assert b"SQLite format" not in answer.content


def test_a_picture_that_a_model_saw_is_served_by_its_hash(client: TestClient, store: Store) -> None:
    picture = Picture(b"\xff\xd8\xff as sent", "image/jpeg", (20, 10))
    asked = Exchange("a" * 64, "PMC1:F1", "panels", "p", "b" * 64, "openai", "m", {}, [], Reply("{}"))
    store.exchanges.save(asked, [picture])
    answer = client.get(f"/seen/{picture.sha256}")
    assert (answer.status_code, answer.content) == (200, picture.data)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "name", ["0" * 64, "f" * 63, "G" * 64, "../" + "a" * 61, "%2e%2e%2f" + "a" * 55, "a" * 64 + "%0a", "%00"]
)
def test_a_picture_is_asked_for_by_64_hex_digits_alone(client: TestClient, name: str) -> None:
    assert client.get(f"/seen/{name}").status_code == 404


def test_an_image_whose_file_is_gone_says_how_to_restore_it(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    sha256 = store.reviews.load("PMC1:F1", 0).review.figure.image_sha256
    store.images.web(sha256).unlink()
    answer = TestClient(build_app(store), base_url="http://localhost").get("/image/PMC1:F1")
    assert answer.status_code == 404
    assert "run `curator ingest` on its source again" in answer.json()["detail"]


def test_no_file_of_the_project_or_machine_is_served_by_its_path(client: TestClient, store: Store) -> None:
    for path in (store.project / "curator.db", Path(__file__), Path("/etc/passwd")):
        assert client.get(f"/gradio_api/file={path}").status_code in (403, 404), path


@pytest.mark.parametrize("path", ["upload", "upload/", "process_recording", "vibe-code", "call/x", "run/predict"])
def test_nothing_can_be_uploaded_or_run(client: TestClient, path: str) -> None:
    answer = client.post(f"/gradio_api/{path}", files={"files": ("a.txt", b"x"), "video": ("a.mp4", b"x")})
    assert (answer.status_code, answer.text) == (404, "there is nothing at this address")


def test_the_framework_writes_no_stub_files_beside_the_sources(client: TestClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert list(Path(theme.__file__).parent.rglob("*.pyi")) == []


def test_a_name_that_another_site_points_here_is_refused(client: TestClient) -> None:
    answer = client.get("/", headers={"Host": "evil.example:7860"})
    assert answer.status_code == 403
    assert answer.text == "Curator answers on ['127.0.0.1', '::1', 'localhost'], not on 'evil.example:7860'"


def test_a_page_of_another_site_may_not_post_here(client: TestClient) -> None:
    for origin in ("https://evil.example", "http://127.0.0.1:9999", "null"):
        answer = client.post("/gradio_api/component_server", headers={"Origin": origin}, json={})
        assert answer.status_code == 403
        assert answer.text == f"a page of {origin!r} may not talk to Curator"


def test_the_page_s_own_requests_pass_the_guard_and_are_answered(client: TestClient) -> None:
    parts = client.get("/config").json()["components"]
    gallery = next(part["id"] for part in parts if part["props"].get("elem_id") == "gallery")
    body = {"data": {"limit": 2}, "component_id": gallery, "fn_name": "find", "session_hash": "test"}
    own = {"Origin": "http://127.0.0.1:7860"}
    answer = client.post("/gradio_api/component_server", headers=own, json=body)
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 2


def test_every_answer_carries_a_policy_that_lets_nothing_in_from_elsewhere(client: TestClient) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "*" not in policy


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.20", "::", "example.org"])
def test_serving_to_other_machines_is_refused(store: Store, host: str) -> None:
    with pytest.raises(SettingsError, match=f"^host '{re.escape(host)}' is reachable from other machines"):
        serve_page(store, host, 0, False)


def test_a_taken_port_is_named_with_the_option_that_mends_it(store: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"^port {port} of 127.0.0.1 cannot be used .*--port$"):
            serve_page(store, "127.0.0.1", port, False)


def _luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2), 0 to 1."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(a: str, b: str) -> float:
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_panel_hue_stands_out_on_white_and_on_black() -> None:
    hues = re.findall(r"--c-p\d+: (#\w{6});", theme.css())
    assert len(hues) == 12
    for hue in hues:
        assert _contrast(hue, "#ffffff") >= 3, hue
        assert _contrast(hue, "#000000") >= 3, hue
        darker = "#" + "".join(f"{round(0.8 * int(hue[at : at + 2], 16)):02x}" for at in (1, 3, 5))
        assert _contrast(darker, "#ffffff") >= 4.5, hue  # a chip's ground and its white text


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_is_readable_on_every_ground(name: str) -> None:
    block = theme.css().split(f'[data-theme="{name}"] {{')[1].split("}")[0]
    tokens = dict(re.findall(r"--c-([a-z-]+): (#\w{6});", block))
    for ground in ("bg", "surface", "raised", "hover", "accent-soft"):
        for ink in ("text", "muted", "accent", "ok", "warn", "bad"):
            assert _contrast(tokens[ink], tokens[ground]) >= 4.5, (ink, ground)
    assert _contrast(tokens["on-accent"], tokens["accent"]) >= 4.5
