"""The Review tab: the editor, and the functions by which it reads and writes the project."""

from __future__ import annotations

from data.store import Store
from ui.editor.agents_server import AgentsServer
from ui.editor.editor import review_editor
from ui.editor.segment_server import SegmentServer
from ui.editor.server import ReviewServer


def review_tab(store: Store, who: str, agents: AgentsServer, segmenting: SegmentServer) -> None:
    """Composes the tab for the curator called ``who``; call it inside ``with gr.Tab("Review")``."""
    review_editor(ReviewServer(store, who).functions() + agents.functions() + segmenting.functions())
