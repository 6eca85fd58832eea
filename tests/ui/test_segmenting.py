"""Segmenting behind the page: embeddings computed ahead, and the server functions over them."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from agents.segment.choose import Choice
from agents.segment.segmenter import Click, Embedding
from curator.errors import CuratorError, ModelError, StoreError
from curator.figure import Article, Figure, Hierarchy, Marker, MarkerKind, Panel, Provenance, Region, State
from curator.geometry import Box
from data.store import Store
from ui.editor.segment_server import SegmentServer
from ui.segmenting import NotReadyError, Segmenting, segmenting_of

WIDTH, HEIGHT = 200, 100
FIRST, SECOND, THIRD = "PMC1:F1", "PMC1:F2", "PMC1:F3"
PATIENCE_S = 120.0  # only ever spent where a test fails


class Recorder:
    """A segmenter that keeps what it was asked; its masks are rectangles around the prompt.

    A click's mask reaches 10 px around it; a box's is ``inset`` px smaller on each side.
    """

    name, key = "recorder", "recorder-1"

    def __init__(self) -> None:
        self.embedded: list[int] = []
        self.inset = 2
        self.go = threading.Event()
        self.go.set()
        self.began = threading.Event()

    def embed(self, image_rgb: NDArray[np.uint8]) -> Embedding:
        self.began.set()
        assert self.go.wait(PATIENCE_S)
        self.embedded.append(int(image_rgb[0, 0, 0]))
        if image_rgb[0, 0, 0] == 3:
            raise RuntimeError("out of memory")
        return Embedding({"mean": np.array([image_rgb[0, 0, 0]])}, (image_rgb.shape[1], image_rgb.shape[0]))

    def mask(self, embedding: Embedding, clicks: Sequence[Click], box_xyxy: Box | None) -> NDArray[np.bool_]:
        mask = np.zeros((HEIGHT, WIDTH), np.bool_)
        if box_xyxy is not None:
            x0, y0, x1, y1 = (int(v) for v in box_xyxy)
            mask[y0 + self.inset : y1 - self.inset, x0 + self.inset : x1 - self.inset] = True
        for click in clicks:
            if click.inside and click.xy[0] < 190:
                x, y = int(click.xy[0]), int(click.xy[1])
                mask[max(0, y - 10) : y + 10, max(0, x - 10) : x + 10] = True
        return mask


def proposed(box: Box, node_id: str, letter: Box | None = None) -> Panel:
    return Panel(node_id, box, Provenance("embedded", "1", "2026-01-01T00:00:00+00:00", 0.5), None, letter)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three figures of 200 x 100 px whose grey is their number; the third breaks the segmenter."""
    folder = tmp_path_factory.mktemp("ingested")
    store = Store(folder)
    figures = []
    for number in (1, 2, 3):
        content = BytesIO()
        Image.fromarray(np.full((HEIGHT, WIDTH, 3), number, np.uint8)).save(content, "PNG")
        sha256 = hashlib.sha256(content.getvalue()).hexdigest()
        store.images.save(sha256, content.getvalue(), content.getvalue(), ".png", b"thumbnail")
        figures.append(Figure(f"F{number}", "", "f.png", sha256, (WIDTH, HEIGHT), f"Figure {number}", "A. B."))
    store.articles.save(Article("PMC1", "Kidneys"), figures)
    store.close()
    return folder


@pytest.fixture
def store(ingested: Path, tmp_path: Path) -> Iterator[Store]:
    store = Store(Path(shutil.copytree(ingested, tmp_path / "project")))
    yield store
    store.close()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def segmenting(store: Store, recorder: Recorder) -> Segmenting:
    return segmenting_of(store, lambda: Choice(recorder, "for tests"))


def outline(segmenting: Segmenting, figure_id: str = FIRST) -> Box | None:
    found = segmenting.outline(figure_id, [Click((50, 50))], None, None, PATIENCE_S)
    return found.box_xyxy if found else None


def test_the_open_figure_is_prepared_before_the_next_and_each_once(segmenting: Segmenting, recorder: Recorder) -> None:
    segmenting.open(FIRST, SECOND)
    assert outline(segmenting) == (40, 40, 60, 60)
    assert outline(segmenting, SECOND) == (40, 40, 60, 60)
    segmenting.open(SECOND, FIRST)
    assert outline(segmenting) is not None
    assert recorder.embedded == [1, 2]


def test_what_was_opened_last_comes_first_and_what_was_left_is_forgotten(
    segmenting: Segmenting, recorder: Recorder
) -> None:
    recorder.go.clear()
    segmenting.open(FIRST, THIRD)
    assert recorder.began.wait(PATIENCE_S)
    segmenting.open(SECOND)
    recorder.go.set()
    assert outline(segmenting, SECOND) is not None
    assert recorder.embedded == [1, 2]


