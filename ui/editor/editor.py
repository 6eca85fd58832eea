"""The review editor: our own SVG editor in a ``gr.HTML``, bundled from the modules beside this file.

A plain ``gr.HTML`` and no subclass of it: the framework writes a ``.pyi`` file beside the source of each subclass.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from ui.editor.bundle import bundle

_FOLDER = Path(__file__).parent

# One file a part of the screen; a later one may change what an earlier one says. No backslash, backquote or doubled
# brace may stand in them: the framework reads them as a template.
_STYLES = (
    "review.css",
    "queue.css",
    "canvas.css",
    "caption.css",
    "tree.css",
    "fields.css",
    "dialogs.css",
    "agents.css",
    "drawer.css",
    "compare.css",
    "trace.css",
    "setup.css",
    "widths.css",
)


def review_editor(server_functions: list[Callable[..., Any]]) -> gr.HTML:
    """The whole review screen as one component; it talks to Python by ``server_functions`` alone."""
    return gr.HTML(
        # no value in the template: the framework would draw it again and remove the nodes that the script made
        html_template='<div class="rv" data-ready="false"></div>',
        css_template="\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _STYLES),
        js_on_load=bundle(),
        apply_default_css=False,
        elem_id="review",
        server_functions=server_functions,
    )
