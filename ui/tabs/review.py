"""The Review tab: the editor, and the functions by which it reads and writes the project."""

from __future__ import annotations

from collections.abc import Callable

from data.store import Store
from ui.editor.agents_server import AgentsServer
from ui.editor.editor import review_editor
from ui.editor.segment_server import SegmentServer
from ui.editor.server import ReviewServer


def review_tab(store: Store, who: Callable[[], str], agents: AgentsServer, segmenting: SegmentServer) -> None:
    """Composes the tab; ``who`` gives the name of whoever asks. Call it inside ``with gr.Tab("Review")``."""
    review_editor(ReviewServer(store, who).functions() + agents.functions() + segmenting.functions())
