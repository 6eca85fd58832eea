"""Writes docs/api.md, docs/cli.md, docs/schema.md and docs/settings.md from the code; ``--check`` only compares."""

from __future__ import annotations

import ast
import inspect
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import click

from curator import commands, exchange, figure
from curator.samples import Samples
from curator.settings import Settings
from data.store import Store
from ui.cli import main

DOCS = Path(__file__).parent.parent / "docs"
_NOTICE = "<!-- Made by `make docs`; edit the code instead. -->"


def render_cli() -> str:
    """Every command's help."""
    parts = [_NOTICE, "# The command line", "", "```", main.get_help(_context(main, "curator")), "```"]
    context = _context(main, "curator")
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        inner = _context(command, name, context)
        parts += ["", f"## curator {name}", "", "```", command.get_help(inner), "```"]
        if isinstance(command, click.Group):
            for below in command.list_commands(inner):
                part = command.commands[below]
                parts += [
                    "",
                    f"### curator {name} {below}",
                    "",
                    "```",
                    part.get_help(_context(part, below, inner)),
                    "```",
                ]
    return "\n".join(parts) + "\n"


def _context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    return click.Context(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100)


def render_schema() -> str:
    """The values, the edit commands and the database."""
    parts = [_NOTICE, "# Schema", "", (figure.__doc__ or "").strip(), "", "## Values", ""]
    for cls in (
        figure.Article,
        figure.Figure,
        figure.Hierarchy,
        figure.Shared,
        figure.Panel,
        figure.Marker,
        figure.Region,
        figure.Finding,
        figure.Provenance,
        Samples,
        exchange.Exchange,
        exchange.Reply,
    ):
        parts += _class_table(cls)
    for kind in (figure.State, figure.FigureState, figure.PanelKind, figure.MarkerKind, exchange.Finish):
        parts += [f"**{kind.__name__}**: {', '.join(kind)}.", ""]
    parts += ["## Edit commands", "", "What the page sends, one JSON object a command.", ""]
    for command in commands.Command.__args__:
        names = [name for name in command.model_fields if name != "op"]
        operation = command.model_fields["op"].annotation.__args__[0]
        parts += [f"- `{operation}` ({', '.join(names)}): {inspect.getdoc(command)}"]
    parts += [
        "",
        "## Export",
        "",
        "One line of `hierarchy.jsonl` (`data/formats/record.py`); boxes in pixels, xyxy.",
        "",
    ]
    parts += ["```", *_record_shape(), "```"]
    parts += ["", "## Database", "", "`curator.db` in the project folder.", ""]
    with tempfile.TemporaryDirectory() as folder:
        rows = Store(Path(folder)).connections.rows(
            "select sql from sqlite_master where sql is not null and name not like '%fts%' and name not like "
            "'\\_sqlite%' escape '\\' and name not like 'sqlite\\_%' escape '\\' order by rowid"
        )
        for row in rows:
            parts += ["```sql", inspect.cleandoc(row["sql"]), "```", ""]
    return "\n".join(parts).rstrip() + "\n"


def render_settings() -> str:
    """Every setting with its default."""
    parts = [
        _NOTICE,
        "# Settings",
        "",
        "`curator.toml` in the project folder; each key also as an environment variable. The page's forms keep [model]",
        "in `model.toml` and [label_studio] in `label_studio.toml`, which override `curator.toml` as the environment",
        "overrides all.",
    ]
    for section in fields(Settings):
        parts += ["", f"## [{section.name}]", ""]
        prefix = f"CURATOR_{section.name.upper()}_"
        parts += [_first_line(_class_of(section)), "", *_field_rows(_class_of(section), prefix)]
    return "\n".join(parts).rstrip() + "\n"


def render_api() -> str:
    """Every way of the API, by what it is about."""
    from ui.api.app import PREFIX, api_app
    from ui.app import no_miner
    from ui.searching.model import load_model
    from ui.segmenting import opencv_only, segmenting_of
    from ui.servers import Servers

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        segmenting = segmenting_of(store, opencv_only)
        document = api_app(Servers.of(store, no_miner, segmenting, load_model)).openapi()
        segmenting.close()
        store.close()
    parts = [_NOTICE, "# The API", "", document["info"]["description"].strip(), ""]
    parts += [f"Paths are below `{PREFIX}`; `{PREFIX}/openapi.json` has every field. In Python: `data.client`."]
    by_tag: dict[str, list[str]] = {}
    for path, ways in document["paths"].items():
        for method, way in ways.items():
            says = " ".join(way["description"].split())
            answer = _schema_name(way["responses"])
            takes = ", ".join(f"`{given['name']}`" for given in way.get("parameters", ()) if given["in"] == "query")
            row = f"| `{method.upper()} {path}` | {says} | {takes} | {answer} |"
            by_tag.setdefault(way["tags"][0], []).append(row.replace("  ", " "))
    for tag, rows in by_tag.items():
        parts += ["", f"## {tag}", "", "| way | what it does | parameters | answer |", "|---|---|---|---|", *rows]
    return "\n".join(parts) + "\n"


