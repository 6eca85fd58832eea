"""Images without an article: a folder of them, one of them, captions in ``caption.txt`` or none."""

from __future__ import annotations

from pathlib import Path

from curator.errors import ArticleError
from curator.figure import Article
from data.jats_text import plain_text
from data.source_values import ArticleSource, FigureKeys, FigureSource, Place, Problem, key_of_path

CAPTION_FILE = "caption.txt"
_MAX_CAPTION_BYTES = 2**20  # guess: two hundred times the longest caption met


def read_image_folder(folder: Path, images: list[Path], place: Place) -> ArticleSource:
    """One article of the images below a folder; a ``caption.txt`` beside a single image is its caption."""
    figures: list[FigureSource] = []
    problems: list[Problem] = []
    keys = FigureKeys()
    in_folder: dict[Path, int] = {}
    for path in images:
        in_folder[path.parent] = in_folder.get(path.parent, 0) + 1
    captions: dict[Path, str] = {}
    for parent, count in in_folder.items():
        caption_file = parent / CAPTION_FILE
        if caption_file.is_file():
            try:
                captions[parent] = _read_caption(caption_file, count)
            except (ArticleError, OSError) as error:
                problems.append(Problem(f"{place.source} {caption_file.relative_to(folder)}", str(error)))
    for path in images:
        relative = path.relative_to(folder)
        figures.append(
            FigureSource(
                figure_key=keys.give(key_of_path(relative)),
                image_name=relative.as_posix(),
                image_path=path,
                caption=captions.get(path.parent, ""),
            )
        )
    return ArticleSource(Article(id=place.name, source=place.source), tuple(figures), tuple(problems))


def read_image(path: Path, source: str, caption: str = "") -> ArticleSource:
    """One image as an article of its own, named after the file."""
    figure = FigureSource(figure_key=path.stem, image_name=path.name, image_path=path, caption=plain_text(caption))
    return ArticleSource(Article(id=path.stem, source=source), (figure,))


def _read_caption(path: Path, images_beside: int) -> str:
    if images_beside != 1:
        raise ArticleError(
            f"one caption beside {images_beside} images; give each image its own folder, "
            "or list them in a captions.jsonl"
        )
    if path.stat().st_size > _MAX_CAPTION_BYTES:
        raise ArticleError(f"{path.stat().st_size:,} bytes, expected a caption of at most {_MAX_CAPTION_BYTES:,}")
    try:
        return plain_text(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ArticleError(f"not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
