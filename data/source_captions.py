"""Captions in a table: JSONL lines, CSV rows or a ``figures.json`` of (image, caption), images beside the table."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curator.errors import ArticleError
from curator.figure import Article
from data.images import sniff_format
from data.jats_text import plain_text
from data.source_values import ArticleSource, FigureSource, Place, Problem, key_of_path, listed

_HEAD_BYTES = 65_536  # enough for a CSV header and the first captions


INDEX_NAME = "figures.json"
"""An index of a folder: {"figures": [{"file" or "image", "caption", "id"?, "label"?}], "doi"?, "license"?, ...}."""


class CaptionLine(BaseModel):
    """One line of the table."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    image: str = Field(min_length=1)
    """Path relative to the table's folder, with forward slashes."""
    caption: str
    figure_id: str | None = None
    label: str = ""
    """As printed: "Figure 2"."""
    doi: str | None = None
    """Of the article: lines of one DOI are one article."""
    article: str | None = None
    """The article's name where it has no DOI: lines of one name are one article."""
    license: str | None = None


def is_caption_table(path: Path) -> bool:
    """A .jsonl or .csv file that has a field "image", or a ``figures.json``; other tables in a folder are data."""
    if path.name == INDEX_NAME:
        return True
    suffix = path.suffix.lower()
    if suffix not in (".jsonl", ".csv"):
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if suffix == ".jsonl":
        return b'"image"' in head
    header = head.decode("utf-8-sig", errors="replace").splitlines()[:1]
    return "image" in next(csv.reader(header), [])


def read_caption_table(table: Path, place: Place) -> Iterator[ArticleSource | Problem]:
    """One article for each DOI or article name, then one named after the place for the lines without."""
    folder = table.parent
    problems: list[Problem] = []
    articles: dict[tuple[str, str], dict[str, FigureSource]] = defaultdict(dict)
    named: set[Path] = set()
    try:
        for where, record in _records(table):
            try:
                line = _parse_line(record)
                named.add(folder / line.image)
                path = _image_path(folder, line.image)
                figure = _figure(line, path, folder)
                figures = articles[line.doi or "", line.article or ""]
                if figure.figure_key in figures:
                    raise ArticleError(
                        f"figure {figure.figure_key!r} was listed before; give each line its own figure_id or image"
                    )
                figures[figure.figure_key] = figure
            except (ArticleError, OSError) as error:
                problems.append(Problem(f"{place.source} {where}", str(error)))
    except UnicodeDecodeError as error:
        problems.append(Problem(place.source, f"not UTF-8 ({error.reason}); save the table as UTF-8"))
    except OSError as error:
        problems.append(Problem(place.source, f"the table cannot be read ({error.strerror})"))
    unnamed = [path.name for path in _pictures(folder) if path not in named]
    if unnamed:
        problems.append(Problem(place.source, f"no line names {listed(unnamed)}; add lines to have them"))
    yield from problems
    for (doi, name), figures in sorted(articles.items(), key=lambda item: (item[0] == ("", ""), item[0])):
        licenses = {figure.license for figure in figures.values()}
        article = Article(
            id=doi.replace("/", "_") or name or place.name,
            doi=doi or None,
            license=licenses.pop() if len(licenses) == 1 else None,
            source=place.source,
        )
        yield ArticleSource(article, tuple(figures.values()))
    if not articles:
        yield Problem(place.source, "no line of the table could be used")


def _pictures(folder: Path) -> list[Path]:
    """Image files by suffix: enough to notice that one was forgotten."""
    return sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif", ".tiff")
    )


def _records(table: Path) -> Iterator[tuple[str, object]]:
    """("line N", record) for each line; a ValueError in place of a record that cannot be parsed."""
    if table.name == INDEX_NAME:
        yield from _index_records(table)
        return
    with table.open(encoding="utf-8-sig", newline="") as file:
        if table.suffix.lower() == ".csv":
            rows = csv.DictReader(file)
            while True:
                try:
                    row = next(rows, None)
                except csv.Error as error:
                    yield f"line {rows.line_num + 1}", ValueError(f"not CSV: {error}")
                    continue
                if row is None:
                    return
                yield f"line {rows.line_num}", _csv_record(row)
        for number, text in enumerate(file, start=1):
            if text.strip():
                try:
                    yield f"line {number}", json.loads(text)
                except ValueError as error:
                    yield f"line {number}", ValueError(f"not JSON: {error}")


def _index_records(table: Path) -> Iterator[tuple[str, object]]:
    """The figures of an index as caption lines; what else it says of them is not read."""
    try:
        index = json.loads(table.read_text(encoding="utf-8-sig"))
        figures = index["figures"]
        common = {name: index[name] for name in ("doi", "license") if isinstance(index.get(name), str)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield "index", ValueError(f'expected {{"figures": [...]}} ({type(error).__name__}: {error})')
        return
    for number, figure in enumerate(figures, start=1):
        if not isinstance(figure, dict):
            yield f"figure {number}", ValueError("is no object; expected 'file' and 'caption'")
            continue
        line = {"image": figure.get("file") or figure.get("image"), "caption": figure.get("caption") or ""}
        optional = {"figure_id": figure.get("id"), "label": figure.get("label")}
        yield f"figure {number}", common | line | {name: value for name, value in optional.items() if value}


def _csv_record(row: dict[Any, Any]) -> object:
    """A CSV cell is never null: an empty optional cell means that nothing was given."""
    if None in row:
        return ValueError(f"has {len(row[None])} cells more than the header; put captions with commas in quotes")
    return {name: value for name, value in row.items() if value or (name in ("image", "caption") and value is not None)}


def _parse_line(record: object) -> CaptionLine:
    if isinstance(record, ValueError):
        raise ArticleError(str(record))
    try:
        return CaptionLine.model_validate(record)
    except ValidationError as error:
        what = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'line'}: {e['msg']}" for e in error.errors())
        raise ArticleError(
            f"{what}; expected {{'image', 'caption'}} and maybe 'figure_id', 'doi', 'license', all texts"
        ) from error


def _image_path(folder: Path, image: str) -> Path:
    path = folder / image
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ArticleError(f"image {image!r} lies outside the table's folder; use a relative path without '..'")
    if not path.is_file():
        raise ArticleError(f"image {image!r} is not in the table's folder; put it there or mend the path")
    with path.open("rb") as file:
        if sniff_format(file.read(16)) is None:
            raise ArticleError(f"image {image!r} is no JPEG, PNG, GIF, TIFF, WebP or BMP; convert it to PNG")
    return path


def _figure(line: CaptionLine, path: Path, folder: Path) -> FigureSource:
    relative = path.relative_to(folder)
    return FigureSource(
        figure_key=line.figure_id or key_of_path(relative),
        image_name=relative.as_posix(),
        image_path=path,
        label=plain_text(line.label),
        caption=plain_text(line.caption),
        license=line.license or None,
    )
