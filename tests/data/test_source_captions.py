"""Captions in a table beside their images."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from data.source_captions import is_caption_table, read_caption_table
from data.source_values import ArticleSource, Place, Problem
from tests.data.packages import picture, write


def table(folder: Path, name: str, text: str, *images: str) -> list[ArticleSource | Problem]:
    write(folder, {name: text.encode(), **{image: picture() for image in images}})
    return list(read_caption_table(folder / name, Place("set", f"in/{name}")))


def lines(*records: Mapping[str, object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


FULL = {"image": "a/x.jpg", "caption": "(A) One,\n two.", "figure_id": "f1", "license": "CC BY"}


def test_a_jsonl_line_is_a_figure(tmp_path: Path) -> None:
    (found,) = table(tmp_path, "captions.jsonl", lines(FULL), "a/x.jpg")
    assert isinstance(found, ArticleSource)
    (figure,) = found.figures
    assert (found.article.id, found.article.license, found.article.doi) == ("set", "CC BY", None)
    assert (figure.figure_key, figure.image_name, figure.license) == ("f1", "a/x.jpg", "CC BY")
    assert (figure.caption, figure.image_path) == ("(A) One, two.", tmp_path / "a/x.jpg")


def test_a_csv_row_is_a_figure_and_empty_cells_say_nothing(tmp_path: Path) -> None:
    text = '\ufeffimage,caption,figure_id,doi,license\r\na/x.jpg,"(A) One,\r\n two.",f1,,CC BY\r\ny.jpg,,,,\r\n'
    (found,) = table(tmp_path, "captions.csv", text, "a/x.jpg", "y.jpg")
    assert isinstance(found, ArticleSource)
    assert [(figure.figure_key, figure.caption, figure.license) for figure in found.figures] == [
        ("f1", "(A) One, two.", "CC BY"),
        ("y", "", None),
    ]


def test_lines_of_one_doi_are_one_article(tmp_path: Path) -> None:
    records = [
        {"image": f"{name}.jpg", "caption": "c", "doi": doi}
        for name, doi in (("a", "10.1/x"), ("b", None), ("c", "10.1/x"))
    ]
    found = table(tmp_path, "captions.jsonl", lines(*records), "a.jpg", "b.jpg", "c.jpg")
    assert [
        (item.article.id, item.article.doi, [figure.figure_key for figure in item.figures])
        for item in found
        if isinstance(item, ArticleSource)
    ] == [("10.1_x", "10.1/x", ["a", "c"]), ("set", None, ["b"])]


def test_markup_and_scripts_in_captions_stay_text(tmp_path: Path) -> None:
    caption = "<script>alert(1)</script> & <b>A</b> \\u0000 {{x}}"
    (found,) = table(tmp_path, "c.jsonl", lines({"image": "x.jpg", "caption": caption + "\x00"}), "x.jpg")
    assert isinstance(found, ArticleSource)
    assert found.figures[0].caption == caption


GOOD = {"image": "x.jpg", "caption": "good"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes: line 2 column 1 (char 2)"),
        (
            "[1]",
            "line: Input should be a valid dictionary or instance of CaptionLine; "
            "expected {'image', 'caption'} and maybe 'figure_id', 'doi', 'license', all texts",
        ),
        (
            '{"image": "", "caption": 3, "licence": "x"}',
            "image: String should have at least 1 character; caption: Input should be a valid string; "
            "licence: Extra inputs are not permitted; expected {'image', 'caption'} and maybe 'figure_id', 'doi', "
            "'license', all texts",
        ),
        (
            '{"image": "../secret.jpg", "caption": ""}',
            "image '../secret.jpg' lies outside the table's folder; use a relative path without '..'",
        ),
        (
            '{"image": "/etc/passwd", "caption": ""}',
            "image '/etc/passwd' lies outside the table's folder; use a relative path without '..'",
        ),
        (
            '{"image": "gone.jpg", "caption": ""}',
            "image 'gone.jpg' is not in the table's folder; put it there or mend the path",
        ),
        (
            '{"image": "text.jpg", "caption": ""}',
            "image 'text.jpg' is no JPEG, PNG, GIF, TIFF, WebP or BMP; convert it to PNG",
        ),
        (
            '{"image": "x.jpg", "caption": "again"}',
            "figure 'x' was listed before; give each line its own figure_id or image",
        ),
    ],
    ids=["json", "list", "fields", "parent", "absolute", "missing", "no-image", "twice"],
)
def test_a_bad_line_is_a_problem_and_the_others_come(line: str, reason: str, tmp_path: Path) -> None:
    write(tmp_path.parent, {"secret.jpg": picture()})
    if "text.jpg" in line:
        write(tmp_path, {"text.jpg": b"text"})
    problem, found = table(tmp_path, "c.jsonl", lines(GOOD) + line + "\n", "x.jpg")
    assert problem == Problem("in/c.jsonl line 2", reason)
    assert isinstance(found, ArticleSource)
    assert [figure.caption for figure in found.figures] == ["good"]


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"secret.jpg": picture()})
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "x.jpg").symlink_to(tmp_path / "secret.jpg")
    problem, _ = table(folder, "c.jsonl", lines({"image": "x.jpg", "caption": ""}))[:2]
    assert problem == Problem(
        "in/c.jsonl line 1", "image 'x.jpg' lies outside the table's folder; use a relative path without '..'"
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x.jpg,one, two", "has 1 cells more than the header; put captions with commas in quotes"),
        (
            "x.jpg",
            "caption: Field required; expected {'image', 'caption'} and maybe 'figure_id', 'doi', 'license', all texts",
        ),
        (f"x.jpg,{'long' * 50_000}", "not CSV: field larger than field limit (131072)"),
    ],
    ids=["commas", "short", "endless"],
)
def test_a_bad_csv_row_is_a_problem_and_the_others_come(row: str, reason: str, tmp_path: Path) -> None:
    problem, found = table(tmp_path, "c.csv", f"image,caption\n{row}\nx.jpg,good\n", "x.jpg")
    assert problem == Problem("in/c.csv line 2", reason)
    assert isinstance(found, ArticleSource)
    assert [figure.caption for figure in found.figures] == ["good"]


def test_images_that_no_line_names_are_told(tmp_path: Path) -> None:
    problem, _ = table(tmp_path, "c.jsonl", lines(GOOD), "x.jpg", "b/forgotten.png")
    assert problem == Problem("in/c.jsonl", "no line names 'forgotten.png'; add lines to have them")


def test_a_table_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, {"c.csv": "image,caption\nx.jpg,µm\n".encode("latin-1"), "x.jpg": picture()})
    problems = list(read_caption_table(tmp_path / "c.csv", Place("set", "in/c.csv")))
    assert problems[0] == Problem("in/c.csv", "not UTF-8 (invalid start byte); save the table as UTF-8")
    assert problems[-1] == Problem("in/c.csv", "no line of the table could be used")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jsonl", b'{"image": "x", "caption": ""}', True),
        ("a.jsonl", b'{"id": 1}', False),
        ("a.csv", b"\xef\xbb\xbfcaption,image\n", True),
        ("a.csv", b"dose,image quality\n", False),
        ("a.csv", b"", False),
        ("a.txt", b'"image"', False),
    ],
)
def test_only_a_table_with_an_image_column_is_one_of_captions(
    name: str, content: bytes, expected: bool, tmp_path: Path
) -> None:
    assert is_caption_table(write(tmp_path, {name: content}) / name) is expected


def test_lines_of_one_article_name_are_one_article(tmp_path: Path) -> None:
    records = [{"image": f"{name}.jpg", "caption": "c", "article": article} for name, article in ("ap", "bq", "cp")]
    found = table(tmp_path, "captions.jsonl", lines(*records), "a.jpg", "b.jpg", "c.jpg")
    assert [
        (item.article.id, [figure.figure_key for figure in item.figures])
        for item in found
        if isinstance(item, ArticleSource)
    ] == [("p", ["a", "c"]), ("q", ["b"])]


def test_an_index_of_figures_is_read_and_what_else_it_says_is_left(tmp_path: Path) -> None:
    index = {
        "doi": "10.1/x",
        "license": "CC BY 4.0",
        "commit": "abc",
        "figures": [{"id": "fig1", "label": "Figure 1.", "file": "a.jpg", "caption": "(A) One.", "width": 3}, 7],
    }
    found = table(tmp_path, "figures.json", json.dumps(index), "a.jpg")
    assert is_caption_table(tmp_path / "figures.json")
    problem, article = found
    assert problem == Problem("in/figures.json figure 2", "is no object; expected 'file' and 'caption'")
    assert isinstance(article, ArticleSource)
    (figure,) = article.figures
    assert (article.article.doi, figure.figure_key, figure.label) == ("10.1/x", "fig1", "Figure 1.")
    assert (figure.caption, figure.license) == ("(A) One.", "CC BY 4.0")


def test_an_index_that_is_broken_is_a_problem(tmp_path: Path) -> None:
    problem, *_ = table(tmp_path, "figures.json", '{"figures": ')
    assert isinstance(problem, Problem)
    assert problem.reason.startswith('expected {"figures": [...]} (JSONDecodeError')
