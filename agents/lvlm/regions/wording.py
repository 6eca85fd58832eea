"""Which phrases, as tokens (``curator.wording``), hold one another or mean the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache


def holds(text: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the words of the phrase stand in the text, one after the other; False for an empty phrase."""
    return bool(places(text, phrase))


def places(text: Sequence[str], phrase: Sequence[str]) -> list[int]:
    """Where in the text the phrase begins, places that overlap an earlier one left out."""
    found: list[int] = []
    wanted = tuple(phrase)
    if not wanted:
        return found
    for start in range(len(text) - len(wanted) + 1):
        if tuple(text[start : start + len(wanted)]) == wanted and (not found or start >= found[-1] + len(wanted)):
            found.append(start)
    return found


def may_mean_the_same(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether both phrases (tokens) may be true of one thing: equal but for spelling, order, plural, known synonyms
    and words that say little, or one only more exact than the other ("left lobe" and "upper left lobe")."""
    one, other = _meaning(first), _meaning(second)
    if (one ^ other) & _NEGATIONS:
        return False
    return one <= other or other <= one


def says(text: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the text (tokens) holds the phrase, however it is spelled and in whatever number.

    Synonyms do not count: a clause about white arrows does not say that a region is bright.
    """
    return holds([_stem(token) for token in text], [_stem(token) for token in phrase])


def _meaning(phrase: Sequence[str]) -> frozenset[str]:
    return frozenset(_sense(token) for token in phrase) - _SAYING_LITTLE


@cache
def _sense(token: str) -> str:
    """One word for all spellings, numbers and synonyms of a word."""
    for word in (token, _stem(token)):
        if word in _SYNONYMS:
            return _SYNONYMS[word]
    stem = _stem(token)
    return _SYNONYMS.get(stem, stem)


def _stem(token: str) -> str:
    """Without the endings of number and the differences of British and American spelling."""
    word = token.replace("ae", "e").replace("oe", "e").replace("our", "or").replace("grey", "gray")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith("ly"):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


_NEGATIONS = frozenset(("no", "non", "not", "without", "absent", "lacking"))
_SAYING_LITTLE = frozenset(
    (
        *("a", "an", "the", "of", "in", "on", "at", "to", "with", "and", "or", "its", "this", "very", "more", "most"),
        *(
            "side",
            "sided",
            "aspect",
            "part",
            "portion",
            "region",
            "area",
            "zone",
            "site",
            "structure",
            "image",
            "panel",
        ),
        *("abnormality", "finding", "feature", "object", "tissue", "lesion", "quadrant", "corner", "edge"),
    )
)
"""Words that are true of nearly every region, and so make no difference; as ``_stem`` leaves them."""

_GROUPS = (
    # size
    ("small", "little", "tiny", "minute", "minor"),
    ("large", "big", "enlarged", "huge", "giant", "sizeable", "sizable"),
    ("thick", "thickened"),
    ("thin", "thinned", "slender"),
    # shape and border
    ("round", "rounded", "circular", "spherical", "globular"),
    ("oval", "ovoid", "elliptical", "ellipsoid"),
    ("long", "elongated", "elongate"),
    ("irregular", "uneven", "jagged"),
    ("smooth", "regular"),
    ("flat", "flattened"),
    ("sharp", "circumscribed", "demarcated", "defined", "delineated"),
    # brightness, signal, colour
    ("bright", "hyperintense", "hyperdense", "hyperechoic", "echogenic", "radiopaque", "white"),
    ("pale", "light", "faint"),
    ("dark", "hypointense", "hypodense", "hypoechoic", "radiolucent", "black"),
    ("isointense", "isodense", "isoechoic"),
    ("anechoic", "echofree"),
    ("gray", "greyish", "grayish"),
    ("red", "reddish"),
    ("pink", "pinkish", "eosinophilic"),
    ("blue", "bluish"),
    ("purple", "violet", "basophilic"),
    ("green", "greenish"),
    ("brown", "brownish"),
    ("yellow", "yellowish"),
    ("opaque", "opacified", "cloudy"),
    ("clear", "transparent", "translucent"),
    # make-up
    ("dense", "compact", "packed", "crowded"),
    ("sparse", "scattered", "scarce"),
    ("homogeneous", "homogenous", "uniform"),
    ("heterogeneous", "heterogenous", "inhomogeneous", "mixed"),
    ("diffuse", "widespread", "extensive", "generalised", "generalized"),
    ("focal", "localised", "localized", "circumscript", "local"),
    ("single", "solitary", "sole", "one"),
    ("multiple", "several", "many", "numerous"),
    ("hollow", "empty"),
    ("cystic", "cyst"),
    ("calcified", "calcific", "calcification"),
    ("necrotic", "necrosis"),
    ("swollen", "oedematous", "edematous", "edema"),
    ("dilated", "distended", "widened", "ectatic"),
    ("narrow", "narrowed", "stenotic", "stenosed", "constricted"),
    ("malignant", "cancerous"),
    ("normal", "healthy", "intact", "unremarkable"),
    ("abnormal", "pathological", "pathologic", "diseased"),
    ("ruptured", "broken", "disrupted", "torn"),
    # position
    ("upper", "top", "superior", "cranial", "above"),
    ("lower", "bottom", "inferior", "caudal", "below"),
    ("anterior", "ventral", "front"),
    ("posterior", "dorsal", "back", "rear"),
    ("central", "center", "centre", "middle", "mid"),
    ("peripheral", "outer", "periphery", "marginal"),
    # things
    ("tumor", "neoplasm", "mass", "cancer", "carcinoma"),
    ("bleeding", "hemorrhage", "hemorrhagic"),
    ("nucleus", "nuclei", "nuclear"),
    ("mitochondrion", "mitochondria"),
    ("fracture", "break"),
    ("vessel", "vasculature", "vascular"),
)
"""Words that may be true of one and the same thing; guess, kept wide: a false alarm costs one question, a miss would
store a "negative" that is true."""

_SYNONYMS = {form: group[0] for group in _GROUPS for word in group for form in (word, _stem(word))}
