"""curator split-captions"""

from __future__ import annotations

import json
from typing import IO

import click


@click.command("split-captions")
@click.argument("lines", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--output", "-o", type=click.File("w", encoding="utf-8"), default="-", help="Default: standard output.")
def command(lines: IO[str], output: IO[str]) -> None:
    """Split captions into panels without a project.

    LINES is JSONL with {"id", "caption"} a line (default standard input); out comes JSONL with
    {"id", "panels": [{"label", "own_caption", "caption"}]} a line.
    """
    from agents.embedded.captions import split_caption
    from curator.figure import text_of

    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            record_id, caption = record["id"], str(record["caption"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise click.ClickException(
                f'line {number} is not {{"id": ..., "caption": ...}} ({type(error).__name__}: {error})'
            ) from error
        split = split_caption(caption)
        lead, tail = text_of(caption, split.lead_spans), text_of(caption, split.tail_spans)
        panels = []
        for panel in split.panels:
            own = text_of(caption, panel.spans)
            full = " ".join(part for part in (lead, own, tail) if part)
            panels.append({"label": panel.label, "own_caption": own, "caption": full})
        output.write(json.dumps({"id": record_id, "panels": panels}, ensure_ascii=False) + "\n")
