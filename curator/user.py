"""Who works with a project, and what each role may do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from curator.errors import AccountError

Role = Literal["curator", "reviewer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the least to the most: each may do all that those before it may."""

Right = Literal[
    "review", "adopt", "auto", "mine", "export", "train", "sync", "team", "ingest", "model", "users", "backup"
]
"""``auto``: accept without a person. ``mine``: let agents propose, which costs time and money. ``train``: also put a
trained model to use. ``team``: say who reviews what, and settle what two readers see differently. ``ingest``: read
articles in, also from any path that the server can read. ``model``: say which vision-language model is asked, and with
which key."""

_LEAST: dict[Right, Role] = {
    "review": "curator",
    "adopt": "reviewer",
    "auto": "reviewer",
    "mine": "reviewer",
    "export": "reviewer",
    "train": "reviewer",
    "sync": "reviewer",
    "team": "reviewer",
    "ingest": "admin",
    "model": "admin",
    "users": "admin",
    "backup": "admin",
}
# no "#": it parts the name from the tab where a lease is held; lower case: one name, one spelling
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


@dataclass(frozen=True, slots=True)
class User:
    """A person, or what a person gave a token to."""

    name: str
    role: Role

    def may(self, right: Right) -> bool:
        return ROLES.index(self.role) >= ROLES.index(_LEAST[right])

    @property
    def rights(self) -> tuple[Right, ...]:
        """All that the role may do."""
        return tuple(right for right in _LEAST if self.may(right))


def least_role(right: Right) -> Role:
    """The role from which on it may be done."""
    return _LEAST[right]


def lesser(one: Role, other: Role) -> Role:
    """The one of two roles that may do less."""
    return min(one, other, key=ROLES.index)


def checked_name(name: str) -> str:
    """The name, where it can be a user's.

    Raises:
        AccountError: it is longer than 64 characters or has others than lower-case letters, digits and ``._@-``.
    """
    if not _NAME.fullmatch(name):
        raise AccountError(
            f"{name!r} cannot be a user's name; expected 1 to 64 of a-z, 0-9 and ._@- with a letter or digit first"
        )
    return name


def checked_role(role: str) -> Role:
    """The role of that name.

    Raises:
        AccountError: there is none.
    """
    for known in ROLES:
        if role == known:
            return known
    raise AccountError(f"there is no role {role!r}; expected one of {list(ROLES)!r}")
