"""Client of the PMC Cloud Service: articles of PubMed Central from its public bucket, verified and cached.

The service lists versions (``?list-type=2``), describes each (``metadata/PMC1.2.json``) and serves XML and media
beside each other (``PMC1.2/...``). Its URLs are ``s3://bucket/key?md5=...``: they are mapped onto ``base_url``, and no
other host is ever asked.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx
import tenacity
from pydantic import BaseModel, ConfigDict, ValidationError

from curator.addresses import Reach
from curator.errors import ArticleError, FetchError
from data.jats import parse_xml
from data.jats_text import local_name
from network.reaching import reaching

PMC_ID = re.compile(r"PMC(\d{1,10})(?:\.(\d{1,4}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PmcSettings:
    cache: Path
    """Folder that keeps what was fetched, one folder for each version of an article."""
    contact: str
    """Mail address or page that NCBI can turn to before it blocks anybody; sent as part of the User-Agent."""
    base_url: str = "https://pmc-oa-opendata.s3.amazonaws.com"
    requests_per_s: float = 3.0
    """NCBI asks for at most 3."""
    timeout_s: float = 30.0
    attempts: int = 5
    max_wait_s: float = 60.0
    """Longest pause between attempts, also where the server asks for more."""
    max_file_bytes: int = 2 * 2**30
    allow_retracted: bool = False
    reach: Reach = field(default_factory=Reach)
    """Where ``base_url`` may lead."""


class Metadata(BaseModel):
    """What the service says of one version; fields that are not used are passed over, since it may add some."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    pmcid: str
    version: str
    doi: str | None = None
    title: str | None = None
    is_pmc_openaccess: bool | None = None
    is_manuscript: bool = False
    is_retracted: bool = False
    license_code: str | None = None
    xml_url: str | None = None
    media_urls: list[str] | None = None


@dataclass(frozen=True, slots=True)
class CloudArticle:
    """One version of an article, on disk."""

    version_id: str
    """Such as "PMC123.2"."""
    xml_path: Path
    license_code: str | None
    """Without version ("CC BY"); the XML's own licence is exact where it has one."""
    url: str


