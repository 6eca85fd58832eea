"""What both sides hold of one figure at one time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from curator.codec import to_doc
from curator.figure import FigureState, Hierarchy


@dataclass(frozen=True, slots=True)
class Version:
    """A figure's hierarchy, where its review stands, and why it was skipped if it was."""

    hierarchy: Hierarchy
    state: FigureState = FigureState.PROPOSED
    reason: str = ""


def mark_of(version: Version) -> str:
    """Names what was written there: the same for the same version, another one for any other."""
    document = [to_doc(version.hierarchy), str(version.state), version.reason]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]
