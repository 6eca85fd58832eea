"""Folders and archives of every kind of source."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from data.archives import ArchiveLimits
from data.source_folder import FolderReader
from data.source_values import ArticleSource, Place, Problem
from tests.data.packages import jats, picture, tar_gz, write, zipped

ONE = {"a.nxml": jats(("f1", "x")), "x.jpg": picture()}


def read(folder: Path, reader: FolderReader | None = None) -> list[ArticleSource | Problem]:
    return list((reader or FolderReader()).read_folder(folder, Place("root", "in")))


def summary(items: Iterable[ArticleSource | Problem]) -> list[tuple[str, list[str]]]:
    """(article id, image names) or ("!" + where, [])."""
    return [
        (item.article.id, [figure.image_name for figure in item.figures])
        if isinstance(item, ArticleSource)
        else (f"!{item.where}", [])
        for item in items
    ]


def under(prefix: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{prefix}/{name}": content for name, content in files.items()}


def test_a_folder_of_articles_gives_each_under_its_name_and_source(tmp_path: Path) -> None:
    write(tmp_path, under("one", ONE) | under("deep/er/two", ONE) | under("PMC9.1", ONE))
    found = read(tmp_path)
    assert summary(found) == [("PMC9", ["x.jpg"]), ("two", ["x.jpg"]), ("one", ["x.jpg"])]
    assert [item.article.source for item in found if isinstance(item, ArticleSource)] == [
        "in/PMC9.1/a.nxml",
        "in/deep/er/two/a.nxml",
        "in/one/a.nxml",
    ]


def test_several_articles_in_one_folder_are_named_after_their_files(tmp_path: Path) -> None:
    write(tmp_path, {"a.xml": jats(("f1", "x")), "b.xml": jats(("f1", "y")), "x.jpg": picture(), "y.jpg": picture()})
    assert summary(read(tmp_path)) == [("a", ["x.jpg"]), ("b", ["y.jpg"])]


def test_images_in_folders_below_an_article_belong_to_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.xml": jats(("f1", "x")), "figures/x.jpg": picture(), "figures/logo.png": picture()})
    assert summary(read(tmp_path)) == [("root", ["figures/x.jpg"])]


def test_a_meca_folder_is_named_after_the_folder_around_its_content(tmp_path: Path) -> None:
    manifest = b'<?xml version="1.0"?><manifest xmlns="http://manuscriptexchange.org"><item/></manifest>'
    files = {"manifest.xml": manifest, "directives.xml": b"<directives/>"} | under("content", ONE)
    write(tmp_path, under("123v1", files))
    assert summary(read(tmp_path)) == [("123v1", ["x.jpg"])]


def test_a_caption_table_owns_its_images(tmp_path: Path) -> None:
    line = json.dumps({"image": "images/x.jpg", "caption": "c"}).encode()
    write(tmp_path, {"set/captions.jsonl": line, "set/images/x.jpg": picture()})
    assert summary(read(tmp_path)) == [("set", ["images/x.jpg"])]


def test_loose_images_are_grouped_by_the_nearest_folder_with_a_name(tmp_path: Path) -> None:
    names = ["top.png", "ct/1.png", "ct/2.png", "mri/content/1/content/x.png", "mri/content/2/content/x.png"]
    write(tmp_path, dict.fromkeys(names, picture()) | {"ct/readme.txt": b"no image"})
    assert summary(read(tmp_path)) == [
        ("root", ["top.png"]),
        ("ct", ["1.png", "2.png"]),
        ("mri", ["content/1/content/x.png", "content/2/content/x.png"]),
    ]


def test_images_are_known_by_content_not_by_name(tmp_path: Path) -> None:
    write(tmp_path, {"scan": picture(), "fake.jpg": b"<html>"})
    assert summary(read(tmp_path)) == [("root", ["scan"])]


@pytest.mark.parametrize("pack", [tar_gz, zipped], ids=["tar.gz", "zip"])
def test_archives_in_folders_are_read_and_their_images_are_readable_in_turn(pack: object, tmp_path: Path) -> None:
    suffix = ".tar.gz" if pack is tar_gz else ".zip"
    pack(tmp_path / f"in/paper{suffix}", ONE)  # type: ignore[operator]
    pack(tmp_path / f"in/PMC7{suffix}", under("PMC7", ONE))  # type: ignore[operator]
    seen = []
    for item in FolderReader(scratch=tmp_path).read_folder(tmp_path / "in", Place("root", "in")):
        assert isinstance(item, ArticleSource)
        assert item.figures[0].image_path.read_bytes() == picture()
        seen.append((item.article.id, item.article.source))
    assert seen == [("PMC7", f"in/PMC7{suffix}/PMC7/a.nxml"), ("paper", f"in/paper{suffix}/a.nxml")]
    assert [path.name for path in tmp_path.iterdir()] == ["in"], "the temporary folders are gone"


def test_archives_inside_an_article_are_its_supplements(tmp_path: Path) -> None:
    write(tmp_path, ONE)
    zipped(tmp_path / "supplement.zip", ONE)
    zipped(tmp_path / "more/supplement.zip", ONE)
    assert summary(read(tmp_path)) == [("root", ["x.jpg"])]


def test_an_archive_of_packages_is_read_and_nesting_has_an_end(tmp_path: Path) -> None:
    inner = tar_gz(tmp_path / "PMC8.tar.gz", ONE).read_bytes()
    assert summary(
        read(write(tmp_path / "a", {"all.zip": zipped(tmp_path / "z", {"PMC8.tar.gz": inner}).read_bytes()}))
    ) == [("PMC8", ["x.jpg"])]
    for level in range(3):
        inner = zipped(tmp_path / f"{level}.zip", {"again.zip": inner}).read_bytes()
    (problem,) = read(write(tmp_path / "b", {"deep.zip": inner}))
    assert problem == Problem(
        "in/deep.zip/again.zip/again.zip/again.zip", "archives inside archives deeper than 3; unpack it yourself"
    )


def test_one_bad_article_never_stops_the_others(tmp_path: Path) -> None:
    bomb = (
        b'<!DOCTYPE article [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"><!ENTITY b "&a;&a;">]><article>&b;</article>'
    )
    write(
        tmp_path,
        under("a-cut", {"a.nxml": ONE["a.nxml"][:200], "x.jpg": picture()})
        | under("b-bomb", {"a.xml": bomb, "x.jpg": picture()})
        | under("c-empty", {"a.xml": b"", "x.jpg": picture()})
        | under("d-error-page", {"a.xml": b"<html><p>Sorry</p></html>", "x.jpg": picture()})
        | {"e.zip": b"PK\x03\x04 cut"}
        | under("f-good", ONE),
    )
    found = read(tmp_path)
    assert summary(found) == [
        ("!in/e.zip", []),
        ("!in/a-cut/a.nxml", []),
        ("!in/b-bomb/a.xml", []),
        ("!in/c-empty/a.xml", []),
        ("!in/d-error-page/a.xml", []),
        ("f-good", ["x.jpg"]),
    ]
    reasons = [item.reason for item in found if isinstance(item, Problem)]
    assert reasons[2].startswith("a.xml: declares the entity 'a' as 'aaaaaaaaaaaa")
    assert reasons[4] == (
        "a.xml: the root element is <html> with 0 <article> elements in it, expected one <article>; is it JATS?"
    )


def test_an_archive_that_breaks_a_limit_is_a_problem(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", ONE)
    assert read(tmp_path, FolderReader(archives=ArchiveLimits(max_members=1))) == [
        Problem("in/a.zip", "a.zip: more than 1 members; split it, or raise the setting max_members")
    ]


def test_a_folder_or_archive_with_nothing_to_read_is_a_problem(tmp_path: Path) -> None:
    reason = "holds no article, caption table or image that can be read"
    assert read(write(tmp_path, {"readme.txt": b"nothing"})) == [Problem("in", reason)]
    zipped(tmp_path / "a.zip", {"readme.txt": b"nothing"})
    assert read(tmp_path) == [Problem("in/a.zip", reason)]


def test_folders_nested_without_end_are_a_problem(tmp_path: Path) -> None:
    write(tmp_path, {"a/" * 64 + "x.png": picture(), "a/" * 65 + "y.png": picture()})
    problem, found = read(tmp_path)
    assert problem == Problem("in" + "/a" * 65, "folders nested deeper than 64; name a folder further down")
    assert summary([found]) == [("a", ["x.png"])]


def test_a_file_that_cannot_be_opened_is_a_problem_and_the_others_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"x.png": picture(), "y.png": picture()})
    real_open = Path.open

    def refuse_x(path: Path, *args: object, **options: object) -> object:
        if path.name == "x.png":
            raise PermissionError(13, "Permission denied")
        return real_open(path, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse_x)
    problem, found = read(tmp_path)
    assert problem == Problem("in/x.png", "the file cannot be read (Permission denied)")
    assert summary([found]) == [("root", ["y.png"])]


def test_hidden_files_and_linked_folders_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {".thumbs/x.png": picture(), "__MACOSX/._x.png": picture(), "in/x.png": picture()})
    (tmp_path / "in/loop").symlink_to(tmp_path)
    assert summary(read(tmp_path)) == [("in", ["x.png"])]
