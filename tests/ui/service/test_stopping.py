"""What a server waits for when it ends."""

from __future__ import annotations

import signal
import threading

from tests.ui.service.process import END_S
from ui.service.stopping import closed_in_time, ending_well


def test_what_closes_is_waited_for_at_once() -> None:
    never, closed = threading.Event(), threading.Barrier(2)

    assert closed_in_time([closed.wait, closed.wait], END_S)  # type: ignore[list-item]
    assert not closed_in_time([never.wait], 0)  # type: ignore[list-item]
    never.set()


def test_a_signal_that_comes_before_the_server_listens_for_it_is_not_lost() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with ending_well([signal.SIGTERM]) as asked:
        assert not asked()
        signal.raise_signal(signal.SIGTERM)
        assert asked()
    assert signal.getsignal(signal.SIGTERM) == before
