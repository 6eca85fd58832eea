"""The caption grammar on captions that were split by hand, through the command that users run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench.shared import SHARED, present, score


def run() -> None:
    if not present():
        return
    truths = json.loads((SHARED / "truth" / "captions.json").read_text())
    by_set: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for truth in truths:
        by_set[truth["set"]].append(truth)
    by_set["all"] = truths
    print("| set | captions | label F1 | all labels right | ROUGE-L |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        lines, split, part = (Path(folder) / name for name in ("in.jsonl", "out.jsonl", "part.json"))
        lines.write_text("".join(json.dumps({"id": t["id"], "caption": t["caption"]}) + "\n" for t in truths))
        subprocess.run([sys.executable, "-m", "ui", "split-captions", lines, "-o", split], check=True)
        for name, members in by_set.items():
            part.write_text(json.dumps(members))
            got = score("captions", [part], split)
            print(
                f"| {name} | {got['captions']} | {got['label_f1']:.3f} | {got['captions_all_labels_right']:.3f} "
                f"| {got['rougeL']:.3f} |"
            )
