"""Stage I of Panel2Patch: a model names the panels of a figure, in several pictures of it."""

from __future__ import annotations

from dataclasses import replace

from agents.embedded.captions import expected_labels
from agents.lvlm.asking.prompts import load_prompt
from agents.lvlm.asking.replies import BoxedPanels, MarkedPanels
from agents.lvlm.look import Look
from agents.lvlm.panels.checks import PanelChecks
from agents.lvlm.panels.examples import panel_examples
from agents.lvlm.panels.pooling import PanelFinding, Pooled, ViewAnswer, pool
from agents.lvlm.panels.question import panel_question
from agents.lvlm.panels.view_plan import plan_views
from curator.errors import ReplyError

__all__ = ["PanelFinding", "propose_panels"]

_STAGE = "panels"


def propose_panels(look: Look) -> Pooled:
    """The figure's panels as several pictures of it make them, and what was dropped on the way.

    Variant ``marks``: the embedded agent's candidates are drawn as numbers, the model says which of them are panels,
    which belong together, and what they lack. Variant ``letters``, the paper's own: the printed letters are the marks,
    the model gives boxes, and no candidate is shown or counted.

    Pictures for which no reply can be used are left out, as long as half of them remain.

    Raises:
        ReplyError: for more than half of the pictures no reply could be used; the raw replies are kept.
        ModelError, BudgetError: the model cannot be asked.
    """
    figure, prompting = look.figure, look.prompting
    marks = prompting.variant == "marks"
    panels = look.candidates.panels
    candidates = panels if marks else ()
    promised = look.candidates.shared.promised_labels or expected_labels(look.split)
    known = tuple(dict.fromkeys((*promised, *(panel.label for panel in panels if panel.label))))
    boxes = [panel.box_xyxy for panel in candidates]
    plan = plan_views(
        figure.id,
        figure.image_wh,
        boxes,
        [1.0 if panel.provenance.confidence is None else panel.provenance.confidence for panel in candidates],
        views=prompting.views,
        marks_a_view=prompting.marks_a_view,
        max_side_px=look.max_side_px,
        seed=prompting.seed,
    )
    letters = [panel.label_box_xyxy for panel in panels if panel.label_box_xyxy is not None]
    prompt = load_prompt("panels_marks" if marks else "panels_letters")
    examples = panel_examples(look)
    answers: list[ViewAnswer] = []
    failures: list[ReplyError] = []
    faults: list[str] = []
    for planned in plan:
        question = panel_question(
            figure, look.image_rgb, planned, boxes if marks else None, letters, promised, look.frame, look.doubts
        )
        checks = PanelChecks(question.view, planned, look.frame, panels, known)
        scale = question.view.wh[0] / (planned.window_xyxy[2] - planned.window_xyxy[0])
        asked = (_STAGE, question.doubting.added_to(prompt), question.fields, (question.picture,))
        try:
            if marks:
                answer = look.asker.ask_for_parts(
                    *asked, MarkedPanels, checks.marked(question.numbers), examples=examples
                )
            else:
                answer = look.asker.ask_for_parts(*asked, BoxedPanels, checks.boxed, examples=examples)
        except ReplyError as error:
            failures.append(error)
            faults.append(f"one picture of {len(plan)} is left out: {error}")
        else:
            faults += [f"panels: {fault}" for fault in answer.faults]
            answers.append(ViewAnswer(planned, scale, answer.value, answer.exchange))
    if len(failures) > len(answers):
        raise failures[0]
    pooled = pool(candidates, answers, figure.image_wh, promised)
    return replace(pooled, faults=tuple(dict.fromkeys(faults)))
