"""Panels of real figures, where the reference material is at hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agents.embedded.layout import label_key, propose_panels
from agents.embedded.letters import Letter
from curator.geometry import iou

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def real_figures() -> list[tuple[Path, dict[str, object]]]:
    """Small real figures with truth, three sets of different style; empty where there is no reference material."""
    found: list[tuple[Path, dict[str, object]]] = []
    for name in ("PMC2467486", "chest-ct", "openstax-anatomy"):
        truth = SHARED / "truth" / f"{name}.json"
        if truth.exists():
            folder = SHARED / "figures" / name
            found.extend((folder / figure["image"], figure) for figure in json.loads(truth.read_text(encoding="utf-8")))
    return [(path, figure) for path, figure in found if path.exists()]


@pytest.mark.skipif(not SHARED.exists(), reason="the reference material is not here")
def test_with_true_letters_nine_in_ten_real_panels_are_right_at_iou_three_quarters() -> None:
    true = right = proposed = 0
    for path, figure in real_figures():
        panels = figure["panels"]
        assert isinstance(panels, list)
        letters = [Letter(p["label"], tuple(p["label_box_xyxy"]), 0.95) for p in panels if p.get("label_box_xyxy")]
        with Image.open(path) as opened:
            image = np.asarray(opened.convert("RGB"))
        boxes = {
            label_key(p.label or ""): p.box_xyxy for p in propose_panels(image, letters, tuple(x.text for x in letters))
        }
        true += len(panels)
        proposed += len(boxes)
        right += sum(
            iou(boxes.get(label_key(p["label"] or ""), (0.0, 0.0, 0.0, 0.0)), tuple(p["box_xyxy"])) >= 0.75
            for p in panels
        )
    assert true > 60
    assert 2 * right / (true + proposed) >= 0.9
