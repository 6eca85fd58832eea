"""Hierarchy -> task -> hierarchy loses nothing, also through JSON, and with rows of others in between."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings

from data.label_studio.from_annotations import from_annotation
from data.label_studio.nodes import Author
from data.label_studio.to_tasks import to_annotation, to_data
from data.label_studio.version import Version
from tests.data.label_studio.hierarchies import FIGURE, versions

URL = "https://curator.example/images/1"
ANN = Author.person("ann@lab.org", "2026-02-01T00:00:00+00:00")


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@settings(deadline=None, derandomize=True)
@given(versions())
def test_an_annotation_gives_back_the_very_version(version: Version) -> None:
    data = through_json(to_data(FIGURE, version, URL))
    reading = from_annotation(FIGURE, data, through_json(to_annotation(FIGURE, version)), ANN)
    assert reading.version == version
    assert reading.foreign == ()


@settings(deadline=None, derandomize=True)
@given(versions())
def test_writing_over_what_stands_there_changes_no_row(version: Version) -> None:
    first = through_json(to_annotation(FIGURE, version))
    assert through_json(to_annotation(FIGURE, version, first["result"])) == first


@settings(deadline=None, derandomize=True)
@given(versions(), versions())
def test_any_version_can_be_written_over_any_other(earlier: Version, later: Version) -> None:
    stands = through_json(to_annotation(FIGURE, earlier))
    written = through_json(to_annotation(FIGURE, later, stands["result"]))
    reading = from_annotation(FIGURE, to_data(FIGURE, later, URL), written, ANN)
    assert reading.version == later
    assert reading.foreign == ()
