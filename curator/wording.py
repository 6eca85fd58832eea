"""Texts as RegionMed-CLIP compares them and feeds them to its text encoder: lower case, no punctuation."""

from __future__ import annotations

import re
import unicodedata

# A number keeps its point, a molecule its sign: "0.5", "CD4+" and "CD8-" differ from "05", "CD4" and "CD8".
_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+\+(?![^\W_])|[^\W_]*\d-(?![^\W_])|[^\W_]+")
_DASH = re.compile(r"[\u2010-\u2015\u2212]")
_APOSTROPHE = re.compile(r"['\u2019]")


def tokens(text: str) -> tuple[str, ...]:
    """The words in lower case, without punctuation; words joined by a dash or slash are parted."""
    plain = _DASH.sub("-", _APOSTROPHE.sub("", unicodedata.normalize("NFKC", text)))
    return tuple(_TOKEN.findall(plain.lower()))


def normalised(text: str) -> str:
    """The text in lower case and without punctuation, as RegionMed-CLIP feeds it to its text encoder."""
    return " ".join(tokens(text))
