"""The user whose request is being answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from starlette.requests import HTTPConnection

from curator.errors import RightsError
from curator.user import Right, Role, User, least_role

__all__ = ["LOCAL", "Role", "User", "acting_as", "current_user", "identity", "permit"]

LOCAL = User("curator", "admin")
"""Who acts where there are no accounts: whoever can reach the machine."""

# The framework hands server functions no user. A context variable set around the whole request reaches them, since both
# the server's tasks and its threads carry the context on.
_current: ContextVar[User] = ContextVar("user", default=LOCAL)


def identity(request: HTTPConnection) -> User:
    """The user of a request, as a FastAPI dependency; ``ui.accounts.gate`` has told who it is."""
    user: User = request.scope["curator.user"]
    return user


def current_user() -> User:
    """The user of the request that this code runs for."""
    return _current.get()


@contextmanager
def acting_as(user: User) -> Iterator[None]:
    """Lets everything inside run for this user."""
    token = _current.set(user)
    try:
        yield
    finally:
        _current.reset(token)


def permit(right: Right) -> None:
    """Passes where the current user has the right.

    Raises:
        RightsError: names the role that has it.
    """
    user = current_user()
    if not user.may(right):
        raise RightsError(
            f"{user.name} is a {user.role}, and this needs the role {least_role(right)!r} ({right}); an admin can "
            "change a role: `curator users role`"
        )
