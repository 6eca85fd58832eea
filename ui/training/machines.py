"""Which machine this is and whether it can train, found out without loading torch into the page's process."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from functools import cache

from trainer.machine import Machine, without_gpu

_NEEDED = ("torch", "torchvision", "open_clip", "tensorboard")
_PROBE = """
import json
from dataclasses import asdict
from trainer.machine import this_machine
print(json.dumps(asdict(this_machine())))
"""
_PROBE_S = 120.0  # guess: torch loads within this time from a slow disk


def why_not_installed() -> str | None:
    """What training lacks here and what mends it; None where nothing does."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    return f"training needs {', '.join(missing)}, which is not installed; `make models` installs it"


@cache  # the machine stays the same while the page runs
def machine() -> Machine:
    """What ``trainer.machine.this_machine`` says in a process of its own; without an NVIDIA driver nobody is asked."""
    if shutil.which("nvidia-smi") is None or why_not_installed() is not None:
        return without_gpu()
    try:
        probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=_PROBE_S, check=True)
        return Machine(**json.loads(probe.stdout.splitlines()[-1]))
    except (subprocess.SubprocessError, OSError, ValueError, TypeError, IndexError):
        return without_gpu()  # torch that cannot be loaded: a run says why


def title(found: Machine) -> str:
    """The machine in a few words."""
    kind = "GPU" if found.device == "cuda" else "CPU"
    cores = f"{found.cores} core{'s' if found.cores > 1 else ''}"
    return (
        f"{kind}, {cores}, {found.memory_gb:.0f} GB"
        if kind == "CPU"
        else f"{kind} of {found.memory_gb:.0f} GB, {cores}"
    )
