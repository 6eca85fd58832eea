"""The small Segment Anything as two ONNX graphs, run on the CPU without torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from agents.segment.fetch import DECODER, ENCODER
from agents.segment.segmenter import Click, Embedding
from curator.errors import ModelError
from curator.geometry import Box, Size

if TYPE_CHECKING:
    from numpy.typing import NDArray

_INPUT = 1024  # px: longer side of what the encoder sees (Segment Anything)
_LOW = 256  # px: longer side of what the decoder draws, before it is made larger
_MEAN = np.array((123.675, 116.28, 103.53), np.float32)  # RGB, Segment Anything's own
_STD = np.array((58.395, 57.12, 57.375), np.float32)
_THREADS = 2  # 0.7 s a figure and 50 ms a mask on two cores, 1.4 s and 75 ms on one; the page and the miner want some
_INSIDE, _OUTSIDE, _CORNER, _OTHER_CORNER, _NO_POINT = 1.0, 0.0, 2.0, 3.0, -1.0  # how the decoder labels points


class OnnxSam:
    """A segmenter (see ``agents.segment.segmenter.Segmenter``) over the files that ``fetch`` put into a folder.

    Raises:
        ModelError: the files cannot be loaded.
    """

    name = "SAM (MobileSAM, embedded)"
    key = "onnx-sam-18348d14-800b1500"  # the files' hashes

    def __init__(self, folder: Path) -> None:
        threads = min(_THREADS, os.cpu_count() or 1)
        self._encoder = _session(folder / ENCODER, threads)
        self._decoder = _session(folder / DECODER, threads)

    def embed(self, image_rgb: NDArray[np.uint8]) -> Embedding:
        height, width = image_rgb.shape[:2]
        scale = _scale((width, height))
        smaller = (max(1, round(width * scale)), max(1, round(height * scale)))
        # area for making smaller: linear would drop thin lines and small print
        resized = cv2.resize(image_rgb, smaller, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        padded = np.zeros((1, 3, _INPUT, _INPUT), np.float32)
        padded[0, :, : smaller[1], : smaller[0]] = ((resized - _MEAN) / _STD).transpose(2, 0, 1)
        (features,) = self._encoder.run(None, {"input": padded})
        # half precision: 2 MB on disk instead of 4, and masks that differ by no more than single pixels
        return Embedding({"features": features.astype(np.float16)}, (width, height))

    def mask(self, embedding: Embedding, clicks: Sequence[Click], box_xyxy: Box | None) -> NDArray[np.bool_]:
        scale = _scale(embedding.image_wh)
        points = [click.xy for click in clicks]
        labels = [_INSIDE if click.inside else _OUTSIDE for click in clicks]
        if box_xyxy is None:
            points.append((0.0, 0.0))
            labels.append(_NO_POINT)
        else:
            points += [(box_xyxy[0], box_xyxy[1]), (box_xyxy[2], box_xyxy[3])]
            labels += [_CORNER, _OTHER_CORNER]
        (low,) = self._decoder.run(
            ["low_res_masks"],
            {
                "image_embeddings": embedding.arrays["features"].astype(np.float32),
                "point_coords": np.array([points], np.float32) * scale,
                "point_labels": np.array([labels], np.float32),
                "mask_input": np.zeros((1, 1, _LOW, _LOW), np.float32),
                "has_mask_input": np.zeros(1, np.float32),
                # the graph would draw the whole image; only the mask's part of it is drawn here (see _enlarged)
                "orig_im_size": np.array((_LOW, _LOW), np.float32),
            },
        )
        return _enlarged(low[0, 0], embedding.image_wh, scale * _LOW / _INPUT)


def _scale(image_wh: Size) -> float:
    return _INPUT / max(image_wh)


def _enlarged(logits: NDArray[np.float32], image_wh: Size, scale: float) -> NDArray[np.bool_]:
    """The mask [height, width] of an image whose pixels are ``scale`` of the logits' pixels; above 0 is inside."""
    width, height = image_wh
    mask = np.zeros((height, width), np.bool_)
    rows, columns = np.nonzero(logits > 0)
    if not rows.size:
        return mask
    # one more pixel on each side: between an inner and an outer one the edge lies
    x0, x1 = (int(v / scale) for v in (max(0, columns.min() - 1), columns.max() + 2))
    y0, y1 = (int(v / scale) for v in (max(0, rows.min() - 1), rows.max() + 2))
    x1, y1 = min(x1 + 1, width), min(y1 + 1, height)
    if x0 >= x1 or y0 >= y1:  # only in the padding
        return mask
    to_logits = np.array(
        ((scale, 0, (x0 + 0.5) * scale - 0.5), (0, scale, (y0 + 0.5) * scale - 0.5)),
        np.float64,
    )
    drawn = cv2.warpAffine(
        logits,
        to_logits,
        (x1 - x0, y1 - y0),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    mask[y0:y1, x0:x1] = drawn > 0
    return mask


def _session(path: Path, threads: int):  # type: ignore[no-untyped-def]  # onnxruntime has no types
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # waiting threads would take the cores from everything else for a while after each run
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has no base class for what may be wrong with a file
        raise ModelError(
            f"{path} cannot be loaded ({error}); delete it and run `curator fetch-models` to fetch it again"
        ) from error
