"""Server functions for accepting without a person: JSON in, JSON out, errors as sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from pydantic import Field

from curator.guarantee import Promised
from data.store import Store
from ui.accounts.identity import current_user, permit
from ui.editor.answers import Answer, saying
from ui.editor.requests import Request, RowId, parse_request
from ui.learning.accepting import accept, accepted_statement, preview, statement_doc, take_back


class RateRequest(Request):
    """``error_rate``: the share of panels that may be wrong; ``promised``: of which (``curator.guarantee``)."""

    error_rate: float = Field(gt=0, le=0.5)
    promised: Promised = "accepted"


class UndoRequest(Request):
    batch: RowId


class AutoServer:
    """Every method takes untrusted JSON values and returns a document, or ``{"error": sentence}``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def functions(self) -> list[Callable[..., Answer]]:
        """What the page can call, by name."""
        return [
            saying(self.auto_state, "auto_state"),
            saying(self.auto_preview, "auto_preview"),
            saying(self.auto_apply, "auto_apply"),
            saying(self.auto_undo, "auto_undo"),
        ]

    def auto_state(self, raw: Any) -> Answer:
        """All batches, what is accepted now, and how right it is as far as the audit sample tells."""
        parse_request(Request, raw)
        figures, panels = self._store.auto.count()
        return {
            "figures": figures,
            "panels": panels,
            "batches": [asdict(batch) for batch in self._store.auto.batches()],
            "right": statement_doc(accepted_statement(self._store)),
            "may": current_user().may("auto"),
        }

    def auto_preview(self, raw: Any) -> Answer:
        """What an error rate would accept and promise; see ``ui.learning.accepting.Preview``."""
        request = parse_request(RateRequest, raw)
        return preview(self._store, request.error_rate, request.promised).to_doc()

    def auto_apply(self, raw: Any) -> Answer:
        """Accepts it, as one batch; the batch."""
        permit("auto")
        user = current_user()
        request = parse_request(RateRequest, raw)
        batch = accept(self._store, request.error_rate, user.name, request.promised)
        self._store.audit.add(
            user.name, "auto", str(batch.id), {"error_rate": batch.error_rate, "figures": batch.figures}
        )
        return {"batch": asdict(batch)}

    def auto_undo(self, raw: Any) -> Answer:
        """Takes a batch back; how many figures wait again."""
        permit("auto")
        user = current_user()
        request = parse_request(UndoRequest, raw)
        figures = take_back(self._store, request.batch, user.name)
        self._store.audit.add(user.name, "auto-undo", str(request.batch), {"figures": figures})
        return {"figures": figures}
