"""What a model is asked in a round that tells it what is doubted: the whole way, with a stand-in for its server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.stand_ins.oracle import FRAME, ErrorRates, NoisyOracle
from bench.stand_ins.server import ModelServer, schema_of, text_of
from bench.stand_ins.truths import hierarchy_of
from curator.figure import Hierarchy, Provenance
from curator.remining_limits import Limits
from curator.settings import ModelSettings, PromptingSettings, Settings
from data.demo.corpus import draw_corpus
from data.ingest import ingest
from data.sources import SourceSettings, read_sources
from data.store import Store
from data.store.queue import QueueFilter
from ui.learning.remining import Remining

FOUND = Provenance("embedded", "1", "2026-01-01T00:00:00+00:00", 0.8)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "corpus"
    draw_corpus(folder, 8, seed=12)
    return folder


@pytest.fixture
def store(tmp_path: Path, corpus: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    ingest(opened, read_sources(corpus, SourceSettings()))
    yield opened
    opened.close()


def poor(truth: Hierarchy) -> Hierarchy:
    """Its first panel alone, with a marker whose words were not found."""
    (marker, *_) = (marker for marker in truth.markers if marker.panel_id == "p1")
    unexplained = replace(marker, clause_span=None, provenance=FOUND)
    return Hierarchy((replace(truth.panels[0], provenance=FOUND),), (unexplained,), shared=truth.shared)


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
        shape = (schema_of(asked.body) or {})["title"]
        questions.setdefault(shape, []).append(text_of(asked.body))
    return questions


def test_each_question_names_its_doubts_in_the_round_that_is_told_them_and_in_no_other(
    store: Store, corpus: Path
) -> None:
    truths = json.loads((corpus / "truth.json").read_text("utf-8"))
    truth = next(one for one in truths if any(marker["panel_index"] == 0 for marker in one["markers"]))
    figure_id = next(one for one in store.queue.ids(QueueFilter()) if one.endswith(f":{truth['figure_id']}"))
    found = poor(hierarchy_of(truth))
    missing = found.shared.promised_labels[1]
    store.minings.save(figure_id, "embedded", None, found)
    store.reviews.mined(figure_id, found, "embedded 1")

    with ModelServer(NoisyOracle(truths, ErrorRates()).respond) as server:
        usual = asked_in_round(store, server, figure_id, "model")
        # what that found stands beside, and may have replaced what is doubted
        store.reviews.mined(figure_id, found, "embedded 1")
        told = asked_in_round(store, server, figure_id, "harder")

    assert set(usual) == {"MarkedPanels", "CaptionUnits", "MarkerTargets", "TextRegions"}
    assert not [question for questions in usual.values() for question in questions if "doubt" in question]
    no_box = f"the caption speaks of panel {missing}, no box has that label"
    assert all(no_box in question for question in (*told["MarkedPanels"], *told["CaptionUnits"]))
    assert "no words of the caption were found for the" in told["MarkerTargets"][0]
    assert "TextRegions" not in told  # of it nothing is doubted: the kept reply serves
