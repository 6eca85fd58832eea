"""The labelling configuration: one meaning for each key and label, and labels that can be read."""

from __future__ import annotations

from collections import Counter

from lxml import etree

from curator.figure import MarkerKind, PanelKind
from data.label_studio.config import label_config
from data.label_studio.controls import ATTACHED, CHOICES, CLICK, FIGURE, REASON, SHAPES, TEXTS, TIP_LABEL

CONFIG = etree.fromstring(label_config())


def values(path: str) -> list[str]:
    found = CONFIG.xpath(path)
    assert isinstance(found, list)
    return [str(value) for value in found]


EDITOR_KEYS = set("bhkmprvzuc")  # brush, pan, key point, auto-detect, polygon, rectangle, move, undo, unselect, copy


def test_every_control_that_is_read_is_drawn_once() -> None:
    names = Counter(values("//*[@toName]/@name"))
    assert names == Counter([*SHAPES, *ATTACHED, *TEXTS, *CHOICES, FIGURE, REASON, CLICK])


def test_every_kind_of_panel_and_marker_has_a_label() -> None:
    labels = set(values("//RectangleLabels/Label/@value"))
    assert labels >= {*map(str, PanelKind), *map(str, MarkerKind), "region"}


def test_no_key_means_two_things() -> None:
    keys = values("//@hotkey")
    assert len(keys) == len(set(keys)) == 25
    assert not EDITOR_KEYS & set(keys)


def test_no_control_that_a_node_answers_has_a_condition_by_which_the_editor_would_drop_the_answer() -> None:
    assert CONFIG.xpath("//TextArea[@perRegion] | //Choices[@perRegion]")
    assert not CONFIG.xpath("//TextArea[@whenLabelValue or @whenTagName] | //Choices[@whenLabelValue or @whenTagName]")


def test_white_can_be_read_on_every_label_but_the_tips() -> None:
    colours = {str(label.get("value")): str(label.get("background")) for label in CONFIG.iter("Label")}
    contrasts = {label: 1.05 / (_luminance(colour) + 0.05) for label, colour in colours.items() if label != TIP_LABEL}
    assert min(contrasts.values()) >= 3, contrasts


def _luminance(colour: str) -> float:
    """Relative luminance by WCAG 2."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