def test_a_figure_that_a_click_waits_for_is_not_forgotten_when_somebody_opens_another(
    store: Store, recorder: Recorder
) -> None:
    waits = threading.Event()

    class Told(threading.Condition):
        def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
            waits.set()
            return super().wait_for(predicate, timeout)

    with patch("threading.Condition", Told):
        segmenting = segmenting_of(store, lambda: Choice(recorder, "for tests"))
    recorder.go.clear()
    segmenting.open(FIRST)
    assert recorder.began.wait(PATIENCE_S)
    answers: list[Box | None] = []
    click = threading.Thread(target=lambda: answers.append(outline(segmenting, SECOND)))
    click.start()
    assert waits.wait(PATIENCE_S)
    segmenting.open(THIRD)
    recorder.go.set()
    click.join(PATIENCE_S)
    assert answers == [(40, 40, 60, 60)]
    segmenting.close()
    assert set(recorder.embedded) == {1, 2, 3}


def test_until_it_is_ready_the_page_is_told_so(segmenting: Segmenting, recorder: Recorder) -> None:
    recorder.go.clear()
    segmenting.open(FIRST)
    with pytest.raises(NotReadyError, match="PMC1:F1 is being prepared for clicks; ask again"):
        segmenting.outline(FIRST, [Click((50, 50))], None, None, 0.01)
    recorder.go.set()
    assert outline(segmenting) is not None


def test_a_figure_that_was_not_announced_is_prepared_when_it_is_asked_for(
    segmenting: Segmenting, recorder: Recorder
) -> None:
    assert outline(segmenting, SECOND) is not None
    assert recorder.embedded == [2]


def test_another_start_finds_embeddings_on_disk(store: Store, segmenting: Segmenting) -> None:
    assert outline(segmenting) is not None
    later = Recorder()
    assert outline(segmenting_of(store, lambda: Choice(later, "for tests"))) is not None
    assert later.embedded == []
    assert len(list((store.project / "embeddings" / "recorder-1").glob("*.npz"))) == 1


def test_a_figure_that_cannot_be_embedded_is_told_and_tried_again_when_opened(
    segmenting: Segmenting, recorder: Recorder
) -> None:
    for _ in range(2):
        with pytest.raises(ModelError, match=r"recorder failed on PMC1:F3 \(RuntimeError: out of memory\)"):
            outline(segmenting, THIRD)
    assert recorder.embedded == [3]
    segmenting.open(THIRD)
    with pytest.raises(ModelError):
        outline(segmenting, THIRD)
    assert recorder.embedded == [3, 3]
    assert outline(segmenting) is not None


def test_an_image_that_is_missing_is_told(store: Store, segmenting: Segmenting) -> None:
    store.images.web(store.reviews.figure(SECOND).image_sha256).unlink()
    with pytest.raises(StoreError, match="is missing; run `curator ingest`"):
        outline(segmenting, SECOND)


@pytest.mark.parametrize("error", [ModelError("no such checkpoint"), RuntimeError("bad file")], ids=["told", "bug"])
def test_weights_that_cannot_be_loaded_leave_opencv_and_the_reason(store: Store, error: Exception) -> None:
    def choose() -> Choice:
        raise error

    segmenting = segmenting_of(store, choose)
    outline(segmenting)
    at_work = segmenting.at_work()
    assert at_work.name == "OpenCV: no SAM weights"
    assert str(error) in at_work.why


def test_weights_can_be_loaded_before_a_figure_is_opened(store: Store, recorder: Recorder) -> None:
    loaded = threading.Event()

    def choose() -> Choice:
        loaded.set()
        return Choice(recorder, "for tests")

    segmenting = segmenting_of(store, choose)
    segmenting.prepare()
    assert loaded.wait(PATIENCE_S)
    loaded.clear()
    assert outline(segmenting) is not None
    assert not loaded.is_set()


