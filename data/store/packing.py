"""Long documents that are read one at a time, packed."""

from __future__ import annotations

import json
import zlib
from typing import Any


def packed(document: Any) -> bytes:
    """JSON-ready types as zlib-packed UTF-8 (sizes measured: docs/adr/0008)."""
    return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


def unpacked(blob: bytes) -> Any:
    return json.loads(zlib.decompress(blob))
