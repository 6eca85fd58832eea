"""A page of another site, such as Label Studio's, draws an image by its signed link on a canvas and reads it back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from data.label_studio.images import SignedUrls
from data.signing import Signer, load_secret
from data.store import Store

_PAGE = b"<!doctype html><title>Another site</title>"
_DRAW = """(address) => new Promise((done) => {
    const image = new Image();
    image.crossOrigin = "anonymous";
    image.onerror = () => done("not shown");
    image.onload = () => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        canvas.getContext("2d").drawImage(image, 0, 0);
        try { done(canvas.getContext("2d").getImageData(0, 0, canvas.width, 1).data.length / 4); }
        catch (error) { done(error.name); }
    };
    image.src = address;
})"""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Address of a site that is not Curator."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(_PAGE)))
            self.end_headers()
            self.wfile.write(_PAGE)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the console."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_a_canvas_of_another_site_can_read_what_a_signed_link_gives_and_nothing_else(
    chromium: Browser, url: str, project: Store, elsewhere: str
) -> None:
    figure = project.reviews.figure("PMC1:F1")
    links = SignedUrls(project.images, Signer(load_secret(project.project)), url, 1)
    link = links.link(figure.image_sha256).url
    context = chromium.new_context()
    page = context.new_page()
    page.goto(elsewhere)

    drawn = {
        "signed": page.evaluate(_DRAW, link),
        "forged": page.evaluate(_DRAW, link.replace("signature=", "signature=x")),
        "page's own": page.evaluate(_DRAW, f"{url}/image/PMC1:F1"),
    }
    context.close()

    assert json.dumps(drawn) == json.dumps(
        {"signed": figure.image_wh[0], "forged": "not shown", "page's own": "not shown"}
    )
