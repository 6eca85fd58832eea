"""Clauses that explain markers: what they say, of which panels, and what is no marker."""

from __future__ import annotations

import pytest

from agents.embedded.captions import Pointer, split_caption
from curator.figure import MarkerKind

_ARROW, _HEAD, _STAR = MarkerKind.ARROW, MarkerKind.ARROWHEAD, MarkerKind.ASTERISK
Told = tuple[MarkerKind, str | None, tuple[str, ...], str, bool, str]


def told(caption: str) -> list[Told]:
    """Kind, colour, panels, target, plural and clause of each pointer."""

    def one(pointer: Pointer) -> Told:
        clause = caption[pointer.span.start : pointer.span.end]
        return pointer.kind, pointer.color, pointer.labels, pointer.target, pointer.plural, clause

    return [one(pointer) for pointer in split_caption(caption).pointers]


CASES: dict[str, tuple[str, list[Told]]] = {
    "arrows that indicate, in the panel whose text they stand in": (
        "(A) Renal cortex. White arrows indicate mitotic figures. (B) Renal medulla; arrowheads point to casts.",
        [
            (_ARROW, "white", ("A",), "mitotic figures", True, "White arrows indicate mitotic figures."),
            (_HEAD, None, ("B",), "casts", True, "arrowheads point to casts."),
        ],
    ),
    "definitions with comma, colon and equals sign": (
        "Section of skin. Asterisks, sebaceous glands; arrowhead: hair bulb. Arrow = papilla, star = duct.",
        [
            (_STAR, None, (), "sebaceous glands", True, "Asterisks, sebaceous glands"),
            (_HEAD, None, (), "hair bulb", False, "arrowhead: hair bulb."),
            (_ARROW, None, (), "papilla", False, "Arrow = papilla"),
            (MarkerKind.STAR, None, (), "duct", False, "star = duct."),
        ],
    ),
    "markers in brackets after what they point at": (
        "A cyst in the left kidney (arrow) and a stone in the ureter (black arrowhead).",
        [
            (
                _ARROW,
                None,
                (),
                "cyst in the left kidney",
                False,
                "A cyst in the left kidney (arrow) and a stone in the ureter (black arrowhead).",
            ),
            (
                _HEAD,
                "black",
                (),
                "stone in the ureter",
                False,
                "A cyst in the left kidney (arrow) and a stone in the ureter (black arrowhead).",
            ),
        ],
    ),
    "a bracket that names panel and marker": (
        "The tumour (A, arrow) reaches the orbit (B, asterisk).",
        [
            (_ARROW, None, ("A",), "tumour", False, "The tumour (A, arrow) reaches the orbit (B, asterisk)."),
            (_STAR, None, ("B",), "reaches the orbit", False, "The tumour (A, arrow) reaches the orbit (B, asterisk)."),
        ],
    ),
    "a bracket that says it all is the clause": (
        "(A) Axon. (B) Its tip (enlargement of the region indicated by the red dashed border in A).",
        [
            (
                MarkerKind.DASHED_BOX,
                "red",
                ("A",),
                "enlargement of the region",
                False,
                "enlargement of the region indicated by the red dashed border in A",
            ),
        ],
    ),
    "boxed regions": (
        "(A) Whole mount. The boxed regions are enlarged in B. (B) Details.",
        [(MarkerKind.BOX, None, ("A",), "", True, "The boxed regions are enlarged in B.")],
    ),
    "a highlighted region": (
        "Growth rate in the highlighted region of the map.",
        [(MarkerKind.BOX, None, (), "", False, "Growth rate in the highlighted region of the map.")],
    ),
    "something circled in a colour": (
        "A follicle circled in yellow holds plasma cells.",
        [(MarkerKind.CIRCLE, "yellow", (), "follicle", False, "A follicle circled in yellow holds plasma cells.")],
    ),
    "the sign itself": (
        "(A) Lung. (B) Liver. * marks the central vein.",
        [(_STAR, None, (), "central vein", False, "* marks the central vein.")],
    ),
    "one pointer for each colour": (
        "Red and white arrows show veins.",
        [
            (_ARROW, "red", (), "veins", True, "Red and white arrows show veins."),
            (_ARROW, "white", (), "veins", True, "Red and white arrows show veins."),
        ],
    ),
    "passive voice": (
        "The residues of the loop are denoted by asterisks (*).",
        [(_STAR, None, (), "residues of the loop", True, "The residues of the loop are denoted by asterisks (*).")],
    ),
    "dashed lines and a bracket": (
        "Dashed lines outline the lobules. The bracket marks the growth zone.",
        [
            (MarkerKind.DASHED_LINE, None, (), "lobules", True, "Dashed lines outline the lobules."),
            (MarkerKind.BRACKET, None, (), "growth zone", False, "The bracket marks the growth zone."),
        ],
    ),
    "a letter named in the clause beats the panel it stands in": (
        "(A) Lung. (B) Liver; arrows in A point to alveoli.",
        [(_ARROW, None, ("A",), "alveoli", True, "arrows in A point to alveoli.")],
    ),
    "scale bars are no markers": ("Scale bar, 10 µm. Bars indicate 5 µm.", []),
    "significance is no marker": (
        "*p < 0.05 compared with control. Asterisks indicate significant differences. ** P < 0.01, t-test.",
        [],
    ),
    "symbols of a plot are no markers": (
        "Open circles are patients and filled squares are controls. Box plots show medians; boxes, quartiles.",
        [],
    ),
    "boxes of molecular biology are no markers": ("The TATA box and the E-box lie in the open reading frame.", []),
    "capital STAR is a checklist": ("See the STAR Methods.", []),
}


@pytest.mark.parametrize(("caption", "expected"), CASES.values(), ids=CASES.keys())
def test_pointers_tell_kind_colour_panels_target_and_clause(caption: str, expected: list[Told]) -> None:
    assert told(caption) == expected
