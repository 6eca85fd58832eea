"""The caption grammar on invented captions, on any text, and on the caption truth where it is there."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.embedded.captions import CaptionSplit, expected_labels, split_caption
from curator.figure import Span, text_of

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def parts(caption: str, bold_spans: tuple[Span, ...] = ()) -> tuple[str, dict[str, str], str]:
    split = split_caption(caption, bold_spans)
    own = {panel.label: text_of(caption, panel.spans) for panel in split.panels}
    return text_of(caption, split.lead_spans), own, text_of(caption, split.tail_spans)


CASES: dict[str, tuple[str, tuple[str, dict[str, str], str]]] = {
    "letters in brackets with shared lead and tail": (
        "Kidney after ischaemia. (A) Sham. (B) One hour. (C) Three hours. Scale bars, 50 µm.",
        (
            "Kidney after ischaemia.",
            {"A": "(A) Sham.", "B": "(B) One hour.", "C": "(C) Three hours."},
            "Scale bars, 50 µm.",
        ),
    ),
    "letters with a comma": (
        "Growth of the colonies. A, Wild type on glucose. B, Mutant on glucose.",
        ("Growth of the colonies.", {"A": "A, Wild type on glucose.", "B": "B, Mutant on glucose."}, ""),
    ),
    "bare small letters before a capital": (
        "Structure of the pore. a Cartoon of the closed state. b Cartoon of the open state.",
        ("Structure of the pore.", {"a": "a Cartoon of the closed state.", "b": "b Cartoon of the open state."}, ""),
    ),
    "bare small letters without any full stop": (
        "Antennae of two beetles a Carabus niger, female b Carabus niger, male c Carabus albus, male",
        (
            "Antennae of two beetles",
            {"a": "a Carabus niger, female", "b": "b Carabus niger, male", "c": "c Carabus albus, male"},
            "",
        ),
    ),
    "bare letters in order before small words": (
        "New species of mite A habitus from above B mouth parts C leg of the male. Scale bars 20 µm.",
        (
            "New species of mite",
            {"A": "A habitus from above", "B": "B mouth parts", "C": "C leg of the male."},
            "Scale bars 20 µm.",
        ),
    ),
    "a range gives its text to each panel": (
        "Gene trap. (A–C) Embryos at day nine. (D) Quantification of the signal.",  # noqa: RUF001 - dash as printed
        (
            "Gene trap.",
            {
                **dict.fromkeys("ABC", "(A–C) Embryos at day nine."),  # noqa: RUF001
                "D": "(D) Quantification of the signal.",
            },
            "",
        ),
    ),
    "a list gives its text to each panel": (
        "Retina. (A, C and E) Control animals. (B, D and F) Animals kept in the dark.",
        (
            "Retina.",
            {
                **dict.fromkeys("ACE", "(A, C and E) Control animals."),
                **dict.fromkeys("BDF", "(B, D and F) Animals kept in the dark."),
            },
            "",
        ),
    ),
    "the word panel in brackets after the text": (
        "The tracer was given to one fish (panel A) and its vehicle to another (panel B).",
        ("", {"A": "The tracer was given to one fish (panel A)", "B": "and its vehicle to another (panel B)"}, ""),
    ),
    "the word panel as subject": (
        "Panel A shows the intact tendon. Panel B shows the torn tendon.",
        ("", {"A": "Panel A shows the intact tendon.", "B": "Panel B shows the torn tendon."}, ""),
    ),
    "sides where there are no letters": (
        "Left: maximum projection of the stack. Right: the same field after deconvolution.",
        (
            "",
            {"left": "Left: maximum projection of the stack.", "right": "Right: the same field after deconvolution."},
            "",
        ),
    ),
    "sides in brackets share the words before": (
        "The mass on CT (left) and on MRI (right).",
        ("", {"left": "The mass on CT (left)", "right": "The mass on MRI (right)"}, ""),
    ),
    "sides inside lettered panels are no panels": (
        "(A) Top: raw traces. Bottom: filtered traces. (B) Mean of all traces.",
        ("", {"A": "(A) Top: raw traces. Bottom: filtered traces.", "B": "(B) Mean of all traces."}, ""),
    ),
    "nested numerals stay inside their panel": (
        "Loss of the channel. A) Traces from wild type (i) and mutant (ii). B) Mean current.",
        (
            "Loss of the channel.",
            {"A": "A) Traces from wild type (i) and mutant (ii).", "B": "B) Mean current."},
            "",
        ),
    ),
    "labels at the end of what they label": (
        "Stained nuclei are shown in red (A), membranes in green (B) and their overlap in yellow (C).",
        (
            "",
            {
                "A": "Stained nuclei are shown in red (A)",
                "B": "membranes in green (B)",
                "C": "and their overlap in yellow (C)",
            },
            "",
        ),
    ),
    "short labelled words share what stands around them": (
        "Low signal on T1WI (A) and T2WI (B) indicates haemorrhage.",
        (
            "",
            {
                "A": "Low signal on T1WI (A) indicates haemorrhage.",
                "B": "Low signal on T2WI (B) indicates haemorrhage.",
            },
            "",
        ),
    ),
    "labels in the middle of a sentence share its first words": (
        "Views of the skull in (A) lateral, (B) dorsal and (C) ventral aspect.",
        (
            "",
            {
                "A": "Views of the skull in (A) lateral,",
                "B": "Views of the skull in (B) dorsal and",
                "C": "Views of the skull in (C) ventral aspect.",
            },
            "",
        ),
    ),
    "clauses at semicolons": (
        "Cortex of the mouse; neurons in red (A); glia in green (B).",
        ("", {"A": "Cortex of the mouse neurons in red (A)", "B": "Cortex of the mouse glia in green (B)"}, ""),
    ),
    "letters with a full stop": (
        "A. Low power view. B. High power view of the same gland.",
        ("", {"A": "A. Low power view.", "B": "B. High power view of the same gland."}, ""),
    ),
    "letters with a colon": (
        "A: Axial plane. B: Coronal plane.",
        ("", {"A": "A: Axial plane.", "B": "B: Coronal plane."}, ""),
    ),
    "letters with a dash": (
        "A – Axial view; B – Sagittal view.",  # noqa: RUF001
        ("", {"A": "A – Axial view", "B": "B – Sagittal view."}, ""),  # noqa: RUF001
    ),
    "letters behind the number of the figure": (
        "Fig. 3A: Input layer. Fig. 3B: Output layer.",
        ("", {"A": "Fig. 3A: Input layer.", "B": "Fig. 3B: Output layer."}, ""),
    ),
    "roman numerals": (
        "I. Control cornea. II. Cornea after laceration. III. Cornea after repair.",
        (
            "",
            {"I": "I. Control cornea.", "II": "II. Cornea after laceration.", "III": "III. Cornea after repair."},
            "",
        ),
    ),
    "numbers, one full stop missing": (
        "1. Loop around the pedicle 2. Cut below the loop 3. Removal of the stump",
        (
            "",
            {"1": "1. Loop around the pedicle", "2": "2. Cut below the loop", "3": "3. Removal of the stump"},
            "",
        ),
    ),
    "letters out of order": (
        "Organs. (A) Heart. (C) Lung. (B) Liver.",
        ("Organs.", {"A": "(A) Heart.", "B": "(B) Liver.", "C": "(C) Lung."}, ""),
    ),
    "full stops without a space and full stops left out": (
        "Organs of the fish.(A) Heart (B) Liver (C) Gut",
        ("Organs of the fish.", {"A": "(A) Heart", "B": "(B) Liver", "C": "(C) Gut"}, ""),
    ),
    "a reference back does not open a panel": (
        "(A) Tumour volume. (B) Tumour weight of the mice in (A). (C) Survival of the same mice.",
        (
            "",
            {
                "A": "(A) Tumour volume.",
                "B": "(B) Tumour weight of the mice in (A).",
                "C": "(C) Survival of the same mice.",
            },
            "",
        ),
    ),
    "a sentence at the end goes to the panels that it names": (
        "(a) Blot. (b) Its densitometry. (c) Micrographs. Bars, 5 µm (a,c).",
        (
            "",
            {
                "a": "(a) Blot. Bars, 5 µm (a,c).",
                "b": "(b) Its densitometry.",
                "c": "(c) Micrographs. Bars, 5 µm (a,c).",
            },
            "",
        ),
    ),
    "a sentence narrowed to one panel of a pair": (
        "(A, B) Cells were starved. Viability was measured in (A). (C) Dose response.",
        (
            "",
            {
                "A": "(A, B) Cells were starved. Viability was measured in (A).",
                "B": "(A, B) Cells were starved.",
                "C": "(C) Dose response.",
            },
            "",
        ),
    ),
    "credits go to their panels": (
        "Spindles. (a) Rest. (b) Stretch. (credit a: J. Doe; credit b: R. Roe)",
        ("Spindles.", {"a": "(a) Rest. (credit a: J. Doe", "b": "(b) Stretch. credit b: R. Roe)"}, ""),
    ),
    "an abbreviation is no panel": (
        "a Treated with curcumin (C) or vehicle (V). b Untreated cells.",
        ("", {"a": "a Treated with curcumin (C) or vehicle (V).", "b": "b Untreated cells."}, ""),
    ),
    "species and stains are no panels": (
        "(A) Wild type. (B) Mutant. C. elegans embryos were fixed. H and E staining.",
        (
            "",
            {
                "A": "(A) Wild type.",
                "B": "(B) Mutant. C. elegans embryos were fixed. H and E staining.",
            },
            "",
        ),
    ),
    "a full stop left out before a small letter": (
        "Ants. (A) Queen. (B) Worker at 5 s, slow (C) worker at 9 s, fast.",
        ("Ants.", {"A": "(A) Queen.", "B": "(B) Worker at 5 s, slow", "C": "(C) worker at 9 s, fast."}, ""),
    ),
    "an article at the start of the title": (
        "A Poisson model of flight in bees. (A) Scheme. (B) Fit.",
        ("A Poisson model of flight in bees.", {"A": "(A) Scheme.", "B": "(B) Fit."}, ""),
    ),
    "letters inside the sentence of their group": (
        "Yeast. (A) Plate. (B, C) Growth of (B) wild type, (C) mutant and (D) rescue.",
        (
            "Yeast.",
            {
                "A": "(A) Plate.",
                "B": "(B, C) Growth of (B) wild type,",
                "C": "(B, C) Growth of (C) mutant and",
                "D": "(B, C) Growth of (D) rescue.",
            },
            "",
        ),
    ),
    "letters of clauses inside the sentence of their group": (
        "Pollen. (A, B) Grains of: (A) birch; (B) hazel.",
        ("Pollen.", {"A": "(A, B) Grains of: (A) birch;", "B": "(A, B) Grains of: (B) hazel."}, ""),
    ),
    "members of a group told apart behind their text": (
        "Bees. (A, B) Two castes. Queens of one hive are shown in (A), and workers of another hive in (B). (C) Wings.",
        (
            "Bees.",
            {
                "A": "(A, B) Two castes. Queens of one hive are shown in (A)",
                "B": "(A, B) Two castes. and workers of another hive in (B)",
                "C": "(C) Wings.",
            },
            "",
        ),
    ),
    "the word panel before a bracket": (
        "Pollen. Panel (a) shows birch. Panel (b) shows hazel. Its grains are larger.",
        ("Pollen.", {"a": "Panel (a) shows birch.", "b": "Panel (b) shows hazel. Its grains are larger."}, ""),
    ),
    "text that goes on after numbers": (
        "Assay. (A) Blot. (B) Viability. ***, p < 0.001. Lysates were stored cold. Scale bar, 1 cm.",
        (
            "Assay.",
            {"A": "(A) Blot.", "B": "(B) Viability. ***, p < 0.001. Lysates were stored cold."},
            "Scale bar, 1 cm.",
        ),
    ),
    "numbers at the end": (
        "Assay. (A) Blot. (B) Viability. *p < 0.05. Data are means.",
        ("Assay.", {"A": "(A) Blot.", "B": "(B) Viability."}, "*p < 0.05. Data are means."),
    ),
    "who made the pictures": (
        "Gut. (A) Rat, fasted. (B) Mouse, fasted. (Micrographs provided by the museum.)",
        (
            "Gut.",
            {"A": "(A) Rat, fasted.", "B": "(B) Mouse, fasted."},
            "(Micrographs provided by the museum.)",
        ),
    ),
    "a word that only starts like a colour": (
        "Dogs. (A) Fed. (B) Fasted. Reduced weight was common.",
        ("Dogs.", {"A": "(A) Fed.", "B": "(B) Fasted. Reduced weight was common."}, ""),
    ),
    "abbreviations are no panels": (
        "Liver. (A) Lobule. (B) Portal field. C: cyst; CV: central vein.",
        ("Liver.", {"A": "(A) Lobule.", "B": "(B) Portal field."}, "C: cyst; CV: central vein."),
    ),
    "panels are no abbreviations": (
        "Liver. A: lobule; B: portal field. CV: central vein.",
        ("Liver.", {"A": "A: lobule", "B": "B: portal field. CV: central vein."}, ""),
    ),
    "letters with a full stop in a list": (
        "Stains of a gland: A. H & E; B. Trichrome; C. Silver, as in B; D. Iron.",
        (
            "Stains of a gland:",
            {"A": "A. H & E", "B": "B. Trichrome", "C": "C. Silver, as in B", "D": "D. Iron."},
            "",
        ),
    ),
    "a number before a letter": (
        "Tumours: a Gleason grade 2, b Gleason grade 3.",
        ("Tumours:", {"a": "a Gleason grade 2,", "b": "b Gleason grade 3."}, ""),
    ),
    "mixed brackets and a magnification": (
        "(A) Carcinoid (40x), (B) and C) adenocarcinoma.",
        ("", {"A": "(A) Carcinoid (40x),", **dict.fromkeys("BC", "(B) and C) adenocarcinoma.")}, ""),
    ),
    "a first label behind its text, a second before": (
        "The lesion in dark areas (a). b Invasion of the vein.",
        ("", {"a": "The lesion in dark areas (a)", "b": "b Invasion of the vein."}, ""),
    ),
    "labels listed in a bracket": (
        "Bias of trials (a: drug versus placebo; b: drug versus surgery).",
        ("", {"a": "Bias of trials (a: drug versus placebo;", "b": "Bias of trials b: drug versus surgery)."}, ""),
    ),
    "two labelled subjects share their predicate": (
        "Cyst. (A) MR image and (B) scanogram reveal a nodule.",
        ("Cyst.", {"A": "(A) MR image and reveal a nodule.", "B": "(B) scanogram reveal a nodule."}, ""),
    ),
    "what follows two labels of one sentence is about both": (
        "Cyst. (a) Sagittal and (b) axial scan. The fat is bright.",
        (
            "Cyst.",
            {"a": "(a) Sagittal and The fat is bright.", "b": "(b) axial scan. The fat is bright."},
            "",
        ),
    ),
    "numbered parts of one panel": (
        "Cells. (A) Blot. (B1 and B2) Stain. (C1) Red. (C2) Blue.",
        ("Cells.", {"A": "(A) Blot.", "B": "(B1 and B2) Stain.", "C": "(C1) Red. (C2) Blue."}, ""),
    ),
    "an exception introduces no panel": (
        "Birds. All are males, except for (B). (A) Owl. (B) Lark.",
        ("Birds. All are males, except for (B).", {"A": "(A) Owl.", "B": "(B) Lark."}, ""),
    ),
    "sides with articles": (
        "On the left, raw counts; on the right, smoothed counts.",
        ("", {"left": "On the left, raw counts;", "right": "on the right, smoothed counts."}, ""),
    ),
    "sides as subjects": (
        "The upper panel shows rain. The lower panel shows snow.",
        ("", {"upper": "The upper panel shows rain.", "lower": "The lower panel shows snow."}, ""),
    ),
    "sides in a list with commas": (
        "Left: CT of the knee, right: MRI of the knee.",
        ("", {"left": "Left: CT of the knee,", "right": "right: MRI of the knee."}, ""),
    ),
    "sides of an organ": (
        "The left ventricle, seen from above. The right ventricle is small.",
        ("The left ventricle, seen from above. The right ventricle is small.", {}, ""),
    ),
    "false friends": (
        "The right (R) and left (L) ear in arbitrary units (a.u.); n = 3, vitamin D, hepatitis B and C.",
        ("The right (R) and left (L) ear in arbitrary units (a.u.); n = 3, vitamin D, hepatitis B and C.", {}, ""),
    ),
    "sides of the body": (
        "Uptake on the sides (R) and (L).",
        ("Uptake on the sides (R) and (L).", {}, ""),
    ),
    "an article and a copyright sign": (
        "A mouse with a tumour. (C) 2019 The Authors.",
        ("A mouse with a tumour. (C) 2019 The Authors.", {}, ""),
    ),
    "gene and protein names": (
        "Binding of RIPK3(A) to IL-1 and S100 A in H&E stained C-terminal mutants.",
        ("Binding of RIPK3(A) to IL-1 and S100 A in H&E stained C-terminal mutants.", {}, ""),
    ),
    "amounts are no panels": (
        "Growth at 1 h, 2 h, 3 h and 4 h after plating in 5 independent experiments.",
        ("Growth at 1 h, 2 h, 3 h and 4 h after plating in 5 independent experiments.", {}, ""),
    ),
    "no panels": ("Overview of the device.", ("Overview of the device.", {}, "")),
    "nothing": ("", ("", {}, "")),
}


@pytest.mark.parametrize(("caption", "expected"), CASES.values(), ids=CASES.keys())
def test_a_caption_is_split_into_lead_own_and_tail(caption: str, expected: tuple[str, dict[str, str], str]) -> None:
    assert parts(caption) == expected


def test_bold_letters_are_labels_where_nothing_else_marks_them() -> None:
    caption = "Wound healing at day 3 A untreated skin B skin under gel"
    bold = tuple(Span(at, at + 1) for at in (caption.index("A "), caption.index("B ")))

    assert parts(caption)[1] == {}
    assert list(parts(caption, bold)[1]) == ["A", "B"]


@pytest.mark.parametrize(
    ("caption", "labels"),
    [
        ("(A) Heart. (C) Lung. (B) Liver.", ("A", "B", "C")),
        ("Left: heart. Right: liver.", ()),
        ("The heart.", ()),
        ("(a-c) Hearts. (d) Liver.", ("a", "b", "c", "d")),
    ],
    ids=["letters in order", "sides", "none", "range"],
)
def test_expected_labels_are_the_letters_in_order_without_sides(caption: str, labels: tuple[str, ...]) -> None:
    assert expected_labels(split_caption(caption)) == labels


def test_confidence_is_higher_for_plain_labels_than_for_doubtful_ones() -> None:
    plain = split_caption("(A) Heart of the fish. (B) Liver of the fish.")
    doubtful = split_caption("The heart is shown in A, B.")

    assert 0 <= doubtful.confidence < plain.confidence <= 1


_PIECES = st.sampled_from(
    (
        *("(A)", "(B)", "(a, b)", "A-C", "A.", "b:", "(C", "C)", "panel D", "(i)", "1.", "2,", "n = 3", "credit a:"),
        *("arrows", "(white arrow)", "dashed box", "*", "left", "Left:", "(right)", "Cells", "are shown in", "and"),
        *("; ", ". ", ", ", " ", "\u2013", "((", "]"),
    )
)
_CAPTIONS = st.one_of(
    st.text(max_size=300), st.lists(_PIECES, max_size=40).map(" ".join), st.lists(_PIECES, max_size=40).map("".join)
)


@given(_CAPTIONS, st.lists(st.tuples(st.integers(-5, 400), st.integers(-5, 400)), max_size=5))
def test_any_text_gives_spans_inside_it_that_share_no_character(caption: str, bold: list[tuple[int, int]]) -> None:
    split = split_caption(caption, tuple(Span(*pair) for pair in bold))

    shared = [split.lead_spans, split.tail_spans, *(panel.spans for panel in split.panels)]
    for spans in [*shared, tuple(pointer.span for pointer in split.pointers)]:
        assert all(0 <= start < end <= len(caption) for start, end in spans)
    for spans in shared:
        assert all(before.end <= after.start for before, after in pairwise(spans))
    lead, tail = _characters(split.lead_spans), _characters(split.tail_spans)
    assert not lead & tail
    assert not any(_characters(panel.spans) & (lead | tail) for panel in split.panels)
    assert len({panel.label for panel in split.panels}) == len(split.panels)


def _characters(spans: tuple[Span, ...]) -> set[int]:
    return {index for start, end in spans for index in range(start, end)}


@given(_CAPTIONS)
@example("0 <b:aND:a)")
@example("Low signal on T1WI (A) and T2WI (B)")
def test_no_word_of_a_caption_is_lost_but_those_that_join_labels(caption: str) -> None:
    split = split_caption(caption)

    kept = _characters(split.lead_spans) | _characters(split.tail_spans)
    kept = kept.union(*(_characters(panel.spans) for panel in split.panels))
    words = re.finditer(r"[^\W_]+", caption)
    lost = {word[0].casefold() for word in words if any(index not in kept for index in range(*word.span()))}
    assert lost <= {"and", "or", "but", "while", "whereas", "with", "versus", "vs"}


ADVERSARIES = {
    "open brackets": "(",
    "closed brackets": ")",
    "pairs": "([)]",
    "labels": "A. ",
    "bracketed labels": "(A) x. ",
    "listed labels": "cells (A), ",
    "ranges": "A-B ",
    "arrows": "arrow ",
    "arrows in brackets": "(arrow ",
    "adjectives": "white and dashed ",
    "clauses": "a; ",
    "spaces": " ",
    "glossary": "bo, basi; ",
    "abbreviations": "F: follicle, CA: cyst; ",
    "numbered parts": ". (B1, 2",
    "lost full stops": "(A) x (B) y ",
    "bare letters": "x a b ",
    "labelled clauses": "(A) x; (B) y; ",
}


@pytest.mark.parametrize("unit", ADVERSARIES.values(), ids=ADVERSARIES.keys())
def test_work_grows_no_faster_than_the_caption(unit: str) -> None:
    short = _lines_run(partial(split_caption, (unit * 1500)[:1500]))
    long = _lines_run(partial(split_caption, (unit * 3000)[:3000]))

    assert long < 2.5 * short + 500


def _lines_run(work: Callable[[], CaptionSplit]) -> int:
    """Lines of Python that the work ran: a measure that does not depend on the machine."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(previous)
    return count


