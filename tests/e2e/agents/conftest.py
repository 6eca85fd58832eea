"""A live page whose figures are mined again by a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from data.store import Store
from tests.e2e.agents.scripted_miner import ScriptedMiner
from tests.e2e.conftest import served


@pytest.fixture
def miner(project: Store) -> ScriptedMiner:
    return ScriptedMiner(project)


@pytest.fixture
def url(project: Store, miner: ScriptedMiner, pages: list[Page]) -> Iterator[str]:
    with served(project, miner=miner) as address:
        yield address
        while pages:
            pages.pop().context.close()
        for _ in range(20):
            miner.turns.release()
