"""curator sync"""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.stand_ins.label_studio import OWNER, TOKEN, LabelStudioServer
from data.label_studio.step import NO_VERSIONS
from data.store import Store
from data.store.syncs import WRITTEN_OVER, save_conflict
from tests.data.label_studio.syncing import NOW_S, Pair, resized, shape
from tests.data.projects import add_mined_figure
from ui.cli import main


@pytest.fixture
def there() -> Iterator[LabelStudioServer]:
    with LabelStudioServer() as server:
        yield server


@pytest.fixture
def pair(tmp_path: Path, there: LabelStudioServer) -> Pair:
    return Pair(tmp_path, there)


def run(pair: Pair, *options: str, token: str | None = TOKEN) -> Result:
    variables = {"CURATOR_LABEL_STUDIO_URL": pair.there.url, "CURATOR_LABEL_STUDIO_API_KEY": token}
    return CliRunner().invoke(main, ["--project", str(pair.store.project), "sync", *options], env=variables)


def test_a_conflict_is_shown_with_both_versions_and_decided(pair: Pair) -> None:
    assert run(pair).output == "1 figures sent (1 of them new there), 0 taken in, 0 conflicts\n"
    assert run(pair, "--conflicts").output == "no conflicts\n"
    pair.move_there("p1", 10)
    pair.decide(resized("p1", 40))
    shown = run(pair, "--once").output
    assert shown == (
        "0 figures sent (0 of them new there), 0 taken in, 1 conflicts\n`curator sync --conflicts` lists them\n"
    )
    listed = run(pair, "--conflicts").output.splitlines()
    assert listed[0] == "PMC1:fig1  p1"
    assert listed[1].startswith('  ours: {"box_xyxy": [0.0, 0.0, 40.0, 80.0]')
    assert listed[2].startswith('  theirs (eve@lab.org): {"box_xyxy": [10.0, 0.0, 60.0, 80.0]')
    (document,) = json.loads(run(pair, "--conflicts", "--json").output)
    assert (document["figure_id"], document["key"]) == ("PMC1:fig1", "p1")
    decided = run(pair, "--resolve", "PMC1:fig1", "--keep", "theirs")
    assert decided.output == "1 conflicts decided: theirs stays; the next `curator sync` writes it there\n"
    assert json.loads(run(pair, "--json").output)["failed"] == {}
    assert run(pair, "--status").output.splitlines()[1].split() == ["in", "step", "1"]
    assert json.loads(run(pair, "--status", "--json").output)["figures"] == {"PMC1:fig1": "synced"}


def test_boxes_in_conflict_are_shown_without_the_dust_of_their_percents(pair: Pair) -> None:
    assert run(pair).exit_code == 0
    pair.move_there("p1", 10.05)
    pair.decide(resized("p1", 40.123456))
    assert "1 conflicts" in run(pair).output
    (document,) = json.loads(run(pair, "--conflicts", "--json").output)
    exact = document["doc"]["ours"]["box_xyxy"], document["doc"]["theirs"]["box_xyxy"]
    assert exact == ([0.0, 0.0, 40.123456, 80.0], pytest.approx([10.05, 0.0, 60.05, 80.0]))
    listed = run(pair, "--conflicts").output
    assert '  ours: {"box_xyxy": [0.0, 0.0, 40.12, 80.0]' in listed
    assert '  theirs (eve@lab.org): {"box_xyxy": [10.05, 0.0, 60.05, 80.0]' in listed


def test_what_was_decided_is_listed_and_decided_again(pair: Pair) -> None:
    run(pair)
    assert run(pair, "--decisions").output == "no conflict was decided\n"
    pair.move_there("p1", 10)
    pair.decide(resized("p1", 40))
    run(pair)
    run(pair, "--resolve", "PMC1:fig1", "--keep", "theirs")
    listed = run(pair, "--decisions").output.splitlines()
    assert listed[0] == f"1  PMC1:fig1  p1: {getpass.getuser()} kept theirs"
    assert listed[1].startswith('  ours: {"box_xyxy": [0.0, 0.0, 40.0, 80.0]')
    assert listed[2].startswith('  theirs (eve@lab.org): {"box_xyxy": [10.0, 0.0, 60.0, 80.0]')
    assert "--decide-again needs --keep" in run(pair, "--decide-again", "1").output
    assert "there is no decision 7" in run(pair, "--decide-again", "7", "--keep", "ours").output
    again = run(pair, "--decide-again", "1", "--keep", "ours")
    assert again.output == "ours of p1 stays; the next `curator sync` writes it there\n"
    run(pair)
    written = shape(pair.rows(), "p1")["value"]
    assert (written["x"], written["width"]) == pytest.approx((0, 40))
    (decision,) = json.loads(run(pair, "--decisions", "--json").output)
    assert (decision["id"], decision["keep"]) == (2, "ours")
    assert run(pair, "--decide-again", "2", "--keep", "ours").output == "p1 is as ours has it already\n"
    assert [record.action for record in pair.store.audit.records() if record.action.startswith("sync.")] == [
        "sync.resolve",
        "sync.decide_again",
        "sync.decide_again",
    ]


