"""How the client meets a server that refuses, is ill, or is not Label Studio."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from bench.stand_ins.label_studio import OWNER, TOKEN, Fault, LabelStudioServer
from curator.errors import SyncError
from data.label_studio.client import PAGE_SIZE, LabelStudio, MissingError, UnreachableError

PERSONAL = "head.payload.signature"


@pytest.fixture
def there() -> Iterator[LabelStudioServer]:
    with LabelStudioServer() as server:
        yield server


@pytest.fixture
def client(there: LabelStudioServer) -> Iterator[LabelStudio]:
    with LabelStudio(there.url, TOKEN, retries=2, sleep=lambda _: None) as client:
        yield client


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> LabelStudio:
    transport = httpx.MockTransport(answer)
    return LabelStudio("http://there", PERSONAL, retries=2, transport=transport, sleep=lambda _: None)


@pytest.mark.parametrize(
    "fault",
    [Fault(status=500), Fault(status=429), Fault(status=503), Fault(drop="before"), Fault(status=200, body=b"<html>")],
    ids=["500", "429", "503", "cut off", "no JSON"],
)
def test_reading_is_tried_again(there: LabelStudioServer, client: LabelStudio, fault: Fault) -> None:
    there.faults += [fault, fault]
    assert client.whoami() == OWNER
    assert there.faults == []


def test_what_fails_every_time_is_told(there: LabelStudioServer, client: LabelStudio) -> None:
    there.faults += [Fault(status=500)] * 3
    with pytest.raises(SyncError) as caught:
        client.whoami()
    assert str(caught.value) == (
        f'{there.url} failed at /api/current-user/whoami (500: \'{{"detail": "scripted fault"}}\'); '
        "see Label Studio's own log, then sync again"
    )
    assert len(there.history) == 3


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=503), Fault(drop="after")])
def test_what_makes_something_is_not_sent_again_blindly(
    there: LabelStudioServer, client: LabelStudio, fault: Fault
) -> None:
    there.faults.append(fault)
    with pytest.raises(SyncError):
        client.create_project("Figures", "<View></View>")
    assert len(there.history) == 1


def test_a_wrong_token_is_told_without_the_token(there: LabelStudioServer) -> None:
    with LabelStudio(there.url, "f" * 40) as client, pytest.raises(SyncError) as caught:
        client.whoami()
    assert str(caught.value) == (
        f"{there.url} refuses the token (401 at /api/current-user/whoami); put a personal access token into "
        "Token in the Sync tab's form or into CURATOR_LABEL_STUDIO_API_KEY, or have legacy tokens allowed there "
        "(Organization, API tokens)"
    )
    assert len(there.history) == 1


def test_what_is_missing_there_is_told_apart(client: LabelStudio) -> None:
    with pytest.raises(MissingError, match="/api/tasks/7/ does not exist"):
        client.task(7)


def test_a_time_out_names_the_setting() -> None:
    def late(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/refresh/"):
            return httpx.Response(200, json={"access": "a"})
        raise httpx.ReadTimeout("late", request=request)

    with answering(late) as client, pytest.raises(UnreachableError, match=r"raise timeout_s of \[label_studio\]"):
        client.whoami()


def test_a_personal_token_buys_short_ones_again_and_again() -> None:
    bought: list[str] = []
    used: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/token/refresh/":
            bought.append(request.content.decode())
            return httpx.Response(200, json={"access": f"short{len(bought)}"})
        used.append(request.headers["Authorization"])
        ended = len(used) == 2
        return httpx.Response(401 if ended else 200, json={"email": OWNER})

    with answering(answer) as client:
        assert [client.whoami(), client.whoami()] == [OWNER, OWNER]
    assert used == ["Bearer short1", "Bearer short1", "Bearer short2"]
    assert bought == [f'{{"refresh":"{PERSONAL}"}}'] * 2


def test_a_personal_token_that_is_refused_is_told() -> None:
    with answering(lambda _: httpx.Response(401)) as client, pytest.raises(SyncError, match="refuses the token"):
        client.whoami()


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [("localhost:8080", TOKEN, "'localhost:8080'; expected an address"), ("http://a", "", "there is no token")],
)
def test_settings_that_cannot_be_are_told_at_once(url: str, token: str, said: str) -> None:
    with pytest.raises(SyncError, match=said):
        LabelStudio(url, token)


def test_tasks_are_listed_page_by_page_also_while_some_are_deleted(
    there: LabelStudioServer, client: LabelStudio
) -> None:
    project_id = client.create_project("Figures", "<View></View>")["id"]
    count = 2 * PAGE_SIZE + 1
    ids = client.import_tasks(project_id, [{"data": {"figure_id": f"f{n}"}} for n in range(count)])
    seen = []
    for page in client.tasks(project_id):
        seen += [task["id"] for task in page]
        there.tasks.pop(ids[len(seen) - 2], None)  # the next page moves up by one
    assert seen == ids
    assert client.count_tasks(project_id) == count - 3
    assert [[task["id"] for task in client.tasks_of(project_id, name)] for name in ("f7", "none")] == [[ids[7]], []]
    newest = there.tasks[ids[-1]]["updated_at"]
    assert [task["id"] for page in client.tasks(project_id, newest) for task in page] == [ids[-1]]
    assert client.changes(project_id, newest) == {ids[-1]: newest}
    assert list(client.changes(project_id)) == sorted(there.tasks)


def test_who_is_looked_up_once(there: LabelStudioServer, client: LabelStudio) -> None:
    assert [client.email_of(1), client.email_of(1), client.email_of(9), client.email_of(9)] == [
        OWNER,
        OWNER,
        "user-9",
        "user-9",
    ]
    assert len(there.history) == 2
