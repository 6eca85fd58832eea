"""Who works from the command line."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.store import Store


def note_from_shell(store: Store, action: str, subject: str, **detail: Any) -> None:
    """Puts into the audit log what somebody with a shell on this machine did: the system's name of them is all that is
    known, and it is no user's, since those have no parenthesis."""
    store.audit.add(f"{_system_name()} (shell)", action, subject, detail)


def _system_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return "unknown"