def test_what_could_not_be_sent_is_told_and_the_command_fails(pair: Pair) -> None:
    run(pair)
    pair.move_there("p1", 10)
    pair.task()["data"]["curator"]["shared"] = "spoilt"
    result = run(pair)
    assert result.exit_code == 1
    assert "PMC1:fig1 is not in step: the field 'curator' of the task" in result.output


def test_testing_the_connection_changes_nothing(pair: Pair) -> None:
    lines = run(pair, "--test").output.splitlines()
    assert lines == [
        f"{pair.there.url}: Label Studio 1.23.2, as {OWNER}",
        f"images: {pair.store.images.root / 'web'}",
    ]
    assert pair.there.projects == {}
    assert run(pair, "--status").output == "not connected; `curator sync` connects\n"


def test_disconnecting_forgets(pair: Pair) -> None:
    run(pair)
    assert run(pair, "--disconnect").output == "disconnected; the tasks stay in Label Studio as they are\n"
    assert pair.store.outbox.connected() is None
    assert len(pair.there.tasks) == 1


def test_the_token_is_read_from_a_file_that_its_owner_alone_may_read(pair: Pair) -> None:
    missing = run(pair, token=None)
    assert "there is no token for Label Studio; take one there" in missing.output
    path = pair.store.project / "label_studio.key"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o644)
    assert f"may be read by others (mode 644); run chmod 600 {path}" in run(pair, token=None).output
    path.chmod(0o600)
    assert run(pair, "--test", token=None).exit_code == 0


def test_a_token_in_the_settings_file_is_refused(pair: Pair) -> None:
    (pair.store.project / "curator.toml").write_text(f'[label_studio]\napi_key = "{TOKEN}"\n')
    result = run(pair)
    assert "has a key of Label Studio, which others may read" in result.output
    assert TOKEN not in result.output


def test_no_address_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    add_mined_figure(store)
    result = CliRunner().invoke(main, ["--project", str(tmp_path), "sync"])
    assert result.exit_code == 1
    assert "no Label Studio is named; write url" in result.output


def test_resolving_needs_a_side(pair: Pair) -> None:
    result = run(pair, "--resolve", "PMC1:fig1")
    assert result.exit_code == 2
    assert "--resolve needs --keep ours or --keep theirs" in result.output


def test_images_outside_the_served_folder_are_told(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (pair.store.project / "curator.toml").write_text(f'[label_studio]\nimage_root = "{tmp_path / "elsewhere"}"\n')
    assert "are not under" in run(pair).output
    assert pair.there.projects == {}


def test_watching_goes_on_until_it_is_interrupted(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            pair.there.stop()
        elif len(pauses) == 3:
            pair.there.start()
            pair.store.reviews.decide(pair.id, 1, [resized("p1", 40)], "anna", NOW_S)
        elif len(pauses) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr("ui.commands.sync.time.sleep", pause)
    monkeypatch.setenv("CURATOR_LABEL_STUDIO_RETRIES", "0")
    result = run(pair, "--watch")
    assert result.exit_code == 0
    assert pauses == [15, 30, 60, 15]
    assert result.output.count("1 figures sent") == 2
    assert pair.statuses() == {"synced"}


def test_what_was_written_over_is_listed_until_it_was_seen(pair: Pair) -> None:
    run(pair)
    with pair.store.connections.write() as conn:
        save_conflict(conn, pair.id, WRITTEN_OVER, NO_VERSIONS)
    assert (
        "PMC1:fig1  overwritten: somebody saved it in Label Studio while it was written"
        in run(pair, "--conflicts").output
    )
    assert run(pair, "--resolve", pair.id, "--keep", "ours").exit_code == 0
    assert run(pair, "--conflicts").output == "no conflicts\n"
    (entry,) = [entry for entry in pair.store.audit.records() if entry.action == "sync.resolve"]
    assert (entry.subject, dict(entry.detail)) == (pair.id, {"keep": "ours", "key": None, "count": 1})
