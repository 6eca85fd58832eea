"""Fitting and assessing beside the page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path

import pytest
from click.testing import CliRunner

from curator.assessor import Assessor, to_doc
from curator.commands import parse_commands
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures
from ui.cli import Project, main
from ui.learning import assessing
from ui.learning.assessing import (
    FIRST_DECISIONS,
    assess_waiting,
    background_assessing,
    due,
    fit_now,
    is_due,
    watch,
    words_on,
)

FIGURES = 8
ACCEPT = {"op": "judge_figure", "state": "accepted"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Eight mined figures with two panels, a marker and a region each."""
    opened = Store(tmp_path)
    for figure_id in add_figures(opened, FIGURES):
        opened.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    yield opened
    opened.close()


def accept(store: Store, count: int) -> None:
    for figure_id in store.reviews.mined_ids()[:count]:
        if (stored := store.reviews.load(figure_id, 0.0)).undoable:
            continue
        store.reviews.decide(figure_id, stored.revision, parse_commands([ACCEPT]), "ann#1", 0.0)


def test_an_assessor_is_due_after_the_first_decisions_and_then_after_a_share_of_them(store: Store) -> None:
    assert not is_due(store)
    accept(store, FIRST_DECISIONS // 4)
    assert is_due(store)
    fit_now(store)
    assert not is_due(store)
    assert due(None) == 20
    assert due(Assessor(of_decisions=100)) == 120
    assert due(Assessor(of_decisions=1000)) == 1100


def test_one_that_learned_from_the_newest_decisions_alone_is_not_due_for_ever(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("curator.assessor.MAX_DECISIONS", "data.store.decided.MAX_DECISIONS"):
        monkeypatch.setattr(place, 4)
    accept(store, FIGURES)
    fit_now(store)
    latest = store.assessors.latest()
    assert latest is not None
    assert latest.decisions < store.decisions.count() - FIRST_DECISIONS
    assert not is_due(store)


def test_what_a_curator_with_other_evidence_fitted_is_fitted_again(store: Store) -> None:
    accept(store, FIRST_DECISIONS // 4)
    row = (json.dumps({**to_doc(Assessor.prior()), "signals": ["other"]}),)
    with store.connections.write() as conn:
        conn.execute("insert into assessors (at, decisions, doc) values ('2026-01-01T00:00:00', 20, ?)", row)
    assert store.assessors.in_use() == (1, None)
    assert is_due(store)
    assert sum(assess_waiting(store)) == FIGURES - FIRST_DECISIONS // 4


def test_all_open_figures_are_assessed_and_only_those_that_change_again(store: Store) -> None:
    assert sum(assess_waiting(store)) == FIGURES
    assert sum(assess_waiting(store)) == 0
    accept(store, 1)
    assert sum(assess_waiting(store)) == 0
    fit_now(store)
    assert sum(assess_waiting(store)) == FIGURES - 1


def test_two_that_assess_at_once_come_to_an_end_where_one_fits_anew_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessing, "BATCH", 3)
    accept(store, 1)
    fit_now(store)
    page = assess_waiting(store)
    assert next(page) == 3
    fit_now(store)
    loop = assess_waiting(store)

    # they take turns; each figure is assessed at most three times: by the page before, and by both since
    batches = [count for both in zip_longest(page, islice(loop, 2 * FIGURES)) for count in both if count]

    assert len(batches) <= 2 * FIGURES
    assert list(loop) == []
    assert store.assessors.waiting(2, FIGURES) == []


def test_the_page_s_word_is_the_one_that_was_saved_and_has_a_reason(store: Store) -> None:
    figure_id = store.reviews.mined_ids()[0]
    assert words_on(store, store.reviews.load(figure_id, 0.0)) == {}
    sum(assess_waiting(store))
    words = words_on(store, store.reviews.load(figure_id, 0.0))
    saved = store.assessors.of_figure(figure_id)
    assert {node_id: word.confidence for node_id, word in words.items()} == pytest.approx(saved)
    assert words["p2"].why == "its agent is unsure"


def test_stopping_leaves_what_was_assessed_and_the_rest_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assessing, "BATCH", 3)
    asked = iter([False, False, True])
    assert list(assess_waiting(store, lambda: next(asked))) == [3, 3]
    assert len(store.assessors.waiting(0, 10)) == FIGURES - 6


def test_watching_waits_for_a_full_disk_and_goes_on(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    accept(store, FIRST_DECISIONS // 4)
    conn = store.connections.db.conn

    class RoomAfterTwoRounds(threading.Event):
        rounds = 0

        def wait(self, timeout: float | None = None) -> bool:
            self.rounds += 1
            if self.rounds == 2:
                conn.execute("pragma query_only = off")
            if self.rounds == 3:
                self.set()
            return self.is_set()

    conn.execute("pragma query_only = on")  # refuses to write, as a full disk does
    watch(store, RoomAfterTwoRounds())
    assert caplog.messages == ["assessing waits: attempt to write a readonly database"]
    assert not is_due(store)


def test_watching_fits_and_assesses_and_ends_when_it_is_told(store: Store) -> None:
    accept(store, FIRST_DECISIONS // 4)
    stop = threading.Event()

    def stop_when_done() -> None:
        other = Store(store.project)
        while not other.assessors.of_figure(other.reviews.mined_ids()[-1]):
            if stop.wait(0.02):
                break
        other.close()
        stop.set()

    waiting = threading.Thread(target=stop_when_done)
    waiting.start()
    watch(store, stop)
    waiting.join()
    assert store.assessors.in_use()[0] == 1
    assert store.assessors.waiting(1, 10) == []


def test_the_command_fits_assesses_and_lists(store: Store) -> None:
    def asked(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["--project", str(store.project), "assess", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    assert "No assessor has been fitted yet" in asked("--versions")
    assert json.loads(asked("--json")) == {"assessor": 0, "decisions": 0, "figures": FIGURES, "error": None}
    accept(store, 2)
    answer = json.loads(asked("--json"))
    assert (answer["assessor"], answer["decisions"], answer["figures"]) == (1, 8, FIGURES - 2)
    assert 0 <= answer["error"] <= 1
    assert asked("--versions").splitlines()[1].split()[0] == "1"


@pytest.mark.process
@pytest.mark.parametrize("killed", [False, True], ids=["the page ends", "the page is killed"])
def test_it_ends_with_the_process_that_started_it(store: Store, killed: bool) -> None:
    code = (
        "import sys, time; from pathlib import Path; from ui.cli import Project; import ui.learning.assessing as a\n"
        "started = a.subprocess.Popen\n"
        "def told(*args, **more):\n"
        "    child = started(*args, **more); print(child.pid, flush=True); return child\n"
        "a.subprocess.Popen = told\n"
        "with a.background_assessing(Project(Path(sys.argv[1]))): sys.stdin.read(1)\n"
    )
    page = subprocess.Popen(
        [sys.executable, "-c", code, str(store.project)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert page.stdout is not None
    assert page.stdin is not None
    child = os.pidfd_open(int(page.stdout.readline()))
    page.send_signal(signal.SIGKILL) if killed else page.stdin.close()
    page.wait(300)
    assert _ended(child)
    # whatever was cut off is taken up by the next one
    sum(assess_waiting(store))
    assert store.assessors.waiting(0, 10) == []


def _ended(handle: int) -> bool:
    import select

    ready, _, _ = select.select([handle], [], [], 300)
    os.close(handle)
    return bool(ready)


@pytest.mark.process
def test_it_works_beside_the_page(store: Store) -> None:
    last = store.reviews.mined_ids()[-1]
    version = store.connections.db.conn.execute("pragma data_version").fetchone()[0]
    with background_assessing(Project(store.project)):
        while store.connections.db.conn.execute("pragma data_version").fetchone()[0] == version:
            threading.Event().wait(0.02)
    assert store.assessors.of_figure(last)
