from typing import Any

import gradio as gr


def gallery_tab(store: Any) -> None:
    gr.HTML("queue", elem_classes="c-fill")
