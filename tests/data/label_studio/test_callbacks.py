"""Label Studio is told once where to call, however often it is told, and no more after disconnecting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench.stand_ins.label_studio import Fault, LabelStudioServer
from curator.errors import SyncError
from data.label_studio.callbacks import Callbacks, ml_password, webhook_secret
from data.label_studio.client import LabelStudio

CALLBACKS = Callbacks("https://curator.lab.org/", b"k" * 32)
PROJECT = 1
HOOK = "https://curator.lab.org/label-studio/ml/webhook"


@pytest.fixture
def there() -> Iterator[LabelStudioServer]:
    with LabelStudioServer() as server:
        yield server


@pytest.fixture
def server(there: LabelStudioServer) -> Iterator[LabelStudio]:
    with LabelStudio(there.url, there.token, retries=0, sleep=lambda _: None) as server:
        yield server


def test_it_gets_one_webhook_with_a_secret_and_one_ml_backend_with_a_password(
    there: LabelStudioServer, server: LabelStudio
) -> None:
    CALLBACKS.register(server, PROJECT)
    (webhook,), (backend,) = there.called["webhooks"].values(), there.called["ml"].values()
    assert (webhook["url"], webhook["send_payload"]) == (HOOK, False)
    assert webhook["headers"] == {"X-Curator-Secret": webhook_secret(CALLBACKS.key)}
    assert (backend["url"], backend["title"]) == ("https://curator.lab.org/label-studio/ml", "curator")
    assert (backend["basic_auth_user"], backend["basic_auth_pass"]) == ("curator", ml_password(CALLBACKS.key))


def test_the_secrets_differ_from_each_other_and_from_project_to_project() -> None:
    keys = [b"a" * 32, b"b" * 32]
    assert len({make(key) for make in (webhook_secret, ml_password) for key in keys}) == 4
    assert repr(CALLBACKS) == "Callbacks(public_url='https://curator.lab.org/')"


def test_told_again_nothing_changes(there: LabelStudioServer, server: LabelStudio) -> None:
    CALLBACKS.register(server, PROJECT)
    there.history.clear()
    CALLBACKS.register(server, PROJECT)
    assert {method for method, _, _ in there.history} == {"GET"}


def test_a_new_address_replaces_the_old_one(there: LabelStudioServer, server: LabelStudio) -> None:
    CALLBACKS.register(server, PROJECT)
    replace(CALLBACKS, public_url="https://new.lab.org").register(server, PROJECT)
    for kind in ("webhooks", "ml"):
        (only,) = there.called[kind].values()
        assert only["url"].startswith("https://new.lab.org/label-studio/ml")


def test_a_backend_that_label_studio_cannot_talk_to_gets_its_password_again(
    there: LabelStudioServer, server: LabelStudio
) -> None:
    CALLBACKS.register(server, PROJECT)
    (backend,) = there.called["ml"].values()
    backend |= {"state": "DI", "basic_auth_pass": "of another key"}
    CALLBACKS.register(server, PROJECT)
    assert backend["basic_auth_pass"] == ml_password(CALLBACKS.key)


def test_what_others_set_up_is_left_alone(there: LabelStudioServer, server: LabelStudio) -> None:
    theirs = {"project": PROJECT, "url": "https://others.org/ml", "headers": {}, "title": "others"}
    server.create("webhooks", theirs)
    server.create("ml", {**theirs, "url": "https://others.org/model"})
    CALLBACKS.register(server, PROJECT)
    CALLBACKS.remove(server, PROJECT)
    assert [one["url"] for one in there.called["ml"].values()] == ["https://others.org/model"]
    assert "https://others.org/ml" in {one["url"] for one in there.called["webhooks"].values()}
    assert HOOK not in {one["url"] for one in there.called["webhooks"].values()}


def test_after_a_kill_in_between_the_next_time_ends_the_same(there: LabelStudioServer, server: LabelStudio) -> None:
    there.faults.append(Fault("POST", "/api/ml", drop="after"))
    with pytest.raises(SyncError):
        CALLBACKS.register(server, PROJECT)
    CALLBACKS.register(server, PROJECT)
    assert [len(there.called[kind]) for kind in ("webhooks", "ml")] == [1, 1]


def test_a_refusal_says_what_mends_it(there: LabelStudioServer, server: LabelStudio) -> None:
    there.faults.append(Fault("POST", "/api/webhooks", status=403))
    with pytest.raises(SyncError, match=r"does not take https://curator.* as its webhook .*USE_DEFAULT_BANNED_SUBNETS"):
        CALLBACKS.register(server, PROJECT)
