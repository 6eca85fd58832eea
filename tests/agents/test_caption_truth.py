"""The caption grammar against the caption truth, where it is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.agents.caption_parts import parts

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def _rouge_l(want: str, got: str) -> float:
    """F1 of the longest common subsequence of words."""
    a, b = re.findall(r"\w+", want.lower()), re.findall(r"\w+", got.lower())
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal = 0
        for j, y in enumerate(b, 1):
            above = row[j]
            row[j] = diagonal + 1 if x == y else max(above, row[j - 1])
            diagonal = above
    return 2 * row[-1] / (len(a) + len(b)) if a or b else 1.0


@pytest.mark.skipif(not (SHARED / "truth" / "captions.json").exists(), reason="the caption truth is not here")
def test_labels_and_texts_of_the_caption_truth_are_found() -> None:
    truths = json.loads((SHARED / "truth" / "captions.json").read_text())
    hits = wanted = found = 0
    scores = []
    for truth in truths:
        lead, own, tail = parts(truth["caption"])
        texts = {label.lower(): " ".join((lead, text, tail)) for label, text in own.items()}
        want = {panel["label"].lower(): panel["subcaption"] for panel in truth["panels"]}
        hits, wanted, found = hits + len(want.keys() & texts.keys()), wanted + len(want), found + len(texts)
        scores += [_rouge_l(text, texts.get(label, "")) for label, text in want.items()]

    assert 2 * hits / (wanted + found) >= 0.97
    assert sum(scores) / len(scores) >= 0.87


FIGURE_SETS = ("PMC2467486", "biorxiv-488149", "elife-67409", "embo-symbols", "openstax-anatomy")


@pytest.mark.skipif(not (SHARED / "truth").exists(), reason="the figure truth is not here")
@pytest.mark.parametrize("name", FIGURE_SETS)
def test_each_panel_of_the_figure_truth_gets_its_own_text(name: str) -> None:
    scores = []
    for truth in json.loads((SHARED / "truth" / f"{name}.json").read_text()):
        own = {label.lower(): text for label, text in parts(truth.get("caption") or "")[1].items()}
        scores += [
            _rouge_l(panel["subcaption"], own.get(panel["label"].lower(), ""))
            for panel in truth["panels"]
            if panel.get("label") and panel.get("subcaption")
        ]

    assert sum(scores) / len(scores) >= 0.92
