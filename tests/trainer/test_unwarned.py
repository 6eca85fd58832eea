"""Making a model says nothing of random weights, and keeps nobody else from saying something."""

from __future__ import annotations

import logging
import threading

import pytest

from trainer.unwarned import unwarned


def test_only_the_thread_that_loads_is_spared_warnings(caplog: pytest.LogCaptureFixture) -> None:
    with unwarned():
        logging.warning("of this thread")
        logging.error("an error of this thread")
        other = threading.Thread(target=logging.warning, args=("of another thread",))
        other.start()
        other.join()
    logging.warning("afterwards")
    assert caplog.messages == ["an error of this thread", "of another thread", "afterwards"]


def test_loads_that_overlap_leave_logging_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    first, second = unwarned(), unwarned()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert logging.root.manager.disable == 0
    logging.warning("heard")
    assert caplog.messages == ["heard"]
