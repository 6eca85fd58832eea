"""curator audit"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from data.store.audit import AuditRecord
    from ui.cli import Project

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so


@click.command("audit")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values with a heading.")
@click.option("--since", default="", help="From this day or time on: 2026-11-22, or ISO 8601 in UTC.")
@click.option("--who", help="Only of one user.")
@click.pass_obj
def command(project: Project, as_json: bool, as_csv: bool, since: str, who: str | None) -> None:
    """Print who did what when: decisions, logins, changes of users, mining, training, exports; oldest first."""
    if as_json and as_csv:
        raise click.UsageError("choose one of --json and --csv")
    records = project.store.audit.records(since, who)
    if as_csv:
        from data.store.audit import AuditRecord

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(field.name for field in fields(AuditRecord))
        for record in records:
            writer.writerow(_cell(value) for value in asdict(record).values())
        return
    for record in records:
        click.echo(json.dumps(asdict(record)) if as_json else _line(record))


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(record: AuditRecord) -> str:
    detail = ", ".join(f"{name} {value}" for name, value in record.detail.items() if value is not None)
    parts = (record.action, record.subject, f"({detail})" if detail else "", record.address)
    # a name that failed to log in may hold anything; a terminal obeys control characters
    text = " ".join(part for part in parts if part)
    line = f"{record.at}  {record.who:<16}  {text}"
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in line)
