"""The one seam to the OCR model: recognition of small crops with the network that rapidocr's wheel carries.

Only the recognition network is used, through onnxruntime and without rapidocr's own pipeline: its call pads every crop
to 320 px and costs 27 ms where a single letter needs 48 px and 5 ms (measured, one core), and it keeps only the best
text where a search over panel letters wants the probability of every letter. The direction classifier is left out: it
turns (d) into (p).
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.errors import MiningError

if TYPE_CHECKING:
    import onnxruntime

_MODEL = Path("models") / "PP-OCRv6_rec_small.onnx"
_HEIGHT_PX = 48
"""What the network was trained on (rapidocr's config.yaml, rec_img_shape)."""
_WIDTH_STEP_PX = 16
_BATCH = 16
"""Crops a call: larger ones cost as much a crop and more memory (measured)."""
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Reading:
    """What one crop says."""

    text: str
    confidence: float
    """Mean probability of the text's characters, 0 to 1; 0 where nothing was read."""
    letters: Mapping[str, float]
    """For each of A-Z, a-z, 0-9: the highest probability anywhere in the crop (only those above 0.001)."""


class Recognizer:
    """Reads crops of one line of text. Holds one single-threaded session; make one a process (``recognizer``)."""

    def __init__(self) -> None:
        """Loads the network (0.2 s, 60 MB).

        Raises:
            MiningError: rapidocr is not installed or does not carry the model.
        """
        import onnxruntime

        spec = find_spec("rapidocr")
        path = Path(spec.origin).parent / _MODEL if spec and spec.origin else None
        if path is None or not path.is_file():
            raise MiningError(
                f"OCR model {str(path or _MODEL)!r} was not found; expected it inside the rapidocr package (3.10 or "
                "newer 3.x); install the project's dependencies again"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: onnxruntime.InferenceSession = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        listed = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ["", *listed, " "]  # the blank of CTC comes first, the space last
        self._letter_index = np.array([self._characters.index(c) for c in _ALPHABET])

    def read(self, crops: Sequence[NDArray[np.uint8]]) -> list[Reading]:
        """One reading for each crop, in order.

        Args:
            crops: UInt8[h, w] grey or UInt8[h, w, 3] RGB, upright, one line each, of any size.
        """
        widths = [_network_width(crop) for crop in crops]
        by_width = sorted(range(len(crops)), key=lambda i: widths[i])
        readings: list[Reading | None] = [None] * len(crops)
        for start in range(0, len(by_width), _BATCH):
            chosen = by_width[start : start + _BATCH]
            batch = np.stack([_prepared(crops[i], widths[chosen[-1]]) for i in chosen])
            (probabilities,) = self._session.run(None, {self._input: batch})
            for i, steps in zip(chosen, np.asarray(probabilities), strict=True):
                readings[i] = self._decoded(steps)
        return [reading for reading in readings if reading is not None]

    def _decoded(self, steps: NDArray[np.float32]) -> Reading:
        """Greedy CTC decoding of Float[steps, characters]: repeats merged, blanks dropped."""
        best = steps.argmax(axis=1)
        sure = steps.max(axis=1)
        kept = [t for t in range(len(best)) if best[t] != 0 and (t == 0 or best[t] != best[t - 1])]
        text = "".join(self._characters[best[t]] for t in kept)
        peaks = steps[:, self._letter_index].max(axis=0)
        letters = {c: float(p) for c, p in zip(_ALPHABET, peaks, strict=True) if p > 0.001}
        return Reading(text, float(np.mean(sure[kept])) if kept else 0.0, letters)


@lru_cache(maxsize=1)
def recognizer() -> Recognizer:
    """The process's only recognizer, loaded at the first call."""
    return Recognizer()


def _network_width(crop: NDArray[np.uint8]) -> int:
    height, width = crop.shape[:2]
    steps = max(1, -(-round(_HEIGHT_PX * width / height) // _WIDTH_STEP_PX))
    return max(3, steps) * _WIDTH_STEP_PX


def _prepared(crop: NDArray[np.uint8], width_px: int) -> NDArray[np.float32]:
    """Float32[3, 48, width_px] in -1 to 1; narrower crops are continued to the right in their border's colour."""
    rgb = crop if crop.ndim == 3 else np.asarray(cv2.cvtColor(crop, cv2.COLOR_GRAY2RGB), np.uint8)
    own_width = min(width_px, max(1, round(_HEIGHT_PX * rgb.shape[1] / rgb.shape[0])))
    resized = cv2.resize(rgb, (own_width, _HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
    canvas = np.empty((_HEIGHT_PX, width_px, 3), np.float32)
    canvas[:] = np.median(rgb[:, -1], axis=0)
    canvas[:, :own_width] = resized
    return np.ascontiguousarray((canvas / 127.5 - 1).transpose(2, 0, 1))