def _rouge_l(want: str, got: str) -> float:
    """F1 of the longest common subsequence of words."""
    a, b = re.findall(r"\w+", want.lower()), re.findall(r"\w+", got.lower())
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal = 0
        for j, y in enumerate(b, 1):
            above = row[j]
            row[j] = diagonal + 1 if x == y else max(above, row[j - 1])
            diagonal = above
    return 2 * row[-1] / (len(a) + len(b)) if a or b else 1.0


@pytest.mark.skipif(not (SHARED / "truth" / "captions.json").exists(), reason="the caption truth is not here")
def test_labels_and_texts_of_the_caption_truth_are_found() -> None:
    truths = json.loads((SHARED / "truth" / "captions.json").read_text())
    hits = wanted = found = 0
    scores = []
    for truth in truths:
        lead, own, tail = parts(truth["caption"])
        texts = {label.lower(): " ".join((lead, text, tail)) for label, text in own.items()}
        want = {panel["label"].lower(): panel["subcaption"] for panel in truth["panels"]}
        hits, wanted, found = hits + len(want.keys() & texts.keys()), wanted + len(want), found + len(texts)
        scores += [_rouge_l(text, texts.get(label, "")) for label, text in want.items()]

    assert 2 * hits / (wanted + found) >= 0.97
    assert sum(scores) / len(scores) >= 0.87


FIGURE_SETS = ("PMC2467486", "biorxiv-488149", "elife-67409", "embo-symbols", "openstax-anatomy")


@pytest.mark.skipif(not (SHARED / "truth").exists(), reason="the figure truth is not here")
@pytest.mark.parametrize("name", FIGURE_SETS)
def test_each_panel_of_the_figure_truth_gets_its_own_text(name: str) -> None:
    scores = []
    for truth in json.loads((SHARED / "truth" / f"{name}.json").read_text()):
        own = {label.lower(): text for label, text in parts(truth.get("caption") or "")[1].items()}
        scores += [
            _rouge_l(panel["subcaption"], own.get(panel["label"].lower(), ""))
            for panel in truth["panels"]
            if panel.get("label") and panel.get("subcaption")
        ]

    assert sum(scores) / len(scores) >= 0.92
