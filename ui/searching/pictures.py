"""Pictures that were given to the page as queries, kept for as long as it runs."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from curator.errors import ImageError, InputError
from data.images import ImageLimits, load_image

LIMITS = ImageLimits(max_pixels=50_000_000, max_bytes=20 * 2**20)
"""Of a picture as it comes. Pixels: guess, a camera's largest; 7 bytes of memory each while it is decoded."""
_LONG_SIDE = 1024  # px kept; models see 224 to 448
_KEPT = 64  # pictures of about 200 KB; guess: more than anybody goes back to
_TOKEN = re.compile(r"[0-9a-f]{64}")


class QueryPictures:
    """Pictures by a token, the hash of what is kept of them. Safe to share among threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._decoding = threading.Lock()  # one at a time: 350 MB each at the limit

    def keep(self, content: bytes) -> str:
        """The token of a picture, whose bytes may be anything.

        Raises:
            ImageError: not an image that can be read, or larger than ``LIMITS``.
        """
        if len(content) > LIMITS.max_bytes:
            raise too_large()
        with self._decoding:
            reduced = _reduced(content)
        token = hashlib.sha256(reduced).hexdigest()
        with self._lock:
            self._kept[token] = reduced
            self._kept.move_to_end(token)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return token

    def picture(self, token: str) -> bytes:
        """The picture as JPEG, upright, RGB, of at most 1,024 pixels a side.

        Raises:
            InputError: no picture is kept under that token.
        """
        with self._lock:
            if _TOKEN.fullmatch(token) and token in self._kept:
                self._kept.move_to_end(token)
                return self._kept[token]
        raise InputError("the picture of this search is no longer kept; drop or paste it again")


def too_large() -> ImageError:
    return ImageError(f"the picture has more than {LIMITS.max_bytes // 2**20} MB; scale it down")


def _reduced(content: bytes) -> bytes:
    rgb = load_image(content, LIMITS, "the picture").rgb
    height, width = rgb.shape[:2]
    scale = min(1.0, _LONG_SIDE / max(height, width))
    if scale < 1:
        wh = max(1, round(width * scale)), max(1, round(height * scale))
        rgb = np.asarray(cv2.resize(rgb, wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=95)
    return out.getvalue()
