"""Which segmenter is at work, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agents.segment.fetch import is_fetched
from agents.segment.segmenter import Segmenter
from curator.errors import ModelError
from curator.settings import SegmentSettings


@dataclass(frozen=True, slots=True)
class Choice:
    segmenter: Segmenter
    why: str
    """One sentence for the page."""


def choose_segmenter(settings: SegmentSettings, models_folder: Path) -> Choice:
    """The user's own Segment Anything where one is set, else the small fetched one, else OpenCV.

    Raises:
        ModelError: the user's own is set and cannot be loaded; nothing else is taken in its place.
    """
    if settings.sam_checkpoint:
        return Choice(_users_own(Path(settings.sam_checkpoint).expanduser(), settings), "set as segment.sam_checkpoint")
    if is_fetched(models_folder):
        from agents.segment.onnx_sam import OnnxSam

        return Choice(OnnxSam(models_folder), "fetched at set-up; set segment.sam_checkpoint for a larger one")
    from agents.segment.opencv_segment import OpenCvSegmenter

    return Choice(OpenCvSegmenter(), "no SAM weights: run `curator fetch-models`, or set segment.sam_checkpoint")


def _users_own(path: Path, settings: SegmentSettings) -> Segmenter:
    try:
        if path.is_dir():
            from agents.segment.hf_sam import HfSam

            return HfSam(path)
        if path.is_file():
            from agents.segment.torch_sam import TorchSam

            return TorchSam(path, settings.sam_type)
    except ImportError as error:
        raise ModelError(
            f"{path} needs a package that is not installed ({error.name}); `make models` installs it"
        ) from error
    raise ModelError(
        f"segment.sam_checkpoint names {str(path)!r}, which does not exist; expected a checkpoint of segment-anything "
        "or a folder of Sam or Sam2 weights"
    )
