"""curator doctor"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import click

from curator.errors import SettingsError

if TYPE_CHECKING:
    from ui.cli import Project


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    found: str | None
    """Version, path or size; None where it is missing."""
    needed: bool
    """Curator does not work without it."""
    costs: str
    """What goes without it."""
    fault: str = ""
    """Why what was found cannot be used, and what mends it; empty where it can."""


_PACKAGES = (
    ("gradio", True, "no review page"),
    ("rapidocr", True, "no printed letters: panels are found from gutters alone"),
    ("onnxruntime", True, "no OCR"),
    ("opencv-python-headless", True, "no mining"),
    ("lxml", True, "no JATS articles"),
    ("sqlite-utils", True, "no project database"),
    ("matplotlib", True, "no demo corpus"),
    ("openai", True, "no models on servers"),
    ("faiss-cpu", True, "no search by text or likeness"),
    ("torch", False, "no local models and no training; `make models` installs it, 6 GB"),
    ("transformers", False, "no local vision-language models; `make models` installs it"),
    ("open_clip_torch", False, "no training; `make models` installs it"),
    ("segment-anything", False, "no SAM checkpoints of your own; `make models` installs it"),
    ("playwright", False, "the page's own tests are skipped; curating works"),
)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def command(project: Project, as_json: bool) -> None:
    """Say what is installed, what is missing, and what each missing thing costs you.

    Also whether the project's settings can be used, and why not. The exit status is 1 where they cannot, or where
    something needed is missing.
    """
    findings = examine(project)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            mark = "ok     " if finding.found else ("MISSING" if finding.needed else "absent ")
            told = finding.found or f"without it: {finding.costs}"
            if finding.fault:
                mark, told = "WRONG  ", finding.fault
            click.echo(f"{mark} {finding.name:<22} {told}")
    sentences = []
    if any(finding.needed and not finding.found for finding in findings):
        sentences.append("something needed is missing; `make setup` installs it")
    sentences += [f"{finding.name} cannot be used, as said above" for finding in findings if finding.fault]
    if sentences:
        raise click.ClickException("; ".join(sentences))


def examine(project: Project) -> list[Finding]:
    """Everything that Curator uses, found or not."""
    from agents.segment.fetch import is_fetched, weights_folder

    findings = [Finding("python", sys.version.split()[0], True, "nothing runs")]
    for package, needed, costs in _PACKAGES:
        try:
            version: str | None = metadata.version(package)
        except metadata.PackageNotFoundError:
            version = None
        findings.append(Finding(package, version, needed, costs))
    with sqlite3.connect(":memory:") as conn:
        has_fts = conn.execute("select 1 from pragma_compile_options where compile_options = 'ENABLE_FTS5'").fetchone()
    findings.append(Finding("sqlite fts5", sqlite3.sqlite_version if has_fts else None, True, "no search in captions"))
    findings.append(
        Finding("chromium", shutil.which("chromium"), False, "the page's own tests are skipped; curating works")
    )
    models = weights_folder(os.environ)
    fetched = str(models) if is_fetched(models) else None
    findings.append(
        Finding(
            "segment anything",
            fetched,
            False,
            "clicks become boxes by OpenCV, less exactly; `curator fetch-models` fetches it",
        )
    )
    folder = project.folder if project.folder.exists() else project.folder.absolute().parent
    free_gb = shutil.disk_usage(folder).free / 2**30
    enough = f"{free_gb:.1f} GB free" if free_gb > 1 else None
    findings.append(_settings(project))
    findings.append(Finding("disk", enough, True, f"less than 1 GB is free in {folder}: images cannot be kept"))
    return findings


def _settings(project: Project) -> Finding:
    """Commands that need none pass a broken file over, so that it would be noticed late."""
    from curator.settings import FILE_NAME

    file = project.folder / FILE_NAME
    found, costs = str(file) if file.exists() else f"no {file}: defaults", "no command that reads them"
    try:
        _ = project.settings
    except SettingsError as error:
        return Finding("settings", found, True, costs, str(error))
    return Finding("settings", found, True, costs)
