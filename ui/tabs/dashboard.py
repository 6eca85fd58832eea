from typing import Any

import gradio as gr


def dashboard_tab(store: Any) -> None:
    gr.HTML("dash", elem_classes="c-fill")
