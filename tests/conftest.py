"""Fixtures of several packages' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.data.label_studio.real_server import RealLabelStudio

# The same examples each time. How long one takes says how busy the machine is, not whether the code is right.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLabelStudio]:
    """Label Studio itself, for tests marked ``labelstudio``; whoever ends it starts it again."""
    server = RealLabelStudio(tmp_path_factory.mktemp("label-studio"))
    try:
        server.start()
        yield server
    finally:
        server.end()
