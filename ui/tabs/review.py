"""The Review tab: the editor, and the functions by which it reads and writes the project."""

from __future__ import annotations

from ui.editor.agents_server import AgentsServer
from ui.editor.answers import saying
from ui.editor.editor import review_editor
from ui.editor.segment_server import SegmentServer
from ui.editor.server import ReviewServer
from ui.syncing.server import SyncServer


def review_tab(review: ReviewServer, agents: AgentsServer, segmenting: SegmentServer, sync: SyncServer) -> None:
    """Composes the tab. Call it inside ``with gr.Tab("Review")``."""
    review_editor(
        review.functions() + agents.functions() + segmenting.functions() + [saying(sync.figure, "sync_figure")]
    )
