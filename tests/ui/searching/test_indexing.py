"""Indexing: only what has changed, killed at any moment, and what the model doubts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray
from PIL import Image

from curator.commands import parse_commands
from curator.errors import StoreError
from curator.geometry import Box
from data.embeddings import Embeddings
from data.store import Store
from data.store.queue import QueueFilter
from tests.e2e.green_model import GreenModel
from tests.ui.greens import add_green_figure, green_project
from ui.searching.indexing import Indexed, index_project

NOW = 1_000_000.0
FIGURES = ["PMC1:f1", "PMC2:f1", "PMC3:f1"]


class Watched(GreenModel):
    """Remembers the left panel's green of each figure that it is shown, and dies at ``fatal``."""

    def __init__(self, fatal: int = -1) -> None:
        self.seen: list[int] = []
        self._fatal = fatal

    def figure(
        self, image: Image.Image, panels: Sequence[Box], regions: Sequence[tuple[int | None, Box]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.seen.append(int(np.asarray(image)[0, 0, 1]))
        if self.seen[-1] == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().figure(image, panels, regions)


class Other(Watched):
    name, fingerprint = "other", "other-1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = green_project(tmp_path / "project")
    yield opened
    opened.close()


@pytest.fixture
def embeddings(store: Store) -> Embeddings:
    return Embeddings(store.project)


def decide(store: Store, figure_id: str, *commands: object) -> None:
    revision = store.reviews.load(figure_id, NOW).revision
    store.reviews.decide(figure_id, revision, parse_commands(list(commands)), "ann#1", NOW)


def index(store: Store, embeddings: Embeddings, model: GreenModel, again: bool = False) -> Indexed:
    return index_project(store, embeddings, model, "/runs/green", again=again)


def test_all_is_embedded_once_and_then_only_what_has_changed(store: Store, embeddings: Embeddings) -> None:
    first = index(store, embeddings, Watched())
    assert (first.done, first.total, first.embedded, first.nodes, first.failed) == (3, 3, 3, 9, {})
    assert index(store, embeddings, same := Watched()).total == 0
    add_green_figure(store, "PMC4", 77, 1, 2)
    decide(store, FIGURES[1], {"op": "move", "id": "r3", "dx": -5, "dy": 0})
    again = index(store, embeddings, changed := Watched())
    assert (same.seen, changed.seen, again.nodes) == ([], [200, 77], 12)


def test_a_decision_that_a_model_does_not_see_costs_no_embedding(store: Store, embeddings: Embeddings) -> None:
    index(store, embeddings, Watched())
    decide(store, FIGURES[0], {"op": "judge_figure", "state": "accepted"})
    done = index(store, embeddings, watched := Watched())
    assert (done.total, done.embedded, watched.seen) == (1, 0, [])
    assert embeddings.revisions("green-1") == store.findable.revisions()


def test_what_may_no_longer_be_found_is_dropped(store: Store, embeddings: Embeddings) -> None:
    index(store, embeddings, Watched())
    decide(store, FIGURES[0], {"op": "judge_figure", "state": "skipped", "reason": "blurred"})
    decide(store, FIGURES[1], {"op": "judge", "id": "r3", "state": "rejected"})
    assert index(store, embeddings, Watched()).nodes == 5
    assert list(embeddings.revisions("green-1")) == FIGURES[1:]


def test_another_model_takes_over_when_it_has_seen_everything(store: Store, embeddings: Embeddings) -> None:
    index(store, embeddings, Watched())
    in_use = []

    def progress(so_far: Indexed) -> None:
        model = embeddings.in_use()
        in_use.append((so_far.done, model and model.name))

    index_project(store, embeddings, Other(), "/runs/other", progress=progress)
    assert in_use == [(done, "green") for done in range(4)]
    model = embeddings.in_use()
    assert model is not None
    assert (model.name, model.place, embeddings.revisions("green-1")) == ("other", "/runs/other", {})


@pytest.mark.process
def test_killed_it_goes_on_where_it_was_and_searches_use_the_old_model_meanwhile(
    store: Store, embeddings: Embeddings
) -> None:
    index(store, embeddings, Watched())
    script = (
        "import sys; from pathlib import Path; from data.embeddings import Embeddings; from data.store import Store\n"
        "from tests.ui.searching.test_indexing import Other; from ui.searching.indexing import index_project\n"
        "project = Path(sys.argv[1])\n"
        "index_project(Store(project), Embeddings(project), Other(fatal=20), '/runs/other')\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(store.project)], cwd=Path(__file__).parents[3])
    assert killed.returncode == -signal.SIGKILL
    before = embeddings.in_use()
    assert before is not None
    assert (before.name, list(embeddings.revisions("other-1"))) == ("green", FIGURES[:2])
    done = index(store, embeddings, watched := Other())
    after = embeddings.in_use()
    assert after is not None
    assert (after.name, done.total, watched.seen) == ("other", 1, [20])


def test_a_broken_picture_keeps_no_other_from_being_found(store: Store, embeddings: Embeddings) -> None:
    store.images.web(store.reviews.figure(FIGURES[1]).image_sha256).unlink()
    done = index(store, embeddings, Watched())
    assert (done.done, done.nodes, list(done.failed)) == (3, 6, [FIGURES[1]])
    assert "run `curator ingest` on its source again to restore it" in done.failed[FIGURES[1]]
    assert list(index(store, embeddings, Watched()).failed) == [FIGURES[1]], "it is tried again"


def test_again_embeds_everything_anew(store: Store, embeddings: Embeddings) -> None:
    index(store, embeddings, Watched())
    index(store, embeddings, watched := Watched(), again=True)
    assert watched.seen == [250, 200, 20]


def test_two_processes_do_not_index_one_project(store: Store, embeddings: Embeddings) -> None:
    with FileLock(store.project / "index.lock"), pytest.raises(StoreError) as caught:
        index(store, embeddings, Watched())
    assert str(caught.value) == f"another process indexes {store.project}; wait for it, or stop it"


def test_the_text_that_does_not_fit_its_picture_is_doubted_most(store: Store, embeddings: Embeddings) -> None:
    index(store, embeddings, Watched())
    fits = {figure_id: store.fits.of_figure(figure_id) for figure_id in FIGURES}
    assert {node for found in fits.values() for node in found} == {"p1", "p2", "r3"}
    assert min((fit, figure, node) for figure, found in fits.items() for node, fit in found.items())[1:] == (
        FIGURES[2],
        "p1",
    )
    by_fit = store.queue.page(QueueFilter(order="fit"), 0, 10, NOW)
    assert by_fit[0].figure_id == FIGURES[2]
    assert by_fit[0].fit == fits[FIGURES[2]]["p1"] < 0.01


def test_fits_are_the_softmax_over_the_other_texts_of_the_level(store: Store, embeddings: Embeddings) -> None:
    index(store, embeddings, Watched())
    model = GreenModel()
    texts = [f"green {green}" for green in (250, 10, 200, 60, 240, 110)]  # of all panels
    features = model.texts(texts)
    image = model.pictures([Image.new("RGB", (1, 1), (0, 200, 0))])[0]
    weights = np.exp(model.scale * (features @ image))
    assert store.fits.of_figure(FIGURES[1])["p1"] == pytest.approx(weights[2] / weights.sum(), abs=0.01)


def test_fits_do_not_depend_on_the_order_of_indexing(tmp_path: Path, store: Store, embeddings: Embeddings) -> None:
    index(store, embeddings, Watched())
    other = Store(tmp_path / "other")
    for article, greens in (("PMC3", (20, 110, 160, 240)), ("PMC2", (200, 60, 90, 200)), ("PMC1", (250, 10, 130, 250))):
        add_green_figure(other, article, *greens[:3], told=greens[3])
        index(other, Embeddings(other.project), Watched())
    assert [other.fits.of_figure(one) for one in FIGURES] == [store.fits.of_figure(one) for one in FIGURES]
