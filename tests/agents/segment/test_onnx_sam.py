"""The small Segment Anything, where its weights were fetched."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from agents.segment.fetch import ENCODER, is_fetched, weights_folder
from agents.segment.onnx_sam import OnnxSam, _enlarged
from agents.segment.segmenter import Click, Embedding
from curator.errors import ModelError
from curator.geometry import Box, centre
from tests.agents.segment.scenes import CELLS, cells, ellipse, mask_iou

FOLDER = weights_folder(os.environ)
fetched = pytest.mark.skipif(not is_fetched(FOLDER), reason="no weights; `curator fetch-models` fetches them")


@pytest.fixture(scope="module")
def sam() -> OnnxSam:
    return OnnxSam(FOLDER)


@pytest.fixture(scope="module")
def embedding(sam: OnnxSam) -> Embedding:
    return sam.embed(cells())


@fetched
@pytest.mark.parametrize("cell", CELLS)
def test_a_click_on_a_cell_gives_its_mask(sam: OnnxSam, embedding: Embedding, cell: Box) -> None:
    mask = sam.mask(embedding, [Click(centre(cell))], None)
    assert mask.shape == (220, 280)
    assert mask_iou(mask, ellipse(cell, mask.shape)) > 0.85


@fetched
@pytest.mark.parametrize("cell", CELLS)
def test_a_box_around_a_cell_gives_its_mask(sam: OnnxSam, embedding: Embedding, cell: Box) -> None:
    loose = (cell[0] - 5, cell[1] - 4, cell[2] + 6, cell[3] + 5)
    mask = sam.mask(embedding, [], loose)
    assert mask_iou(mask, ellipse(cell, mask.shape)) > 0.85


@fetched
def test_an_outer_click_takes_a_cell_out_of_a_mask_of_two(sam: OnnxSam, embedding: Embedding) -> None:
    box = (35, 35, 235, 115)
    both = sam.mask(embedding, [Click(centre(CELLS[0])), Click(centre(CELLS[1]))], box)
    one = sam.mask(embedding, [Click(centre(CELLS[0])), Click(centre(CELLS[1]), inside=False)], box)
    second = ellipse(CELLS[1], both.shape)
    assert (both & second).sum() > 0.8 * second.sum()
    assert (one & second).sum() < 0.1 * second.sum()


@fetched
def test_a_tall_image_is_answered_in_its_own_frame(sam: OnnxSam) -> None:
    tall = np.full((1400, 280, 3), 235, np.uint8)
    tall[1100:1320] = cells()
    cell = CELLS[1]
    moved = (cell[0], cell[1] + 1100, cell[2], cell[3] + 1100)
    mask = sam.mask(sam.embed(tall), [Click(centre(moved))], None)
    assert mask_iou(mask, ellipse(moved, mask.shape)) > 0.8


@pytest.mark.parametrize("wh", [(256, 128), (1000, 700), (33, 90)])
def test_logits_are_enlarged_to_where_they_belong(wh: tuple[int, int]) -> None:
    scale = 256 / max(wh)
    y, x = (np.mgrid[:256, :256] + 0.5) / scale
    # a round thing of a third of the image: distance to its rim, in image pixels
    centre_x, centre_y, radius = 0.6 * wh[0], 0.5 * wh[1], min(wh) / 3
    logits = (radius - np.hypot(x - centre_x, y - centre_y)).astype(np.float32)
    mask = _enlarged(logits, wh, scale)
    box = (centre_x - radius, centre_y - radius, centre_x + radius, centre_y + radius)
    assert mask_iou(mask, ellipse(box, (wh[1], wh[0]))) > 0.97


def test_logits_in_the_padding_are_no_mask() -> None:
    logits = np.full((256, 256), -1, np.float32)
    logits[200:, :] = 1
    assert not _enlarged(logits, (256, 100), 1.0).any()


def test_a_broken_file_is_told_with_what_mends_it(tmp_path: Path) -> None:
    (tmp_path / ENCODER).write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"cannot be loaded .*; delete it and run `curator fetch-models`"):
        OnnxSam(tmp_path)
