"""The Train tab: what would be trained on, one click that trains, live curves, runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ui.editor.bundle import as_script

FOLDER = Path(__file__).parent.parent / "train"
_STYLES = ("../parts.css", "train.css", "runs.css", "new_run.css", "run.css", "charts.css")
# in the order of their imports; the first two are the editor's
MODULES = (
    "../editor/dom.js",
    "../editor/wording.js",
    "numbers.js",
    "states.js",
    "asking.js",
    "said.js",
    "address.js",
    "history.js",
    "curves.js",
    "linechart.js",
    "chart_group.js",
    "run_charts.js",
    "stage_strip.js",
    "data_panel.js",
    "plan_card.js",
    "new_run.js",
    "facts.js",
    "results.js",
    "run_list.js",
    "run_page.js",
    "compare_page.js",
    "train.js",
)


def train_tab(server_functions: Sequence[Callable[..., Any]]) -> Any:
    """The tab's component, to be made inside ``gr.Tab``; all it shows and does goes through ``server_functions``."""
    import gradio as gr

    return gr.HTML(
        html_template=(FOLDER / "train.html").read_text(encoding="utf-8"),
        css_template="\n".join((FOLDER / name).read_text(encoding="utf-8") for name in _STYLES),
        js_on_load=f"{as_script(MODULES, FOLDER)}\nmodule_train.startTrain(element, server);\n",
        server_functions=list(server_functions),
        apply_default_css=False,
        elem_id="train",
        elem_classes="c-fill",
    )
