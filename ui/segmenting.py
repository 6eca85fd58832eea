"""Clicks and boxes of the page become outlines: what a segmenter keeps of each figure is computed ahead."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from agents.engine import load_rgb
from agents.segment.cache import EmbeddingCache
from agents.segment.choose import Choice
from agents.segment.opencv_segment import OpenCvSegmenter
from agents.segment.pointing import thing_at
from curator.errors import CuratorError, ModelError, StoreError

if TYPE_CHECKING:
    from agents.segment.masks import Outline
    from agents.segment.segmenter import Click, Embedding, Segmenter
    from curator.geometry import Box
    from data.store import Store

T = TypeVar("T")

_IN_MEMORY = 6  # embeddings of 2 to 6 MB: the open figure, its neighbours, and a second curator's
_FAILURES = 64  # remembered, so that a broken image is not tried at every click


class NotReadyError(CuratorError):
    """The figure's embedding is still being computed; ask again."""


@dataclass(frozen=True, slots=True)
class AtWork:
    """Which segmenter is at work."""

    state: Literal["loading", "ready"]
    name: str
    why: str


def opencv_only() -> Choice:
    """For a page that was opened without any models."""
    return Choice(OpenCvSegmenter(), "this page was opened without models")


def segmenting_of(store: Store, choose: Callable[[], Choice]) -> Segmenting:
    """Over the figures of a project; embeddings are kept in its folder."""

    def image_of(figure_id: str) -> tuple[str, Path]:
        sha256 = store.reviews.figure(figure_id).image_sha256
        return sha256, store.images.web(sha256)

    return Segmenting(image_of, store.project / "embeddings", choose)


class Segmenting:
    """Answers at once for figures that were announced with ``open``; safe to call from several threads.

    One thread computes embeddings, the last announced first, and ends when there are none to compute. ``choose`` is
    called there, once: loading weights takes a second.
    """

    def __init__(self, image_of: Callable[[str], tuple[str, Path]], folder: Path, choose: Callable[[], Choice]) -> None:
        """``image_of`` gives the hash and file of a figure's image by the figure's id; ``folder`` keeps embeddings."""
        self._image_of = image_of
        self._folder = folder
        self._choose = choose
        self._choice: Choice | None = None
        self._changed = threading.Condition()
        self._wanted: dict[str, tuple[str, Path]] = {}  # hash and file of images by figure id, the most wanted last
        self._awaited: Counter[str] = Counter()  # how many clicks wait for each figure
        self._ready: OrderedDict[str, Embedding] = OrderedDict()
        self._failed: OrderedDict[str, CuratorError] = OrderedDict()
        self._worker: threading.Thread | None = None

    def prepare(self) -> None:
        """Loads the weights now, before a figure is opened."""
        with self._changed:
            self._start()

    def open(self, figure_id: str, next_id: str | None = None) -> None:
        """Computes the figure's embedding now and that of ``next_id`` afterwards, where they are not there yet."""
        with self._changed:
            self._failed.pop(figure_id, None)
            missing = [one for one in (next_id, figure_id) if one is not None and one not in self._ready]
        # looked up here: each new thread that asks the database would open a connection of its own
        found = {one: self._found(one) for one in missing}
        with self._changed:
            # what was wanted before is left, the curator has gone on; but not where another one's click waits for it
            awaited = {one: image for one, image in self._wanted.items() if self._awaited[one]}
            self._wanted = awaited | {one: image for one, image in found.items() if image is not None}
            if figure_id in self._ready:
                self._ready.move_to_end(figure_id)
            if self._wanted:
                self._start()

    def _found(self, figure_id: str) -> tuple[str, Path] | None:
        try:
            return self._image_of(figure_id)
        except CuratorError as error:  # told when the figure is clicked at
            with self._changed:
                _keep(self._failed, figure_id, error, _FAILURES)
            return None

    def _start(self) -> None:
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="segmenting", daemon=True)
            self._worker.start()

    def close(self) -> None:
        """Waits for the image under way and computes no other: a process that ends while a model runs is aborted."""
        with self._changed:
            self._wanted.clear()
            worker = self._worker
        if worker is not None:
            worker.join()

    def at_work(self) -> AtWork:
        choice = self._choice
        return AtWork("ready", choice.segmenter.name, choice.why) if choice else AtWork("loading", "", "")

    def outline(
        self,
        figure_id: str,
        clicks: Sequence[Click],
        box_xyxy: Box | None,
        within_xyxy: Box | None,
        wait_s: float,
    ) -> Outline | None:
        """The outline of what the clicks or the box mean (see ``agents.segment.pointing``).

        Raises:
            NotReadyError: the embedding was not there after ``wait_s``; it is being computed.
            ImageError, ModelError, StoreError: the figure cannot be segmented.
        """
        embedding, segmenter = self._embedding(figure_id, wait_s)
        return thing_at(segmenter, embedding, clicks, box_xyxy, within_xyxy)

    def _embedding(self, figure_id: str, wait_s: float) -> tuple[Embedding, Segmenter]:
        with self._changed:
            known = any(figure_id in one for one in (self._ready, self._failed, self._wanted))
            self._awaited[figure_id] += 1
        try:
            if not known:
                self.open(figure_id)
            with self._changed:
                self._changed.wait_for(lambda: figure_id in self._ready or figure_id in self._failed, wait_s)
        finally:
            with self._changed:
                self._awaited -= Counter((figure_id,))
        with self._changed:
            if figure_id in self._failed:
                raise self._failed[figure_id]
            if figure_id not in self._ready or self._choice is None:
                raise NotReadyError(f"{figure_id} is being prepared for clicks; ask again")
            self._ready.move_to_end(figure_id)
            return self._ready[figure_id], self._choice.segmenter

    def _work(self) -> None:
        if self._choice is None:
            self._choice = self._chosen()
        segmenter = self._choice.segmenter
        cache = EmbeddingCache(self._folder, segmenter.key)
        while True:
            with self._changed:
                if not self._wanted:
                    self._worker = None
                    return
                figure_id, image = next(reversed(self._wanted.items()))
            outcome = self._computed(figure_id, image, segmenter, cache)
            with self._changed:
                if isinstance(outcome, CuratorError):
                    _keep(self._failed, figure_id, outcome, _FAILURES)
                else:
                    _keep(self._ready, figure_id, outcome, _IN_MEMORY)
                self._wanted.pop(figure_id, None)
                self._changed.notify_all()

    def _chosen(self) -> Choice:
        try:
            return self._choose()
        except ModelError as error:
            # the page goes on, and says so where it names the segmenter
            return Choice(OpenCvSegmenter(), str(error))
        except Exception as error:  # of a library: the page must not wait for ever
            return Choice(OpenCvSegmenter(), f"the segmenter could not be loaded ({type(error).__name__}: {error})")

    def _computed(
        self, figure_id: str, image: tuple[str, Path], segmenter: Segmenter, cache: EmbeddingCache
    ) -> Embedding | CuratorError:
        sha256, path = image
        try:
            embedding = cache.load(sha256)
            if embedding is None:
                embedding = segmenter.embed(load_rgb(path))
                cache.save(sha256, embedding)
            return embedding
        except CuratorError as error:
            return error
        except OSError as error:
            return StoreError(f"the embedding of {figure_id} could not be kept in {self._folder} ({error})")
        except Exception as error:  # of a library, such as no memory left: it is told at the click
            return ModelError(f"{segmenter.name} failed on {figure_id} ({type(error).__name__}: {error})")


def _keep(kept: OrderedDict[str, T], key: str, value: T, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
