"""Label Studio's stand-in, and one figure that was sent there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.stand_ins.label_studio import LabelStudioServer
from tests.data.label_studio.syncing import Pair


@pytest.fixture
def there() -> Iterator[LabelStudioServer]:
    with LabelStudioServer() as server:
        yield server


@pytest.fixture
def pair(tmp_path: Path, there: LabelStudioServer) -> Pair:
    """One figure, sent."""
    pair = Pair(tmp_path, there)
    assert pair.sync().made == 1
    return pair
