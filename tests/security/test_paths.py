"""No address leads to a file: sent as they are over a socket, since HTTP clients tidy addresses up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Raw = Callable[[str], tuple[int, bytes]]

ROUTES = (
    *("/image/", "/thumbnail/", "/crop/", "/seen/", "/signed/", "/search/picture/", "/report/"),
    *("/api/v1/images/", "/api/v1/thumbnails/", "/api/v1/crops/", "/api/v1/seen/", "/api/v1/search/pictures/"),
    *(
        "/api/v1/figures/",
        "/api/v1/training/runs/",
        "/gradio_api/file=",
        "/gradio_api/file/",
        "/theme.css/",
        "/static/",
    ),
    *("/assets/", "/gradio_api/custom_component/", "/label-studio/", "/"),
)
PATHS = (
    "../curator.db",
    "../../../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "..%5c..%5c..%5cetc%5cpasswd",
    "..%c0%af..%c0%afetc/passwd",
    "%uff0e%uff0e/etc/passwd",
    "....//....//....//etc/passwd",
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "PMC1:F1/../../curator.db",
    "PMC1:F1%00.png",
    "leak.png",
    "images/leak.png",
    "..;/curator.db",
    "curator.db",
    "secret.key",
    "model.toml",
)


@pytest.mark.parametrize("route", ROUTES)
def test_no_spelling_of_a_path_leads_to_a_file(raw: Raw, route: str) -> None:
    answered = set()
    for path in PATHS:
        for query in ("", "?node=p1", "?path=/etc/passwd&node=../x"):
            status, body = raw(f"{route}{path}{query}")
            answered.add(status)
            assert status in (200, 301, 303, 307, 400, 401, 403, 404, 405, 422), (path, status)
            assert b"SQLite format" not in body, path
            assert b"root:" not in body, path
            assert b"Traceback" not in body, path
    assert answered & {400, 403, 404, 422}


def test_the_socket_reaches_what_is_there(raw: Raw) -> None:
    status, body = raw("/image/PMC1:F1")
    assert (status, body[:4]) == (200, b"\x89PNG")


@pytest.mark.parametrize(
    "path", ["/image/x\x00y", "/image/PMC1:F1 HTTP/1.1\r\nX: y", "http://evil.example/image/PMC1:F1"]
)
def test_what_is_no_path_is_refused(raw: Raw, path: str) -> None:
    assert raw(path)[0] in (200, 400, 403, 404)
    assert b"root:" not in raw(path)[1]


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "https://evil.example/x.png", "//evil.example/x"])
@pytest.mark.parametrize(
    "route", ["/gradio_api/file=", "/gradio_api/proxy=", "/gradio_api/stream/", "/file=", "/proxy="]
)
def test_the_frameworks_own_routes_fetch_nothing_and_send_nobody_elsewhere(raw: Raw, route: str, url: str) -> None:
    status, body = raw(route + url)
    assert (status, body) == (404, b"there is nothing at this address") or "gradio_api" not in route, body[:200]
    assert status in (400, 403, 404, 405, 422), (status, body[:200])
