"""A scripted model, and figures in front of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.embedded.captions import split_caption
from agents.lvlm.asking.asker import Asker
from agents.lvlm.asking.budget import Budget
from agents.lvlm.asking.coordinates import Frame
from agents.lvlm.look import Example, Look
from agents.lvlm.model import Message, Sampling, Schema
from curator.exchange import MemoryLedger, Reply
from curator.figure import Figure, Hierarchy, Panel, PanelKind, Provenance, Span
from curator.geometry import Box, Size
from curator.settings import MiningSettings, ModelSettings, PromptingSettings

PROPOSED = Provenance("embedded", "1", "2026-01-01T00:00:00+00:00", 0.8)


class Scripted:
    """Answers from a queue, and keeps what it was asked."""

    provider = "scripted"
    name = "scripted-1"

    def __init__(self, *replies: dict[str, Any] | str) -> None:
        self.replies = [reply if isinstance(reply, str) else json.dumps(reply) for reply in replies]
        self.asked: list[Sequence[Message]] = []

    def complete(self, messages: Sequence[Message], schema: Schema | None, sampling: Sampling) -> Reply:
        self.asked.append(messages)
        assert self.replies, f"asked once more than scripted: {messages[-1].text[-400:]}"
        return Reply(self.replies.pop(0), tokens_in=1, tokens_out=1)

    def facts(self, index: int = 0) -> dict[str, Any]:
        """The facts of the question asked as number ``index``."""
        return facts_of(self.asked[index][0])

    def told(self, index: int) -> str:
        """What the model was told last in that question."""
        return self.asked[index][-1].text


def facts_of(message: Message) -> dict[str, Any]:
    text = message.text
    facts: dict[str, Any] = json.loads(text[text.rindex("```json") + 7 : text.rindex("```")])
    return facts


def example_of(caption: str, hierarchy: Hierarchy, image_wh: Size = (1000, 500)) -> Example:
    """A verified figure, grey all over."""
    figure = Figure("f0", "a0", "f0.png", "1" * 64, image_wh, caption=caption)
    return Example(figure, hierarchy, np.full((image_wh[1], image_wh[0], 3), 90, np.uint8))


def look_at(
    model: Scripted,
    caption: str = "",
    candidates: Hierarchy | None = None,
    *,
    image_wh: Size = (1000, 500),
    mining: MiningSettings | None = None,
    prompting: PromptingSettings | None = None,
    ledger: MemoryLedger | None = None,
    examples: tuple[Example, ...] = (),
) -> Look:
    """A grey figure; its boxes are asked for from 0 to 1000."""
    figure = Figure("f1", "a1", "f1.png", "0" * 64, image_wh, caption=caption)
    settings = ModelSettings(model="scripted-1", coordinates="0-1000")
    return Look(
        figure=figure,
        image_rgb=np.full((image_wh[1], image_wh[0], 3), 120, np.uint8),
        candidates=candidates or Hierarchy(),
        split=split_caption(caption),
        asker=Asker(model, ledger or MemoryLedger(), Budget(settings), settings, figure.id),
        frame=Frame.THOUSAND,
        max_side_px=1000,
        prompting=prompting or PromptingSettings(),
        mining=mining or MiningSettings(),
        examples=examples,
    )


def panel(
    panel_id: str,
    box_xyxy: Box,
    label: str | None = None,
    own_spans: tuple[Span, ...] = (),
    kind: PanelKind = PanelKind.MICROSCOPY,
) -> Panel:
    return Panel(panel_id, box_xyxy, PROPOSED, label, kind=kind, photographic=kind.photographic, own_spans=own_spans)
