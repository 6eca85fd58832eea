"""How labels are printed in captions, and what only looks like one; the captions are invented."""

from __future__ import annotations

import pytest

from agents.embedded.captions import expected_labels, split_caption
from curator.figure import Span
from tests.agents.caption_parts import Parts, parts

CASES: dict[str, tuple[str, Parts]] = {
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
    "the word panel in brackets after the text": (
        "The tracer was given to one fish (panel A) and its vehicle to another (panel B).",
        ("", {"A": "The tracer was given to one fish (panel A)", "B": "and its vehicle to another (panel B)"}, ""),
    ),
    "the word panel as subject": (
        "Panel A shows the intact tendon. Panel B shows the torn tendon.",
        ("", {"A": "Panel A shows the intact tendon.", "B": "Panel B shows the torn tendon."}, ""),
    ),
    "nested numerals stay inside their panel": (
        "Loss of the channel. A) Traces from wild type (i) and mutant (ii). B) Mean current.",
        (
            "Loss of the channel.",
            {"A": "A) Traces from wild type (i) and mutant (ii).", "B": "B) Mean current."},
            "",
        ),
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
    "the word panel before a bracket": (
        "Pollen. Panel (a) shows birch. Panel (b) shows hazel. Its grains are larger.",
        ("Pollen.", {"a": "Panel (a) shows birch.", "b": "Panel (b) shows hazel. Its grains are larger."}, ""),
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
    "an exception introduces no panel": (
        "Birds. All are males, except for (B). (A) Owl. (B) Lark.",
        ("Birds. All are males, except for (B).", {"A": "(A) Owl.", "B": "(B) Lark."}, ""),
    ),
    "false friends": (
        "The right (R) and left (L) ear in arbitrary units (a.u.); n = 3, vitamin D, hepatitis B and C.",
        ("The right (R) and left (L) ear in arbitrary units (a.u.); n = 3, vitamin D, hepatitis B and C.", {}, ""),
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
def test_labels_open_panels_and_what_only_looks_like_one_does_not(caption: str, expected: Parts) -> None:
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
