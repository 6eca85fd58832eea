"""Server functions about agents over a real project: minings, jobs, adopting, exchanges, the model's settings."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agents.lvlm.connection import Connection
from curator.errors import SettingsError
from curator.exchange import Exchange, Finish, Picture, Reply
from curator.figure import Hierarchy, Marker, MarkerKind, Panel, Provenance, Shared, Span
from curator.settings import ModelSettings, load_settings
from data.store import Store
from tests.e2e.project import make_project
from ui.editor.agents_server import AgentsServer
from ui.editor.server import ReviewServer
from ui.mining.jobs import MinedAside, MiningJobs
from ui.mining.model_setup import ModelSetup

FIGURE = "PMC1:F2"
SECRET = "sk-very-secret"
PICTURE = Picture(b"\x89PNG seen", "image/png", (20, 10))


@dataclass(frozen=True)
class Mined:
    figure_id: str
    mining_id: int | None
    reason: str = ""
    cost: float = 0.0


def by_model(*keys: str) -> Provenance:
    return Provenance("lvlm", "test", "2026-01-02T00:00:00.000+00:00", 0.8, "qwen", None, keys)


def proposed() -> Hierarchy:
    """What a model says of a figure of 900 x 300 px: one wide panel and a marker in it."""
    return Hierarchy(
        (Panel("p1", (0, 0, 600, 300), by_model("a" * 64), "A", own_spans=(Span(0, 5),)),),
        (Marker("m2", "p1", MarkerKind.ARROW, (20, 20, 60, 60), by_model("b" * 64)),),
        shared=Shared(promised_labels=("A",)),
    )


def exchange(key: str, **fields: Any) -> Exchange:
    made = Exchange(
        key,
        FIGURE,
        "panels",
        "panels_marks",
        "c" * 64,
        "openai",
        "qwen",
        {"temperature": 0.2},
        [{"role": "user", "text": "<b>Which?</b>", "pictures": [PICTURE.sha256]}],
        Reply('{"panels": []}', Finish.STOP, 100, 7, 1.5),
        parsed={"panels": []},
        cost=0.002,
        at="2026-01-02T00:00:00.000+00:00",
    )
    return replace(made, **fields)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    make_project(folder).close()
    return folder


@pytest.fixture
def store(drawn: Path, tmp_path: Path) -> Iterator[Store]:
    store = Store(Path(shutil.copytree(drawn, tmp_path / "project")))
    yield store
    store.close()


class Page:
    """A browser tab as the server meets it, with a scripted miner and a scripted model server."""

    def __init__(self, store: Store, environ: dict[str, str] | None = None) -> None:
        self.store = store
        self.asked: list[ModelSettings] = []
        self.mined = threading.Event()
        self.environ = environ or {}
        self.jobs = MiningJobs(self._mine)
        agents = AgentsServer(store, self.jobs, ModelSetup(store.project, self.environ, self._connect))
        functions = ReviewServer(store, "ann").functions() + agents.functions()
        self._functions = {one.__name__: one for one in functions}
        assert len(self._functions) == len(functions)

    def _mine(self, figure_ids: Sequence[str], agent: str, stopped: Callable[[], bool]) -> Iterator[MinedAside]:
        for figure_id in figure_ids:
            yield Mined(figure_id, self.store.minings.save(figure_id, agent, None, Hierarchy()), cost=0.5)
        self.mined.set()

    def _connect(self, settings: ModelSettings) -> Connection:
        self.asked.append(settings)
        return Connection(True, models=("qwen",), latency_s=0.25, sees_pictures=True, takes_schema=False)

    def ask(self, name: str, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(json.dumps(self._functions[name](request)))
        return answer

    def saved_model(self) -> ModelSettings:
        return load_settings(self.store.project, self.environ).model


@pytest.fixture
def page(store: Store) -> Iterator[Page]:
    page = Page(store)
    yield page
    page.jobs.close()


def test_a_figures_minings_are_listed_newest_first_with_what_they_hold(page: Page) -> None:
    page.store.minings.save(FIGURE, "embedded", None, Hierarchy(), seconds=2.0)
    newest = page.store.minings.save(FIGURE, "lvlm", "qwen", proposed(), seconds=9.0, cost=0.02)
    answer = page.ask("agents", figure_id=FIGURE)
    first, second = answer["minings"]
    assert (first["id"], first["agent"], first["model"], first["cost"]) == (newest, "lvlm", "qwen", 0.02)
    assert (first["panels"], first["markers"], first["regions"]) == (1, 1, 0)
    assert first["confidence"] == pytest.approx(0.8)
    assert (second["agent"], second["confidence"]) == ("embedded", None)


def test_agents_that_cannot_mine_say_what_is_missing(page: Page) -> None:
    told = {one["id"]: (one["ready"], one["detail"]) for one in page.ask("agents", figure_id=FIGURE)["agents"]}
    assert told == {
        "embedded": (True, "needs no model"),
        "model": (False, "not set up yet"),
        "consensus": (False, "needs minings by two agents"),
    }
    page.store.minings.save(FIGURE, "embedded", None, Hierarchy())
    page.store.minings.save(FIGURE, "lvlm", "qwen", proposed())
    page.ask("save_model", fields={"base_url": "http://localhost:8000/v1", "model": "qwen"})
    told = {one["title"]: (one["ready"], one["detail"]) for one in page.ask("agents", figure_id=FIGURE)["agents"]}
    assert told["qwen"] == (True, "http://localhost:8000/v1")
    assert told["Consensus"] == (True, "fuses what the agents proposed")


def test_a_job_mines_aside_and_leaves_the_figure_as_it_is(page: Page) -> None:
    before = page.ask("load", figure_id=FIGURE)
    started = page.ask("mine", figure_ids=[FIGURE, "PMC1:F3"], agent="embedded")["job"]
    assert (started["total"], started["agent"]) == (2, "embedded")
    assert page.mined.wait(120)
    page.jobs.close()
    (job,) = page.ask("jobs")["jobs"]
    assert (job["state"], job["done"], job["waiting"], job["cost"]) == ("done", [FIGURE, "PMC1:F3"], 0, 1.0)
    assert len(page.ask("agents", figure_id=FIGURE)["minings"]) == 1
    assert page.ask("load", figure_id=FIGURE) == before


@pytest.mark.parametrize(
    ("request_", "part"),
    [
        ({"figure_ids": [], "agent": "embedded"}, "figure_ids: List should have at least 1 item"),
        ({"figure_ids": [FIGURE], "agent": "../x"}, "agent: String should match pattern"),
        ({"figure_ids": [FIGURE], "agent": "model"}, "no model is set up; name its server and model"),
        ({"figure_ids": ["PMC9:F9"], "agent": "embedded"}, "there is no figure 'PMC9:F9'"),
    ],
    ids=["none", "agent", "no-model", "no-figure"],
)
def test_a_job_that_cannot_be_done_is_refused_before_it_starts(page: Page, request_: dict[str, Any], part: str) -> None:
    assert part in page.ask("mine", **request_)["error"]["message"]
    assert page.ask("jobs")["jobs"] == []


def test_a_job_that_nobody_knows_cannot_be_stopped(page: Page) -> None:
    assert page.ask("stop_mining", job_id=4)["error"]["kind"] == "missing"


def test_a_mining_is_read_as_a_figures_document_is(page: Page) -> None:
    mining_id = page.store.minings.save(FIGURE, "lvlm", "qwen", proposed())
    mining = page.ask("mining", mining_id=mining_id)["mining"]
    assert (mining["figure_id"], [node["id"] for node in mining["nodes"]]) == (FIGURE, ["p1", "m2"])
    figure = page.ask("load", figure_id=FIGURE)["figure"]
    assert {"nodes", "shared", "flags"} <= set(mining) & set(figure)
    assert set(mining["nodes"][0]) == set(figure["nodes"][0])


def test_adopting_one_level_is_an_edit_that_can_be_undone(page: Page) -> None:
    mining_id = page.store.minings.save(FIGURE, "lvlm", "qwen", proposed())
    before = page.ask("load", figure_id=FIGURE)["figure"]
    edit = {"figure_id": FIGURE, "tab": "t", "key": "k", "revision": 1, "action": "adopt", "mining_id": mining_id}
    adopted = page.ask("edit", **edit, levels=["marker"])["figure"]
    assert [node["level"] for node in adopted["nodes"]] == ["panel", "panel", "panel", "marker"]
    assert adopted["undoable"]
    again = page.ask("edit", **edit, levels=["marker"])["figure"]  # its answer was lost on the way
    assert again["revision"] == adopted["revision"] == 2
    undone = page.ask("edit", figure_id=FIGURE, tab="t", key="l", revision=2, action="undo")["figure"]
    assert undone["nodes"] == before["nodes"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"revision": 0}, "stale"),
        ({"levels": ["figure"]}, "refused"),
        ({"levels": []}, "refused"),
        ({"mining_id": 999}, "missing"),
        ({"figure_id": "PMC1:F3"}, "missing"),
    ],
    ids=["old", "level", "no-level", "no-mining", "another-figures"],
)
def test_proposals_that_cannot_be_adopted_change_nothing(page: Page, more: dict[str, Any], kind: str) -> None:
    mining_id = page.store.minings.save(FIGURE, "lvlm", "qwen", proposed())
    edit = {"figure_id": FIGURE, "tab": "t", "key": "k", "revision": 1, "action": "adopt", "levels": ["panel"]}
    before = page.ask("load", figure_id=FIGURE)
    assert page.ask("edit", **{**edit, "mining_id": mining_id, **more})["error"]["kind"] == kind
    assert page.ask("load", figure_id=FIGURE) == before


def test_a_trace_holds_the_figures_exchanges_or_those_that_made_one_node(page: Page) -> None:
    page.store.exchanges.save(exchange("a" * 64, repairs=("a code fence was taken off",)), [PICTURE])
    page.store.exchanges.save(exchange("b" * 64, stage="markers", fault="no JSON", parsed=None), [PICTURE])
    page.store.reviews.mined(FIGURE, proposed(), "lvlm")
    whole = page.ask("trace", figure_id=FIGURE)["exchanges"]
    assert [(one["stage"], one["fault"], one["repairs"]) for one in whole] == [
        ("panels", "", ["a code fence was taken off"]),
        ("markers", "no JSON", []),
    ]
    assert (whole[0]["tokens_in"], whole[0]["tokens_out"], whole[0]["seconds"], whole[0]["cost"]) == (
        100,
        7,
        1.5,
        0.002,
    )
    assert "messages" not in whole[0]
    (made,) = page.ask("trace", figure_id=FIGURE, node_id="m2")["exchanges"]
    assert made["key"] == "b" * 64
    assert page.ask("trace", figure_id=FIGURE, node_id="p9")["error"]["kind"] == "refused"


def test_an_exchange_is_read_word_for_word_with_its_pictures(page: Page) -> None:
    page.store.exchanges.save(exchange("a" * 64), [PICTURE])
    full = page.ask("exchange", key="a" * 64)["exchange"]
    assert full["messages"] == [{"role": "user", "text": "<b>Which?</b>", "pictures": [PICTURE.sha256]}]
    assert (full["text"], full["parsed"]) == ('{"panels": []}', {"panels": []})
    assert "no exchange" in page.ask("exchange", key="d" * 64)["error"]["message"]
    assert page.ask("exchange", key="../etc")["error"]["kind"] == "refused"


def test_the_key_goes_in_and_never_comes_out(page: Page) -> None:
    assert page.ask("model")["has_key"] is False
    fields = {"provider": "openai", "base_url": "http://localhost:8000/v1", "model": "qwen", "price_in": 0.5}
    assert page.ask("save_model", fields=fields, api_key=SECRET) == {}
    told = page.ask("model")
    assert (told["has_key"], told["fields"]["model"], told["fields"]["price_in"]) == (True, "qwen", 0.5)
    assert SECRET not in json.dumps([told, page.ask("agents"), page.ask("test_model", fields=fields)])
    assert page.saved_model().api_key == SECRET
    assert (page.store.project / "model.toml").stat().st_mode & 0o777 == 0o600


def test_a_key_is_kept_forgotten_or_left_behind_with_its_server(page: Page) -> None:
    fields = {"base_url": "http://localhost:8000/v1", "model": "qwen"}
    page.ask("save_model", fields=fields, api_key=SECRET)
    page.ask("save_model", fields={**fields, "model": "other"})
    assert page.saved_model().api_key == SECRET
    page.ask("test_model", fields={**fields, "base_url": "http://elsewhere.test/v1"})
    assert page.asked[-1].api_key == ""
    page.ask("save_model", fields={**fields, "base_url": "http://elsewhere.test/v1"})
    assert page.saved_model().api_key == ""
    page.ask("save_model", fields=fields, api_key=SECRET)
    page.ask("save_model", fields=fields, api_key="")
    assert page.ask("model")["has_key"] is False


def test_a_test_asks_with_the_forms_values_and_saves_nothing(page: Page) -> None:
    answer = page.ask("test_model", fields={"base_url": "http://localhost:9/v1", "model": "m", "timeout_s": 5})
    assert answer["connection"] == {
        "ok": True,
        "fault": "",
        "models": ["qwen"],
        "latency_s": 0.25,
        "sees_pictures": True,
        "takes_schema": False,
    }
    assert (page.asked[0].base_url, page.asked[0].timeout_s) == ("http://localhost:9/v1", 5)
    page.ask("test_model", fields={"base_url": "http://localhost:9/v1", "timeout_s": 900})
    assert page.asked[1].timeout_s == 60
    assert not (page.store.project / "model.toml").exists()


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"timeout_s": 0}, "timeout_s: Input should be greater than 0"),
        ({"in_flight": "many"}, "in_flight: Input should be a valid integer"),
        ({"api_key": "x"}, "the form has no ['api_key']"),
        ({"model": ["a"]}, "fields.model"),
    ],
    ids=["range", "type", "key-as-field", "list"],
)
def test_a_form_that_cannot_be_used_names_its_field_and_saves_nothing(
    page: Page, fields: dict[str, Any], part: str
) -> None:
    for name in ("save_model", "test_model"):
        assert part in page.ask(name, fields=fields)["error"]["message"]
    assert not (page.store.project / "model.toml").exists()


def test_what_the_environment_sets_is_named_and_stays(store: Store) -> None:
    page = Page(store, {"CURATOR_MODEL_BASE_URL": "http://env/v1", "CURATOR_MODEL_API_KEY": SECRET})
    told = page.ask("model")
    assert told["variables"] == {"base_url": "CURATOR_MODEL_BASE_URL", "api_key": "CURATOR_MODEL_API_KEY"}
    page.ask("save_model", fields={"base_url": "http://form/v1", "model": "qwen"}, api_key="other")
    assert page.saved_model().base_url == "http://env/v1"
    written = (store.project / "model.toml").read_text(encoding="utf-8")
    assert "api_key" not in written
    assert "base_url" not in written


def test_a_broken_settings_file_is_told_in_the_form(page: Page) -> None:
    (page.store.project / "model.toml").write_text("[model\n")
    with pytest.raises(SettingsError):
        page.saved_model()
    assert "is not valid TOML" in page.ask("model")["error"]["message"]
    assert "is not valid TOML" in page.ask("agents")["error"]["message"]
