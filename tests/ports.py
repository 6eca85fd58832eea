"""Ports for processes that tests start."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_port() -> Iterator[int]:
    """A free port of 127.0.0.1 that nobody else is given while the block runs, however long the process takes to start.

    Connections are refused until a server listens there, which has to set SO_REUSEADDR, as asyncio and torch do.
    """
    with socket.socket() as keeps:
        keeps.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeps.bind(("127.0.0.1", 0))
        yield keeps.getsockname()[1]
