"""The cookie that holds a session's secret."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

_NAME = "curator_session"
# a browser takes a cookie of this name only over TLS, for this host and all its paths: no neighbour can plant one
_SECURE_NAME = f"__Host-{_NAME}"


def is_secure(request: HTTPConnection) -> bool:
    """Whether the browser speaks TLS, to this server or to the proxy before it (which the server has told apart)."""
    return request.scope["scheme"] in ("https", "wss")


def session_secret(request: HTTPConnection) -> str | None:
    return request.cookies.get(_SECURE_NAME if is_secure(request) else _NAME)


def set_session(response: Response, request: HTTPConnection, secret: str) -> None:
    """Kept until the browser ends or the session does; not for scripts, and not sent with another site's requests."""
    secure = is_secure(request)
    name = _SECURE_NAME if secure else _NAME
    response.set_cookie(name, secret, path="/", secure=secure, httponly=True, samesite="lax")


def drop_session(response: Response, request: HTTPConnection) -> None:
    secure = is_secure(request)
    name = _SECURE_NAME if secure else _NAME
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")
