"""Taking a run's model for search and confidence: a process that indexes the project with it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from curator.errors import TrainingError
from ui.training.runs import Runs

LOG = "index.log"


class Uses:
    """Which run's model the project searches with, and how far indexing is."""

    def __init__(self, project: Path, runs: Runs) -> None:
        self._project = project
        self._runs = runs
        self._lock = threading.Lock()

    def in_use(self) -> str | None:
        """The run whose model made the embeddings that searches use."""
        return None

    def start(self, name: str) -> None:
        """Starts ``curator index``.

        Raises:
            TrainingError: the run has no model yet, or a model is being indexed with.
        """
        raise TrainingError("indexing is not there yet")

    def progress(self, name: str) -> dict[str, Any] | None:
        """``state`` (indexing, ready, failed), ``done``, ``total``, ``message``; None where it was never asked for."""
        return None
