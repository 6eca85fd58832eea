"""curator-tiny: an open_clip model that trains from random weights on two CPU cores.

Its configuration is ``curator-tiny.json``, in open_clip's own form. The image tower pools the mean of its cells and not
a class token, so that the mean of a box's cells, its RoI feature, lies among the image features from the first step.
The tokenizer is CLIP's own, which open_clip brings along: nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path

CONFIG = Path(__file__).with_name("curator-tiny.json")
NAME = CONFIG.stem


def register() -> None:
    """Makes open_clip know the name ``curator-tiny``; does nothing the second time."""
    import open_clip

    if NAME not in open_clip.list_models():
        open_clip.add_model_config(CONFIG)
