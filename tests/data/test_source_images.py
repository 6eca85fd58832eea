"""Images without an article."""

from pathlib import Path

import pytest

from data.source_images import read_image, read_image_folder
from data.source_values import FigureKeys, Place, Problem, key_of_path, listed
from tests.data.packages import picture, write


def test_images_below_a_folder_are_figures_with_keys_from_their_paths(tmp_path: Path) -> None:
    images = ["a/x.png", "a/x.tif", "y.png"]
    write(tmp_path, dict.fromkeys(images, picture()))
    found = read_image_folder(tmp_path, [tmp_path / image for image in images], Place("scans", "in"))
    assert (found.article.id, found.article.source, found.problems) == ("scans", "in", ())
    assert [(figure.figure_key, figure.image_name, figure.caption) for figure in found.figures] == [
        ("a_x", "a/x.png", ""),
        ("a_x-2", "a/x.tif", ""),
        ("y", "y.png", ""),
    ]


def test_a_caption_file_beside_one_image_is_its_caption(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a/x.png": picture(), "a/caption.txt": "\ufeff(A) One\n <b>two</b>.\n".encode(), "b/y.png": picture()},
    )
    found = read_image_folder(tmp_path, [tmp_path / "a/x.png", tmp_path / "b/y.png"], Place("s", "in"))
    assert [figure.caption for figure in found.figures] == ["(A) One <b>two</b>.", ""]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"y.png": picture(), "caption.txt": b"which?"},
            "one caption beside 2 images; give each image its own folder, or list them in a captions.jsonl",
        ),
        ({"caption.txt": b"\xb5m"}, "not UTF-8 (invalid start byte at byte 0); save it as UTF-8"),
        ({"caption.txt": b"x" * 2_000_000}, "2,000,000 bytes, expected a caption of at most 1,048,576"),
    ],
    ids=["two-images", "encoding", "endless"],
)
def test_a_caption_file_that_cannot_be_used_is_a_problem_and_the_images_come(
    files: dict[str, bytes], reason: str, tmp_path: Path
) -> None:
    write(tmp_path, {"x.png": picture(), **files})
    found = read_image_folder(tmp_path, sorted(tmp_path.glob("*.png")), Place("s", "in"))
    assert found.problems == (Problem("in caption.txt", reason),)
    assert {figure.caption for figure in found.figures} == {""}


def test_a_single_image_is_an_article_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"x.y.png": picture()})
    found = read_image(tmp_path / "x.y.png", "in/x.y.png", " (A) One. ")
    assert (found.article.id, found.article.source) == ("x.y", "in/x.y.png")
    (figure,) = found.figures
    assert (figure.figure_key, figure.image_name, figure.caption) == ("x.y", "x.y.png", "(A) One.")


def test_keys_are_given_once() -> None:
    keys = FigureKeys()
    assert [keys.give(wanted) for wanted in ("a", "a", "a-2", "a")] == ["a", "a-2", "a-2-2", "a-3"]


def test_a_key_of_a_path_names_its_folders() -> None:
    assert key_of_path(Path("content/1/fig.v2.png")) == "content_1_fig.v2"


def test_long_lists_are_cut_in_messages() -> None:
    assert listed("abc") == "'a', 'b', 'c'"
    assert listed("abcdefg", limit=2) == "'a', 'b' and 5 more"
