"""The embedded agent on the drawn corpus, whose truth is exact: it ranks changes, it says little of real figures."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import cv2

from agents.embedded.agent import EmbeddedAgent
from agents.embedded.layout import label_key
from curator.figure import Figure, Hierarchy
from curator.geometry import Box, iou
from curator.settings import MiningSettings
from data.demo.corpus import draw_corpus
from data.images import load_image

FIGURES = 60
SEED = 2024  # not the seed of `curator demo`


def run() -> None:
    cv2.setNumThreads(1)
    agent = EmbeddedAgent(MiningSettings())
    true = proposed = right_50 = right_75 = letters = letters_right = 0
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        draw_corpus(corpus, FIGURES, SEED)
        for truth in json.loads((corpus / "truth.json").read_text()):
            panels, hierarchy = truth["panels"], _mined(agent, corpus, truth)
            boxes = [panel.box_xyxy for panel in hierarchy.panels]
            pairs = matched([panel["box_xyxy"] for panel in panels], boxes, 0.5)
            true += len(panels)
            proposed += len(boxes)
            right_50 += len(pairs)
            right_75 += len(matched([panel["box_xyxy"] for panel in panels], boxes, 0.75))
            for index, panel in enumerate(panels):
                if panel["label"]:
                    letters += 1
                    found = hierarchy.panels[pairs[index]].label if index in pairs else None
                    letters_right += label_key(found or "") == label_key(panel["label"])
    print(
        f"{FIGURES} drawn figures, {true} panels: F1@.5 {2 * right_50 / (true + proposed):.3f}, "
        f"F1@.75 {2 * right_75 / (true + proposed):.3f}, letter {letters_right / letters:.3f}"
    )


def _mined(agent: EmbeddedAgent, corpus: Path, truth: dict[str, Any]) -> Hierarchy:
    image = load_image(corpus / "images" / Path(truth["image"]).name)
    figure = Figure(truth["figure_id"], "demo", truth["image"], image.sha256, image.wh, caption=truth["caption"])
    return agent.propose(figure, image.rgb)


def matched(truth: list[Box], proposed: list[Box], least_iou: float) -> dict[int, int]:
    """Greedy pairs (index of truth -> index of proposal), best overlap first, each used once."""
    values = sorted(((iou(a, b), i, j) for i, a in enumerate(truth) for j, b in enumerate(proposed)), reverse=True)
    pairs: dict[int, int] = {}
    for value, i, j in values:
        if value >= least_iou and i not in pairs and j not in pairs.values():
            pairs[i] = j
    return pairs
