"""What systemd is told."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ui.service.service_manager import notify


def test_a_manager_that_is_not_there_is_not_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        abstract = f"curator-test-{os.getpid()}"
        manager.bind(f"\0{abstract}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{abstract}")
        notify("READY=1")
        assert manager.recv(100) == b"READY=1"
