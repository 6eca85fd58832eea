"""A split caption as text, for tests."""

from __future__ import annotations

from typing import TypeAlias

from agents.embedded.captions import split_caption
from curator.figure import Span, text_of

Parts: TypeAlias = tuple[str, dict[str, str], str]
"""Lead, own text by label, tail."""


def parts(caption: str, bold_spans: tuple[Span, ...] = ()) -> Parts:
    split = split_caption(caption, bold_spans)
    own = {panel.label: text_of(caption, panel.spans) for panel in split.panels}
    return text_of(caption, split.lead_spans), own, text_of(caption, split.tail_spans)
