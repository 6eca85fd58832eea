"""Cookies: that of a session's secret, and short-lived ones."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

_NAME = "curator_session"


def is_secure(request: HTTPConnection) -> bool:
    """Whether the browser speaks TLS, to this server or to the proxy before it (which the server has told apart)."""
    return request.scope["scheme"] in ("https", "wss")


def session_secret(request: HTTPConnection) -> str | None:
    return named_cookie(request, _NAME)


def set_session(response: Response, request: HTTPConnection, secret: str) -> None:
    """Kept until the browser ends or the session does; not for scripts, and not sent with another site's requests."""
    set_cookie(response, request, _NAME, secret)


def drop_session(response: Response, request: HTTPConnection) -> None:
    drop_cookie(response, request, _NAME)


def named_cookie(request: HTTPConnection, name: str) -> str | None:
    """Its value, where it was set over the same kind of connection."""
    return request.cookies.get(_full_name(request, name))


def set_cookie(
    response: Response, request: HTTPConnection, name: str, value: str, max_age_s: int | None = None
) -> None:
    secure = is_secure(request)
    response.set_cookie(
        _full_name(request, name), value, max_age_s, path="/", secure=secure, httponly=True, samesite="lax"
    )


def drop_cookie(response: Response, request: HTTPConnection, name: str) -> None:
    secure = is_secure(request)
    response.delete_cookie(_full_name(request, name), path="/", secure=secure, httponly=True, samesite="lax")


def _full_name(request: HTTPConnection, name: str) -> str:
    # a browser takes a cookie of such a name only over TLS, for this host and all its paths: no neighbour can plant one
    return f"__Host-{name}" if is_secure(request) else name
