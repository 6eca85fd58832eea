"""The client of the PMC Cloud Service, against a server on this machine that speaks its protocol."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from curator.errors import ArticleError, FetchError
from data.pmc import PmcCloud, PmcSettings
from tests.data.pmc_server import Fault, PmcServer

XML = b"<article/>"
JPG = b"\xff\xd8\xff jpeg"


@dataclass
class Clock:
    """Time that passes only by sleeping."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def server() -> Iterator[PmcServer]:
    with PmcServer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(server: PmcServer, tmp_path: Path) -> PmcSettings:
    return PmcSettings(cache=tmp_path / "pmc", contact="me@example.org", base_url=server.base_url, requests_per_s=1000)


@pytest.fixture
def cloud(settings: PmcSettings, clock: Clock) -> Iterator[PmcCloud]:
    made = PmcCloud(settings, sleep=clock.sleep, clock=clock)
    yield made
    made.close()


def refusal(cloud: PmcCloud, pmc_id: str, kind: type[Exception] = FetchError) -> str:
    with pytest.raises(kind) as refused:
        cloud.fetch(pmc_id)
    return str(refused.value)


def test_an_article_comes_with_its_xml_and_its_pictures(
    server: PmcServer, cloud: PmcCloud, settings: PmcSettings
) -> None:
    media = {"a.jpg": JPG, "a.gif": b"GIF thumbnail", "b.gif": b"GIF only", "s1.pdf": b"%PDF", "v.mp4": b"movie"}
    server.add("PMC1.1", XML, media)
    fetched = cloud.fetch("PMC1")
    assert (fetched.version_id, fetched.license_code) == ("PMC1.1", "CC BY")
    assert fetched.xml_path == settings.cache / "PMC1.1" / "PMC1.1.xml"
    assert {path.name: path.read_bytes() for path in fetched.xml_path.parent.iterdir()} == {
        "PMC1.1.xml": XML,
        "a.jpg": JPG,
        "b.gif": b"GIF only",
    }


def test_requests_name_a_contact(server: PmcServer, cloud: PmcCloud) -> None:
    server.add("PMC1.1", XML)
    cloud.fetch("pmc1")
    assert {headers["User-Agent"] for _, headers in server.requests} == {"curator/0.1 (me@example.org)"}


def test_a_client_without_contact_says_so(settings: PmcSettings) -> None:
    client = httpx.Client()
    PmcCloud(replace(settings, contact=""), client).close()
    assert client.headers["User-Agent"] == "curator/0.1 (no contact given)"


def test_requests_keep_the_polite_rate(server: PmcServer, settings: PmcSettings, clock: Clock) -> None:
    server.add("PMC1.1", XML, {"a.jpg": JPG})
    PmcCloud(replace(settings, requests_per_s=2), sleep=clock.sleep, clock=clock).fetch("PMC1")
    assert len(server.requests) == 4
    assert clock.slept == [0.5, 0.5, 0.5]


# --- which version ------------------------------------------------------------------------------------------------


def test_the_highest_version_that_is_no_manuscript_is_taken(server: PmcServer, cloud: PmcCloud) -> None:
    for version, manuscript in ((1, True), (2, False), (9, False), (10, True)):
        server.add(f"PMC1.{version}", XML, is_manuscript=manuscript)
    server.add("PMC12.44", XML)
    assert cloud.fetch("PMC1").version_id == "PMC1.9"


def test_the_highest_manuscript_is_taken_where_there_is_nothing_else(server: PmcServer, cloud: PmcCloud) -> None:
    for version in (1, 2):
        server.add(f"PMC1.{version}", XML, is_manuscript=True)
    assert cloud.fetch("PMC1").version_id == "PMC1.2"


def test_a_named_version_is_taken_without_asking_for_others(server: PmcServer, cloud: PmcCloud) -> None:
    server.add("PMC1.1", XML)
    server.add("PMC1.2", XML)
    assert cloud.fetch("PMC1.1").version_id == "PMC1.1"
    assert server.paths == ["/metadata/PMC1.1.json", "/PMC1.1/PMC1.1.xml"]


def test_a_listing_in_pages_is_read_to_its_end(settings: PmcSettings, clock: Clock) -> None:
    with PmcServer(page_size=2) as server:
        for version in range(1, 6):
            server.add(f"PMC1.{version}", XML)
        cloud = PmcCloud(replace(settings, base_url=server.base_url), sleep=clock.sleep, clock=clock)
        assert cloud.fetch("PMC1").version_id == "PMC1.5"


