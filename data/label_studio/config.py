"""The labelling configuration: what a person sees in Label Studio and draws with.

Colours: panels are cool and wide, markers warm, regions violet, so that the levels tell apart at a glance on grey
micrographs as well as on white. Hotkeys avoid those of the editor itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import quoteattr

from curator.codec import Level
from data.label_studio.controls import (
    CAPTION,
    CHOICES,
    CLAUSE,
    CLICK,
    COLOR,
    COLORS,
    DESCRIPTION,
    FIGURE,
    FIGURE_CHOICES,
    IMAGE,
    KINDS,
    LETTER,
    LETTER_BOX,
    LETTER_BOX_LABEL,
    MARKER,
    OWN_CAPTION,
    PANEL,
    PANEL_OUTLINE,
    PHOTOGRAPHIC,
    POINTS_AT,
    REASON,
    REGION,
    REGION_CAPTION,
    REGION_LABEL,
    REGION_OUTLINE,
    SUMMARY,
    TEXTS,
    TIP,
    TIP_LABEL,
    UNFINISHED,
)

_COLOURS: Final[dict[str, str]] = {
    "microscopy": "#2d78e1",
    "radiology": "#0a93b5",
    "photo": "#0f875a",
    "gel": "#4f8f14",
    "plot": "#5d6675",
    "diagram": "#7a6f5d",
    "table": "#8a8f98",
    "other": "#4a5160",
    "arrow": "#e1690f",
    "arrowhead": "#c8321e",
    "asterisk": "#b8860b",
    "star": "#9a8a10",
    "circle": "#c32d87",
    "box": "#a5692d",
    "dashed_line": "#d2581e",
    "dashed_box": "#8c4a1a",
    "letter": "#a12d5a",
    "bracket": "#b5541c",
    "region": "#875ae1",
    TIP_LABEL: "#f2b705",
    LETTER_BOX_LABEL: "#1b8a8a",
}
"""Contrast of white text on each is at least 3:1, but for the tip, whose label is a dot of few pixels."""

_HOTKEYS: Final[dict[str, str]] = {
    **{kind: str(number) for number, kind in enumerate(KINDS["panel"], start=1)},
    "arrow": "q",
    "arrowhead": "w",
    "asterisk": "e",
    "star": "s",
    "circle": "d",
    "box": "x",
    "dashed_line": "y",
    "dashed_box": "n",
    "letter": "j",
    "bracket": "l",
    "region": "t",
    TIP_LABEL: "i",
    LETTER_BOX_LABEL: "o",
    FIGURE_CHOICES[0]: "9",
    FIGURE_CHOICES[1]: "0",
    UNFINISHED: "f",
}
_CLICK_HOTKEY: Final = "g"

_TITLES: Final[dict[str, str]] = {
    LETTER: "Letter, as printed",
    OWN_CAPTION: "What the caption says of this panel",
    SUMMARY: "Summary, one sentence",
    DESCRIPTION: "What is to be seen",
    CLAUSE: "Words of the caption that explain it",
    REGION_LABEL: "What is there, in a few words",
    REGION_CAPTION: "Caption of the region, one sentence",
    PHOTOGRAPHIC: "Taken by a camera, microscope or scanner",
    COLOR: "Colour of the marker",
}
_HINT: Final = (
    "Draw inside a panel: Esc, the key of the kind, then Ctrl + drag (⌘ on a Mac); without Ctrl the panel moves. "
    "Have a region outlined: Auto-Annotation on, G, M, then Ctrl + click."
)
"""The editor of Label Studio takes a drag that begins on a shape for a move of it, whatever label is chosen."""
_CSS: Final = """
.curator { display: grid; grid-template-columns: minmax(0, 1fr) 300px; gap: 16px; }
.curator-tools { display: flex; flex-wrap: wrap; column-gap: 16px; }
.curator-tools .lsf-labels { margin: 2px 0 !important; }
.curator-hint * { font-size: 13px; font-weight: normal; margin: 0; opacity: 0.8; }
.curator-side { max-height: 84vh; overflow-y: auto; }
.curator-caption { font-size: 14px; line-height: 1.5; }
@media (max-width: 1100px) { .curator { grid-template-columns: minmax(0, 1fr); } }
"""


def label_config() -> str:
    """The configuration as XML; the names it uses are those of ``controls``."""
    image = _tag(
        "Image",
        {
            "name": IMAGE,
            "value": "$image",
            "zoom": "true",
            "zoomControl": "true",
            "rotateControl": "false",
            "brightnessControl": "true",
            "contrastControl": "true",
            "maxWidth": "100%",
        },
    )
    tools = [
        _shapes("RectangleLabels", PANEL, KINDS["panel"], "panel"),
        _shapes("RectangleLabels", MARKER, KINDS["marker"], "marker"),
        _shapes("RectangleLabels", REGION, KINDS["region"], "region"),
        _shapes("KeyPointLabels", TIP, (TIP_LABEL,), "marker", {"strokeWidth": "2"}),
        _shapes("RectangleLabels", LETTER_BOX, (LETTER_BOX_LABEL,), "panel"),
        _click(),
    ]
    outlines = [
        _shapes("PolygonLabels", REGION_OUTLINE, KINDS["region"], "region", hotkeys=False),
        _shapes("PolygonLabels", PANEL_OUTLINE, KINDS["panel"], "panel", hotkeys=False),
    ]
    folded = _tag("Collapse", {}, [_tag("Panel", {"value": "Outlines instead of boxes"}, outlines)])
    relations = _tag("Relations", {}, [_tag("Relation", {"value": POINTS_AT})])
    side = [
        _tag("Header", {"value": "$title", "size": "5"}),
        _tag("Text", {"name": CAPTION, "value": "$caption"}),
        *(_text(name, levels) for name, levels in TEXTS.items()),
        *(_choices(name, levels) for name, levels in CHOICES.items()),
        _tag("Header", {"value": "The whole figure", "size": "5"}),
        *_figure_state(),
    ]
    row = _tag("View", {"className": "curator-tools"}, tools)
    hint = _tag("View", {"className": "curator-hint"}, [_tag("Header", {"value": _HINT, "size": "6"})])
    left = _tag("View", {}, [row, hint, image, relations, folded])
    right = _tag("View", {"className": "curator-side"}, side)
    return _tag("View", {"className": "curator"}, [f"<Style>{_CSS}</Style>", left, right])


def _shapes(
    tag: str,
    name: str,
    labels: Sequence[str],
    level: Level,
    more: Mapping[str, str] | None = None,
    hotkeys: bool = True,
) -> str:
    attributes = {
        "name": name,
        "toName": IMAGE,
        "showInline": "true",
        # what is inside a panel must stay in sight: panels nearly only as a frame
        "opacity": "0.05" if level == "panel" else "0.15",
        "strokeWidth": "2" if level == "panel" else "3",
        "smart": "false",  # the key of "Auto-Detect" would go round all tools; with one it chooses that
        **({"canRotate": "false"} if tag == "RectangleLabels" else {}),
        **(more or {}),
    }
    return _tag(tag, attributes, [_label(label, hotkeys) for label in labels])


def _click() -> str:
    """A click that the ML backend answers with what lies there; it works while "Auto-Annotation" is on."""
    attributes = {"name": CLICK, "toName": IMAGE, "smart": "true", "smartOnly": "true", "showInline": "true"}
    label = {"value": "region", "html": "click at a region", "background": _COLOURS["region"], "hotkey": _CLICK_HOTKEY}
    return _tag("KeyPointLabels", attributes, [_tag("Label", label)])


def _label(label: str, hotkey: bool) -> str:
    attributes = {"value": label, "background": _COLOURS[label]}
    if hotkey and label in _HOTKEYS:
        attributes["hotkey"] = _HOTKEYS[label]
    return _tag("Label", attributes)


def _text(name: str, levels: Sequence[Level]) -> str:
    attributes = {
        "name": name,
        "toName": IMAGE,
        "perRegion": "true",
        "editable": "true",
        "maxSubmissions": "1",
        "placeholder": _TITLES[name],
        "rows": "1",  # more would bring a button and a hint that are taller than the text
    }
    return _titled(name, levels, _tag("TextArea", attributes))


def _choices(name: str, levels: Sequence[Level]) -> str:
    attributes = {"name": name, "toName": IMAGE, "perRegion": "true"}
    if name == COLOR:
        attributes |= {"choice": "single", "layout": "select"}
    else:
        attributes |= {"choice": "multiple"}
    choices = [_tag("Choice", {"value": option}) for option in (COLORS if name == COLOR else (PHOTOGRAPHIC,))]
    return _titled(name, levels, _tag("Choices", attributes, choices))


def _titled(name: str, levels: Sequence[Level], control: str) -> str:
    """The control under its title, shown only while a shape of one of the levels is selected.

    The condition stands on the view, never on the control: on submit the editor drops the answers of a control whose
    own condition is not met, as with a label that it does not know.
    """
    labels = ",".join(label for level in levels for label in KINDS[level])
    visible = {"visibleWhen": "region-selected", "whenLabelValue": labels}
    return _tag("View", visible, [_tag("Header", {"value": _TITLES[name], "size": "6"}), control])


def _figure_state() -> list[str]:
    choices = [
        _tag("Choice", {"value": choice, "hotkey": _HOTKEYS[choice]}) for choice in (*FIGURE_CHOICES, UNFINISHED)
    ]
    attributes = {"name": FIGURE, "toName": IMAGE, "choice": "single", "showInline": "true"}
    reason = {"name": REASON, "toName": IMAGE, "maxSubmissions": "1", "editable": "true", "rows": "1"}
    visible = {"visibleWhen": "choice-selected", "whenTagName": FIGURE, "whenChoiceValue": FIGURE_CHOICES[1]}
    return [
        _tag("Choices", attributes, choices),
        _tag("View", visible, [_tag("TextArea", {**reason, "placeholder": "Why it is skipped"})]),
    ]


def _tag(name: str, attributes: Mapping[str, str], children: Sequence[str] = ()) -> str:
    opened = " ".join([name, *(f"{key}={quoteattr(value)}" for key, value in attributes.items())])
    return f"<{opened}>{''.join(children)}</{name}>" if children else f"<{opened} />"
