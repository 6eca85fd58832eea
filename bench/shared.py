"""Real figures with hand-made truth, where this checkout has them beside it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
SETS = ("PMC2467486", "biorxiv-488149", "chest-ct", "elife-67409", "embo-symbols", "openstax-anatomy")


def present() -> bool:
    """Says so where the real figures are absent."""
    if SHARED.is_dir():
        return True
    print(f"skipped: {SHARED} is absent")
    return False


def truth_of(name: str) -> list[dict[str, Any]]:
    truths: list[dict[str, Any]] = json.loads((SHARED / "truth" / f"{name}.json").read_text())
    return truths


def stem(image: str) -> str:
    """File stem as the scorer compares it."""
    return re.sub(r"\.(jpe?g|png|gif|tiff?|webp)$", "", Path(image).name, flags=re.IGNORECASE).lower()


def score(what: str, truths: Iterable[Path], predictions: Path) -> dict[str, Any]:
    """What the scorer says."""
    command = [sys.executable, str(SHARED / "score.py"), what, *map(str, truths), "--pred", str(predictions)]
    report: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return report