def test_a_retracted_article_is_refused_unless_allowed(
    server: PmcServer, cloud: PmcCloud, settings: PmcSettings
) -> None:
    server.add("PMC1.1", XML, is_retracted=True)
    assert refusal(cloud, "PMC1", ArticleError) == (
        "PMC1.1 is retracted; set pmc.allow_retracted to read it all the same"
    )
    assert PmcCloud(replace(settings, allow_retracted=True)).fetch("PMC1").version_id == "PMC1.1"


def test_an_article_that_the_service_lacks_is_refused(cloud: PmcCloud) -> None:
    assert refusal(cloud, "PMC404", ArticleError) == (
        "PMC404 is not in the PMC Cloud Service; check the id, or whether it is open access"
    )


def test_a_version_that_the_service_lacks_is_refused(server: PmcServer, cloud: PmcCloud) -> None:
    assert refusal(cloud, "PMC404.1") == (
        f"{server.base_url}/metadata/PMC404.1.json: HTTP 404, expected 200; check the id and the setting pmc.base_url"
    )
    assert len(server.requests) == 1


def test_an_article_without_xml_is_refused(server: PmcServer, cloud: PmcCloud) -> None:
    server.add("PMC1.1", None)
    assert refusal(cloud, "PMC1.1", ArticleError) == (
        "PMC1.1 has no XML in the service: it is a scan, or not open; its figures cannot be read"
    )


def test_media_may_be_missing_and_the_licence_unknown(server: PmcServer, cloud: PmcCloud) -> None:
    server.add("PMC1.1", XML, media_urls=None, license_code=None)
    assert cloud.fetch("PMC1").license_code is None


@pytest.mark.parametrize("pmc_id", ["123", "PMC", "PMC1.", "PMC1/../2", "PMC1&prefix=x"])
def test_what_is_no_pmc_id_is_refused_without_a_request(pmc_id: str, server: PmcServer, cloud: PmcCloud) -> None:
    assert refusal(cloud, pmc_id, ArticleError) == (
        f"{pmc_id!r} is no PMC id, expected something like 'PMC2467486' or 'PMC2467486.1'"
    )
    assert server.requests == []


# --- failures -----------------------------------------------------------------------------------------------------

META, IMAGE = "/metadata/PMC1.1.json", "/PMC1.1/a.jpg"


