"""Caption assignment: units by their identifiers, read by the embedded grammar and by the model, and compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from agents.embedded.caption_panels import captions_of
from agents.embedded.captions import PanelCaption
from agents.embedded.layout import label_key
from agents.lvlm.agreement import weighed
from agents.lvlm.asking.asker import Answer
from agents.lvlm.asking.prompts import load_prompt
from agents.lvlm.asking.replies import CaptionUnit, CaptionUnits
from agents.lvlm.captions.quotes import CaptionQuotes, Units
from agents.lvlm.doubting import Doubting, doubting
from agents.lvlm.look import Look
from agents.lvlm.model import Message
from agents.lvlm.panels.proposing import PanelFinding
from curator.errors import ReplyError
from curator.figure import Span

_SURE = 0.84
"""Of the grammar's labels. Measured on 323 captions: from here on its ROUGE-L is 0.92, below it 0.82 and less; models
reached 0.85 (MedPMC)."""
_SAME = 0.9  # overlap from which two readings differ in a bracket or a joining word only; guess
_SILENT = -0.5  # agreement where one reader gives a panel words and the other none; guess
_UNDOUBTED = Doubting("caption")
_Spans: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class PanelReading:
    """What the caption says of one panel."""

    label: str | None
    """The identifier as the caption writes it; None where it names the panel by none."""
    own_spans: tuple[Span, ...]
    rival_spans: tuple[Span, ...]
    """The other reader's words where they differ; () where they do not."""
    agreement: float
    """Of the grammar and the model: 1 where they read the same, -1 where nothing is common, 0 where one alone read."""

    def weighed(self, confidence: float) -> float:
        """A panel's confidence, higher where both read its caption alike, lower where they differ."""
        return weighed(confidence, self.agreement)


@dataclass(frozen=True, slots=True)
class CaptionReading:
    panels: tuple[PanelReading, ...]
    """One for each panel given, in the same order."""
    lead_spans: tuple[Span, ...]
    tail_spans: tuple[Span, ...]
    rival_lead_spans: tuple[Span, ...]
    rival_tail_spans: tuple[Span, ...]
    missing: tuple[str, ...]
    """Identifiers of units for which there is no panel."""
    faults: tuple[str, ...]
    """What of the model's reading was refused, and why."""
    exchanges: tuple[str, ...]


def assign_caption(look: Look, panels: Sequence[PanelFinding]) -> CaptionReading:
    """Each panel's words of the caption; spans into the figure's caption.

    The grammar's reading stands where it is sure of its labels, or where both are the same; else the model's. Where
    only one gives a panel words, they are taken. A reading that differs is kept beside the one that stands. Lead and
    tail are the grammar's where it is sure of its labels, else the model's. All of the caption speaks of the only panel
    of a figure whose caption does not name it.

    Where no reply of the model had the right shape, the grammar reads alone, and ``faults`` says so.

    Raises:
        ModelError, BudgetError: the model cannot be asked.
    """
    caption = look.figure.caption
    grammar = Units(look.split.lead_spans, look.split.panels, look.split.tail_spans)
    answer, faults = _read_by_model(look, panels)
    model = answer.value if answer else None
    exchanges = (answer.exchange,) if answer else ()
    by_grammar, by_model = _of_panels(grammar, panels), _of_panels(model, panels)
    readings = tuple(_compared(look, *pair, model is not None) for pair in zip(by_grammar, by_model, strict=True))
    missing = _missing((*grammar.panels, *(model.panels if model else ())), (*by_grammar, *by_model))
    if len(panels) == 1 and not readings[0].own_spans and caption.strip():
        whole = replace(readings[0], own_spans=(Span(0, len(caption)),))
        return CaptionReading((whole,), (), (), (), (), missing, faults, exchanges)
    lead, tail, rival_lead, rival_tail = _compared_shared(look, grammar, model)
    return CaptionReading(readings, lead, tail, rival_lead, rival_tail, missing, faults, exchanges)


def _read_by_model(look: Look, panels: Sequence[PanelFinding]) -> tuple[Answer[Units] | None, tuple[str, ...]]:
    """The model's reading, where it is wanted and can be used, and what of it cannot."""
    caption = look.figure.caption
    alone = len(panels) < 2 and not look.split.panels  # nothing to share out
    if not look.prompting.caption or alone or not caption.strip():
        return None, ()
    printed = tuple(dict.fromkeys(panel.label for panel in panels if panel.label))
    quotes = CaptionQuotes(look.figure, look.split, printed)
    named = doubting(look.doubts, "caption")
    try:
        answer = look.asker.ask_for_parts(
            "caption",
            named.added_to(load_prompt("caption")),
            _fields(caption, printed, named),
            (),
            CaptionUnits,
            quotes.units,
            examples=caption_examples(look),
        )
    except ReplyError as error:
        return None, (f"the caption is read by the grammar alone: {error}",)
    return answer, tuple(f"caption: {fault}" for fault in answer.faults)


