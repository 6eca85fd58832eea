"""Label Studio's own judgement of our configuration and of what we would send."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from curator.errors import InputError
from data.label_studio.config import label_config
from data.label_studio.to_tasks import to_annotation, to_data, to_prediction, to_task
from data.label_studio.validation import check_config, check_part, check_task
from data.label_studio.version import Version
from tests.data.label_studio.hierarchies import FIGURE, versions

URL = "https://curator.example/images/1"


def test_the_configuration_is_one_that_label_studio_takes() -> None:
    check_config(label_config())


@settings(deadline=None, derandomize=True, max_examples=25)
@given(versions())
def test_every_task_prediction_and_annotation_is_one_that_label_studio_takes(version: Version) -> None:
    check_task(to_task(FIGURE, version, URL), label_config())
    both = {"predictions": [to_prediction(FIGURE, version)], "annotations": [to_annotation(FIGURE, version)]}
    check_task({"data": to_data(FIGURE, version, URL), **both}, label_config())


def test_a_row_for_a_control_that_the_project_lacks_is_told_before_it_is_sent() -> None:
    bare = '<View><Image name="image" value="$image"/></View>'
    row = {
        "id": "p1",
        "from_name": "panel",
        "to_name": "image",
        "type": "rectanglelabels",
        "value": {"x": 0, "y": 0, "width": 10, "height": 10, "rectanglelabels": ["photo"]},
    }
    message = (
        "Label Studio would not take 1 of our rows: Region 0: 'from_name' 'panel' not found in configuration. "
        "Does the project have Curator's labelling configuration?"
    )
    with pytest.raises(InputError) as caught:
        check_part({"result": [row]}, bare)
    assert str(caught.value) == message
    check_part({"result": [row]}, bare, earlier=[row])


def test_a_relation_to_nothing_is_told_before_it_is_sent() -> None:
    relation = {"type": "relation", "from_id": "m1", "to_id": "r1", "direction": "right", "labels": ["points at"]}
    with pytest.raises(InputError, match="'from_id' 'm1' not found in regions"):
        check_part({"result": [relation]}, label_config())


def test_a_task_without_the_caption_is_told_before_it_is_sent() -> None:
    with pytest.raises(InputError, match="expected \\['caption', 'image'\\]"):
        check_task({"data": {"image": URL}}, label_config())


def test_a_broken_configuration_is_refused() -> None:
    with pytest.raises(InputError, match="would refuse the labelling configuration"):
        check_config('<View><Choices name="a" toName="nothing"><Choice value="b"/></Choices></View>')


def test_relations_are_judged_with_the_shapes_that_they_link_or_not_at_all() -> None:
    shapes = [
        {
            "id": row_id,
            "from_name": name,
            "to_name": "image",
            "type": "rectanglelabels",
            "value": {"x": 0, "y": 0, "width": 10, "height": 10, "rectanglelabels": [label]},
        }
        for row_id, name, label in (("m1", "marker", "arrow"), ("r1", "region", "region"))
    ]
    relation = {"type": "relation", "from_id": "m1", "to_id": "r1", "direction": "right", "labels": ["points at"]}
    check_part({"result": [*shapes, relation]}, label_config(), earlier=shapes)
    check_part({"result": [*shapes, relation]}, label_config(), earlier=[*shapes[1:], relation])
