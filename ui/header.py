"""The bar at the top of the page; ``shell.js`` gives it its behaviour, ``theme.css`` its look."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

_TEMPLATE = """
<div class="bar">
  <div class="wordmark">
    <svg viewBox="0 0 18 18" aria-hidden="true" fill="none" stroke-width="1.8">
      <rect x="1" y="1" width="16" height="16" rx="3" stroke="currentColor"/>
      <path d="M8 1v16M8 9h9" stroke="currentColor"/>
      <rect x="10.6" y="11.6" width="3.8" height="2.8" rx=".6" fill="var(--c-accent)"/>
    </svg>
    Curator
  </div>
  <div class="where">
    <span id="mining-state" role="status"></span>
    <a id="sync-state" role="status" hidden></a>
    <span id="saved-state" role="status"></span>
    <span class="project"></span>
    <a class="user" title="Your account"></a>
    <button type="button" class="logout" title="Log out" aria-label="Log out" hidden>
      <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"
        stroke-linejoin="round">
        <path d="M6.5 2.5h-3a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3M10 4.5 13.5 8 10 11.5M13.5 8h-7"/>
      </svg>
    </button>
    <button type="button" class="theme" title="Light or dark" aria-label="Switch between light and dark">
      <svg class="sun" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round">
        <circle cx="8" cy="8" r="3"/>
        <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1"/>
      </svg>
      <svg class="moon" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5"
        stroke-linejoin="round">
        <path d="M13.5 10A6 6 0 0 1 6 2.5a6 6 0 1 0 7.5 7.5Z"/>
      </svg>
    </button>
  </div>
</div>
"""


def header(project: Path) -> gr.HTML:
    """Wordmark, slots for what the review editor tells (``#mining-state``, ``#sync-state``, ``#saved-state``), project,
    user (the page asks ``/me``), light or dark.

    No subclass of ``gr.HTML``: the framework writes a ``.pyi`` file beside the source of each.
    """
    return gr.HTML(
        html_template=_TEMPLATE,
        js_on_load=(Path(__file__).parent / "shell.js").read_text(encoding="utf-8"),
        elem_id="header",
        apply_default_css=False,
        project=project.resolve().name,
        folder=str(project.resolve()),
    )
