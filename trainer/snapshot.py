"""What a run is trained on, frozen: counts, licences and makers of an export's figures, and the hash of its files."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from curator.errors import InputError
from trainer.contents import contents_of
from trainer.exports import Export
from trainer.records import Split
from trainer.splits import SPLITS
from trainer.tally import Tally

FILE = "snapshot.json"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Plain data, so that every checkpoint and model card can hold it."""

    sha256: str
    """Of the names and hashes of all files of the export: equal where the data are."""
    format: str
    schema_version: int
    verified_only: bool
    """Only what a person accepted or edited was exported."""
    articles: dict[Split, int]
    figures: dict[Split, int]
    pairs: dict[Split, dict[str, int]]
    """By level: figures with a caption (M), panels with a text (P), regions with a text (R)."""
    kinds: dict[Split, dict[str, int]]
    """Of panels."""
    licenses: dict[Split, dict[str, int]]
    """Of figures."""
    states: dict[str, dict[str, int]]
    """Of figures, panels and regions: how many a person accepted or edited, and how many are open proposals."""
    agents: dict[str, int]
    """Who proposed panels and regions; what a person drew is ``person:NAME``."""
    models: dict[str, int]
    left_out: dict[str, int]
    """What makes no pair, by reason."""
    warnings: tuple[str, ...]

    def to_doc(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "warnings": list(self.warnings)}


def describe(folder: Path) -> Snapshot:
    """What the export in a folder holds; its files are taken to be what its manifest says.

    Raises:
        InputError: no export is there, or a record is unreadable.
    """
    contents = contents_of(folder)
    export, manifest = contents.export, contents.export.manifest
    tallies: dict[Split, Tally] = {split: Tally() for split in SPLITS}
    for (_, record), split in zip(export.records(), contents.splits, strict=True):
        tallies[SPLITS[split]].add(record)
    every = tallies.values()
    levels = ("figures", "panels", "regions")
    return Snapshot(
        _sha256(manifest),
        manifest["format"],
        manifest["schema_version"],
        bool(manifest["filter"]["verified_only"]),
        articles={split: len(tally.articles) for split, tally in tallies.items()},
        figures={split: tally.figures for split, tally in tallies.items()},
        pairs={split: {level: tally.pairs[level] for level in "MPR"} for split, tally in tallies.items()},
        kinds={split: _sorted(tally.kinds) for split, tally in tallies.items()},
        licenses={split: _sorted(tally.licenses) for split, tally in tallies.items()},
        states={level: _sorted(*(tally.states.get(level, Counter()) for tally in every)) for level in levels},
        agents=_sorted(*(tally.agents for tally in every)),
        models=_sorted(*(tally.models for tally in every)),
        left_out=_sorted(*(tally.left_out for tally in every)),
        warnings=contents.warnings,
    )


def freeze(folder: Path, run: Path) -> Snapshot:
    """Checks every file of the export against its manifest and writes ``run/snapshot.json``.

    Where the run has one, it must be of the same data, and files are not read again: a run goes on with what it was
    started on.

    Raises:
        InputError: a file is missing or changed, or the run was started on other data.
    """
    snapshot = describe(folder)
    if (run / FILE).is_file():
        before = load_snapshot(run)
        if before.sha256 != snapshot.sha256:
            raise InputError(
                f"{run} was started on other data ({before.sha256[:12]}, {folder} is {snapshot.sha256[:12]}); "
                "name the export that it was started on, or start a new run"
            )
        return before
    _check_files(contents_of(folder).export)
    run.mkdir(parents=True, exist_ok=True)
    fresh = run / f".{FILE}.fresh"
    fresh.write_text(json.dumps(snapshot.to_doc(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(fresh, run / FILE)
    return snapshot


def load_snapshot(run: Path) -> Snapshot:
    """What ``freeze`` wrote into the folder of a run.

    Raises:
        InputError: there is none, or it is not readable.
    """
    path = run / FILE
    try:
        document = json.loads(path.read_bytes())
        return Snapshot(**{**document, "warnings": tuple(document["warnings"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no snapshot of a run's data ({error}); start a new run") from error


def _check_files(export: Export) -> None:
    for name, promised in export.manifest["files"].items():
        path = export.folder / name
        if not path.is_file():
            raise InputError(f"{path} is missing from the export; export the project again")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != promised:
            raise InputError(
                f"{path} was changed after the export: its SHA-256 is {found!r}, not {promised!r}; "
                "export the project again"
            )


def _sha256(manifest: dict[str, Any]) -> str:
    lines = (f"{sha256}  {name}\n" for name, sha256 in sorted(manifest["files"].items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sorted(*counters: Counter[str]) -> dict[str, int]:
    total = sum(counters, Counter())
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))
