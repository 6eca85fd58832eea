"""JSONL: one figure a line, with its image beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from data.store.image_store import ImageStore


def save_jsonl(records: Iterable[dict[str, Any]], folder: Path, images: ImageStore, *, link: bool = False) -> None:
    """Writes ``hierarchy.jsonl`` and ``images/SHA256.EXT`` in the boxes' frame; ``image_path`` names the file.

    ``link``: as ``ImageStore.copy_web``.
    """
    folder.mkdir()

    def with_images() -> Iterator[dict[str, Any]]:
        for record in records:
            name = images.copy_web(record["image_sha256"], folder / "images", link=link)
            yield {**record, "image_path": f"images/{name}"}

    save_lines(with_images(), folder / "hierarchy.jsonl")


def save_lines(records: Iterable[dict[str, Any]], path: Path) -> None:
    """Writes one JSON document a line."""
    with path.open("w", encoding="utf-8") as lines:
        for record in records:
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
