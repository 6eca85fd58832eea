"""The ledger of exchanges against a real project folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from curator.errors import StoreError
from curator.exchange import Exchange, Finish, Ledger, Picture, Reply
from data.store import Store
from tests.data.projects import add_figures

SEEN = Picture(b"\xff\xd8 as sent", "image/jpeg", (10, 8))
ASKED = Exchange(
    key="k1",
    figure_id="PMC1:fig1",
    stage="panels",
    prompt="panels_marks",
    prompt_sha256="a" * 64,
    provider="openai",
    model="Qwen2.5-VL",
    settings={"temperature": 0.0, "seed": None, "schema": True},
    messages=[{"role": "user", "text": "Which marks are panels? µ", "pictures": [SEEN.sha256]}],
    reply=Reply('{"panels": []}', Finish.STOP, 1200, 30, 2.5),
    repairs=("code fence removed",),
    parsed={"panels": []},
    cost=0.25,
    at="2026-01-01T00:00:00.000+00:00",
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    add_figures(opened, 8)
    yield opened
    opened.close()


def test_an_exchange_is_found_as_it_was_saved_with_what_the_model_saw(store: Store) -> None:
    ledger: Ledger = store.exchanges
    assert ledger.find("k1") is None
    ledger.save(ASKED, [SEEN])
    assert ledger.find("k1") == ASKED
    path = store.exchanges.picture(SEEN.sha256)
    assert path.suffix == ".jpg"
    assert path.read_bytes() == SEEN.data


def test_the_same_question_again_replaces_what_was_read_from_the_reply(store: Store) -> None:
    store.exchanges.save(replace(ASKED, fault="no JSON", parsed=None), [SEEN])
    store.exchanges.save(ASKED, [SEEN])
    assert store.exchanges.of_figure("PMC1:fig1") == [ASKED]


def test_a_figure_s_exchanges_come_oldest_first_and_provenance_finds_them_by_key(store: Store) -> None:
    later = replace(ASKED, key="k2", at="2026-01-01T00:00:01.000+00:00")
    elsewhere = replace(ASKED, key="k3", figure_id="PMC1:fig2")
    for exchange in (later, ASKED, elsewhere):
        store.exchanges.save(exchange, [SEEN])
    assert store.exchanges.of_figure("PMC1:fig1") == [ASKED, later]
    assert store.exchanges.found(("k3", "gone", "k1")) == [elsewhere, ASKED]


def test_an_exchange_without_a_time_gets_that_of_saving(store: Store) -> None:
    store.exchanges.save(replace(ASKED, at=""), [])
    (saved,) = store.exchanges.of_figure("PMC1:fig1")
    assert saved.at.endswith("+00:00")


def test_totals_are_by_provider_and_model(store: Store) -> None:
    assert store.exchanges.spent() == []
    for key, model, fault in (("k1", "a", ""), ("k2", "b", "no JSON"), ("k3", "b", "")):
        store.exchanges.save(replace(ASKED, key=key, model=model, fault=fault), [])
    found = [
        (s.model, s.requests, s.faults, s.tokens_in, s.tokens_out, s.seconds, s.cost) for s in store.exchanges.spent()
    ]
    assert found == [("a", 1, 0, 1200, 30, 2.5, 0.25), ("b", 2, 1, 2400, 60, 5.0, 0.5)]


def test_what_is_missing_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="an exchange names figure 'PMC9:fig1', which is not in this project"):
        store.exchanges.save(replace(ASKED, figure_id="PMC9:fig1"), [])
    assert store.exchanges.find("k1") is None
    with pytest.raises(StoreError, match="the picture '0000' that a model saw is missing"):
        store.exchanges.picture("0000")


def test_threads_that_save_at_once_lose_nothing(store: Store) -> None:
    def work(thread: int) -> None:
        for n in range(20):
            exchange = replace(ASKED, key=f"{thread}-{n}", figure_id=f"PMC1:fig{thread + 1}")
            store.exchanges.save(exchange, [SEEN])
        store.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [spent.requests for spent in store.exchanges.spent()] == [160]
    assert len(store.exchanges.of_figure("PMC1:fig8")) == 20


_SAVES_FOREVER = """
import sys
from dataclasses import replace
from pathlib import Path
from curator.exchange import Picture
from data.store import Store
from tests.data.test_exchanges import ASKED
store = Store(Path(sys.argv[1]))
for n in range(10**6):
    picture = Picture(b"seen" + str(n).encode(), "image/png", (10, 8))
    messages = [{"role": "user", "text": "", "pictures": [picture.sha256]}]
    store.exchanges.save(replace(ASKED, key=str(n), messages=messages), [picture])
    print(n, flush=True)
"""


def test_a_kill_loses_no_exchange_that_was_saved_and_no_picture_of_one(store: Store) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _SAVES_FOREVER, str(store.project)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    confirmed = next(int(line) for line in process.stdout if int(line) >= 30)
    process.send_signal(signal.SIGKILL)
    rest = process.communicate()[0].split()
    confirmed = int(rest[-1]) if rest else confirmed
    saved = Store(store.project).exchanges.of_figure("PMC1:fig1")
    assert {exchange.key for exchange in saved} >= {str(n) for n in range(confirmed + 1)}
    assert len(saved) <= confirmed + 2
    for exchange in saved:
        (sha256,) = exchange.messages[0]["pictures"]
        assert store.exchanges.picture(sha256).read_bytes() == b"seen" + exchange.key.encode()
