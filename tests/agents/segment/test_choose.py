"""Which segmenter is taken."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from agents.segment import fetch
from agents.segment.choose import choose_segmenter
from curator.errors import ModelError
from curator.settings import SegmentSettings


def test_without_weights_it_is_opencv_and_says_what_to_run(tmp_path: Path) -> None:
    choice = choose_segmenter(SegmentSettings(), tmp_path)
    assert choice.segmenter.name == "OpenCV: no SAM weights"
    assert choice.why == "no SAM weights: run `curator fetch-models`, or set segment.sam_checkpoint"


@pytest.mark.skipif(
    not fetch.is_fetched(fetch.weights_folder(os.environ)), reason="no weights; `curator fetch-models` fetches them"
)
def test_fetched_weights_come_before_opencv() -> None:
    choice = choose_segmenter(SegmentSettings(), fetch.weights_folder(os.environ))
    assert choice.segmenter.name == "SAM (MobileSAM, embedded)"
    assert choice.why == "fetched at set-up; set segment.sam_checkpoint for a larger one"


def test_weights_with_another_hash_are_not_loaded(tmp_path: Path) -> None:
    for name in (fetch.ENCODER, fetch.DECODER):
        (tmp_path / name).write_bytes(b"something else")
    assert choose_segmenter(SegmentSettings(), tmp_path).segmenter.key == "opencv-1"


def test_a_checkpoint_that_is_not_there_is_an_error_not_another_model(tmp_path: Path) -> None:
    missing = tmp_path / "sam_vit_b.pth"
    with pytest.raises(ModelError) as caught:
        choose_segmenter(SegmentSettings(sam_checkpoint=str(missing)), tmp_path)
    assert str(caught.value) == (
        f"segment.sam_checkpoint names {str(missing)!r}, which does not exist; expected a checkpoint of "
        "segment-anything or a folder of Sam or Sam2 weights"
    )


@pytest.mark.parametrize(("kind", "module"), [("file", "torch_sam"), ("folder", "hf_sam")])
def test_a_package_that_is_not_installed_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, module: str
) -> None:
    weights = tmp_path / "weights"
    if kind == "file":
        weights.write_bytes(b"x")
    else:
        weights.mkdir()
    monkeypatch.setitem(sys.modules, f"agents.segment.{module}", None)
    with pytest.raises(ModelError, match=r"needs a package that is not installed .*; `make models` installs it"):
        choose_segmenter(SegmentSettings(sam_checkpoint=str(weights)), tmp_path)
