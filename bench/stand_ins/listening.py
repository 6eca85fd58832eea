"""What the stand-ins for servers listen with."""

from __future__ import annotations

import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StandInServer(ThreadingHTTPServer):
    """Answers each connection in a thread; closing it ends the connections that clients keep alive."""

    request_queue_size = 256  # the standard 5 refuses the start of a benchmark with 64 threads

    def __init__(self, address: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):  # kept alive by clients; their threads would wait for ever
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed by its client in the meantime

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away (its time limit) is no fault of the server; nothing on the console."""
