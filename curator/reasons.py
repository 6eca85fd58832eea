"""Why a proposal is thought right or wrong, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from curator.assessor import Assessor
from curator.evidence import Evidence

_SURE = (
    0.9  # from here on what speaks for a proposal is told, below it what speaks against it; as the page colours them
)
_TELLING = 0.25  # log-odds below which a reason is none. Guess
_MOST = 2

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "confidence": ("its agent is sure", "its agent is unsure"),
    "raw": ("its agent is sure", "its agent is unsure"),
    "parent": ("what it hangs under is sure", "what it hangs under is unsure"),
    "unseen": ("another agent did not find it", "other agents found it too"),
    "confirmed": ("other agents say the same", "no other agent says the same"),
    "loose": ("other agents draw its box otherwise", "other agents draw the same box"),
    "other_label": ("two agents read its letter differently", "agents agree on its letter"),
    "other_kind": ("two agents see different kinds", "agents agree on its kind"),
    "unlabelled": ("it has no letter", "it has a letter"),
    "unpromised": ("the caption has no such letter", "the caption has its letter"),
    "doubled": ("another panel has its letter", "no other panel has its letter"),
    "misplaced": ("its letter is out of order", "its letter is in order"),
    "overlapped": ("it overlaps another one", "it overlaps no other"),
    "outside": ("it lies partly outside its panel", "it lies inside its panel"),
    "homeless": ("it belongs to no panel", "it belongs to a panel"),
    "unaligned": ("its edges are in line with no others", "its edges are in line with others"),
    "odd_size": ("its size is unlike the others'", "its size is like the others'"),
    "odd_shape": ("its shape is unlike the others'", "its shape is like the others'"),
    "small": ("it is small", "it is large"),
    "wordless": ("the caption says nothing of it", "the caption speaks of it"),
    "unmarked": ("the caption speaks of a marker that was not found", "its marker was found"),
    "pointless": ("it points at no region", "it points at a region"),
    "two_readings": ("agents read its caption differently", "agents read its caption alike"),
    "missing": ("letters are promised but missing", "no promised letter is missing"),
    "bare": ("much of the image is in no panel", "panels cover the image"),
    "crowd": ("the figure has many panels", "the figure has few panels"),
    "faults": ("others in the figure look wrong", "nothing else in the figure looks wrong"),
    "fit": ("its text fits its picture", "another text fits its picture better"),
    "fitless": ("no model knows its text", "a model knows its text"),
    "sampled": ("its agent took several samples", "its agent looked once"),
    "unsteady": ("not all samples of its agent have it", "all samples of its agent have it"),
    "wavering": ("samples of its agent read it differently", "samples of its agent read it alike"),
}
"""Of each signal: more of it than usual, less of it than usual."""
_FOR: Final = frozenset({"confidence", "raw", "parent", "confirmed", "fit", "sampled"})
"""More of these speaks for a proposal, more of all others against it."""
_TOPICS: Final = {
    "raw": "confidence",
    "unseen": "witnesses",
    "confirmed": "witnesses",
    "unpromised": "unlabelled",
    "sampled": "samples",
    "unsteady": "samples",
    "wavering": "samples",
}
"""Signals that say much the same: of these one is told."""


def why(assessor: Assessor, found: Evidence, confidence: float, missing: Sequence[str] = ()) -> str:
    """What moves the confidence most, such as "letter C is promised but missing; its agent is unsure".

    Empty where nothing stands out. ``missing``: promised letters without a box, to be named.
    """
    sure = confidence >= _SURE
    told: dict[str, str] = {}
    for signal, odds, away in assessor.reasons(found):
        # a weight against all sense may stand for something else, and would only puzzle
        sensible = ((away > 0) == (signal in _FOR)) == sure
        topic = _TOPICS.get(signal, signal)
        if (odds if sure else -odds) < _TELLING or not sensible or topic in told:
            continue
        told[topic] = _WORDS[signal][0 if away > 0 else 1]
        if signal == "missing" and not sure and missing:
            told[topic] = _missing_words(missing)
    return "; ".join(list(told.values())[:_MOST])


def _missing_words(missing: Sequence[str]) -> str:
    if len(missing) == 1:
        return f"letter {missing[0]} is promised but missing"
    return f"letters {', '.join(missing[:3])}{' ...' if len(missing) > 3 else ''} are promised but missing"
