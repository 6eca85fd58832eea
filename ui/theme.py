"""The page's look: tokens in ``theme.css``, and the framework's own variables pointed at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


def css() -> str:
    """The design tokens and the page frame."""
    return (_FOLDER / "theme.css").read_text(encoding="utf-8")


def head() -> str:
    """Chooses light or dark before the first component is drawn (``shell.js`` keeps the choice)."""
    return (
        '<meta name="referrer" content="no-referrer">'
        "<script>document.documentElement.dataset.theme = localStorage.getItem('curator.theme') || "
        "(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')</script>"
    )


def theme() -> Any:
    """A Gradio theme without fonts of its own, whose colours are our tokens in light and dark alike."""
    import gradio as gr

    tokens = {
        "body_background_fill": "var(--c-bg)",
        "body_text_color": "var(--c-text)",
        "body_text_color_subdued": "var(--c-muted)",
        "background_fill_primary": "var(--c-surface)",
        "background_fill_secondary": "var(--c-bg)",
        "block_background_fill": "transparent",
        "block_border_color": "var(--c-line)",
        "border_color_primary": "var(--c-line)",
        "border_color_accent": "var(--c-accent)",
        "color_accent_soft": "var(--c-accent-soft)",
        "link_text_color": "var(--c-accent)",
    }
    fixed = {"block_border_width": "0px", "block_shadow": "none", "layout_gap": "0px", "block_padding": "0px"}
    base = gr.themes.Base(font=("var(--sans)",), font_mono=("var(--mono)",))
    return base.set(**fixed, **tokens, **{f"{name}_dark": value for name, value in tokens.items()})