@pytest.mark.parametrize(
    ("path", "faults", "pauses"),
    [
        (META, [Fault(503), Fault(500)], [1.0, 2.0]),
        (META, [Fault(429, {"Retry-After": "7"})], [7.0]),
        (META, [Fault(429, {"Retry-After": "86400"})], [60.0]),
        (META, [Fault(503, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"})], [0.0]),
        (META, [Fault(503, {"Retry-After": "soon"})], [1.0]),
        ("/", [Fault(503)], [1.0]),
        (IMAGE, [Fault(cut=3)], [1.0]),
        (IMAGE, [Fault(garble=True), Fault(503)], [1.0, 2.0]),
    ],
    ids=["busy", "told-to-wait", "told-to-wait-a-day", "date", "nonsense", "listing", "cut-off", "wrong-md5"],
)
def test_failures_that_may_pass_are_tried_again(
    path: str, faults: list[Fault], pauses: list[float], server: PmcServer, cloud: PmcCloud, clock: Clock
) -> None:
    server.add("PMC1.1", XML, {"a.jpg": JPG})
    server.faults[path] = faults
    fetched = cloud.fetch("PMC1")
    assert (fetched.xml_path.parent / "a.jpg").read_bytes() == JPG
    assert [pause for pause in clock.slept if pause != 0.001] == pauses


def test_a_server_that_stays_busy_is_given_up(server: PmcServer, cloud: PmcCloud) -> None:
    server.add("PMC1.1", XML)
    server.faults[META] = [Fault(503)] * 9
    assert refusal(cloud, "PMC1.1") == (
        f"gave up after 5 attempts: {server.base_url}{META}: HTTP 503; try again later (what was fetched is kept)"
    )
    assert server.paths == [META] * 5


def test_a_file_that_never_matches_its_md5_is_refused_and_leaves_nothing(
    server: PmcServer, cloud: PmcCloud, settings: PmcSettings
) -> None:
    server.add("PMC1.1", XML, {"a.jpg": JPG})
    server.files[IMAGE] = b"other"
    message = refusal(cloud, "PMC1.1")
    assert message == (
        f"gave up after 5 attempts: {server.base_url}{IMAGE}: md5 795f3202b17cb6bc3d4b771d8c6c9eaf of 5 bytes, "
        "expected c5ae32fb74e4e990c3213f25ba9ad265; try again later (what was fetched is kept)"
    )
    assert [path.name for path in (settings.cache / "PMC1.1").iterdir()] == ["PMC1.1.xml"]


def test_a_server_that_cannot_be_reached_is_given_up(settings: PmcSettings, clock: Clock) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("timed out", request=request)

    client = httpx.Client(transport=httpx.MockTransport(refuse))
    assert refusal(PmcCloud(settings, client, clock.sleep, clock), "PMC1") == (
        "gave up after 5 attempts: timed out; try again later (what was fetched is kept)"
    )


def test_a_redirect_is_not_followed(server: PmcServer, cloud: PmcCloud) -> None:
    server.faults[META] = [Fault(302, {"Location": "http://example.org/"})]
    assert refusal(cloud, "PMC1.1") == (
        f"{server.base_url}{META}: HTTP 302, expected 200; check the id and the setting pmc.base_url"
    )


@pytest.mark.parametrize(
    "url",
    ["http://evil.example/PMC1.1/a.jpg", "file:///etc/passwd", "https://127.0.0.1/PMC1.1/a.jpg"],
    ids=["other-host", "file", "other-scheme"],
)
def test_no_other_host_is_asked(url: str, server: PmcServer, cloud: PmcCloud) -> None:
    server.add("PMC1.1", XML, xml_url=url)
    assert refusal(cloud, "PMC1.1") == (
        f"PMC1.1: its metadata names {url!r}, expected s3:// or {server.base_url}; no other host is asked"
    )


@pytest.mark.parametrize(
    "key", ["PMC2.1/a.jpg", "PMC1.1/../x.jpg", "PMC1.1/%2e%2e/x.jpg", "PMC1.1/a/b.jpg", "PMC1.1/.part.jpg", "a.jpg"]
)
def test_no_file_outside_the_articles_folder_is_fetched(key: str, server: PmcServer, cloud: PmcCloud) -> None:
    url = f"s3://pmc-oa-opendata/{key}"
    server.add("PMC1.1", XML, xml_url=url)
    assert refusal(cloud, "PMC1.1") == f"PMC1.1: its metadata names {url!r}, expected a file below PMC1.1/"


def test_https_urls_below_the_base_url_are_taken(server: PmcServer, cloud: PmcCloud) -> None:
    server.add("PMC1.1", XML, xml_url=f"{server.base_url}/PMC1.1/PMC1.1.xml")
    assert cloud.fetch("PMC1.1").xml_path.read_bytes() == XML


def test_metadata_that_is_none_is_refused(server: PmcServer, cloud: PmcCloud) -> None:
    server.files[META] = b"<html>"
    message = refusal(cloud, "PMC1.1")
    assert message.startswith("PMC1.1: its metadata cannot be used (the whole: Invalid JSON")
    assert message.endswith("check that the setting pmc.base_url is the PMC Cloud Service")


def test_a_file_of_absurd_size_is_refused(server: PmcServer, settings: PmcSettings, clock: Clock) -> None:
    server.add("PMC1.1", XML, {"a.jpg": bytes(5000)})
    cloud = PmcCloud(replace(settings, max_file_bytes=4000), sleep=clock.sleep, clock=clock)
    assert refusal(cloud, "PMC1.1") == (
        f"{server.base_url}{IMAGE}: more than 4,000 bytes; raise the setting pmc.max_file_bytes"
    )


# --- resuming -----------------------------------------------------------------------------------------------------


def test_files_that_are_there_and_right_are_not_fetched_again(server: PmcServer, cloud: PmcCloud) -> None:
    server.add("PMC1.1", XML, {"a.jpg": JPG, "b.jpg": JPG})
    server.faults["/PMC1.1/b.jpg"] = [Fault(404)]
    refusal(cloud, "PMC1.1")
    before = len(server.requests)
    cloud.fetch("PMC1.1")
    assert server.paths[before:] == [META, "/PMC1.1/b.jpg"]


def test_a_damaged_file_in_the_cache_is_fetched_again(server: PmcServer, cloud: PmcCloud) -> None:
    server.add("PMC1.1", XML, {"a.jpg": JPG})
    image = cloud.fetch("PMC1.1").xml_path.parent / "a.jpg"
    image.write_bytes(JPG[:4])
    cloud.fetch("PMC1.1")
    assert image.read_bytes() == JPG