class PmcCloud:
    """Fetches articles; safe to use from several threads, which then share one request rate."""

    def __init__(
        self,
        settings: PmcSettings,
        client: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._base_url = settings.base_url.rstrip("/")
        self._client = client or httpx.Client(
            timeout=settings.timeout_s, follow_redirects=False, transport=reaching(settings.reach)
        )
        self._client.headers["User-Agent"] = f"curator/0.1 ({settings.contact or 'no contact given'})"
        self._sleep = sleep
        self._clock = clock
        self._turn = threading.Lock()
        self._next_at = 0.0

    def close(self) -> None:
        self._client.close()

    def fetch(self, pmc_id: str) -> CloudArticle:
        """XML and images of an article in the cache folder; files that are there and right are not fetched again.

        ``PMC123.2`` names a version; ``PMC123`` takes the highest that is not an author's manuscript, else the highest.

        Raises:
            ArticleError: no such article, retracted, or without XML.
            FetchError: the service cannot be reached, answers what it should not, or a file does not match its md5.
        """
        named = PMC_ID.fullmatch(pmc_id.strip())
        if not named:
            raise ArticleError(f"{pmc_id!r} is no PMC id, expected something like 'PMC2467486' or 'PMC2467486.1'")
        version_id, metadata = self._choose(named)
        if metadata.is_retracted and not self._settings.allow_retracted:
            raise ArticleError(f"{version_id} is retracted; set pmc.allow_retracted to read it all the same")
        if not metadata.xml_url:
            raise ArticleError(
                f"{version_id} has no XML in the service: it is a scan, or not open; its figures cannot be read"
            )
        folder = self._settings.cache / version_id
        xml_path = self._file(metadata.xml_url, version_id, folder)
        for url in _images(metadata.media_urls or []):
            self._file(url, version_id, folder)
        return CloudArticle(version_id, xml_path, metadata.license_code, f"{self._base_url}/{version_id}/")

    # --- versions and metadata ------------------------------------------------------------------------------------

    def _choose(self, named: re.Match[str]) -> tuple[str, Metadata]:
        pmcid = f"PMC{named.group(1)}"
        if named.group(2):
            version_id = f"{pmcid}.{named.group(2)}"
            return version_id, self._metadata(version_id)
        manuscript: tuple[str, Metadata] | None = None
        for version in self._versions(pmcid):
            metadata = self._metadata(f"{pmcid}.{version}")
            if not metadata.is_manuscript:
                return f"{pmcid}.{version}", metadata
            manuscript = manuscript or (f"{pmcid}.{version}", metadata)
        if manuscript is None:
            raise ArticleError(f"{pmcid} is not in the PMC Cloud Service; check the id, or whether it is open access")
        return manuscript

    def _versions(self, pmcid: str) -> list[int]:
        """Version numbers, highest first; empty for an article that the service does not have."""
        found: set[int] = set()
        token = ""
        while True:
            query = f"list-type=2&delimiter=/&prefix={pmcid}." + (
                f"&continuation-token={quote(token)}" if token else ""
            )
            listing = parse_xml(self._get(f"{self._base_url}/?{query}"), f"listing of {pmcid}")
            texts = [(local_name(element), (element.text or "").strip()) for element in listing.iter()]
            for name, text in texts:
                prefix = re.fullmatch(rf"{pmcid}\.(\d+)/", text)
                if name == "Prefix" and prefix:
                    found.add(int(prefix.group(1)))
            token = next((text for name, text in texts if name == "NextContinuationToken"), "")
            if not token:
                return sorted(found, reverse=True)

    def _metadata(self, version_id: str) -> Metadata:
        body = self._get(f"{self._base_url}/metadata/{version_id}.json")
        try:
            return Metadata.model_validate_json(body)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the whole"
            raise FetchError(
                f"{version_id}: its metadata cannot be used ({where}: {first['msg']}); "
                "check that the setting pmc.base_url is the PMC Cloud Service"
            ) from error

    # --- files ----------------------------------------------------------------------------------------------------

    def _file(self, url: str, version_id: str, folder: Path) -> Path:
        """The file of a URL from the metadata, in the cache."""
        key, md5 = self._key(url, version_id)
        path = folder / key.name
        if path.is_file() and md5 is not None and _md5(path) == md5:
            return path
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{key.name}.part"
        try:
            self._retrying(lambda: self._download(f"{self._base_url}/{quote(str(key))}", part, md5))
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        return path

    def _key(self, url: str, version_id: str) -> tuple[PurePosixPath, str | None]:
        """(key, md5) of an s3:// URL, or of an https:// one below the base URL."""
        parts = urlsplit(url)
        key = PurePosixPath(unquote(parts.path).lstrip("/"))
        base = urlsplit(self._base_url)
        known = parts.scheme == "s3" or (parts.scheme == base.scheme and parts.netloc == base.netloc)
        if not known:
            raise FetchError(
                f"{version_id}: its metadata names {url!r}, expected s3:// or {self._base_url}; no other host is asked"
            )
        if parts.scheme != "s3" and base.path.strip("/"):
            key = PurePosixPath(str(key).removeprefix(base.path.strip("/")).lstrip("/"))
        if len(key.parts) != 2 or key.parts[0] != version_id or key.name.startswith(".") or "\\" in key.name:
            raise FetchError(f"{version_id}: its metadata names {url!r}, expected a file below {version_id}/")
        md5 = parse_qs(parts.query).get("md5", [None])[0]
        return key, md5.lower() if md5 else None

    def _download(self, url: str, part: Path, md5: str | None) -> None:
        digest = hashlib.md5(usedforsecurity=False)
        size = 0
        with self._client.stream("GET", url) as response, part.open("wb") as file:
            _check_status(response)
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > self._settings.max_file_bytes:
                    raise FetchError(
                        f"{url}: more than {self._settings.max_file_bytes:,} bytes; "
                        "raise the setting pmc.max_file_bytes"
                    )
                digest.update(chunk)
                file.write(chunk)
        if md5 is not None and digest.hexdigest() != md5:
            raise _TryAgainError(f"{url}: md5 {digest.hexdigest()} of {size:,} bytes, expected {md5}")

    # --- requests -------------------------------------------------------------------------------------------------

    def _get(self, url: str) -> bytes:
        def once() -> bytes:
            response = self._client.get(url)
            _check_status(response)
            return response.content

        return self._retrying(once)

    def _retrying(self, request: Callable[[], _Answer]) -> _Answer:
        """The request's result, at the polite rate, tried again while the failure may pass."""

        def in_turn() -> _Answer:
            self._await_turn()
            return request()

        try:
            return tenacity.Retrying(
                stop=tenacity.stop_after_attempt(self._settings.attempts),
                wait=self._pause,
                retry=tenacity.retry_if_exception_type((_TryAgainError, httpx.TransportError)),
                sleep=self._sleep,
                reraise=True,
            )(in_turn)
        except (_TryAgainError, httpx.HTTPError) as error:
            raise FetchError(
                f"gave up after {self._settings.attempts} attempts: {error or type(error).__name__}; "
                "try again later (what was fetched is kept)"
            ) from error

    def _await_turn(self) -> None:
        """Sleeps until this request may start; the lock spans only the booking of a time."""
        with self._turn:
            now = self._clock()
            at = max(now, self._next_at)
            self._next_at = at + 1 / self._settings.requests_per_s
        if at > now:
            self._sleep(at - now)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """What the server asked for, else 1, 2, 4 ... seconds; never more than ``max_wait_s``."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, _TryAgainError) else None
        return min(self._settings.max_wait_s, 2.0 ** (state.attempt_number - 1) if asked is None else asked)


_Answer = TypeVar("_Answer")


class _TryAgainError(Exception):
    """A failure that may pass: the server is busy, or a body arrived damaged."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 429 or status >= 500:
        raise _TryAgainError(f"{response.url}: HTTP {status}", _retry_after_s(response.headers.get("Retry-After")))
    raise FetchError(f"{response.url}: HTTP {status}, expected 200; check the id and the setting pmc.base_url")


def _retry_after_s(header: str | None) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date (RFC 9110, 10.2.3); None where it is neither."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, at.timestamp() - time.time())


def _images(urls: list[str]) -> list[str]:
    """The pictures among an article's media, without the GIF thumbnails that stand beside JPEGs."""
    by_path = {PurePosixPath(urlsplit(url).path): url for url in urls}
    full = {path.with_suffix("") for path in by_path if path.suffix.lower() in _FULL_SUFFIXES}
    return [
        url
        for path, url in by_path.items()
        if path.suffix.lower() in _FULL_SUFFIXES or (path.suffix.lower() == ".gif" and path.with_suffix("") not in full)
    ]


_FULL_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"))


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
