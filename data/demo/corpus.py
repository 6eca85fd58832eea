"""A folder of drawn figures with captions and truth, in the formats that ingest and scoring read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from data.demo.drawing import draw_figure

_JPEG = 0.55  # share of figures saved as JPEG, as most repositories serve them; guess
_QUALITY = (60, 96)  # JPEG quality, from web previews to print; guess
LICENSE = "CC0-1.0"
FIGURES_AN_ARTICLE = 4  # guess: so that splits by article, and filters by it, have something to do


def draw_corpus(folder: Path, n_figures: int, seed: int, progress: Callable[[int, int], None] | None = None) -> None:
    """Writes ``images/``, ``captions.jsonl`` and ``truth.json`` to the folder, which is made if need be.

    Figure k depends on ``seed`` and k alone: a longer corpus begins with the shorter one. ``captions.jsonl`` has one
    figure a line, as ``curator ingest`` reads it. ``truth.json`` lists panels, markers and regions of each figure,
    boxes in pixels of its image. ``progress`` is called with (done, all) after each figure.
    """
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    captions, truths = [], []
    for index in range(n_figures):
        rng = np.random.default_rng([seed, index])
        figure_id = f"demo-{index + 1:04d}"
        figure = draw_figure(rng)
        jpeg = rng.random() < _JPEG
        name = f"images/{figure_id}.{'jpg' if jpeg else 'png'}"
        picture = Image.fromarray(figure.rgb)
        if jpeg:
            quality = int(rng.integers(*_QUALITY))
            picture.save(folder / name, quality=quality, subsampling=0 if quality > 85 else 2)
        else:
            picture.save(folder / name, compress_level=3)
        captions.append(
            {
                "image": name,
                "caption": figure.caption,
                "figure_id": figure_id,
                "article": f"demo-article-{seed}-{index // FIGURES_AN_ARTICLE + 1:03d}",
                "label": f"Figure {index % FIGURES_AN_ARTICLE + 1}",
                "license": LICENSE,
            }
        )
        truths.append(figure.truth(name, figure_id))
        if progress:
            progress(index + 1, n_figures)
    lines = "".join(json.dumps(caption, ensure_ascii=False) + "\n" for caption in captions)
    (folder / "captions.jsonl").write_text(lines, encoding="utf-8")
    (folder / "truth.json").write_text(json.dumps(truths, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
