"""Which letter a panel bears, what kind it is and in what words, by the votes of several answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from agents.lvlm.panels.identifiers import identifier_key
from curator.figure import PanelKind
from curator.geometry import Box

_READ_RIGHT = 0.9  # share of letters that a model reads right; guess, SODA reports 0.91 to 0.97 for panel labels
_READ_ALIKE = 0.3  # correlation of its readings, as of its other answers; guess
_NONE_WEIGHT = 0.5  # of an answer or agent that saw no letter, which may have lain outside or been missed; guess
_KIND_WEIGHT = 0.84  # of the embedded agent's kind beside one answer's: its measured accuracy
_IMPOSSIBLE = -1e6


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read of one panel's letter."""

    answers: Sequence[str | None]
    """One of each answer that sees the panel."""
    letters: Sequence[tuple[str | None, Box | None, float]]
    """Label, box of the printed letter and confidence of each embedded candidate."""


@dataclass(frozen=True, slots=True)
class Label:
    text: str | None
    box_xyxy: Box | None
    probability: float
    """That the label is right, among those that were read."""


def choose_labels(readings: Sequence[Reading], promised: Sequence[str] = ()) -> list[Label]:
    """The labels of all panels together: no label is given twice, unless several candidates bear it.

    Each reading is a vote with its log odds (the candidate's confidence; 0.9 for a model's, whose n answers count as
    n / (1 + 0.3 (n - 1))); the assignment with the greatest sum wins. A label is written as it was read in print by the
    embedded agent, else as the caption promises it, else as most answers have it.
    """
    weights = [_weights(reading) for reading in readings]
    often = Counter(
        key for reading in readings for key in {identifier_key(label or "") for label, _, _ in reading.letters}
    )
    keys = sorted({key for votes in weights for key in votes if key})
    columns = [key for key in keys for _ in range(max(1, often[key]))]
    gain = np.full((len(readings), len(columns) + len(readings)), _IMPOSSIBLE)
    for row, votes in enumerate(weights):
        for column, key in enumerate(columns):
            if key in votes:
                gain[row, column] = votes[key]
        gain[row, len(columns) + row] = votes.get("", 0.0)
    rows, chosen = linear_sum_assignment(gain, maximize=True)
    labels: list[Label] = []
    for row, column in zip(rows.tolist(), chosen.tolist(), strict=True):
        key = columns[column] if column < len(columns) else ""
        labels.append(_label(key, readings[row], weights[row], promised))
    return labels


def _weights(reading: Reading) -> Mapping[str, float]:
    """Log odds for each label's key; the key of no label is empty."""
    votes: dict[str, float] = {}
    one = math.log(_READ_RIGHT / (1 - _READ_RIGHT)) / (1 + _READ_ALIKE * max(0, len(reading.answers) - 1))
    for label in reading.answers:
        key = identifier_key(label or "")
        votes[key] = votes.get(key, 0.0) + (one if key else _NONE_WEIGHT * one)
    for label, _, confidence in reading.letters:
        key = identifier_key(label or "")
        weight = max(0.0, math.log(confidence / (1 - confidence)))
        votes[key] = votes.get(key, 0.0) + (weight if key else _NONE_WEIGHT * weight)
    return votes


def _label(key: str, reading: Reading, votes: Mapping[str, float], promised: Sequence[str]) -> Label:
    total = sum(math.exp(weight) for weight in votes.values()) + (1.0 if key else 0.0)  # 1: a letter nobody read
    probability = math.exp(votes.get(key, 0.0)) / max(total, 1.0)
    printed = [(label, box) for label, box, _ in reading.letters if box is not None]
    boxes = sorted(box for label, box in printed if identifier_key(label or "") == key) or sorted(
        box for _, box in printed
    )
    if not key:
        return Label(None, None, min(1.0, probability))
    forms = [label for label, _ in printed if label and identifier_key(label) == key]
    forms += [label for label in promised if identifier_key(label) == key]
    read = Counter(label for label in reading.answers if label and identifier_key(label) == key)
    forms += sorted(read, key=lambda label: (-read[label], label))
    forms += [label for label, _, _ in reading.letters if label and identifier_key(label) == key]
    return Label(forms[0], boxes[0] if boxes else None, probability)


def kind_of(answers: Sequence[PanelKind], embedded: Sequence[PanelKind]) -> PanelKind:
    """The kind that most answers name; the embedded agent's vote, a little less than one answer's, tips the scales."""
    votes: dict[PanelKind, float] = {}
    for kind in answers:
        votes[kind] = votes.get(kind, 0.0) + 1.0
    for kind in embedded:
        votes[kind] = votes.get(kind, 0.0) + _KIND_WEIGHT / len(embedded)
    return max(sorted(votes), key=lambda kind: votes[kind], default=PanelKind.OTHER)


def words_of(sightings: Sequence[tuple[str | None, str, float]], label: str | None) -> str:
    """The description (label, words, scale of the picture) from the largest picture, of the panel's label if any."""
    key = identifier_key(label or "")
    spoken = [
        (identifier_key(name or "") == key, scale, words.strip()) for name, words, scale in sightings if words.strip()
    ]
    return max(spoken, default=(True, 0.0, ""))[2]
