"""A JATS file and the images around it."""

from pathlib import Path

import pytest

from curator.errors import ArticleError
from data.source_jats import ImageIndex, read_jats
from data.source_values import ArticleSource, Place, Problem
from tests.data.packages import jats, picture, write


def read(folder: Path, files: dict[str, bytes], name: str = "here") -> ArticleSource:
    write(folder, files)
    (xml,) = (folder / file for file in files if file.endswith("xml"))
    return read_jats(xml, ImageIndex(folder), Place(name, "in/here"))


@pytest.mark.parametrize(
    ("href", "file"),
    [
        ("pone.0001.g001", "pone.0001.g001.jpg"),
        ("fig1.tif", "fig1.jpg"),
        ("488149v1_fig1.tif", "488149v1_fig1"),
        ("fig1.jpg", "fig1.jpg"),
        ("Fig1.JPG", "fig1.jpeg"),
        ("media/a%20b.tif", "sub/a b.tif.jpg"),
        ("https://example.org/x/fig1.png?size=big", "fig1.png"),
        ("fig1.eps", "fig1.png"),
    ],
    ids=["plos", "elife", "biorxiv", "scielo", "case", "folder", "url", "eps"],
)
def test_an_image_is_found_by_its_stem_whatever_its_suffix(href: str, file: str, tmp_path: Path) -> None:
    found = read(tmp_path, {"a.xml": jats(("f1", href)), file: picture()})
    assert [figure.image_name for figure in found.figures] == [file]
    assert found.problems == ()


def test_a_name_that_only_begins_alike_is_another_image(tmp_path: Path) -> None:
    found = read(tmp_path, {"a.xml": jats(("f1", "fig1")), "fig10.jpg": picture()})
    assert found.figures == ()


def test_the_exact_name_wins_then_the_nearest_then_the_largest(tmp_path: Path) -> None:
    files = {
        "a.xml": jats(("f1", "x.png"), ("f2", "y"), ("f3", "z")),
        "x.png": picture(),
        "x.jpg": picture(wh=(90, 90)),
        "y.jpg": picture(),
        "deep/y.jpg": picture(wh=(90, 90)),
        "z.gif": picture(format="GIF"),
        "z.jpg": picture(wh=(90, 90)),
    }
    assert [figure.image_name for figure in read(tmp_path, files).figures] == ["x.png", "y.jpg", "z.jpg"]


def test_a_file_that_is_no_image_loses_against_one_that_is(tmp_path: Path) -> None:
    found = read(tmp_path, {"a.xml": jats(("f1", "x.pdf")), "x.pdf": b"%PDF-1.4", "x.png": picture(format="PNG")})
    assert [figure.image_name for figure in found.figures] == ["x.png"]


def test_figures_carry_what_the_article_says_of_them(tmp_path: Path) -> None:
    found = read(tmp_path, {"a.xml": jats(("f1", "x"), license_url="http://cc/by"), "x.jpg": picture()})
    (figure,) = found.figures
    assert (figure.figure_key, figure.label, figure.caption) == ("f1", "Figure 1", "Caption of f1.")
    assert (figure.license, figure.mentions) == ("http://cc/by", ("See Fig. 1.",))
    assert (found.article.title, found.article.source) == ("A title", "in/here")


def test_one_missing_image_is_a_problem_and_the_other_figures_come(tmp_path: Path) -> None:
    files = {"a.xml": jats(("f1", "gone.tif"), ("f2", "x"), ("f3", "y")), "x.jpg": picture(), "y.jpg": b"%PDF-1.4"}
    found = read(tmp_path, files)
    assert [figure.figure_key for figure in found.figures] == ["f2"]
    assert found.problems == (
        Problem(
            "here f1 (Figure 1)",
            "its image 'gone.tif' is not in the folder (any suffix would do); put the file beside the XML",
        ),
        Problem(
            "here f3 (Figure 3)",
            "'y.jpg' is no JPEG, PNG, GIF, TIFF, WebP or BMP; convert it to PNG under the same name",
        ),
    )


def test_a_figure_without_image_is_a_problem(tmp_path: Path) -> None:
    xml = jats(("f1", "x")).replace(b'<graphic xlink:href="x"/>', b'<media mimetype="video" xlink:href="x.mp4"/>')
    found = read(tmp_path, {"a.xml": xml, "x.jpg": picture()})
    assert found.problems == (Problem("here f1 (Figure 1)", "names no image (<graphic>): a video, a table or a box"),)


def test_further_images_of_a_figure_have_keys_that_stay_when_one_is_missing(tmp_path: Path) -> None:
    three = b'<graphic xlink:href="x"/><graphic xlink:href="y"/><graphic xlink:href="z"/>'
    files = {"a.xml": jats(("f1", "x")).replace(b'<graphic xlink:href="x"/>', three)}
    files |= {"x.jpg": picture(), "z.jpg": picture()}
    assert [(figure.figure_key, figure.image_name) for figure in read(tmp_path, files).figures] == [
        ("f1", "x.jpg"),
        ("f1-3", "z.jpg"),
    ]


def test_an_article_without_figures_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, {"a.xml": jats()})
    assert found.problems == (Problem("here", "the article has no figures"),)


@pytest.mark.parametrize(
    ("pmcid", "place", "expected"),
    [
        ("77", "any", ("PMC77", "PMC77")),
        (None, "PMC123", ("PMC123", "PMC123")),
        (None, "pmc123.2", ("PMC123", "PMC123")),
        (None, "x", ("x", None)),
    ],
)
def test_the_pmc_id_names_the_article_else_its_place(
    pmcid: str | None, place: str, expected: tuple[str, str | None], tmp_path: Path
) -> None:
    article = read(tmp_path, {"a.nxml": jats(("f1", "x"), pmcid=pmcid), "x.jpg": picture()}, place).article
    assert (article.id, article.pmcid) == expected


def test_the_services_licence_code_stands_in_for_a_missing_licence(tmp_path: Path) -> None:
    write(tmp_path, {"a.xml": jats(("f1", "x")), "x.jpg": picture()})
    found = read_jats(tmp_path / "a.xml", ImageIndex(tmp_path), Place("a", "a"), "CC BY")
    assert (found.article.license, found.figures[0].license) == ("CC BY", "CC BY")


def test_xml_of_absurd_size_is_not_read_into_memory(tmp_path: Path) -> None:
    with (tmp_path / "a.xml").open("wb") as file:
        file.truncate(2**27)  # sparse: takes no room on the disk
    with pytest.raises(ArticleError) as refused:
        read_jats(tmp_path / "a.xml", ImageIndex(tmp_path), Place("a", "a"))
    assert str(refused.value) == "a.xml: 134,217,728 bytes of XML, expected at most 33,554,432"
