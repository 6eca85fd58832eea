"""Making a model of random weights without open_clip's warning of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unwarned() -> Iterator[None]:
    """While the block runs, warnings of this thread to the root logger, which is open_clip's, are left out.

    Only this thread is spared: ``logging.disable`` would silence all, and two loads at once might leave it so.
    """
    here = threading.get_ident()

    def spared(record: logging.LogRecord) -> bool:
        return record.thread != here or record.levelno > logging.WARNING

    logging.root.addFilter(spared)
    try:
        yield
    finally:
        logging.root.removeFilter(spared)
