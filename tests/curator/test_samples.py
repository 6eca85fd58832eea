"""How far samples agree: what may be said, and that it is kept wherever a node goes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from curator.codec import node_from_doc, node_to_doc
from curator.errors import HierarchyError
from curator.figure import FigureState, Hierarchy
from curator.review import Review
from curator.samples import Samples
from data.formats.record import to_record
from tests.curator.test_evidence import FIGURE, A

SAMPLED = replace(A, provenance=replace(A.provenance, samples=Samples(6, 4, label=3, kind=4)))


@pytest.mark.parametrize(
    "counts",
    [
        {"asked": 0, "found": 0},
        {"asked": 2, "found": 3},
        {"asked": 2, "found": -1},
        {"asked": 6, "found": 4, "label": 5},
        {"asked": 6, "found": 4, "text": -1},
    ],
    ids=str,
)
def test_counts_that_cannot_be_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(HierarchyError, match="cannot be: at least one sample is asked"):
        Samples(**counts)


def test_a_node_keeps_its_samples_through_json() -> None:
    assert node_from_doc(json.loads(json.dumps(node_to_doc(SAMPLED)))) == SAMPLED


def test_of_a_node_that_was_kept_before_there_were_samples_nothing_is_known() -> None:
    document = node_to_doc(A)
    del document["provenance"]["samples"]
    assert node_from_doc(document) == A
    assert A.provenance.samples is None


def test_samples_of_outside_documents_are_checked() -> None:
    document = node_to_doc(SAMPLED)
    document["provenance"]["samples"]["found"] = 7
    with pytest.raises(HierarchyError, match="found=7"):
        node_from_doc(document)


def test_exports_tell_the_samples() -> None:
    record = to_record(Review(FIGURE, Hierarchy((SAMPLED,)), FigureState.ACCEPTED), None, verified_only=False)
    assert record["panels"][0]["provenance"]["samples"] == {
        "asked": 6,
        "found": 4,
        "label": 3,
        "kind": 4,
        "text": None,
    }
