"""Counts over the figures of an export: what trains, what is left out, and who made it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from trainer.pairs import figure_fault, panel_fault, region_fault
from trainer.records import FigureRecord, PanelRecord, RegionRecord


@dataclass(slots=True)
class Tally:
    figures: int = 0
    articles: set[str] = field(default_factory=set)
    pairs: Counter[str] = field(default_factory=Counter)
    """By level: figures with a caption, panels and regions with a text."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Of the panels that make a pair."""
    licenses: Counter[str] = field(default_factory=Counter)
    """Of figures."""
    states: dict[str, Counter[str]] = field(default_factory=dict)
    """By "figures", "panels" and "regions"."""
    agents: Counter[str] = field(default_factory=Counter)
    """Of panels and regions: who proposed them; what a person drew is ``person:NAME``."""
    models: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    """By reason."""

    def add(self, figure: FigureRecord) -> None:
        self.figures += 1
        self.articles.add(figure.article_id)
        self.licenses[figure.license or "unknown"] += 1
        self._state("figures", figure.state)
        self._pair("M", figure_fault(figure))
        if figure.unassigned.regions:
            self.left_out["regions in no panel"] += len(figure.unassigned.regions)
        for panel in figure.panels:
            self._made("panels", panel)
            fault = panel_fault(panel)
            self._pair("P", fault)
            if fault is None:
                self.kinds[panel.kind] += 1
            for region in panel.regions:
                self._made("regions", region)
                self._pair("R", region_fault(region, panel) or (fault and f"regions of {fault}"))

    def _pair(self, level: str, fault: str | None) -> None:
        if fault is None:
            self.pairs[level] += 1
        else:
            self.left_out[fault] += 1

    def _made(self, level: str, node: PanelRecord | RegionRecord) -> None:
        self._state(level, node.status)
        self.agents[node.provenance.agent] += 1
        if node.provenance.model:
            self.models[node.provenance.model] += 1

    def _state(self, level: str, state: str) -> None:
        self.states.setdefault(level, Counter())[state] += 1
