"""WebDataset: tar shards of figures, each with its panel and region crops and its record.

A sample is one figure: ``KEY.figure.jpg``, a crop a panel (``KEY.p1.panel.jpg``), a crop a region
(``KEY.r1.region.jpg``) and ``KEY.json`` (the JSONL record, which holds all texts). One sample keeps a hierarchy
together, since losses across levels need a figure's panels and regions in the same step (Panel2Patch, stage III).
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PIL import Image

from data.store.image_store import ImageStore

SHARD_SAMPLES = 500  # guess: with crops about 1 GB of 2,000 px figures
JPEG_QUALITY = 95


def save_webdataset(records: Iterable[dict[str, Any]], folder: Path, images: ImageStore) -> None:
    """Writes ``SPLIT-000000.tar`` ...; the same records give the same bytes."""
    folder.mkdir(parents=True)
    counts: dict[str, int] = {}
    open_shards: dict[str, tarfile.TarFile] = {}
    with ExitStack() as closing:
        for record in records:
            split = record["split"]
            count = counts.get(split, 0)
            if count % SHARD_SAMPLES == 0:
                if split in open_shards:
                    open_shards.pop(split).close()
                path = folder / f"{split}-{count // SHARD_SAMPLES:06d}.tar"
                open_shards[split] = closing.enter_context(tarfile.open(path, "w"))
            key = f"{count:08d}-" + re.sub(r"[^0-9A-Za-z_-]", "_", record["figure_id"])
            for name, content in _members(record, images):
                info = tarfile.TarInfo(f"{key}.{name}")
                info.size = len(content)
                open_shards[split].addfile(info, io.BytesIO(content))
            counts[split] = count + 1


def _members(record: dict[str, Any], images: ImageStore) -> Iterator[tuple[str, bytes]]:
    with Image.open(images.web(record["image_sha256"])) as opened:
        figure = opened.convert("RGB")
    yield "figure.jpg", _jpeg(figure)
    for holder in (*record["panels"], record["unassigned"]):
        if "id" in holder:
            yield f"{holder['id']}.panel.jpg", _jpeg(_crop(figure, holder["box_xyxy"]))
        for region in holder["regions"]:
            yield f"{region['id']}.region.jpg", _jpeg(_crop(figure, region["box_xyxy"]))
    yield "json", json.dumps(record, ensure_ascii=False).encode()


def _crop(figure: Image.Image, box_xyxy: list[float]) -> Image.Image:
    x0, y0, x1, y1 = (round(value) for value in box_xyxy)
    return figure.crop((x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)))


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
