"""Fixtures of several packages' tests."""

from __future__ import annotations

import os
import shutil
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import certifi
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from data.store.database import Connections
from tests.data.label_studio.real_server import RealLabelStudio

# The same examples each time. How long one takes says how busy the machine is, not whether the code is right.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def settings_of_nobody() -> Iterator[None]:
    """Whoever runs the tests may have set a proxy, which cannot ask this machine, or settings of Curator's."""
    for_tests = ("CURATOR_MODELS", "CURATOR_LABEL_STUDIO")  # where weights and a real Label Studio are
    with patch.dict(os.environ):
        for name in list(os.environ):
            if name.upper().endswith("_PROXY") or (name.startswith("CURATOR_") and name not in for_tests):
                del os.environ[name]
        yield


@pytest.fixture(scope="session", autouse=True)
def no_wait_for_the_disk() -> Iterator[None]:
    """What a test writes need not outlive a power cut; a run would wait for the disk thousands of times."""
    with patch("os.fsync", os.fstat), patch("os.sync"):
        yield


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Hashing a password is slow on purpose, and each page hashes one; ``test_passwords`` looks at the real ones."""
    with patch(
        "ui.accounts.passwords.PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    ):
        yield


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Iterator[None]:
    """Each client of HTTP reads all authorities that are trusted, for 30 ms of processor time (measured)."""
    make, trusted = ssl.create_default_context, os.environ.get("SSL_CERT_FILE") or certifi.where()
    shared = cache(lambda: make(cafile=trusted))

    def context(*arguments: Any, **named: Any) -> ssl.SSLContext:
        return make(*arguments, **named) if arguments or named != {"cafile": trusted} else shared()

    with patch("ssl.create_default_context", context):
        yield


@pytest.fixture(scope="session", autouse=True)
def tables_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new project begins as a copy of an empty one: to make its tables takes 14 ms of processor time (measured).

    An older one is upgraded as ever, and each process that a test starts makes its own.
    """
    empty = tmp_path_factory.mktemp("empty") / "curator.db"
    Connections(empty).close()
    migrate = Connections._migrate

    def begin(connections: Connections) -> None:
        path = connections.path
        unfinished = path.with_name(f".{path.name}.{threading.get_ident()}")
        if not path.exists():
            with suppress(OSError):  # where nothing can be written, what is tested finds that out for itself
                shutil.copyfile(empty, unfinished)
                os.link(unfinished, path)  # whole, or not there: another thread may open it at the same time
            unfinished.unlink(missing_ok=True)
        migrate(connections)

    with patch.object(Connections, "_migrate", begin):
        yield


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLabelStudio]:
    """Label Studio itself, for tests marked ``labelstudio``; whoever ends it starts it again."""
    server = RealLabelStudio(tmp_path_factory.mktemp("label-studio"))
    try:
        server.start()
        yield server
    finally:
        server.end()
