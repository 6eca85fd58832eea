"""What ``curator index`` does: embeds what has changed since the last time, asks what fits, then switches over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from curator.errors import CuratorError, StoreError
from data.embeddings import Embeddings, IndexedBy
from data.store import Store
from ui.learning.fitting import fits_of
from ui.searching.model import SearchModel
from ui.searching.parts import embed_figure, indexed_nodes, parts_of, picture_of


@dataclass(slots=True)
class Indexed:
    """What one run of indexing did."""

    done: int = 0
    """Figures looked at, of those that had changed."""
    total: int = 0
    embedded: int = 0
    """Of which an embedding was made: the others had changed in nothing that a model sees."""
    nodes: int = 0
    """In the index afterwards."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why, by figure; the next run tries them again."""


def index_project(
    store: Store,
    embeddings: Embeddings,
    model: SearchModel,
    place: str,
    *,
    again: bool = False,
    progress: Callable[[Indexed], None] = lambda so_far: None,
) -> Indexed:
    """Brings the embeddings up to date with the project, and searches over to this model.

    Can be killed at any moment and run again: what is embedded is not embedded again, and searches use what they used
    before until all is there. ``again`` embeds all figures, whether they have changed or not.

    Raises:
        StoreError: another process indexes this project, or the file is broken.
    """
    try:
        # the system releases the lock of a process that dies
        held = FileLock(store.project / "index.lock").acquire(blocking=False)
    except Timeout as error:
        raise StoreError(f"another process indexes {store.project}; wait for it, or stop it") from error
    with held, embeddings.held_open():
        indexed_by = IndexedBy(model.name, place, model.fingerprint, model.dim, model.scale)
        embeddings.begin(indexed_by)
        done = _embed_changed(store, embeddings, model, again, progress)
        store.fits.replace_all(fits_of(embeddings, indexed_by))
        embeddings.use(model.fingerprint)
    return done


def place_of(model: str) -> str:
    """What loads the model again from any folder: the absolute path of one that exists, else the name itself."""
    folder = Path(model.removeprefix("local-dir:"))
    return str(folder.resolve()) if folder.is_dir() else model


def _embed_changed(
    store: Store, embeddings: Embeddings, model: SearchModel, again: bool, progress: Callable[[Indexed], None]
) -> Indexed:
    wanted, kept = store.findable.revisions(), embeddings.revisions(model.fingerprint)
    if gone := kept.keys() - wanted.keys():
        embeddings.drop(model.fingerprint, gone)
    changed = [figure_id for figure_id, revision in wanted.items() if again or kept.get(figure_id) != revision]
    done = Indexed(total=len(changed))
    progress(done)
    for figure_id in changed:
        try:
            done.embedded += _embed(store, embeddings, model, figure_id, again)
        except CuratorError as error:  # one broken image does not keep the others from being found
            done.failed[figure_id] = str(error)
        done.done += 1
        progress(done)
    done.nodes = sum(len(figure.nodes) for figure in embeddings.figures(model.fingerprint))
    return done


def _embed(store: Store, embeddings: Embeddings, model: SearchModel, figure_id: str, again: bool) -> bool:
    """Whether anything had changed that a model sees."""
    stored = store.reviews.load(figure_id, time.time())
    before = embeddings.figure(model.fingerprint, figure_id)
    if not again and before is not None and before.nodes == indexed_nodes(parts_of(stored.review)):
        embeddings.confirm(model.fingerprint, figure_id, stored.revision)
        return False
    image = picture_of(store, stored.review.figure)
    embeddings.save(model.fingerprint, embed_figure(model, image, stored.review, stored.revision))
    return True
