"""A small server that speaks the PMC Cloud Service's protocol on this machine, and can fail as the real one may."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

BUCKET = "s3://pmc-oa-opendata"


@dataclass(frozen=True)
class Fault:
    """One answer in place of the right one."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    """Bytes missing at the end of the body, though Content-Length promises them."""
    garble: bool = False
    """The body has the right length and the wrong bytes."""


class PmcServer:
    """Use as a context manager; ``requests`` records (path with query, headers) in order."""

    def __init__(self, page_size: int = 1000) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        """By path: each is used once, in order, before right answers are given."""
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._page_size = page_size
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def add(self, version_id: str, xml: bytes | None, media: dict[str, bytes] | None = None, **fields: Any) -> None:
        """One version of an article; ``fields`` overwrite those of its metadata."""
        pmcid, version = version_id.split(".")
        media = media or {}
        if xml is not None:
            self.files[f"/{version_id}/{version_id}.xml"] = xml
        for name, content in media.items():
            self.files[f"/{version_id}/{name}"] = content
        metadata = {
            "pmcid": pmcid,
            "version": int(version),
            "pmid": 1,
            "doi": "10.1/abc",
            "title": "A title",
            "citation": "Cells. 2020",
            "is_pmc_openaccess": True,
            "is_manuscript": False,
            "is_historical_ocr": False,
            "is_retracted": False,
            "license_code": "CC BY",
            "xml_url": self.s3(version_id, f"{version_id}.xml", xml) if xml is not None else None,
            "media_urls": [self.s3(version_id, name, content) for name, content in media.items()],
        }
        self.files[f"/metadata/{version_id}.json"] = json.dumps(metadata | fields).encode()

    @staticmethod
    def s3(version_id: str, name: str, content: bytes) -> str:
        return f"{BUCKET}/{version_id}/{name}?md5={hashlib.md5(content).hexdigest()}"

    def listing(self, query: dict[str, list[str]]) -> bytes:
        """The answer to list-type=2, in pages."""
        prefix = query.get("prefix", [""])[0]
        delimiter = query.get("delimiter", [""])[0]
        start = int(query.get("continuation-token", ["0"])[0])
        found = {
            prefix + rest.split(delimiter)[0] + delimiter
            for path in self.files
            if (key := path.lstrip("/")).startswith(prefix) and delimiter in (rest := key[len(prefix) :])
        }
        page = sorted(found)[start : start + self._page_size]
        more = start + self._page_size < len(found)
        token = f"<NextContinuationToken>{start + self._page_size}</NextContinuationToken>" if more else ""
        prefixes = "".join(f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>" for name in page)
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>pmc-oa-opendata</Name><Prefix>{prefix}</Prefix><KeyCount>{len(page)}</KeyCount>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{prefixes}</ListBucketResult>"
        ).encode()

    def __enter__(self) -> PmcServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(owner: PmcServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = unquote(parts.path)
            owner.requests.append((self.path, dict(self.headers)))
            fault = owner.faults[path].pop(0) if owner.faults[path] else Fault()
            query = parse_qs(parts.query)
            body = owner.listing(query) if "list-type" in query else owner.files.get(path)
            status = fault.status if fault.status != 200 else 404 if body is None else 200
            body = body if status == 200 and body is not None else b"<Error/>"
            self.send_response(status)
            for name, value in fault.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if fault.garble:
                body = bytes(255 - byte for byte in body)
            self.wfile.write(body[: len(body) - fault.cut])

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the console; ``requests`` keeps the record."""

    return Handler
