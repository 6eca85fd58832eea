"""The client: against the real API over a socket, and against a scripted server for what can go wrong."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from curator.commands import Judge, JudgeFigure, Resize
from curator.errors import LeaseError, RightsError, StaleError, StoreError
from curator.figure import FigureState, State
from data.client import Client, RefusedError
from data.client.transport import Transport
from data.store import Store
from tests.e2e.project import make_project
from tests.ui.api.conftest import app_of

ACCEPT = Judge(op="judge", id="p1", state="accepted")
KIDNEY = "PMC1:F1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("client") / "project"
    make_project(folder).close()
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    return Store(Path(shutil.copytree(made, tmp_path / "project")))


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    """A server of the project, in a thread."""
    for name, role in (("boss", "admin"), ("ann", "curator"), ("eve", "curator")):
        store.users.add(name, role, "no hash: nobody logs in")  # type: ignore[arg-type]
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app_of(store), log_config=None, lifespan="off"))
    started = threading.Event()

    async def serve() -> None:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0)
        started.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(120)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def as_user(store: Store, url: str) -> Iterator[Callable[[str], Client]]:
    opened: list[Client] = []

    def client(name: str) -> Client:
        user = store.users.account(name).user
        opened.append(Client(url, store.tokens.make(user, "tests", user.role)[1]))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


def test_a_figure_is_read_decided_undone_and_accepted(as_user: Callable[[str], Client], store: Store) -> None:
    ann = as_user("ann")
    assert (ann.whoami().name, ann.whoami().rights) == ("ann", ("review",))
    figure = ann.figure(KIDNEY)
    assert (figure.revision, figure.image_wh, figure.state) == (1, (640, 480), FigureState.PROPOSED)
    assert [panel.label for panel in figure.hierarchy.panels] == ["A", "B", "C", "D"]
    figure = ann.decide(figure, [ACCEPT, Resize(op="resize", id="p2", box_xyxy=(330, 0, 640, 230))], seconds=3)
    assert figure.hierarchy.by_id()["p1"].state is State.ACCEPTED
    figure = ann.undo(figure)
    assert figure.hierarchy.by_id()["p1"].state is State.PROPOSED
    figure = ann.redo(figure)
    figure = ann.decide(figure, [JudgeFigure(op="judge_figure", state="accepted")])
    assert (figure.state, figure.revision) == (FigureState.ACCEPTED, 5)
    stored = store.reviews.load(KIDNEY, 0)
    assert stored.review.hierarchy == figure.hierarchy
    assert [event["action"] for event in as_user("boss").audit(who="ann")] == ["decide", "undo", "redo", "decide"]


def test_lists_are_read_to_their_end_whatever_is_decided_in_between(as_user: Callable[[str], Client]) -> None:
    ann = as_user("ann")
    seen = []
    for item in ann.figures(states=[FigureState.PROPOSED], page=2):
        seen.append(item.id)
        ann.decide(ann.figure(item.id), [JudgeFigure(op="judge_figure", state="accepted")])
    assert sorted(seen) == ["PMC1:F1", "PMC1:F2", "PMC1:F3", "PMC1:F4", "PMC2:F1", "PMC2:fig 2/a"]
    assert ann.count(state="proposed") == 0
    assert [article.id for article in ann.articles()] == ["PMC1", "PMC2"]


def test_a_stale_figure_and_one_that_another_holds_are_refused(as_user: Callable[[str], Client]) -> None:
    ann, eve = as_user("ann"), as_user("eve")
    old = eve.figure(KIDNEY)
    with ann.lease(KIDNEY) as figure:
        with pytest.raises(LeaseError, match="ann is editing"):
            eve.decide(old, [ACCEPT])
        with pytest.raises(LeaseError), eve.lease(KIDNEY):
            raise AssertionError("two hold it")
        ann.decide(figure, [ACCEPT])
    with pytest.raises(StaleError):
        eve.decide(old, [ACCEPT])
    assert eve.figure(KIDNEY).revision == 2


def test_what_is_not_allowed_or_not_there_says_so(as_user: Callable[[str], Client], url: str, tmp_path: Path) -> None:
    ann = as_user("ann")
    with pytest.raises(RightsError, match="needs the role 'reviewer'"):
        ann.export(tmp_path / "out.jsonl")
    assert list(tmp_path.glob("*out*")) == []
    with pytest.raises(StoreError, match="there is no figure 'nix'"):
        ann.figure("nix")
    with Client(url, "curator_wrong") as stranger, pytest.raises(RefusedError, match="this needs a login") as refused:
        stranger.whoami()
    assert (refused.value.status, refused.value.kind) == (401, "login")


def test_images_crops_and_exports_are_files(as_user: Callable[[str], Client], tmp_path: Path) -> None:
    boss = as_user("boss")
    assert boss.image("PMC2:fig 2/a").startswith(b"\x89PNG")
    assert boss.image(KIDNEY, "thumbnails").startswith(b"RIFF")
    assert boss.crop(KIDNEY, "r7").startswith(b"\xff\xd8")
    lines, tar = tmp_path / "out.jsonl", tmp_path / "out.tar"
    boss.export(lines, verified_only=False)
    assert len([json.loads(line) for line in lines.read_text().splitlines()]) == 6
    sure = tmp_path / "sure.jsonl"
    boss.export(sure, verified_only=False, sure=1.0)
    assert not any(json.loads(line)["panels"] for line in sure.read_text().splitlines())
    boss.export(tar, verified_only=False, images=True)
    shutil.unpack_archive(tar, tmp_path / "unpacked", filter="data")
    (manifest,) = (tmp_path / "unpacked").rglob("manifest.json")
    assert json.loads(manifest.read_text())["counts"]["figures"] == 6
    assert list(tmp_path.glob(".*")) == []
    with pytest.raises(StoreError, match="exists"):
        boss.export(lines)


class Scripted:
    """Answers of a server, one after the other, and what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        transport = Transport("http://lab", "secret", http=http, sleep=self.slept.append)
        self.client = Client("http://lab", transport=transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def figure_answer(store: Store) -> httpx.Response:
    from tests.ui.api.conftest import servers_of

    document = servers_of(store).review.load({"figure_id": KIDNEY})["figure"]
    return httpx.Response(200, json=document, headers={"ETag": '"1"'})


def test_an_edit_whose_answer_is_lost_is_sent_again_under_the_same_key(store: Store) -> None:
    busy = httpx.Response(503, headers={"Retry-After": "2"}, json={"detail": "busy", "kind": "busy"})
    server = Scripted(figure_answer(store), httpx.ReadTimeout("slow"), busy, figure_answer(store))
    figure = server.client.figure(KIDNEY)
    server.client.decide(figure, [ACCEPT])
    edits = server.asked[1:]
    assert len(edits) == 3
    assert len({edit.headers["idempotency-key"] for edit in edits}) == 1
    assert {edit.headers["if-match"] for edit in edits} == {'"1"'}
    assert {edit.headers["authorization"] for edit in edits} == {"Bearer secret"}
    assert server.slept == [0.2, 2.0]


def test_two_edits_have_two_keys(store: Store) -> None:
    server = Scripted(figure_answer(store), figure_answer(store), figure_answer(store))
    figure = server.client.figure(KIDNEY)
    server.client.decide(figure, [ACCEPT])
    server.client.decide(figure, [ACCEPT])
    assert len({edit.headers["idempotency-key"] for edit in server.asked[1:]}) == 2


def test_what_has_no_key_is_not_sent_twice_where_it_may_have_been_done() -> None:
    server = Scripted(httpx.ReadTimeout("slow"))
    with pytest.raises(RefusedError, match="does not answer") as refused:
        server.client.mine([KIDNEY])
    assert (refused.value.status, refused.value.kind, server.slept) == (0, "unreachable", [])


def test_a_server_that_stays_away_is_given_up_with_the_reason() -> None:
    server = Scripted(*[httpx.ConnectError("refused") for _ in range(6)])
    with pytest.raises(RefusedError) as refused:
        server.client.whoami()
    assert str(refused.value) == ("http://lab does not answer (ConnectError: refused); is `curator serve` running?")
    assert server.slept == [0.2, 0.4, 0.8, 1.6, 3.2]


def test_a_server_that_asks_for_a_quarter_of_an_hour_is_not_waited_for() -> None:
    wait = httpx.Response(429, headers={"Retry-After": "900"}, json={"detail": "too many attempts", "kind": "wait"})
    server = Scripted(wait)
    with pytest.raises(RefusedError, match="too many attempts"):
        server.client.whoami()
    assert server.slept == []


def test_an_answer_that_is_not_the_api_s_is_shown() -> None:
    server = Scripted(httpx.Response(404, text="<h1>Another server</h1>"))
    with pytest.raises(RefusedError, match="http://lab/api/v1/me answered 404: '<h1>Another server</h1>'"):
        server.client.whoami()
