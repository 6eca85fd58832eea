"""The Loop tab: rounds from mining to training and back, accepting without a person, and what was mined again.

The page asks, ``ui.looping.server`` and ``ui.learning.auto_server`` answer; what it shows is in ``ui/loop``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ui.editor.bundle import as_script

_FOLDER = Path(__file__).parent.parent / "loop"
_STYLES = ("../parts.css", "loop.css")
# in the order of their imports
_MODULES = (
    "../editor/dom.js",
    "../train/asking.js",
    "../train/said.js",
    "../train/numbers.js",
    "steps.js",
    "standing.js",
    "rounds.js",
    "accepting.js",
    "again.js",
    "loop.js",
)


def loop_tab(server_functions: Sequence[Callable[..., Any]]) -> Any:
    """The tab's component, to be made inside ``gr.Tab``; functions of ``LoopServer`` and ``AutoServer``."""
    import gradio as gr

    return gr.HTML(
        html_template=(_FOLDER / "loop.html").read_text(encoding="utf-8"),
        css_template="\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _STYLES),
        js_on_load=f"{as_script(_MODULES, _FOLDER)}\nmodule_loop.startLoop(element, server);\n",
        server_functions=list(server_functions),
        apply_default_css=False,
        elem_id="loop",
        elem_classes="c-fill",
    )
