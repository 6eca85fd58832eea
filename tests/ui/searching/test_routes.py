"""Crops of what was found, and pictures as queries."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from curator.commands import parse_commands
from curator.errors import InputError
from curator.figure import Article, Figure, Hierarchy, Panel, Provenance, Region
from data.images import Rgb
from data.store import Store
from ui.crops import LONG_SIDE, Crops, decoded
from ui.searching.pictures import LIMITS, QueryPictures
from ui.searching.routes import search_routes

SURE = Provenance("embedded", "test", "2026-01-01T00:00:00.000+00:00", 0.9)
RED, GREY = (220, 30, 30), (120, 120, 120)


def stored(store: Store, key: str, rgb: Rgb, hierarchy: Hierarchy, format: str = "PNG") -> str:
    out = BytesIO()
    Image.fromarray(rgb).save(out, format)
    content = out.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    store.images.save(sha256, content, content, ".png" if format == "PNG" else ".jpg", content)
    height, width = rgb.shape[:2]
    store.articles.save(Article(f"A{key}", "Kidneys"), [Figure(key, "", "f.png", sha256, (width, height), "Figure 1")])
    store.reviews.mined(f"A{key}:{key}", hierarchy, "embedded")
    return f"A{key}:{key}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """``A1:1``, 400 x 200: at the left a grey panel p1 with a red region r2 of 20 x 20, at the right a white p3."""
    store = Store(tmp_path)
    rgb = np.full((200, 400, 3), 255, np.uint8)
    rgb[:, :200] = GREY
    rgb[90:110, 170:190] = RED
    panels = (Panel("p1", (0, 0, 200, 200), SURE, "A"), Panel("p3", (200, 0, 400, 200), SURE, "B"))
    stored(store, "1", rgb, Hierarchy(panels, (), (Region("r2", "p1", (170, 90, 190, 110), SURE, "spot"),)))
    return store


@pytest.fixture
def client(store: Store) -> TestClient:
    app = FastAPI()
    app.include_router(search_routes(store, QueryPictures()))
    return TestClient(app)


def pixels(content: bytes) -> Rgb:
    return np.asarray(Image.open(BytesIO(content)).convert("RGB"))


def test_a_panel_s_crop_shows_the_panel(client: TestClient) -> None:
    answer = client.get("/crop/A1:1", params={"node": "p3"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    shown = pixels(answer.content)
    assert shown.shape[:2] == (238, 240)  # 202 x 200 with its margin to the left, enlarged
    assert (shown[:, 10:] > 240).all()


def test_a_region_s_crop_shows_it_with_its_box_among_what_is_around_it_in_its_panel(client: TestClient) -> None:
    shown = pixels(client.get("/crop/A1:1", params={"node": "r2"}).content).astype(int)
    # 54 x 68, enlarged: 24 px around it, and no farther than the panel: 10 px at the right
    assert shown.shape[:2] == (240, 191)
    assert np.abs(shown[120, 120] - RED).max() < 25
    assert np.abs(shown[20, 20] - GREY).max() < 25
    blue = (shown[..., 2] > shown[..., 0] + 60).sum()
    assert blue > 40, "the region's box is drawn"


def test_a_crop_that_the_browser_has_is_sent_again_only_when_its_box_has_moved(
    client: TestClient, store: Store
) -> None:
    first = client.get("/crop/A1:1", params={"node": "p1"})
    headers = {"If-None-Match": first.headers["etag"]}
    again = client.get("/crop/A1:1", params={"node": "p1"}, headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == "private, no-cache"
    moved = parse_commands([{"op": "resize", "id": "p1", "box_xyxy": [0, 0, 100, 200]}])
    store.reviews.decide("A1:1", 1, moved, "ada#1", 0.0)
    later = client.get("/crop/A1:1", params={"node": "p1"}, headers=headers)
    assert later.status_code == 200
    assert pixels(later.content).shape[:2] == (240, 122)


@pytest.mark.parametrize(
    ("figure_id", "node"),
    [("A1:1", "p9"), ("A1:1", "../curator.db"), ("A9:1", "p1"), ("../curator.db", "p1"), ("%2e%2e%2fcurator.db", "p1")],
)
def test_what_is_not_in_the_database_has_no_crop_whatever_it_spells(
    client: TestClient, figure_id: str, node: str
) -> None:
    answer = client.get(f"/crop/{figure_id}", params={"node": node})
    assert answer.status_code == 404
    assert b"SQLite format" not in answer.content


def test_a_crop_whose_image_is_gone_says_how_to_restore_it(client: TestClient, store: Store) -> None:
    store.images.web(store.reviews.figure("A1:1").image_sha256).unlink()
    answer = client.get("/crop/A1:1", params={"node": "p1"})
    assert answer.status_code == 404
    assert "run `curator ingest` on its source again" in answer.json()["detail"]


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_a_huge_figure_is_decoded_at_the_size_that_is_shown_and_once(store: Store, format: str) -> None:
    rgb = np.full((1000, 4000, 3), 255, np.uint8)
    rgb[:, 2000:] = RED
    panels = (Panel("p1", (0, 0, 4000, 1000), SURE, "A"), Panel("p2", (1990, 0, 2110, 120), SURE, "B"))
    figure_id = stored(store, "2", rgb, Hierarchy(panels), format)
    asked: list[int] = []

    def counting(path: Path, reduction: int) -> Rgb:
        asked.append(reduction)
        return decoded(path, reduction)

    crops = Crops(store, counting)
    whole = pixels(crops.jpeg(crops.cut(figure_id, "p1")))
    assert whole.shape[:2] == (LONG_SIDE // 4, LONG_SIDE)
    assert (whole[:, : LONG_SIDE // 2 - 8] > 230).all()
    assert np.abs(whole[60, LONG_SIDE // 2 + 8].astype(int) - RED).max() < 25
    assert pixels(crops.jpeg(crops.cut(figure_id, "p2"))).shape[:2] == (238, 240)
    crops.jpeg(crops.cut(figure_id, "p1"))
    assert asked == [8, 1]


def encoded(rgb: Rgb, format: str = "PNG") -> bytes:
    out = BytesIO()
    Image.fromarray(rgb).save(out, format)
    return out.getvalue()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_picture_is_kept_by_its_token_whatever_its_format(client: TestClient, format: str) -> None:
    picture = encoded(np.full((30, 40, 3), 200, np.uint8), format)
    token = client.post("/search/picture", content=picture).json()["picture"]
    kept = client.get(f"/search/picture/{token}")
    assert kept.headers["content-type"] == "image/jpeg"
    assert pixels(kept.content).shape == (30, 40, 3)


def test_a_large_picture_is_kept_small() -> None:
    pictures = QueryPictures()
    token = pictures.keep(encoded(np.zeros((500, 4000, 3), np.uint8)))
    assert pixels(pictures.picture(token)).shape[:2] == (128, 1024)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the picture: the file is empty (0 bytes), expected an image; fetch it again"),
        (b"<svg onload=alert(1)>", "the picture: is an SVG drawing (it starts with b'<svg onl'), expected"),
        (b"\x89PNG\r\n\x1a\n cut off", "the picture: its PNG header is broken"),
        (encoded(np.zeros((7_100, 7_100, 3), np.uint8)), "the picture: 7100 x 7100 = 50,410,000 px, expected at most"),
        (bytes(LIMITS.max_bytes + 1), "the picture has more than 20 MB; scale it down"),
    ],
    ids=["empty", "svg", "broken", "too many pixels", "too many bytes"],
)
def test_what_is_no_picture_is_refused_with_the_reason(client: TestClient, content: bytes, said: str) -> None:
    answer = client.post("/search/picture", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(said)


@pytest.mark.parametrize("token", ["0" * 64, "..%2fcurator.db", "x"])
def test_a_picture_that_is_not_kept_is_not_found(client: TestClient, token: str) -> None:
    assert client.get(f"/search/picture/{token}").status_code == 404


def test_the_pictures_kept_longest_ago_are_forgotten_first() -> None:
    pictures = QueryPictures()
    tokens = [pictures.keep(encoded(np.full((8, 8, 3), value, np.uint8))) for value in range(0, 195, 3)]
    assert len(set(tokens)) == 65
    with pytest.raises(InputError, match="the picture of this search is no longer kept; drop or paste it again"):
        pictures.picture(tokens[0])
    assert all(pictures.picture(token) for token in tokens[1:])
