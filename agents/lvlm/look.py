"""One figure in front of a model: all that the stages of mining need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.embedded.captions import CaptionSplit
from agents.lvlm.asking.asker import Asker
from agents.lvlm.asking.coordinates import Frame
from curator.doubts import Doubt
from curator.figure import Figure, Hierarchy
from curator.settings import MiningSettings, PromptingSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Example:
    """A verified figure of the project, to show a model what is wanted."""

    figure: Figure
    hierarchy: Hierarchy
    image_rgb: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """A figure, what the embedded agent found in it, and how to ask a model about it."""

    figure: Figure
    image_rgb: NDArray[np.uint8]
    """uint8 [height, width, 3], in the frame of the boxes."""
    candidates: Hierarchy
    """The embedded agent's proposals."""
    split: CaptionSplit
    """The caption by the embedded grammar."""
    asker: Asker
    frame: Frame
    """How the model counts boxes."""
    max_side_px: int
    prompting: PromptingSettings
    mining: MiningSettings
    examples: tuple[Example, ...] = ()
    """Already chosen: the nearest first."""
    doubts: tuple[Doubt, ...] = ()
    """What an earlier mining may have got wrong; none at a first mining."""