def caption_examples(look: Look) -> list[Message]:
    """The examples whose caption a curator shared out among lettered panels, as turns before the question: the farthest
    first, so that the nearest stands beside the question. Panels that share their words are one unit."""
    prompt = load_prompt("caption")
    turns: list[Message] = []
    for example in reversed(look.examples):
        caption, hierarchy = example.figure.caption, example.hierarchy
        verified = [panel for panel in hierarchy.panels if panel.state.verified and panel.label]
        labels: dict[_Spans, list[str]] = {}
        for panel in verified:
            if panel.own_text is None and panel.label:
                labels.setdefault(panel.own_spans, []).append(panel.label)
        units = [
            CaptionUnit(label=", ".join(dict.fromkeys(names)), text=caption[start:end])
            for spans, names in labels.items()
            for start, end in spans
        ]
        if units:
            shared = [caption[start:end] for start, end in hierarchy.shared.lead_spans + hierarchy.shared.tail_spans]
            fields = _fields(caption, tuple(dict.fromkeys(panel.label for panel in verified if panel.label)))
            answer = CaptionUnits(shared=shared, units=units).model_dump_json()
            turns += [Message("user", prompt.fill(**fields)), Message("assistant", answer)]
    return turns


def _fields(caption: str, labels: Sequence[str], named: Doubting = _UNDOUBTED) -> dict[str, str]:
    facts = {"caption": caption, "part_percent": [0.0, 0.0, 100.0, 100.0], "labels": labels, **named.facts}
    return {"facts": json.dumps(facts, ensure_ascii=False)}


def _of_panels(units: Units | None, panels: Sequence[PanelFinding]) -> list[PanelCaption | None]:
    labels, boxes = [panel.label for panel in panels], [panel.box_xyxy for panel in panels]
    return captions_of(labels, boxes, units.panels if units else ())


def _missing(units: Iterable[PanelCaption], used: Iterable[PanelCaption | None]) -> tuple[str, ...]:
    """Labels of the units that no panel has, each once."""
    taken = {label_key(unit.label) for unit in used if unit}
    labels = {label_key(unit.label): unit.label for unit in units}
    return tuple(label for key, label in labels.items() if key not in taken)


def _compared(look: Look, grammar: PanelCaption | None, model: PanelCaption | None, model_read: bool) -> PanelReading:
    label = next((unit.label for unit in (grammar, model) if unit), None)
    if grammar is None or model is None:
        own = next((unit.spans for unit in (grammar, model) if unit), ())
        return PanelReading(label, own, (), _SILENT if model_read and own else 0.0)
    shared = overlap(look.figure.caption, grammar.spans, model.spans)
    if shared >= _SAME:
        return PanelReading(label, grammar.spans, (), 2 * shared - 1)
    spans, rival = (grammar.spans, model.spans) if look.split.confidence >= _SURE else (model.spans, grammar.spans)
    return PanelReading(label, spans, rival, 2 * shared - 1)


def _compared_shared(look: Look, grammar: Units, model: Units | None) -> tuple[_Spans, _Spans, _Spans, _Spans]:
    """Lead, tail, rival lead, rival tail."""
    if model is None:
        return grammar.lead_spans, grammar.tail_spans, (), ()
    first, second = (grammar, model) if look.split.confidence >= _SURE else (model, grammar)
    lead_differs = overlap(look.figure.caption, first.lead_spans, second.lead_spans) < _SAME
    tail_differs = overlap(look.figure.caption, first.tail_spans, second.tail_spans) < _SAME
    return (
        first.lead_spans,
        first.tail_spans,
        second.lead_spans if lead_differs else (),
        second.tail_spans if tail_differs else (),
    )


def overlap(caption: str, first: Iterable[Span], second: Iterable[Span]) -> float:
    """Letters and digits in both readings over those in either, 0 to 1; 0 where neither has any."""
    one, other = (
        {index for start, end in spans for index in range(start, end) if caption[index].isalnum()}
        for spans in (first, second)
    )
    return len(one & other) / len(one | other) if one or other else 0.0
