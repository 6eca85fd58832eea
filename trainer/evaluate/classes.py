"""A folder of images in one folder a class, and what is said of each class."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from curator.errors import ImageError, InputError
from curator.wording import normalised
from trainer.pictures import Rgb, squash

PROMPTS = "prompts.json"
TEMPLATES = ("{}", "an image of {}", "a figure that shows {}")
"""What is said of a class without prompts of its own, its features averaged as CLIP does. Guess."""
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"})


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """Images by class; class c is ``names[c]``."""

    names: tuple[str, ...]
    prompts: tuple[tuple[str, ...], ...]
    """At least one a class, normalised as the texts of training."""
    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    """The class of each path."""

    def pictures(self, px: int) -> Iterator[Rgb]:
        """The images as squares of ``px``, squashed as in training.

        Raises:
            ImageError: a file is no image.
        """
        for path in self.paths:
            try:
                with Image.open(path) as image:
                    square = squash(_rgb(ImageOps.exif_transpose(image)), px)
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
                raise ImageError(f"{path} cannot be read as an image ({error}); mend it or take it away") from error
            yield square

    def is_held_out(self) -> list[bool]:
        """Half of each class's images, by the hash of their content: few-shot classifiers are tested on them, and
        learn from the other half. One more of odd ones is held out."""
        order: dict[int, list[tuple[str, int]]] = {}
        for index, (path, label) in enumerate(zip(self.paths, self.labels, strict=True)):
            order.setdefault(label, []).append((hashlib.sha256(path.read_bytes()).hexdigest(), index))
        held = [False] * len(self.paths)
        for found in order.values():
            for _, index in sorted(found)[: (len(found) + 1) // 2]:
                held[index] = True
        return held


def find_classes(folder: Path) -> ClassFolder:
    """The classes of a folder: its sub-folders, each with images at any depth.

    ``prompts.json`` beside them may say what each class looks like: ``{"class": ["a sentence", ...]}``; a class that it
    does not name goes by its folder's name.

    Raises:
        InputError: there are fewer than two folders with images, or ``prompts.json`` is unreadable or names no folder.
    """
    found = {
        child.name: sorted(path for path in child.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        for child in sorted(folder.iterdir() if folder.is_dir() else ())
        if child.is_dir()
    }
    found = {name: paths for name, paths in found.items() if paths}
    if len(found) < 2:
        raise InputError(
            f"{folder} holds {len(found)} folders with images, expected at least two: one folder a class, as in "
            f"{folder}/lung/1.png, {folder}/skin/2.png"
        )
    said = _prompts(folder / PROMPTS, set(found))
    return ClassFolder(
        tuple(found),
        tuple(said.get(name) or _default_prompts(name) for name in found),
        tuple(path for paths in found.values() for path in paths),
        tuple(index for index, paths in enumerate(found.values()) for _ in paths),
    )


def _rgb(image: Image.Image) -> Image.Image:
    """Eight bits a channel; deeper pictures, as radiology has them, from their darkest to their brightest value."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;"):
        return image.convert("RGB")
    values = np.asarray(image, dtype=np.float64)
    low, high = values.min(), values.max()
    return Image.fromarray(((values - low) / max(high - low, 1e-9) * 255).astype(np.uint8)).convert("RGB")


def _default_prompts(name: str) -> tuple[str, ...]:
    plain = normalised(name.replace("_", " "))
    return tuple(template.format(plain) for template in TEMPLATES)


def _prompts(path: Path, names: set[str]) -> dict[str, tuple[str, ...]]:
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_bytes())
        said = {str(name): tuple(normalised(str(text)) for text in texts) for name, texts in document.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(f'{path} is not {{"class": ["a sentence", ...]}}: {error}') from error
    if unknown := sorted(set(said) - names):
        raise InputError(f"{path} speaks of {unknown!r}, and the folders with images are {sorted(names)!r}")
    return said
