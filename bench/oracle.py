"""What a model's errors cost the panels: the paper's variant, asked once and pooled, against set-of-marks with pooling.

A noisy oracle stands for the model (``bench.stand_ins.oracle``): it knows the truth of drawn figures and is wrong at a
set rate. The figures are those of another seed than `curator demo`, the candidates those of the embedded agent.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from agents.embedded.agent import EmbeddedAgent
from agents.embedded.captions import split_caption
from agents.embedded.layout import label_key
from agents.engine import Job, default_workers, load_rgb, mine
from agents.lvlm.asking.asker import Asker
from agents.lvlm.asking.budget import Budget
from agents.lvlm.look import Look
from agents.lvlm.panels.proposing import propose_panels
from bench.demo import matched
from bench.stand_ins.oracle import FRAME, ErrorRates, NoisyOracle
from curator.errors import ReplyError
from curator.exchange import MemoryLedger
from curator.figure import Figure, Hierarchy
from curator.geometry import Box
from curator.settings import MiningSettings, ModelSettings, PromptingSettings
from data.demo.corpus import draw_corpus

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIGURES = 40
SEED = 4711
RATES = (0.0, 0.1, 0.2, 0.3, 0.5)
WAYS = {
    "letters, one view": PromptingSettings(variant="letters", views=1, examples=0),
    "letters, pooled (the paper)": PromptingSettings(variant="letters", views=5, examples=0),
    "marks, pooled (ours)": PromptingSettings(variant="marks", views=5, examples=0),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn figure with its truth and the embedded agent's candidates."""

    figure: Figure
    image_rgb: NDArray[np.uint8]
    candidates: Hierarchy
    truth: dict[str, Any]


def run() -> None:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        figures = list(drawn(Path(folder), FIGURES, SEED))
    boxes = [(label_key(panel.label or ""), panel.box_xyxy) for one in figures for panel in one.candidates.panels]
    own = _f1([(one.truth, [(p.label, p.box_xyxy) for p in one.candidates.panels]) for one in figures])
    print(f"{len(figures)} drawn figures, {len(boxes)} candidates; the embedded agent alone: F1 {own:.3f}")
    print("F1: IoU 0.5 and the right letter. Error rate: share of panels wrong in an answer; half of them in all views")
    for systematic in (0.0, 0.5):
        print(f"\n### {systematic:.0%} of the errors repeated in every view")
        print("| variant | " + " | ".join(f"{rate:.0%} wrong" for rate in RATES) + " | requests a figure |")
        print("|---" * (len(RATES) + 2) + "|")
        for way, prompting in WAYS.items():
            cells, requests = [], 0
            for rate in RATES:
                oracle = NoisyOracle((one.truth for one in figures), ErrorRates.evenly(rate), SEED, systematic)
                found = []
                for one in figures:
                    panels, asked = _panels(one, oracle, prompting)
                    requests += asked
                    found.append((one.truth, panels))
                cells.append(f"{_f1(found):.3f}")
            print(f"| {way} | " + " | ".join(cells) + f" | {requests / len(figures) / len(RATES):.1f} |", flush=True)


def drawn(folder: Path, count: int, seed: int) -> Iterator[Drawn]:
    """Figures of the demo corpus, each with what the embedded agent finds in it."""
    draw_corpus(folder, count, seed)
    truths = {truth["figure_id"]: truth for truth in json.loads((folder / "truth.json").read_text())}
    jobs = [
        Job(
            Figure(key, "demo", truth["image"], "0" * 64, tuple(truth["image_wh"]), caption=truth["caption"]),
            folder / truth["image"],
        )
        for key, truth in truths.items()
    ]
    mined = {
        result.figure_id: result for result in mine(jobs, partial(EmbeddedAgent, MiningSettings()), default_workers())
    }
    for job in jobs:
        hierarchy = mined[job.figure.id].hierarchy
        if hierarchy is None:
            raise RuntimeError(f"{job.figure.id} was not mined: {mined[job.figure.id].reason}")
        yield Drawn(job.figure, load_rgb(job.image), hierarchy, truths[job.figure.id])


def _panels(one: Drawn, oracle: NoisyOracle, prompting: PromptingSettings) -> tuple[list[tuple[str | None, Box]], int]:
    """Label and box of the panels, and how many requests they took."""
    settings = ModelSettings(model=oracle.name, coordinates=FRAME, temperature=0.0)
    ledger = MemoryLedger()
    look = Look(
        figure=one.figure,
        image_rgb=one.image_rgb,
        candidates=one.candidates,
        split=split_caption(one.figure.caption),
        asker=Asker(oracle, ledger, Budget(settings), settings, one.figure.id),
        frame=FRAME,
        max_side_px=settings.max_side_px,
        prompting=prompting,
        mining=MiningSettings(),
    )
    try:
        found = [(panel.label, panel.box_xyxy) for panel in propose_panels(look).panels]
    except ReplyError:
        found = []  # a figure that stays unreadable counts as one without panels
    return found, len(ledger.exchanges)


def _f1(found: Sequence[tuple[dict[str, Any], Sequence[tuple[str | None, Box]]]]) -> float:
    """F1 of all panels: IoU 0.5 and the same letter (none where none is printed)."""
    true = proposed = right = 0
    for truth, panels in found:
        true += len(truth["panels"])
        proposed += len(panels)
        pairs = matched([panel["box_xyxy"] for panel in truth["panels"]], [box for _, box in panels], 0.5)
        right += sum(
            label_key(truth["panels"][i]["label"] or "") == label_key(panels[j][0] or "") for i, j in pairs.items()
        )
    return 2 * right / (true + proposed)
