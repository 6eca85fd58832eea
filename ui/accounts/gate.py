"""Lets nobody in without a session or a token, once there are accounts; tells everything behind it who asks."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from curator.user import User
from data.store import Store
from ui.accounts.cookie import session_secret
from ui.accounts.identity import acting_as
from ui.problem import is_api, problem_response

OPEN = frozenset({"/login", "/login/oidc", "/login/oidc/callback", "/healthz", "/readyz"})
"""Paths that need no user; they give nothing of the project away."""
_NOBODY = User("nobody", "curator")  # so that what is reached without a login has no right of an admin by mistake
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
_SIGN_IN = "this needs a login: open /login in a browser, or send a token (Authorization: Bearer ...)"


HERE = frozenset({"/metrics"})
"""Paths that need no user on this machine itself: counts alone, for what watches the server."""


class Gate:
    """As long as the project has no user, whoever reaches the machine is ``local``: that is the default on loopback.

    ``local`` None: whoever cannot be told is refused even then (the server is open to other machines).
    ``own_checks``: beginnings of paths whose routes check what they are sent themselves, such as signatures.
    """

    def __init__(self, app: ASGIApp, store: Store, local: User | None, own_checks: tuple[str, ...] = ()) -> None:
        self._app = app
        self._store = store
        self._local = local
        self._own_checks = own_checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path in OPEN or path.startswith(self._own_checks) or (path in HERE and _from_here(HTTPConnection(scope))):
            with acting_as(_NOBODY):
                await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        has_accounts = self._store.users.any()
        user = await self._user(request) if has_accounts else self._local
        if user is None:
            await _refusal(request, _SIGN_IN, 401)(scope, receive, send)
        elif has_accounts and _could_be_forged(request):
            await _refusal(request, "a request that changes something must come from a page of Curator", 403)(
                scope, receive, send
            )
        else:
            scope["curator.user"] = user
            with acting_as(user):
                await self._app(scope, receive, send)

    async def _user(self, request: HTTPConnection) -> User | None:
        """Whoever the token or, without one, the session is of."""
        token, session = _bearer(request), session_secret(request)
        if token is not None:
            found = self._store.tokens.user_of(token)
            if found and found[1]:  # a write, which may wait for another one
                await run_in_threadpool(self._store.tokens.used, token)
        elif session:
            found = self._store.sessions.user_of(session)
            if found and found[1]:
                await run_in_threadpool(self._store.sessions.seen, session)
        else:
            return None
        return found[0] if found else None


def _from_here(request: HTTPConnection) -> bool:
    """Whether a program on this machine asks, not a proxy that stands here for others: it would name them, or answer to
    another name."""
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
    host = request.client.host if request.client else ""
    return host in _LOOPBACK and request.url.hostname in _LOOPBACK and not forwarded


def _bearer(request: HTTPConnection) -> str | None:
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() in ("bearer", "token") else None


def _could_be_forged(request: HTTPConnection) -> bool:
    """Whether another site may have made a browser send it: a browser names the origin of whatever may change
    something (``ui.service.guard`` has compared it then), and sends no token by itself."""
    if _bearer(request) is not None or "origin" in request.headers:
        return False
    return request.scope["type"] == "websocket" or request.scope["method"] not in _HARMLESS


def _refusal(request: HTTPConnection, reason: str, status: int) -> Response:
    """A page goes to the login and back; a program is told in JSON."""
    if request.scope["type"] == "websocket":
        return PlainTextResponse(reason, status)  # before it is accepted: the server answers the handshake with 403
    wants_page = request.scope["method"] == "GET" and "text/html" in request.headers.get("accept", "")
    if status == 401 and wants_page:
        return RedirectResponse(login_address(request), 303)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    if is_api(request.scope):
        return problem_response(status, reason, "login" if status == 401 else "rights", headers=headers)
    return JSONResponse({"error": reason}, status, headers)


def login_address(request: HTTPConnection) -> str:
    """The login that comes back to where this request wanted to go."""
    path = quote(request.scope["path"])
    query = request.scope["query_string"].decode("latin-1")
    there = f"{path}?{query}" if query else path
    return "/login" if there == "/" else f"/login?{urlencode({'next': there})}"
