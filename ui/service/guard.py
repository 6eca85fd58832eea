"""What stands between the page and other web sites: a curator's browser visits those too."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.problem import is_api, problem_response

# the framework compiles its components' code in the page (eval, inline); nothing may come from another host
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


OWN_CHECKS = ("/signed/", "/label-studio/")
"""Beginnings of paths that other programs ask for, under whatever name they know this machine by and, where a browser
does it, from their own pages. Their routes check a signature or a secret; neither a session nor being on this machine
counts for anything there."""


class Guard:
    """Refuses requests under another host's name or from another site's page, and adds the security headers.

    Without accounts any site that could reach the page from the curator's browser could edit figures. A name that
    another site points at this machine (DNS rebinding) shows in ``Host``, a form or script of it in ``Origin``.
    ``any_host``: whether any name will do now. With accounts it will, and proxies have names of their own: a browser
    sends no session to a name that it was not made for. ``own_checks``: beginnings of paths that are let through.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: frozenset[str],
        any_host: Callable[[], bool] = lambda: False,
        own_checks: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._any_host = any_host
        self._own_checks = own_checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if scope["path"].startswith(self._own_checks):
            await self._app(scope, receive, _with_headers(send))
            return
        if _host_name(host) not in self._hosts and not self._any_host():
            reason = f"Curator answers on {sorted(self._hosts)!r}, not on {host!r}"
        elif origin is not None and not _is_ours(origin, host, scope["scheme"]):
            reason = f"a page of {origin!r} may not talk to Curator"
        else:
            await self._app(scope, receive, _with_headers(send))
            return
        answer = problem_response(403, reason, "rights") if is_api(scope) else PlainTextResponse(reason, 403)
        await answer(scope, receive, send)


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # such as "[": nobody's
        return None


def _is_ours(origin: str, host: str, scheme: str) -> bool:
    """Whether the page is of this server. Over TLS not where the page itself came without, and so from anybody on the
    way; a proxy may have taken the TLS off for us, so the other way round proves nothing."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.netloc == host and not (scheme in ("https", "wss") and parts.scheme == "http")


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            # a route may be stricter
            headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            headers.setdefault("Referrer-Policy", "no-referrer")
            headers["X-Content-Type-Options"] = "nosniff"
        await send(message)

    return sending


async def nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what no route of ``OWN_CHECKS`` does, before the page's own routes, which check nothing, see it."""
    await PlainTextResponse("there is nothing at this address", 404)(scope, receive, send)
