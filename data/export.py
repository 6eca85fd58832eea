"""Export: verified hierarchies as files, reproducible, with a manifest."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

from curator.errors import StoreError
from curator.figure import State
from curator.review import Review
from data.formats.coco import save_coco
from data.formats.jsonl import save_jsonl, save_lines
from data.formats.record import SCHEMA_VERSION, exported, to_record
from data.formats.webdataset import save_webdataset
from data.store import Store

Format = Literal["jsonl", "coco", "webdataset"]
_SAVERS = {"coco": save_coco, "webdataset": save_webdataset}


def export(
    store: Store,
    format_: Format,
    target: Path,
    verified_only: bool,
    *,
    auto: bool = False,
    sure: float = 0.0,
    overwrite: bool = False,
    link_images: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Writes the project to the new folder ``target`` and returns its manifest (also ``target/manifest.json``).

    A ``target`` that ends in ``.jsonl`` becomes that one file, without images, with its manifest beside it. Exporting
    the same decisions again gives the same bytes. ``target`` appears only when it is complete. With ``link_images`` a
    jsonl export shares its images with the project where the file system can: for exports that nobody edits. Figures
    that were accepted without a person are left out unless ``auto``, and marked where they are in. ``sure``: open
    proposals only with at least this confidence, 0 to 1, by the assessor; by the agent where that has not spoken, and
    one without any is left out.

    Raises:
        StoreError: ``target`` exists (an export there goes with ``overwrite``), or nothing is there to export.
    """
    if target.exists() and not overwrite:
        raise StoreError(f"{target} exists; name another with -o, or replace it with --overwrite")
    if target.is_dir() and not (target / "manifest.json").is_file():
        raise StoreError(f"{target} is a folder that no export wrote; name another with -o")
    target.parent.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    records = _counted(_records(store, verified_only, auto, sure, progress), counts)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        fresh = Path(scratch) / target.name
        lines_only = format_ == "jsonl" and target.suffix == ".jsonl"
        if lines_only:
            save_lines(records, fresh)
        else:
            saver = partial(save_jsonl, link=link_images) if format_ == "jsonl" else _SAVERS[format_]
            saver(records, fresh, store.images)
        if not counts["figures"]:
            wanted = "no figure is accepted yet; accept some in the page" if verified_only else "no figure is mined yet"
            raise StoreError(f"nothing to export: {wanted}" + (", or leave out --verified-only" * verified_only))
        files = [fresh] if lines_only else sorted(path for path in fresh.rglob("*") if path.is_file())
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "format": format_,
            "filter": {
                "verified_only": verified_only,
                **({"auto": True} if auto else {}),
                **({"sure": sure} if sure else {}),
            },
            "counts": dict(sorted(counts.items())),
            "files": {str(path.relative_to(fresh.parent if lines_only else fresh)): _sha256(path) for path in files},
        }
        manifest_text = json.dumps(manifest, indent=1) + "\n"
        if lines_only:
            target.with_suffix(".manifest.json").write_text(manifest_text, encoding="utf-8")
        else:
            (fresh / "manifest.json").write_text(manifest_text, encoding="utf-8")
        if target.is_dir():
            os.replace(target, Path(scratch) / "before")
        os.replace(fresh, target)
    return manifest


def _records(
    store: Store, verified_only: bool, auto: bool, sure: float, progress: Callable[[int, int], None]
) -> Iterator[dict[str, Any]]:
    licenses = {article.id: article.license for article, _ in store.articles.listed()}
    figure_ids, batches = store.reviews.mined_ids(), store.auto.figures()
    for done, figure_id in enumerate(figure_ids, start=1):
        batch = batches.get(figure_id)
        if batch is None or auto:
            review = store.reviews.load(figure_id, now_s=0.0).review
            if batch is not None or exported(review, verified_only):
                unsure = _unsure(store, review, sure) if sure else ()
                license_ = licenses[review.figure.article_id]
                yield to_record(review, license_, verified_only and batch is None, batch, unsure)
        progress(done, len(figure_ids))


def _unsure(store: Store, review: Review, sure: float) -> set[str]:
    """Open proposals of the figure that nobody is as sure of as that."""
    assessed = store.assessors.of_figure(review.figure.id)
    return {
        node.id
        for node in review.hierarchy.nodes()
        if node.state == State.PROPOSED and (assessed.get(node.id, node.provenance.confidence) or 0.0) < sure
    }


def _counted(records: Iterator[dict[str, Any]], counts: Counter[str]) -> Iterator[dict[str, Any]]:
    for record in records:
        counts["figures"] += 1
        if "auto" in record:
            counts["figures_auto"] += 1
        counts[f"figures_{record['split']}"] += 1
        counts["panels"] += len(record["panels"])
        for holder in (*record["panels"], record["unassigned"]):
            counts["markers"] += len(holder["markers"])
            counts["regions"] += len(holder["regions"])
        yield record


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
