"""What is too large never gets to a route."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from ui.service.limits import BODY_BYTES, MAX_DEPTH, MAX_HEADER_BYTES, MAX_PATH_BYTES, Limits, is_deeper


@pytest.fixture
def seen() -> list[int]:
    """Bytes of each body that a route read to its end."""
    return []


@pytest.fixture
def client(seen: list[int]) -> TestClient:
    app = FastAPI()
    app.add_middleware(Limits, bodies={"/small": 10, "/small/not": 1000}, otherwise=100_000)

    @app.post("/{path:path}")
    async def read(path: str, request: Request) -> int:
        body = b"".join([chunk async for chunk in request.stream()])
        seen.append(len(body))
        return len(body)

    return TestClient(app)


def chunks(count: int, size: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize(
    ("path", "most"), [("/", 100_000), ("/small", 10), ("/small/x", 10), ("/smaller", 100_000), ("/small/not", 1000)]
)
def test_each_path_has_its_limit_whether_the_length_is_stated_or_not(
    client: TestClient, seen: list[int], path: str, most: int
) -> None:
    assert client.post(path, content=b"x" * most).json() == most
    assert client.post(path, content=chunks(most, 1) if most < 2000 else chunks(1, most)).json() == most
    for content in (b"x" * (most + 1), chunks(3, most), chunks(1, most + 1)):
        answer = client.post(path, content=content)
        assert (answer.status_code, answer.text) == (413, f"a request here may have at most {most:,} bytes")
    assert seen == [most, most]


def test_json_that_nests_without_end_is_refused_and_other_json_is_passed_on_whole(
    client: TestClient, seen: list[int]
) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    deep = b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)
    for content in (deep, b'{"a":' * 20_000, iter([b"[" * 40, b"[" * 40])):
        answer = client.post("/", content=content, headers=headers)
        assert (answer.status_code, answer.text) == (
            400,
            "the JSON nests deeper than 64 levels; nothing of Curator's does",
        )
    assert client.post("/", content=chunks(2, 60_000), headers=headers).status_code == 413
    assert seen == []
    flat = json.dumps([{"text": '[{"\\' * 50}] * 100).encode()
    assert client.post("/", content=iter([flat[:7], flat[7:]]), headers=headers).json() == len(flat)


@pytest.mark.parametrize(
    ("content", "deeper"),
    [
        (b"", False),
        (b"[" * 2, False),
        (b"[" * 3, True),
        (b"[{[", True),
        (b"[][][][]", False),
        (b'"[[[[[["', False),
        (b'"\\"[[[[[[', False),
        (b'"\\\\"[[[', True),
        (b'["a",[{"b":"]"}]]', True),
        (b"]]]][[[", False),
    ],
)
def test_brackets_in_texts_do_not_count(content: bytes, deeper: bool) -> None:
    assert is_deeper(content, 2) is deeper


def test_a_long_address_and_long_headers_are_refused(client: TestClient) -> None:
    assert client.get(f"/x?{'q' * MAX_PATH_BYTES}").status_code == 414
    assert client.get("/x", headers={"X-Long": "h" * MAX_HEADER_BYTES}).status_code == 431
    assert client.get("/x", headers={"X-Long": "h" * 1000}).status_code == 405


@pytest.mark.parametrize("length", ["-1", "1e3", "1 2", "9" * 400])
def test_a_length_that_is_none_is_refused(client: TestClient, length: str) -> None:
    assert client.post("/", content=b"x", headers={"Content-Length": length}).status_code in (400, 413)


def test_a_picture_that_is_sent_to_search_may_be_as_large_as_the_route_says() -> None:
    assert BODY_BYTES["/search/picture"] > 10_000_000
