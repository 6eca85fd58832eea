"""The agent that asks a vision-language model: Panel2Patch's stages I and II over what the embedded agent found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agents.embedded.captions import split_caption
from agents.lvlm.asking import Asker
from agents.lvlm.budget import Budget
from agents.lvlm.caption_units import CaptionReading, assign_caption
from agents.lvlm.coordinates import frame_of
from agents.lvlm.look import Example, Look
from agents.lvlm.model import Model
from agents.lvlm.panels import PanelFinding, propose_panels
from agents.lvlm.prompts import load_prompt
from agents.lvlm.region_texts import write_texts
from agents.lvlm.regions import MarkerFinding, RegionFinding, mine_regions
from curator.errors import ReplyError
from curator.exchange import Exchange, Ledger, Picture
from curator.figure import Figure, Hierarchy, Marker, Panel, Provenance, Region, Shared
from curator.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PROMPTS = ("panels_marks", "panels_letters", "caption", "regions_markers", "regions_text", "texts")

FindExamples = Callable[[Figure, Hierarchy, int], Sequence[Example]]
"""Verified figures nearest to a figure with these candidates, at most so many."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the model proposed for one figure, and what it took."""

    hierarchy: Hierarchy
    faults: tuple[str, ...]
    """Parts for which no reply could be used; there the embedded agent's proposals stand."""
    seconds: float
    """Of the model, this time: what was answered before costs nothing."""
    cost: float


class LvlmAgent:
    """Proposes whole hierarchies by asking ``model``. Safe to call from several threads."""

    def __init__(
        self, model: Model, ledger: Ledger, budget: Budget, settings: Settings, find_examples: FindExamples
    ) -> None:
        self._model = model
        self._ledger = ledger
        self._budget = budget
        self._settings = settings
        self._find_examples = find_examples
        self._frame = frame_of(settings.model)
        self._version = prompts_version()

    def propose(self, figure: Figure, image_rgb: NDArray[np.uint8], candidates: Hierarchy) -> Proposal:
        """The figure's hierarchy; ``image_rgb`` is uint8 [height, width, 3] in the frame of the boxes, ``candidates``
        what the embedded agent found in it.

        Raises:
            ReplyError: the model's panels stayed unreadable; its raw replies are kept.
            ModelError, BudgetError: the model cannot be asked (any more).
        """
        prompting = self._settings.prompting
        ledger = _Tally(self._ledger)
        look = Look(
            figure=figure,
            image_rgb=image_rgb,
            candidates=candidates,
            split=split_caption(figure.caption, figure.bold_spans),
            asker=Asker(self._model, ledger, self._budget, self._settings.model, figure.id),
            frame=self._frame,
            max_side_px=self._settings.model.max_side_px,
            prompting=prompting,
            mining=self._settings.mining,
            examples=tuple(self._find_examples(figure, candidates, prompting.examples)) if prompting.examples else (),
        )
        found = propose_panels(look)
        reading = assign_caption(look, found)
        faults = list(reading.faults)
        panels = self._panels(found, reading)
        markers: tuple[Marker, ...] = ()
        regions: tuple[Region, ...] = ()
        if prompting.regions:
            mined = mine_regions(look, panels)
            faults += [f"{panel_id}: {reason}" for panel_id, reason in mined.failures]
            markers = tuple(self._marker(number, marker) for number, marker in enumerate(mined.markers, start=1))
            regions = tuple(self._region(number, region) for number, region in enumerate(mined.regions, start=1))
        hierarchy = Hierarchy(
            panels,
            markers,
            regions,
            Shared(reading.lead_spans, reading.tail_spans, candidates.shared.promised_labels),
        )
        if prompting.texts:
            texts = write_texts(look, hierarchy)
            faults += texts.faults
            hierarchy = texts.hierarchy
        return Proposal(hierarchy, tuple(faults), ledger.seconds, ledger.cost)