def test_many_threads_may_ask_at_once(segmenting: Segmenting, recorder: Recorder) -> None:
    answers: list[Box | None] = []
    threads = [
        threading.Thread(target=lambda one=figure: answers.append(outline(segmenting, one)))
        for figure in (FIRST, SECOND) * 8
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert answers == [(40, 40, 60, 60)] * 16
    assert set(recorder.embedded) == {1, 2}


# the server functions


@pytest.fixture
def ask(store: Store, segmenting: Segmenting) -> Callable[..., dict[str, Any]]:
    """Calls a server function as the page does: JSON both ways."""
    functions = {one.__name__: one for one in SegmentServer(store, segmenting, PATIENCE_S).functions()}

    def call(name: str, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(json.dumps(functions[name](json.loads(json.dumps(request)))))
        return answer

    return call


Ask = Callable[..., dict[str, Any]]


def test_the_page_is_told_which_segmenter_is_at_work(ask: Ask, recorder: Recorder) -> None:
    recorder.go.clear()
    assert ask("segment_status") == {"state": "loading", "name": "", "why": ""}
    ask("segment_open", figure_id=FIRST, next_id=SECOND)
    recorder.go.set()
    ask("segment", figure_id=FIRST, clicks=[[50, 50, True]])
    assert ask("segment_status") == {"state": "ready", "name": "recorder", "why": "for tests"}


def test_a_click_is_answered_with_box_and_outline(ask: Ask) -> None:
    answer = ask("segment", figure_id=FIRST, clicks=[[50, 50, True], [90, 90, False]])
    assert (answer["state"], answer["box_xyxy"]) == ("done", [40, 40, 60, 60])
    assert sorted(answer["polygon_xy"]) == [[40, 40], [40, 60], [60, 40], [60, 60]]
    assert answer["seconds"] >= 0


def test_a_box_is_answered_likewise(ask: Ask) -> None:
    assert ask("segment", figure_id=FIRST, box_xyxy=[20, 20, 60, 60])["box_xyxy"] == [22, 22, 58, 58]


def test_nothing_there_is_said(ask: Ask) -> None:
    assert ask("segment", figure_id=FIRST, clicks=[[195, 50, True]]) == {"state": "nothing"}


def test_what_is_not_ready_is_working(store: Store, segmenting: Segmenting, recorder: Recorder) -> None:
    recorder.go.clear()
    impatient = SegmentServer(store, segmenting, 0.01)
    assert impatient.segment({"figure_id": FIRST, "clicks": [[5, 5, True]]}) == {"state": "working"}
    store.reviews.mined(FIRST, Hierarchy((proposed((0, 0, 90, 90), "p1"),)), "embedded")
    assert impatient.snap({"figure_id": FIRST, "level": "panel"}) == {"state": "working"}
    recorder.go.set()


@pytest.mark.parametrize(
    ("request_", "kind", "part"),
    [
        ({}, "refused", "nothing was pointed at"),
        ({"clicks": [[500, 5, True]]}, "refused", "lies outside the image of 200 x 100 px"),
        ({"clicks": [[5, 5]]}, "refused", "clicks.0.2: Field required"),
        ({"clicks": [[5, 5, True]] * 51}, "refused", "clicks: List should have at most 50 items"),
        ({"box_xyxy": [5, 5, 5, 9]}, "refused", "is empty"),
        ({"clicks": [[5, 5, True]], "within_xyxy": [0, 0, 900, 10]}, "refused", "leaves the image"),
        ({"figure_id": "PMC9:F9", "clicks": [[5, 5, True]]}, "missing", "PMC9:F9"),
    ],
    ids=["nothing", "outside", "no-sign", "endless", "empty-box", "within", "no-figure"],
)
def test_what_makes_no_sense_is_refused(ask: Ask, request_: dict[str, Any], kind: str, part: str) -> None:
    error = ask("segment", **{"figure_id": FIRST, **request_})["error"]
    assert error["kind"] == kind
    assert part in error["message"]


def test_boxes_of_a_level_are_snapped_where_that_is_safe(store: Store, ask: Ask) -> None:
    made_by = Provenance("embedded", "1", "2026-01-01T00:00:00+00:00", 0.5)
    hierarchy = Hierarchy(
        (
            proposed((2, 2, 90, 90), "p1"),
            proposed((100, 2, 190, 90), "p2", letter=(100, 2, 110, 12)),  # its letter would be cut off
            Panel("p3", (2, 2, 90, 90), made_by, state=State.REJECTED),
        ),
        (Marker("m4", "p1", MarkerKind.ARROW, (20, 20, 50, 50), made_by),),
        (Region("r5", "p1", (10, 10, 18, 18), made_by),),  # its mask is half its size
    )
    store.reviews.mined(FIRST, hierarchy, "embedded")
    panels = ask("snap", figure_id=FIRST, level="panel")
    assert (panels["state"], panels["looked_at"]) == ("done", 2)
    (command,) = panels["commands"]
    assert (command["op"], command["id"], command["box_xyxy"]) == ("resize", "p1", [4, 4, 88, 88])
    assert sorted(command["polygon_xy"]) == [[4, 4], [4, 88], [88, 4], [88, 88]]
    assert ask("snap", figure_id=FIRST, level="region") == {"state": "done", "commands": [], "looked_at": 1}
    (arrow,) = ask("snap", figure_id=FIRST, ids=["m4", "m9"])["commands"]
    assert arrow == {"op": "resize", "id": "m4", "box_xyxy": [22, 22, 48, 48]}


@pytest.mark.parametrize("raw", [None, [], "x", 7], ids=repr)
def test_a_request_that_is_no_object_is_refused(store: Store, segmenting: Segmenting, raw: Any) -> None:
    for function in SegmentServer(store, segmenting).functions():
        assert function(raw)["error"]["kind"] == "refused", function.__name__


def test_every_failure_is_one_of_ours(ask: Ask) -> None:
    assert issubclass(NotReadyError, CuratorError)
    assert ask("segment", figure_id=THIRD, clicks=[[5, 5, True]])["error"]["kind"] == "refused"
