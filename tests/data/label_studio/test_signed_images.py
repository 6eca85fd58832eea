"""Images by signed links that expire, and how synchronising renews them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bench.stand_ins.label_studio import Fault, LabelStudioServer
from curator.errors import StoreError, SyncError
from curator.settings import LabelStudioSettings
from data.label_studio.client import LabelStudio
from data.label_studio.connect import connect
from data.label_studio.images import PURPOSE, Images, LocalFiles, SignedUrls, images_of
from data.label_studio.sync import Sync, SyncReport
from data.signing import Signer, load_secret
from tests.data.label_studio.syncing import NOW_S, Pair, judged_accepted, resized

DAY_S = 86_400
START_S = NOW_S - NOW_S % (2 * DAY_S)
"""A moment at which a step of 8-day links begins."""
SIGNER = Signer(b"k" * 32)


class Clock:
    def __init__(self) -> None:
        self.now_s = START_S

    def __call__(self) -> float:
        return self.now_s

    def wait(self, days: float) -> None:
        self.now_s += days * DAY_S


class SignedPair(Pair):
    """Both sides, with links of eight days."""

    def __init__(self, folder: Path, there: LabelStudioServer, figures: int = 1) -> None:
        super().__init__(folder, there, figures)
        self.clock = Clock()
        self.images: Images = self.signed()

    def signed(self, public_url: str = "https://curator.lab.org/", signer: Signer = SIGNER) -> SignedUrls:
        return SignedUrls(self.store.images, signer, public_url, 8, self.clock)

    def sync(self, *, whole: bool = False, retry: bool = True) -> SyncReport:
        with LabelStudio(self.there.url, self.there.token, retries=0, sleep=lambda _: None) as server:
            connected = connect(self.store, server, "", self.images)
            return Sync(self.store, server, connected, self.images, self.clock).once(whole=whole, retry=retry)

    def link(self, figure_id: str = "") -> str:
        return str(self.there.task_of(figure_id or self.id)["data"]["image"])

    def until(self, figure_id: str = "") -> int:
        return int(parse_qs(urlsplit(self.link(figure_id)).query)["until"][0])


@pytest.fixture
def there() -> Iterator[LabelStudioServer]:
    with LabelStudioServer() as server:
        yield server


@pytest.fixture
def pair(tmp_path: Path, there: LabelStudioServer) -> SignedPair:
    """One figure, sent."""
    pair = SignedPair(tmp_path, there)
    assert pair.sync().made == 1
    return pair


def test_a_task_holds_a_signed_link_and_label_studio_needs_no_storage(pair: SignedPair) -> None:
    sha256 = pair.store.reviews.figure(pair.id).image_sha256
    link = urlsplit(pair.link())
    asked = parse_qs(link.query)

    assert f"{link.scheme}://{link.netloc}{link.path}" == f"https://curator.lab.org/signed/images/{sha256}"
    assert SIGNER.check((PURPOSE, sha256), int(asked["until"][0]), asked["signature"][0], pair.clock())
    assert pair.until() == START_S + 8 * DAY_S
    assert pair.there.storages == []


def test_a_link_stays_until_half_of_its_life_is_over(pair: SignedPair) -> None:
    before = pair.link()
    pair.clock.wait(4)

    assert pair.sync().renewed == 0
    assert pair.link() == before


def test_a_link_is_renewed_before_it_expires_and_nothing_else_happens_on_either_side(pair: SignedPair) -> None:
    pair.decide(judged_accepted("p1"), resized("p1", 40))
    pair.sync()
    hierarchy, rows, events = pair.hierarchy(), pair.rows(), pair.events()
    revision = pair.store.reviews.load(pair.id, NOW_S).revision
    pair.task()["data"]["reader"] = "a field of theirs"
    pair.clock.wait(4.1)

    report = pair.sync()

    assert (report.renewed, report.sent, report.taken_in, report.conflicts, report.failed) == (1, 0, 0, 0, {})
    assert pair.until() == START_S + 12 * DAY_S
    assert pair.task()["data"]["reader"] == "a field of theirs"
    after = pair.sync()  # reads what the renewal touched
    assert (after.renewed, after.sent, after.taken_in, after.conflicts) == (0, 0, 0, 0)
    assert (pair.hierarchy(), pair.rows(), pair.events()) == (hierarchy, rows, events)
    assert pair.store.reviews.load(pair.id, NOW_S).revision == revision
    assert pair.statuses() == {"synced"}


def test_what_was_done_there_while_a_link_was_renewed_is_taken_in(pair: SignedPair) -> None:
    pair.clock.wait(5)
    pair.move_there("p2", 60)

    report = pair.sync()

    assert (report.renewed, report.taken_in, report.conflicts) == (1, 1, 0)
    assert pair.node("p2").box_xyxy == pytest.approx((60, 0, 100, 80), abs=1)


def test_a_link_of_a_figure_in_conflict_is_renewed_and_the_conflict_stays(pair: SignedPair) -> None:
    pair.move_there("p1", 10)
    pair.decide(resized("p1", 40))
    assert pair.sync().conflicts == 1
    pair.clock.wait(5)

    assert pair.sync().renewed == 1
    assert pair.statuses() == {"conflict"}


def test_the_task_of_a_figure_that_is_left_out_keeps_its_image(pair: SignedPair) -> None:
    pair.store.outbox.take_out([pair.id])
    pair.decide(resized("p1", 40))
    pair.move_there("p2", 60)
    rows = pair.rows()
    pair.clock.wait(5)

    report = pair.sync()

    assert (report.renewed, report.sent, report.taken_in, report.failed) == (1, 0, 0, {})
    assert pair.until() > pair.clock() + 6 * DAY_S
    assert (pair.rows(), pair.node("p2").box_xyxy[0]) == (rows, 50)
    assert pair.sync().renewed == 0
    assert pair.statuses() == {"left out"}


def test_a_left_out_figure_whose_task_was_deleted_there_stays_left_out(pair: SignedPair) -> None:
    pair.store.outbox.take_out([pair.id])
    pair.there.delete_task(pair.task()["id"])
    pair.clock.wait(5)

    assert pair.sync().failed == {}
    assert pair.statuses() == {"left out"}
    assert pair.store.syncs.conflicts() == []
    assert pair.store.image_links.ending(pair.images.source, pair.images.renew_before(), pair.clock()) == []
    pair.store.outbox.put([pair.id])
    assert pair.sync().made == 1


def test_a_decision_writes_no_other_link_within_a_step(pair: SignedPair) -> None:
    before = pair.link()
    pair.clock.wait(1)
    pair.decide(resized("p1", 40))
    pair.sync()

    assert pair.link() == before


def test_a_renewal_that_failed_is_told_and_tried_again(pair: SignedPair) -> None:
    pair.clock.wait(5)
    pair.there.faults.append(Fault("PATCH", "/api/tasks/", status=400))

    report = pair.sync()

    assert (report.renewed, list(report.failed)) == (0, [pair.id])
    assert pair.sync().renewed == 1
    assert pair.until() > pair.clock() + 6 * DAY_S


def test_a_task_that_was_deleted_there_becomes_a_conflict_and_is_not_asked_for_again(pair: SignedPair) -> None:
    pair.there.delete_task(pair.task()["id"])
    pair.clock.wait(5)
    pair.sync()

    assert [conflict.key for conflict in pair.store.syncs.conflicts()] == ["task"]
    assert pair.store.image_links.ending(pair.images.source, pair.images.renew_before(), pair.clock()) == []


@pytest.mark.parametrize("change", ["public address", "key"])
def test_links_are_replaced_at_once_where_they_lead_elsewhere_or_are_not_genuine_any_more(
    pair: SignedPair, change: str
) -> None:
    before = pair.link()
    pair.images = pair.signed("http://curator:7860") if change == "public address" else pair.signed(signer=Signer(b"l"))

    assert pair.sync().renewed == 1
    assert pair.link() != before
    assert pair.sync().renewed == 0


def test_a_project_can_change_between_local_files_and_signed_links(pair: SignedPair) -> None:
    pair.images = LocalFiles(pair.store.images, pair.store.project.parent)
    assert pair.sync().renewed == 1
    assert pair.link().startswith("/data/local-files/?d=project/images/web/")
    assert [storage["path"] for storage in pair.there.storages] == [str(pair.store.images.root / "web")]
    assert pair.sync().renewed == 0

    pair.images = pair.signed()
    assert pair.sync().renewed == 1
    assert pair.link().startswith("https://curator.lab.org/signed/")


def test_local_files_are_never_renewed(tmp_path: Path, there: LabelStudioServer) -> None:
    pair = Pair(tmp_path, there)
    pair.sync()
    there.history.clear()

    assert pair.sync().renewed == 0
    assert {method for method, _, _ in there.history} == {"GET"}


@pytest.mark.parametrize(
    "public_url", ["", "curator.lab.org", "ftp://curator.lab.org", "https://", "https://x/?a=b", "https://[x/"]
)
def test_a_public_address_that_is_none_is_refused(tmp_path: Path, there: LabelStudioServer, public_url: str) -> None:
    store = Pair(tmp_path, there, 0).store
    settings = LabelStudioSettings(images="signed", public_url=public_url)

    with pytest.raises(SyncError) as error:
        images_of(store, settings)

    assert str(error.value) == (
        f"public_url of [label_studio] is {public_url!r}; expected the address under which the browsers of those who "
        "label reach Curator, such as https://curator.lab.org or http://localhost:7860"
    )


def test_the_settings_choose_how_images_get_there(tmp_path: Path, there: LabelStudioServer) -> None:
    store = Pair(tmp_path, there, 0).store
    assert isinstance(images_of(store, LabelStudioSettings()), LocalFiles)
    signed = images_of(store, LabelStudioSettings(images="signed", public_url="https://x.org"), lambda: START_S)

    with pytest.raises(StoreError):
        signed.link("ab" * 32)
    assert signed.source.startswith("https://x.org ")
    assert Signer(load_secret(store.project)).sign(("source",), 0)[:8] in signed.source
