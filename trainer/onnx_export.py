"""The two towers of a model as ONNX files, each proven equal to torch by onnxruntime."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from curator.errors import ModelError

IMAGE, TEXT = "image.onnx", "text.onnx"
TOLERANCE = 1e-4
"""Most that a component of a unit feature may differ; guess: measured on curator-tiny are some 1e-7."""
_OPSET = 18  # torch's exporter writes it; older ones would be converted from it
_BESIDE = 1.5e9  # bytes; a file of ONNX holds at most 2 GB, the weights of larger towers stand in a file beside it


class _ImageTower(nn.Module):
    def __init__(self, clip: Any) -> None:
        super().__init__()
        self.clip = clip

    def forward(self, pixels: Tensor) -> Tensor:
        return functional.normalize(self.clip.encode_image(pixels), dim=-1)


class _TextTower(nn.Module):
    def __init__(self, clip: Any) -> None:
        super().__init__()
        self.clip = clip

    def forward(self, tokens: Tensor) -> Tensor:
        return functional.normalize(self.clip.encode_text(tokens), dim=-1)


def export_onnx(clip: Any, px: int, tokens: Tensor, folder: Path) -> None:
    """Writes ``image.onnx`` and ``text.onnx``; both give float32 [n, d] of unit length.

    ``image.onnx`` takes ``pixels``, float32 [n, 3, px, px], normalised; ``text.onnx`` takes ``tokens``, int64
    [n, context]. n may be any number from 1 on.

    Args:
        clip: an open_clip model on the CPU, in evaluation mode.
        px: of its pictures.
        tokens: int64 [m, context] with m > 1: texts to prove the text tower on.
        folder: that exists.

    Raises:
        ModelError: a tower cannot be exported, or its features differ.
    """
    pixels = torch.randn((3, 3, px, px), generator=torch.Generator().manual_seed(0))
    _export(_ImageTower(clip), pixels, "pixels", folder / IMAGE)
    _export(_TextTower(clip), tokens, "tokens", folder / TEXT)


def _export(tower: nn.Module, inputs: Tensor, name: str, path: Path) -> None:
    size = sum(weight.numel() * weight.element_size() for weight in tower.parameters())
    try:
        with _quiet(), torch.no_grad():
            torch.onnx.export(
                tower.eval(),
                (inputs[:2],),
                str(path),
                input_names=[name],
                output_names=["features"],
                dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
                opset_version=_OPSET,
                external_data=size > _BESIDE,
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # the exporter raises whatever a layer leads to, around it a page of advice
        raise ModelError(
            f"{path.name} cannot be exported ({error.__cause__ or error}); publish without it: --no-onnx"
        ) from error
    _prove(tower, inputs, name, path)


def _prove(tower: nn.Module, inputs: Tensor, name: str, path: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for n in (1, len(inputs)):
        (found,) = session.run(None, {name: inputs[:n].numpy()})
        with torch.no_grad():
            wanted = tower(inputs[:n]).numpy()
        difference = float(np.abs(found - wanted).max())
        if not difference <= TOLERANCE:
            raise ModelError(
                f"{path.name} differs from torch by {difference:g} in a feature of {n} inputs, expected at most "
                f"{TOLERANCE:g}; publish without it: --no-onnx"
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter speaks at length about itself."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
