from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock


@pytest.fixture(scope="session")
def tiny_qwen_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny Qwen2.5-VL, trained once in a run of pytest, however many workers it has."""
    from tests.agents.lvlm.tiny_qwen import build_model

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "Qwen2.5-VL-tiny"
    with FileLock(shared / "tiny-qwen.lock"):
        if not folder.exists():
            unfinished = shared / "tiny-qwen.part"
            build_model(unfinished)
            unfinished.rename(folder)
    return folder