def _schema_name(responses: dict[str, Any]) -> str:
    """What is answered where all is well: a model's name, a list of them, or kinds of files."""
    found = next(answer for status, answer in responses.items() if status.startswith("2"))
    names = []
    for kind, content in found.get("content", {}).items():
        schema = content.get("schema", {})
        reference = schema.get("$ref") or schema.get("items", {}).get("$ref", "")
        names.append(reference.rpartition("/")[2] or kind)
    pages = [name.removeprefix("Page_").strip("_") for name in names]
    shown = [f"page of `{one}`" if one != name else f"`{name}`" for one, name in zip(pages, names, strict=True)]
    return ", ".join(shown) or "nothing"


def _class_of(section: Field[Any]) -> type[Any]:
    factory = section.default_factory
    assert isinstance(factory, type)
    return factory


def _first_line(cls: type[Any]) -> str:
    return (inspect.getdoc(cls) or "").splitlines()[0]


def _class_table(cls: type[Any]) -> list[str]:
    doc = inspect.getdoc(cls) or ""
    shown = [] if doc.startswith(f"{cls.__name__}(") else [doc, ""]
    return [f"### {cls.__name__}", "", *shown, *_field_rows(cls, None), ""]


def _field_rows(cls: type[Any], variable_prefix: str | None) -> list[str]:
    docs = dict(_field_docs(cls))
    rows = ["| field | default | meaning |", "|---|---|---|"]
    if variable_prefix:
        rows = ["| key | default | variable | meaning |", "|---|---|---|---|"]
    for item in fields(cls):
        if variable_prefix and item.name == "reach":
            continue  # no key: other settings make it
        default = "" if item.default is MISSING and item.default_factory is MISSING else f"`{_default(item)!r}`"
        variable = f" `{variable_prefix}{item.name.upper()}` |" if variable_prefix else ""
        meaning = docs.get(item.name, "" if variable_prefix else f"`{item.type}`")
        rows.append(f"| {item.name} | {default} |{variable} {meaning} |".replace("  ", " "))
    return rows


def _default(item: Field[Any]) -> Any:
    if item.default is not MISSING:
        return str(item.default) if hasattr(item.default, "value") else item.default
    assert item.default_factory is not MISSING
    return item.default_factory()


def _field_docs(cls: type[Any]) -> Iterator[tuple[str, str]]:
    """(field, the string literal beneath it)."""
    (tree,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(tree, ast.ClassDef)
    for above, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(above, ast.AnnAssign) and isinstance(above.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield above.target.id, " ".join(text.split())


def _record_shape() -> list[str]:
    """The record of a small hierarchy, each value replaced by its type."""
    from curator.figure import (
        Figure,
        FigureState,
        Finding,
        Hierarchy,
        Marker,
        MarkerKind,
        Panel,
        Provenance,
        Region,
        Span,
    )
    from curator.review import Review
    from data.formats.record import to_record

    agent = Provenance("lvlm", "1", "", 0.5, "", 0.5, ("",), Samples(1, 1, 1, 1, 1))
    box = (0.0, 0.0, 1.0, 1.0)
    hierarchy = Hierarchy(
        (Panel("p1", box, agent, "A", box, own_spans=(Span(0, 1),), polygon_xy=((0.0, 0.0),)),),
        (Marker("m1", "p1", MarkerKind.ARROW, box, agent, "white", (0.0, 0.0), Span(0, 1)),),
        (Region("r1", "p1", box, agent, "", "", Span(0, 1), "m1", "", Finding("", "", "", ("",)), ((0.0, 0.0),)),),
    )
    shown = Figure("a:f", "a", "f.jpg", "", (1, 1), caption="A", mentions=("",), license="", doi="")
    return list(_shape(to_record(Review(shown, hierarchy, FigureState.ACCEPTED), "", False), ""))


def _shape(value: Any, indent: str) -> Iterator[str]:
    for name, item in value.items():
        match item:
            case dict():
                yield f"{indent}{name}: object"
                yield from _shape(item, indent + "  ")
            case [dict() as first, *_]:
                yield f"{indent}{name}: list of objects"
                yield from _shape(first, indent + "  ")
            case list():
                inner = type(item[0]).__name__ if item else "object"
                yield f"{indent}{name}: list of {inner}"
            case _:
                yield f"{indent}{name}: {type(item).__name__}"


PAGES = {"api.md": render_api, "cli.md": render_cli, "schema.md": render_schema, "settings.md": render_settings}


def run(check_only: bool) -> int:
    """Writes the pages, or says which are out of date (exit status 1)."""
    stale = [name for name, render in PAGES.items() if _differs(DOCS / name, render())]
    for name in stale:
        if check_only:
            print(f"docs/{name} is out of date; `make docs` renews it", file=sys.stderr)
        else:
            (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
    return int(check_only and bool(stale))


def _differs(path: Path, text: str) -> bool:
    return not path.is_file() or path.read_text(encoding="utf-8") != text


if __name__ == "__main__":
    sys.exit(run("--check" in sys.argv[1:]))
