"""Fixtures of several packages' tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from unittest.mock import patch

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from tests.data.label_studio.real_server import RealLabelStudio

# The same examples each time. How long one takes says how busy the machine is, not whether the code is right.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


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


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLabelStudio]:
    """Label Studio itself, for tests marked ``labelstudio``; whoever ends it starts it again."""
    server = RealLabelStudio(tmp_path_factory.mktemp("label-studio"))
    try:
        server.start()
        yield server
    finally:
        server.end()
