"""The model behind search, as the page and the commands see it: ``trainer.embed.Embedder``, or a test's stand-in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from curator.errors import CuratorError, ModelError
from curator.geometry import Box

if TYPE_CHECKING:
    from PIL import Image


class SearchModel(Protocol):
    """All features are float32 and of unit length."""

    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def scale(self) -> float:
        """What cosines are multiplied by before a softmax."""
        ...

    @property
    def fingerprint(self) -> str:
        """Equal where two models give the same features."""
        ...

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """[n, d] of texts as anyone writes them."""
        ...

    def pictures(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """[n, d] of whole pictures."""
        ...

    def figure(
        self, image: Image.Image, panels: Sequence[Box], regions: Sequence[tuple[int | None, Box]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """[n, d] of panels and [m, d] of regions, each given with the index of its panel or None; boxes in pixels of
        the image."""
        ...


def load_model(place: str) -> SearchModel:
    """The model of a run's folder, a published folder, or of open_clip: ``NAME``, or ``NAME:TAG`` with weights.

    Raises:
        ModelError, TrainingError, SettingsError: it cannot be loaded, or torch is not installed.
    """
    try:
        from trainer.embed import Embedder
    except ImportError as error:
        raise ModelError(
            f"search with a model needs {error.name!r}, which is not installed; `make models` installs it"
        ) from error
    try:
        return Embedder.load(place)
    except CuratorError:
        raise
    except Exception as error:  # weights that are cut off: each library raises what the damage leads to
        raise ModelError(
            f"the model {place!r} cannot be loaded ({type(error).__name__}: {error}); publish or train it again"
        ) from error
