"""The agent that asks a vision-language model: Panel2Patch's stages I and II over what the embedded agent found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agents.embedded.captions import split_caption
from agents.lvlm.asking.asker import Asker
from agents.lvlm.asking.budget import Budget
from agents.lvlm.asking.coordinates import frame_of
from agents.lvlm.asking.prompts import load_prompt
from agents.lvlm.captions.units import CaptionReading, PanelReading, assign_caption
from agents.lvlm.look import Example, Look
from agents.lvlm.model import Model
from agents.lvlm.panels.proposing import PanelFinding, propose_panels
from agents.lvlm.regions.mining import MarkerFinding, RegionFinding, mine_regions
from agents.lvlm.regions.texts import write_texts
from curator.doubts import Doubt
from curator.exchange import Exchange, Ledger, Picture
from curator.figure import Figure, Hierarchy, Marker, Panel, Provenance, Region, Shared
from curator.samples import Samples
from curator.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PROMPTS = (
    "panels_marks",
    "panels_letters",
    "caption",
    "regions_markers",
    "regions_text",
    "texts",
    "doubts_panels",
    "doubts_caption",
    "doubts_markers",
    "doubts_regions",
)

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

    @property
    def name(self) -> str:
        return self._model.provider

    @property
    def model_name(self) -> str:
        return self._model.name

    @property
    def signature(self) -> str:
        return f"{self.name} {self.model_name} {self._version}"

    def propose(
        self, figure: Figure, image_rgb: NDArray[np.uint8], candidates: Hierarchy, doubts: Sequence[Doubt] = ()
    ) -> Proposal:
        """The figure's hierarchy; ``image_rgb`` is uint8 [height, width, 3] in the frame of the boxes, ``candidates``
        what the embedded agent found in it, ``doubts`` what an earlier mining may have got wrong.

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
            doubts=tuple(doubts),
        )
        found = propose_panels(look)
        reading = assign_caption(look, found.panels)
        faults = [*found.faults, *reading.faults]
        noted = _Noted(self._model, self._version, datetime.now(UTC).isoformat(timespec="milliseconds"))
        promised = tuple(dict.fromkeys((*candidates.shared.promised_labels, *reading.missing)))
        shared = Shared(reading.lead_spans, reading.tail_spans, promised)
        hierarchy = Hierarchy(noted.panels(found.panels, reading), shared=shared)
        if prompting.regions:
            mined = mine_regions(look, hierarchy.panels)
            faults += [f"{panel_id}: {reason}" for panel_id, reason in mined.failures]
            hierarchy = replace(hierarchy, markers=noted.markers(mined.markers), regions=noted.regions(mined.regions))
        if prompting.texts:
            texts = write_texts(look, hierarchy)
            faults += texts.faults
            hierarchy = texts.hierarchy
        return Proposal(hierarchy, tuple(faults), ledger.seconds, ledger.cost)


class _Noted:
    """Findings as nodes, each with its provenance."""

    def __init__(self, model: Model, version: str, at: str) -> None:
        self._model = model
        self._version = version
        self._at = at

    def panels(self, found: Sequence[PanelFinding], reading: CaptionReading) -> tuple[Panel, ...]:
        return tuple(
            Panel(
                id=f"p{number}",
                box_xyxy=panel.box_xyxy,
                provenance=self._provenance(
                    said.weighed(panel.confidence), (*panel.exchanges, *reading.exchanges), _of_label(panel, said)
                ),
                label=panel.label or said.label,
                label_box_xyxy=panel.label_box_xyxy,
                kind=panel.kind,
                photographic=panel.kind.photographic,
                own_spans=said.own_spans,
                rival_spans=said.rival_spans,
                description=panel.description,
            )
            for number, (panel, said) in enumerate(zip(found, reading.panels, strict=True), start=1)
        )

    def markers(self, found: Sequence[MarkerFinding]) -> tuple[Marker, ...]:
        return tuple(
            Marker(
                id=f"m{number}",
                panel_id=marker.panel_id,
                kind=marker.kind,
                box_xyxy=marker.box_xyxy,
                provenance=self._provenance(marker.confidence, marker.exchanges, marker.samples),
                color=marker.color,
                tip_xy=marker.tip_xy,
                clause_span=marker.clause_span,
            )
            for number, marker in enumerate(found, start=1)
        )

    def regions(self, found: Sequence[RegionFinding]) -> tuple[Region, ...]:
        return tuple(
            Region(
                id=f"r{number}",
                panel_id=region.panel_id,
                box_xyxy=region.box_xyxy,
                provenance=self._provenance(region.confidence, region.exchanges, region.samples),
                label=region.label,
                caption=region.caption,
                clause_span=region.clause_span,
                marker_id=None if region.marker is None else f"m{region.marker + 1}",
            )
            for number, region in enumerate(found, start=1)
        )

    def _provenance(self, confidence: float, exchanges: tuple[str, ...], samples: Samples | None) -> Provenance:
        return Provenance(
            agent=self._model.provider,
            version=self._version,
            at=self._at,
            confidence=round(min(max(confidence, 0.0), 1.0), 4),
            model=self._model.name,
            exchanges=tuple(dict.fromkeys(exchanges)),
            samples=samples,
        )


def _of_label(panel: PanelFinding, said: PanelReading) -> Samples | None:
    """The panel's samples; none of them read a label that only the caption gives."""
    if panel.samples is None or panel.label or not said.label:
        return panel.samples
    return replace(panel.samples, label=0)


class _Tally:
    """A ledger that also counts what one figure's new exchanges take."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: set[str] = set()
        self.seconds = 0.0
        self.cost = 0.0

    def find(self, key: str) -> Exchange | None:
        found = self._ledger.find(key)
        if found is not None:
            self._known.add(key)
        return found

    def save(self, exchange: Exchange, pictures: Sequence[Picture]) -> None:
        self._ledger.save(exchange, pictures)
        if exchange.key not in self._known:  # a known one that is read otherwise now was paid for before
            self.seconds += exchange.reply.seconds
            self.cost += exchange.cost


def prompts_version() -> str:
    """Changes with any word of any prompt."""
    return hashlib.sha256("".join(load_prompt(name).sha256 for name in _PROMPTS).encode()).hexdigest()[:12]
