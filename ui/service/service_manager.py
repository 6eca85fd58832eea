"""Telling systemd how far the service is (sd_notify(3)); nothing where none listens."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Such as ``READY=1``, for units of Type=notify."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # @ stands for the zero byte of an abstract address
    target = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.sendto(state.encode(), target)
