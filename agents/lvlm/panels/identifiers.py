"""Which identifiers a figure may bear: what a model reads in a picture against what is known of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Set

from agents.embedded.layout import label_key

_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv")
_ROMANS = "|".join(sorted(_ROMAN, key=len, reverse=True))
_FORM = re.compile(rf"([a-z])|([1-9]\d?)|({_ROMANS})|([a-z])\4")
_PARTS = re.compile(rf"(?P<stem>[a-z]|[1-9]\d?)(?:[1-9]\d?|{_ROMANS})|(?P<number>[1-9]\d?)[a-z]")
_PRIMES = "'\u2019\u2032\u00b4`"
_DOUBLE_PRIMES = '"\u201d\u2033'
_NO_LABEL = frozenset({"", "none", "null", "na", "nolabel", "unlabeled", "unlabelled", "unknown"})


def identifier_key(label: str) -> str:
    """What tells labels apart: letters and digits without case, and the primes at the end ("A''", as embryos' are)."""
    end = label.rstrip(" )]}.:;,")
    core = end.rstrip(_PRIMES + _DOUBLE_PRIMES)
    key = label_key(core)
    return key + "'" * sum(2 if sign in _DOUBLE_PRIMES else 1 for sign in end[len(core) :]) if key else ""


def read_identifier(text: str | None, known: Collection[str]) -> str | None:
    """A label as it is printed, without the brackets, dots, quotes and space around it; None where it is none.

    Words that do not have the form of an identifier ("GFP", "Control", "none") are no label unless they are among the
    ``known`` ones: they are printed in a panel, not beside it.
    """
    label = (text or "").strip(" \t\n()[]{}.:;,")
    if label[:1] and label[0] in _PRIMES + _DOUBLE_PRIMES:
        label = label.strip(_PRIMES + _DOUBLE_PRIMES)
    key = identifier_key(label)
    if key in {identifier_key(other) for other in known} - {""}:
        return label
    plain = key.rstrip("'")
    return label if plain not in _NO_LABEL and (_FORM.fullmatch(plain) or _PARTS.fullmatch(plain)) else None


def invented(labels: Iterable[str], known: Iterable[str]) -> list[str]:
    """Those of the labels read in one picture that nothing speaks for, in order.

    A label can be right if it is known, or a part of a known one ("A1", "A'", "aii" of "a") or the whole of known
    parts, or stands in its sequence (letters, doubled letters, numbers, roman numbers) right before or after one that
    can be right. Where nothing is known, sequences from their beginning on can be right. Case does not matter.
    """
    right = {identifier_key(label) for label in known} - {""}
    nothing_known = not right
    told = list(labels)
    open_keys = {identifier_key(label) for label in told} - right
    while True:
        fits = {key for key in open_keys if _fits(key, right, nothing_known)}
        if not fits:
            break
        right |= fits
        open_keys -= fits
    return list(dict.fromkeys(label for label in told if identifier_key(label) in open_keys))


def _fits(key: str, right: Set[str], nothing_known: bool) -> bool:
    plain = key.rstrip("'")
    if plain != key:
        return plain in right or _fits(plain, right, nothing_known)
    parts = _PARTS.fullmatch(key)
    if parts and (parts["stem"] or parts["number"]) in right:
        return True
    if any((parts := _PARTS.fullmatch(other)) and (parts["stem"] or parts["number"]) == key for other in right):
        return True
    places = _places(key)
    if nothing_known and any(index == 0 for _, index in places):
        return True
    beside = {(family, index + step) for family, index in places for step in (-1, 1)}
    return any(place in beside for other in right for place in _places(other))


def _places(key: str) -> list[tuple[str, int]]:
    """Where an identifier stands in the sequences that have it: (name of the sequence, place from 0)."""
    match = _PARTS.fullmatch(key)
    if match and match["stem"] and not _FORM.fullmatch(key):
        return [(f"{match['stem']} {family}", index) for family, index in _places(key[len(match["stem"]) :])]
    places: list[tuple[str, int]] = []
    if re.fullmatch(r"[a-z]", key):
        places.append(("letters", ord(key) - ord("a")))
    if re.fullmatch(r"([a-z])\1", key):
        places.append(("letters", 26 + ord(key[0]) - ord("a")))
    if re.fullmatch(r"[1-9]\d?", key):
        places.append(("numbers", int(key) - 1))
    if key in _ROMAN:
        places.append(("roman", _ROMAN.index(key)))
    return places
