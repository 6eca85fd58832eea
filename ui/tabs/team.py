"""The Team tab: who reviews what, second readings, how far readers agree, and settling what they see differently.

The page asks, ``ui.teamwork.server`` answers; what it shows is in ``ui/team``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ui.editor.bundle import as_script

FOLDER = Path(__file__).parent.parent / "team"
_STYLES = ("../parts.css", "../sync/conflict.css", "team.css", "settle.css")
# in the order of their imports
MODULES = (
    "../editor/dom.js",
    "../editor/wording.js",
    "../train/asking.js",
    "../train/said.js",
    "../sync/versions.js",
    "../sync/pictures.js",
    "where.js",
    "names.js",
    "twice.js",
    "yours.js",
    "people.js",
    "deal.js",
    "agreed.js",
    "waiting.js",
    "settle.js",
    "team.js",
)


def team_tab(server_functions: Sequence[Callable[..., Any]]) -> Any:
    """The tab's component, to be made inside ``gr.Tab``; ``server_functions`` are those of ``TeamServer``."""
    import gradio as gr

    return gr.HTML(
        html_template=(FOLDER / "team.html").read_text(encoding="utf-8"),
        css_template="\n".join((FOLDER / name).read_text(encoding="utf-8") for name in _STYLES),
        js_on_load=f"{as_script(MODULES, FOLDER)}\nmodule_team.startTeam(element, server);\n",
        server_functions=list(server_functions),
        apply_default_css=False,
        elem_id="team",
        elem_classes="c-fill",
    )
