"""Which words belong to which panels where several labels share them; the captions are invented."""

from __future__ import annotations

import pytest

from tests.agents.caption_parts import Parts, parts

CASES: dict[str, tuple[str, Parts]] = {
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
}


@pytest.mark.parametrize(("caption", "expected"), CASES.values(), ids=CASES.keys())
def test_words_that_labels_share_go_to_each_of_them(caption: str, expected: Parts) -> None:
    assert parts(caption) == expected
