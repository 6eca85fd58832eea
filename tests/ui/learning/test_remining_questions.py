"""What a model is asked in a round that tells it what is doubted: the whole way, with a stand-in for its server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.stand_ins.oracle import FRAME, ErrorRates, NoisyOracle
from bench.stand_ins.server import ModelServer, schema_of, text_of
from curator.remining_limits import Limits
from curator.settings import ModelSettings, PromptingSettings, Settings
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures
from ui.learning.remining import Remining

UNEXPLAINED = replace(HIERARCHY.markers[0], panel_id="p1", box_xyxy=(10, 10, 20, 20), tip_xy=None, clause_span=None)
POOR = replace(HIERARCHY, panels=HIERARCHY.panels[:1], markers=(UNEXPLAINED,), regions=())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def asked_in_round(store: Store, server: ModelServer, figure_id: str, way: str) -> dict[str, list[str]]:
    """The last words of each question, by the shape of the reply that it wants."""
    settings = Settings(
        model=ModelSettings(base_url=server.base_url, model="stand-in", coordinates=str(FRAME), in_flight=1),
        prompting=PromptingSettings(views=1, texts=False),
    )
    server.history.clear()
    (done,) = Remining(store, settings).run(store.remining.begin(Limits(), [(figure_id, way)]))
    assert (done.way, done.mining_id is None) == (way, False)
    questions: dict[str, list[str]] = {}
    for asked in server.history:
        questions.setdefault((schema_of(asked.body) or {})["title"], []).append(text_of(asked.body))
    return questions


def test_each_question_names_its_doubts_in_the_round_that_is_told_them_and_in_no_other(store: Store) -> None:
    (figure_id,) = add_figures(store, 1)
    store.minings.save(figure_id, "embedded", None, POOR)
    store.reviews.mined(figure_id, POOR, "embedded 1")

    # an oracle that knows no truth agrees with the marks that it is shown
    with ModelServer(NoisyOracle([], ErrorRates()).respond) as server:
        usual = asked_in_round(store, server, figure_id, "model")
        store.reviews.mined(figure_id, POOR, "embedded 1")  # whatever the round replaced
        told = asked_in_round(store, server, figure_id, "harder")

    assert set(usual) == {"MarkedPanels", "CaptionUnits", "MarkerTargets", "TextRegions"}
    assert not [question for questions in usual.values() for question in questions if "doubt" in question]
    missing = "the caption speaks of panel B, no box has that label"
    unmarked = 'no marker was found for \\"(B) Arrow, mitosis\\"'
    assert all(missing in question for question in (*told["MarkedPanels"], *told["CaptionUnits"]))
    assert unmarked in told["CaptionUnits"][0]
    assert unmarked in told["MarkerTargets"][0]
    assert "no words of the caption were found for the white arrow" in told["MarkerTargets"][0]
    assert "TextRegions" not in told  # of it nothing is doubted: the kept reply serves
