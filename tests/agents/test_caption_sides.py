"""Sides of a figure that a caption names instead of letters; the captions are invented."""

from __future__ import annotations

import pytest

from tests.agents.caption_parts import Parts, parts

CASES: dict[str, tuple[str, Parts]] = {
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
    "sides of the body": (
        "Uptake on the sides (R) and (L).",
        ("Uptake on the sides (R) and (L).", {}, ""),
    ),
}


@pytest.mark.parametrize(("caption", "expected"), CASES.values(), ids=CASES.keys())
def test_sides_are_panels_where_there_are_no_letters(caption: str, expected: Parts) -> None:
    assert parts(caption) == expected
