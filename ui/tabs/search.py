"""The Search tab: panels and regions by words, by their likeness to another one, or by a picture.

The page asks, ``ui.searching.server`` answers; what it shows is in ``ui/search``. The address ``#search&find=JSON``
holds the search, so that Back, a reload and a link come back to it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from curator.figure import PanelKind
from ui.editor.bundle import as_script
from ui.searching.pictures import LIMITS

_FOLDER = Path(__file__).parent.parent / "search"
_STYLES = ("../gallery/grid.css", "search.css")
_MODULES = ("../editor/dom.js", "../gallery/grid.js", "query.js", "hit.js", "given.js", "notices.js", "search.js")


def search_tab(project: Path, server_functions: list[Callable[..., Any]]) -> Any:
    """The tab's component, to be made inside ``gr.Tab``; ``server_functions`` are those of ``SearchServer``."""
    import gradio as gr

    return gr.HTML(
        html_template=(_FOLDER / "search.html").read_text(encoding="utf-8"),
        css_template="\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _STYLES),
        js_on_load=as_script(_MODULES, _FOLDER),
        server_functions=server_functions,
        apply_default_css=False,
        elem_id="search",
        elem_classes="c-fill",
        kinds=[str(kind) for kind in PanelKind],
        project=str(project),
        max_bytes=LIMITS.max_bytes,
    )
