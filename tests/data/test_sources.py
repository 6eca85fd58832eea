"""Anything a person may name as an input."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.pmc import PmcSettings
from data.sources import ArticleSource, Problem, SourceSettings, read_sources
from tests.data.packages import jats, picture, tar_gz, write, zipped
from tests.data.pmc_server import PmcServer

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
ONE = {"a.nxml": jats(("f1", "x")), "x.jpg": picture()}
NO_NETWORK = SourceSettings()


@pytest.fixture
def server() -> Iterator[PmcServer]:
    with PmcServer() as running:
        yield running


@pytest.fixture
def settings(server: PmcServer, tmp_path: Path) -> SourceSettings:
    pmc = PmcSettings(tmp_path / "cache", contact="me@example.org", base_url=server.base_url, requests_per_s=1e6)
    return SourceSettings(pmc, scratch=tmp_path)


def only(items: Iterator[ArticleSource | Problem]) -> ArticleSource:
    (item,) = items
    assert isinstance(item, ArticleSource), item
    return item


def test_a_pmc_id_is_fetched_and_read(server: PmcServer, settings: SourceSettings) -> None:
    server.add("PMC5.1", jats(("f1", "x.tif"), ("f2", "y"), pmcid="5"), {"x.jpg": picture(), "y.png": picture()})
    found = only(read_sources("PMC5", settings))
    assert (found.article.id, found.article.license) == ("PMC5", "CC BY")
    assert found.article.source == f"{server.base_url}/PMC5.1/"
    assert [(figure.figure_key, figure.image_name) for figure in found.figures] == [("f1", "x.jpg"), ("f2", "y.png")]


def test_a_list_of_pmc_ids_is_read_line_by_line(server: PmcServer, settings: SourceSettings, tmp_path: Path) -> None:
    server.add("PMC5.1", jats(("f1", "x"), pmcid="5"), {"x.jpg": picture()})
    server.add("PMC6.2", jats(("f1", "x"), pmcid="6"), {"x.jpg": picture()}, is_retracted=True)
    server.add("PMC7.1", jats(("f1", "x"), pmcid="7"), {"x.jpg": picture()})
    write(tmp_path, {"ids.txt": b"pmcid\nPMC5  # the first\nPMC6, oops\npmc7.1\n"})
    found = list(read_sources(tmp_path / "ids.txt", settings))
    assert [item.article.id for item in found if isinstance(item, ArticleSource)] == ["PMC5", "PMC7"]
    assert [item for item in found if isinstance(item, Problem)] == [
        Problem("PMC6", "PMC6.2 is retracted; set pmc.allow_retracted to read it all the same"),
        Problem(
            f"{tmp_path}/ids.txt line 3", "'oops' is no PMC id, expected something like 'PMC2467486' or 'PMC2467486.1'"
        ),
    ]


def test_one_article_that_cannot_be_fetched_never_stops_the_others(server: PmcServer, settings: SourceSettings) -> None:
    server.add("PMC5.1", jats(("f1", "x"), pmcid="5"), {"x.jpg": picture()})
    first, second = read_sources(["PMC404", "PMC5"], settings)
    assert first == Problem(
        "PMC404", "PMC404 is not in the PMC Cloud Service; check the id, or whether it is open access"
    )
    assert isinstance(second, ArticleSource)


def test_pmc_ids_without_settings_are_problems() -> None:
    assert list(read_sources("PMC5", NO_NETWORK)) == [
        Problem("PMC5", "PMC ids need the network, and no [pmc] settings were given; set pmc.contact")
    ]


def test_an_archive_is_read_under_its_name(tmp_path: Path) -> None:
    for path in (
        tar_gz(tmp_path / "one.tar.gz", ONE),
        zipped(tmp_path / "two.meca", ONE),
        zipped(tmp_path / "x.y", ONE),
    ):
        items = read_sources(path, NO_NETWORK)
        found = next(items)
        assert isinstance(found, ArticleSource)
        assert found.article.id == path.name.split(".")[0]
        assert found.figures[0].image_path.read_bytes() == picture()
        assert next(items, None) is None


def test_a_folder_is_named_after_itself_wherever_it_is_read_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path / "paper", ONE))
    assert only(read_sources(".", NO_NETWORK)).article.id == "paper"


def test_one_xml_file_is_an_article(tmp_path: Path) -> None:
    write(tmp_path, ONE | {"b.xml": jats(("f1", "x"))})
    assert only(read_sources(tmp_path / "b.xml", NO_NETWORK)).article.id == "b"


def test_one_image_takes_the_caption_that_is_given(tmp_path: Path) -> None:
    write(tmp_path, {"x.jpg": picture(format="PNG")})
    found = only(read_sources(tmp_path / "x.jpg", NO_NETWORK, caption="(A) One."))
    assert (found.article.id, found.figures[0].caption) == ("x", "(A) One.")


def test_a_caption_for_anything_else_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, ONE)
    assert list(read_sources(tmp_path / "a.nxml", NO_NETWORK, caption="c")) == [
        Problem(
            f"{tmp_path}/a.nxml",
            "not a JPEG, PNG, GIF, TIFF, WebP or BMP image; a caption goes with a single image",
        )
    ]


def test_a_caption_table_is_an_input_of_its_own(tmp_path: Path) -> None:
    line = json.dumps({"image": "x.jpg", "caption": "c"}).encode()
    write(tmp_path / "set", {"captions.jsonl": line, "x.jpg": picture()})
    assert only(read_sources(tmp_path / "set/captions.jsonl", NO_NETWORK)).article.id == "set"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gone", None, "neither a file or folder that exists nor a PMC id such as 'PMC2467486'"),
        (
            "notes.txt",
            b"Dear all",
            "not an input: expected an image, JATS (.xml, .nxml), .tar.gz, .zip, a caption table (.jsonl, .csv) "
            "or a list of PMC ids",
        ),
        (
            "fig.jpg",
            b"%PDF",
            "not an input: expected an image, JATS (.xml, .nxml), .tar.gz, .zip, a caption table (.jsonl, .csv) "
            "or a list of PMC ids",
        ),
        (
            "a.xml",
            b"<manifest/>",
            "a.xml: the root element is <manifest> with 0 <article> elements in it, expected one <article>; "
            "is it JATS?",
        ),
        ("a.csv", b"image,caption\n", "no line of the table could be used"),
    ],
    ids=["missing", "text", "not-an-image", "not-jats", "empty-table"],
)
def test_what_cannot_be_read_is_a_problem(name: str, content: bytes | None, reason: str, tmp_path: Path) -> None:
    if content is not None:
        write(tmp_path, {name: content})
    assert list(read_sources(tmp_path / name, NO_NETWORK)) == [Problem(f"{tmp_path}/{name}", reason)]


def test_articles_of_one_name_in_a_batch_are_told_apart_by_their_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "scans", {"train/p1/x.png": picture(), "test/p1/x.png": picture()})
    write(
        tmp_path / "again",
        {f"{where}/{name}": content for where in ("PMC5", "b/PMC5") for name, content in ONE.items()},
    )
    monkeypatch.chdir(tmp_path)
    found = read_sources(["scans", "scans", "again"], NO_NETWORK)
    assert [item.article.id for item in found if isinstance(item, ArticleSource)] == [
        *("p1", "scans_train_p1", "p1", "scans_train_p1"),
        *("PMC5", "PMC5"),
    ]


def test_reading_twice_gives_the_same_values(tmp_path: Path) -> None:
    write(tmp_path, {f"one/{name}": content for name, content in ONE.items()} | {"ct/x.png": picture()})
    assert list(read_sources(tmp_path, NO_NETWORK)) == list(read_sources(tmp_path, NO_NETWORK))


# --- real articles ------------------------------------------------------------------------------------------------

shared_only = pytest.mark.skipif(not (SHARED / "figures").is_dir(), reason="needs the reference articles in ../shared")


def _words(text: str) -> str:
    """Letters without white space, invisible characters and the fraction bars that we add."""
    return "".join(char for char in text if not char.isspace() and char not in "\u2061\u2062\ufeff/")


@shared_only
@pytest.mark.parametrize(
    ("folder", "count"),
    [
        *(("PMC2270912", 5), ("PMC2467486", 9), ("PMC3192425", 9), ("biorxiv-030213", 29), ("biorxiv-488149", 8)),
        *(("elife-46793", 19), ("elife-52882", 12), ("scielo-bjmbr-37-459", 7)),
    ],
)
def test_every_figure_of_every_flavour_comes_with_its_caption(folder: str, count: int) -> None:
    found = only(read_sources(SHARED / "figures" / folder, NO_NETWORK))
    listed = json.loads((SHARED / "figures" / folder / "figures.json").read_text(encoding="utf-8"))["figures"]
    expected = {figure["file"]: _words(figure["caption"]) for figure in listed}
    assert len(found.figures) == len(expected) == count
    for figure in found.figures:
        ours, theirs = _words(figure.caption), expected[figure.image_name]
        # eLife keeps the list of source data files inside the caption; it says nothing about the picture.
        assert theirs == ours or (theirs.startswith(ours) and "sourcedata1" in theirs[len(ours) :]), figure.figure_key
        assert all(figure.caption[start:end].strip() for start, end in figure.bold_spans)
    assert found.article.title
    assert found.article.journal
    assert found.article.doi
    assert found.article.license
    # The one figure (of the 98) without a mention is cited by no cross reference.
    assert sum(not figure.mentions for figure in found.figures) <= 1


@shared_only
def test_images_without_an_article_come_with_the_captions_beside_them() -> None:
    embo = list(read_sources(SHARED / "figures" / "embo-symbols", NO_NETWORK))
    assert [item.article.id for item in embo if isinstance(item, ArticleSource)] == [
        "10.1038_s44318-025-00409-0",
        "10.1038_s44319-025-00438-0",
        "10.1038_s44321-025-00224-4",
    ]
    assert all(
        figure.caption.startswith("(A)") for item in embo if isinstance(item, ArticleSource) for figure in item.figures
    )
    assert len(only(read_sources(SHARED / "figures" / "chest-ct", NO_NETWORK)).figures) == 5
