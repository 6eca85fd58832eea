"""The text path of stage II: parts of a panel that words of its caption place, whether a marker shows them or not."""

from __future__ import annotations

import json
from dataclasses import dataclass

from agents.lvlm.asking.asker import Answer, Judged
from agents.lvlm.asking.prompts import load_prompt
from agents.lvlm.asking.replies import TextRegions
from agents.lvlm.regions.panel_shown import ShownPanel
from curator.figure import Span
from curator.geometry import Box, coverage

_WHOLE = 0.9  # guess: a box over so much of the panel says no place


@dataclass(frozen=True, slots=True)
class TextBox:
    """A part of the panel that a clause speaks of; the box in the figure's frame."""

    box_xyxy: Box
    label: str
    sentence: str
    clause_span: Span


def ask_for_text_boxes(shown: ShownPanel) -> Answer[tuple[TextBox, ...]]:
    """Boxes for what the panel's own words describe.

    Raises:
        ReplyError: no reply could be read; the raw replies are kept.
        ModelError, BudgetError: the model cannot be asked.
    """
    named = shown.doubting("regions")
    facts = shown.facts() | named.facts
    return shown.look.asker.ask_for_parts(
        "regions",
        named.added_to(load_prompt("regions_text")),
        {"boxes": shown.describe_boxes(), "facts": json.dumps(facts, ensure_ascii=False)},
        (shown.plain(),),
        TextRegions,
        lambda reply: _judged(shown, reply),
    )


def _judged(shown: ShownPanel, reply: TextRegions) -> Judged[tuple[TextBox, ...]]:
    """The regions that can be used; faults for clauses that the caption does not have and boxes around all.

    Raises:
        ReplyFault: boxes that cannot be read.
    """
    found: list[TextBox] = []
    faults: list[str] = []
    for region, box in zip(reply.regions, shown.boxes_from([r.box for r in reply.regions]), strict=True):
        clause = shown.clause_of(region.clause)
        if clause is None:
            faults.append(f"the clause {region.clause!r} does not stand in the caption; copy its words exactly")
        elif coverage(shown.panel.box_xyxy, box) > _WHOLE:
            faults.append(
                f"the box {region.box!r} of {region.label!r} is nearly the whole picture; give the part that shows it, "
                "or leave it out"
            )
        else:
            label, sentence = " ".join(region.label.split()), " ".join(region.sentence.split())
            found.append(TextBox(box, label, sentence, clause))
    return Judged(tuple(found), tuple(faults))
