"""The embedded agent at several scales, on a drawn figure."""

from __future__ import annotations

import numpy as np

from agents.embedded.scales import SCALES, ScaledAgent
from curator.figure import Figure, check
from curator.geometry import iou
from curator.settings import MiningSettings
from data.demo.drawing import draw_figure


def test_readings_at_all_scales_are_one_hierarchy_in_the_figures_frame() -> None:
    drawn = draw_figure(np.random.default_rng([5, 6]))
    height, width = drawn.rgb.shape[:2]
    figure = Figure("f1", "a1", "f1.png", "0" * 64, (width, height), caption=drawn.caption)
    truth = drawn.truth("f1.png", "f1")["panels"]

    found = ScaledAgent(MiningSettings()).propose(figure, drawn.rgb)

    check(found, figure.image_wh, figure.caption)
    assert {node.provenance.agent for node in found.nodes()} == {"embedded-scales"}
    assert len(found.panels) == len(truth) == 4
    samples = [panel.provenance.samples for panel in found.panels]
    assert all(one and one.asked == len(SCALES) and one.label and one.kind for one in samples)
    for panel in truth:
        assert max(iou(one.box_xyxy, panel["box_xyxy"]) for one in found.panels) > 0.75
