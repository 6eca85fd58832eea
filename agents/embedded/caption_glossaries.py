"""Lists of abbreviations in captions: "F: follicle; CA: corpus albicans"."""

from __future__ import annotations

import re

_KEY = r"(?<![\w-])[A-Za-z][A-Za-z\d]{0,4}"
# Bounded, so that the work stays linear in the length of the caption.
_COLON_ENTRY = rf"{_KEY}\s?[:=]\s?[a-z][^;:=.()]{{1,60}}"
_COMMA_ENTRY = rf"{_KEY},\s[a-z][^;:=.,()]{{1,60}}"
_LIST = re.compile(rf"{_COLON_ENTRY}(?:[;,]\s?{_COLON_ENTRY})+|{_COMMA_ENTRY}(?:;\s?{_COMMA_ENTRY})+")
_KEYS = re.compile(rf"({_KEY})(?:\s?[:=]|,\s(?=[a-z]))")
_ROMAN = re.compile(r"[ivx]+", re.IGNORECASE)
_LONG = re.compile(r"(?:[\w.'/ -]{1,12}, [^;,]{3,60}; ?){3}")  # "bo, basioccipital; bs, basisphenoid; ..."


def opens_glossary(text: str) -> bool:
    """Whether a sentence is such a list from its start on."""
    return _LONG.match(text) is not None or 0 in glossary_positions(text)


def glossary_positions(caption: str) -> set[int]:
    """Where the keys of lists of abbreviations start.

    Such a list mixes keys of one letter with longer ones, which lists of panels do not; one that starts with two
    letters in succession ("A: heart; B: liver; CA: artery") is a list of panels all the same.
    """
    found: set[int] = set()
    for entries in _LIST.finditer(caption):
        keys = list(_KEYS.finditer(caption, *entries.span()))
        names = [key[1] for key in keys]
        longer = any(len(name) > 1 and _ROMAN.fullmatch(name) is None for name in names)
        if longer and not (len(names[0]) == len(names[1]) == 1 and ord(names[1]) == ord(names[0]) + 1):
            found.update(key.start(1) for key in keys)
    return found
