"""What a model that sees the crops writes: a panel's summary, and of each region a description with negatives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from agents.embedded.caption_sentences import sentences
from agents.lvlm.asking.asker import Answer, Judged
from agents.lvlm.asking.prompts import load_prompt
from agents.lvlm.asking.replies import PanelTexts, RegionTexts
from agents.lvlm.look import Look
from agents.lvlm.regions.negatives import WANTED, Said, judge_negatives, missing_attributes
from agents.lvlm.regions.panel_shown import ShownPanel, show
from agents.lvlm.views import to_picture, view_of
from curator.errors import ReplyError
from curator.figure import Finding, Hierarchy, Node, Panel, Region, clause_of
from curator.wording import normalised

SUMMARY_WORDS = (10, 15)  # paper: RegionMed-CLIP
_REGIONS_A_QUESTION = 8  # guess: their texts take a third of the reply's tokens, their crops few enough pictures

N = TypeVar("N", Panel, Region)


@dataclass(frozen=True, slots=True)
class WrittenTexts:
    hierarchy: Hierarchy
    """As given, with summaries, descriptions and findings; the exchanges that made them are added to their nodes'."""
    faults: tuple[str, ...]
    """What was left out, and why."""


@dataclass(frozen=True, slots=True)
class _Texts:
    """One reply, by the numbers of its regions."""

    summary: str = ""
    descriptions: dict[int, str] = field(default_factory=dict)
    findings: dict[int, Finding] = field(default_factory=dict)


def write_texts(look: Look, hierarchy: Hierarchy) -> WrittenTexts:
    """The hierarchy with a summary for each photographic panel and each panel with regions, and for each region of
    these a description and, where its adjective, term and position stand in it, a finding.

    A negative that stays invalid after the model was told why is left out, never stored; a finding may so have less
    than five. The description is what the negatives are made of.

    Raises:
        ModelError, BudgetError: the model cannot be asked.
    """
    faults: list[str] = []
    changed: dict[str, Node] = {}
    for panel in hierarchy.panels:
        regions = [region for region in hierarchy.regions if region.panel_id == panel.id]
        if panel.photographic or regions:
            changed |= {node.id: node for node in _written(show(look, panel), regions, faults)}
    nodes = [changed.get(node.id, node) for node in hierarchy.nodes()]
    return WrittenTexts(hierarchy.with_nodes(nodes) if changed else hierarchy, tuple(faults))


def _written(shown: ShownPanel, regions: Sequence[Region], faults: list[str]) -> list[Node]:
    """The panel and its regions with the texts that could be used."""
    panel = shown.panel
    nodes: list[Node] = []
    for start in range(0, max(1, len(regions)), _REGIONS_A_QUESTION):
        numbered = dict(enumerate(regions[start : start + _REGIONS_A_QUESTION], start=1))
        try:
            answer = _ask(shown, numbered, with_summary=start == 0)
        except ReplyError as error:
            faults.append(f"{panel.id}: no texts: {error}")
            continue
        faults += [f"{panel.id}: {fault}" for fault in answer.faults]
        texts = answer.value
        if texts.summary:
            panel = _traced(replace(panel, summary=texts.summary), answer.exchange)
        for number, description in texts.descriptions.items():
            described = replace(numbered[number], description=description, finding=texts.findings.get(number))
            nodes.append(_traced(described, answer.exchange))
    return [panel, *nodes]


def _ask(shown: ShownPanel, numbered: Mapping[int, Region], *, with_summary: bool) -> Answer[_Texts]:
    look = shown.look
    boxes = {number: region.box_xyxy for number, region in numbered.items()}
    facts = shown.facts(boxes)
    facts["regions"] = {
        str(number): {"label": region.label, "clause": clause_of(look.figure.caption, region)}
        for number, region in numbered.items()
    }
    crops = [to_picture(view_of(look.image_rgb, box, look.max_side_px).rgb) for box in boxes.values()]
    return look.asker.ask_for_parts(
        "texts",
        load_prompt("texts"),
        {"facts": json.dumps(facts, ensure_ascii=False)},
        (shown.marked(boxes), *crops),
        PanelTexts,
        lambda reply: _judged(look.figure.caption, numbered, reply, with_summary),
    )


def _judged(caption: str, numbered: Mapping[int, Region], reply: PanelTexts, with_summary: bool) -> Judged[_Texts]:
    """The texts that can be used; faults for the others."""
    faults: list[str] = []
    summary = " ".join(reply.summary.split())
    if with_summary and (fault := _summary_fault(summary)):
        faults.append(fault)
        summary = ""
    descriptions: dict[int, str] = {}
    findings: dict[int, Finding] = {}
    for texts in reply.regions:
        number = texts.region
        if number not in numbered:
            faults.append(f"there is no region {number}; the picture has {len(numbered)}")
        elif number in descriptions:
            faults.append(f"region {number} is described twice")
        elif not normalised(texts.description):
            faults.append(f"region {number} has no description")
        else:
            descriptions[number] = " ".join(texts.description.split())
            finding, reasons = _finding(texts, descriptions[number], _said(caption, numbered, reply, texts))
            faults += [f"region {number}: {reason}" for reason in reasons]
            if finding:
                findings[number] = finding
    named = {texts.region for texts in reply.regions}
    faults += [f"region {number} is not described" for number in numbered if number not in named]
    return Judged(_Texts(summary if with_summary else "", descriptions, findings), tuple(faults))


def _summary_fault(summary: str) -> str:
    words = sum(any(char.isalnum() for char in word) for word in summary.split())
    least, most = SUMMARY_WORDS
    if not least <= words <= most:
        return f"the summary has {words} words; write one sentence of {least} to {most}"
    if len(sentences(summary)) != 1:
        return "the summary has more than one sentence; write one"
    return ""


def _finding(texts: RegionTexts, description: str, said: Sequence[Said]) -> tuple[Finding | None, tuple[str, ...]]:
    """The finding with its valid negatives; why others, or all of it, cannot be used."""
    adjective, term, position = (" ".join(words.split()) for words in (texts.adjective, texts.term, texts.position))
    finding = Finding(adjective, term, position)
    missing = missing_attributes(description, finding)
    if missing:
        return None, (f"the description does not hold its {' and '.join(missing)} word for word",)
    judged = judge_negatives(description, finding, texts.negatives, said)
    given = replace(finding, negatives=judged.valid)
    if len(judged.valid) >= WANTED:
        return given, ()
    return given, (*judged.faults, f"it has {len(judged.valid)} valid negatives, and {WANTED} are wanted")


def _said(caption: str, numbered: Mapping[int, Region], reply: PanelTexts, texts: RegionTexts) -> list[Said]:
    """What is said of the region, and of the panel's other regions with the same term."""
    region = numbered[texts.region]
    said = [
        Said("the caption's clause", clause_of(caption, region)),
        Said("the region's label", region.label),
        Said("the region's sentence", region.caption),
    ]
    for other in reply.regions:
        like = other.region in numbered and normalised(other.term) == normalised(texts.term)
        if like and other.region != texts.region:
            known = numbered[other.region]
            words = " ".join((other.description, known.caption, clause_of(caption, known)))
            said.append(Said(f"the words about region {other.region}, another {texts.term.strip()}", words))
    return said


def _traced(node: N, exchange: str) -> N:
    """The node with the exchange among those that made it."""
    keys = tuple(dict.fromkeys((*node.provenance.exchanges, exchange)))
    return replace(node, provenance=replace(node.provenance, exchanges=keys))
