"""The contract of everything that turns a click or a box into a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from curator.geometry import Box, Point

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curator.geometry import Size


@dataclass(frozen=True, slots=True)
class Embedding:
    """What a model keeps of an image between clicks; cached on disk under the model's ``key`` and the image's hash."""

    arrays: dict[str, NDArray[np.generic]]
    image_wh: Size


@dataclass(frozen=True, slots=True)
class Click:
    """Where a curator clicked, in the figure's frame; ``inside`` False takes the place out of the mask."""

    xy: Point
    inside: bool = True


class Segmenter(Protocol):
    """Safe to call from several threads."""

    name: str
    """As the page shows it, such as "SAM vit_b (sam_vit_b_01ec64.pth)"."""
    key: str
    """Identity of code and weights, usable as a folder's name; another key never reads this one's embeddings."""

    def embed(self, image_rgb: NDArray[np.uint8]) -> Embedding:
        """``image_rgb`` is uint8 [height, width, 3] in the figure's frame."""
        ...

    def mask(self, embedding: Embedding, clicks: Sequence[Click], box_xyxy: Box | None) -> NDArray[np.bool_]:
        """The mask [height, width] of the image; all False where nothing is there. At least one click or a box."""
        ...
