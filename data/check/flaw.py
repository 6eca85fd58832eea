"""What a check of a project found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Part: TypeAlias = Literal["database", "search", "log", "hierarchy", "images"]

Progress: TypeAlias = Callable[[str, int, int], None]
"""What is being done, how much is done, of how much."""

RESTORE = "`curator restore BACKUP --overwrite` brings the newest backup back; the project that is here is kept"

REBUILD = "`curator check --rebuild-search` makes the search index again from the captions"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is not as it should be."""

    part: Part
    where: str
    """The figure, file or table."""
    what: str
    mend: str
    wrong: bool = True
    """False: nothing is lost or false, such as a file that nothing needs."""
