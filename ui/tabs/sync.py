"""The Sync tab: Label Studio beside Curator; what goes there, what waits, and what both sides changed.

The page asks, ``ui.syncing.server`` answers; what it shows is in ``ui/sync``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ui.editor.bundle import as_script

FOLDER = Path(__file__).parent.parent / "sync"
_STYLES = ("../gallery/grid.css", "../parts.css", "sync.css", "conflict.css")
# in the order of their imports
MODULES = (
    "../editor/dom.js",
    "../editor/wording.js",
    "../train/asking.js",
    "../train/said.js",
    "../gallery/grid.js",
    "places.js",
    "statuses.js",
    "rail.js",
    "connection.js",
    "figures.js",
    "choose.js",
    "versions.js",
    "pictures.js",
    "conflict.js",
    "sync.js",
)


def sync_tab(server_functions: Sequence[Callable[..., Any]]) -> Any:
    """The tab's component, to be made inside ``gr.Tab``; ``server_functions`` are those of ``SyncServer``."""
    import gradio as gr

    return gr.HTML(
        html_template=(FOLDER / "sync.html").read_text(encoding="utf-8"),
        css_template="\n".join((FOLDER / name).read_text(encoding="utf-8") for name in _STYLES),
        js_on_load=f"{as_script(MODULES, FOLDER)}\nmodule_sync.startSync(element, server);\n",
        server_functions=list(server_functions),
        apply_default_css=False,
        elem_id="sync",
        elem_classes="c-fill",
    )
