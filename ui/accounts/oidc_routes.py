"""Routes of logging in through an OpenID Connect provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from curator.errors import AccountError
from curator.settings import OidcSettings
from data.store import Store
from ui.accounts.attempts import Attempts
from ui.accounts.cookie import drop_cookie, named_cookie, session_secret, set_cookie, set_session
from ui.accounts.logins import Logins
from ui.accounts.oidc import OidcError, Provider
from ui.accounts.oidc_pending import LONGEST_S, PendingLogins
from ui.accounts.oidc_people import People
from ui.accounts.places import local_path

LOGIN = "/login/oidc"
CALLBACK = "/login/oidc/callback"
_COOKIE = "curator_oidc"
_THROUGH = "curator_through"  # that this browser logged in through the provider, and then that it has logged out
_LEFT_S = 60  # guess: the login page is asked for at once
_MOST_SHOWN = 200


def begin_address(there: str) -> str:
    """The link that begins a login which leads ``there``."""
    return f"{LOGIN}?{urlencode({'next': there})}"


def oidc_routes(
    store: Store,
    logins: Logins,
    provider: Provider,
    refused: Callable[[str, AccountError], Response],
) -> APIRouter:
    """``/login/oidc`` sends to the provider, ``/login/oidc/callback`` is where it sends back to.

    ``refused`` shows the login again, with where it leads and why. Both routes are called in threads: they ask the
    provider and the database.
    """
    router = APIRouter(include_in_schema=False)
    pending_logins = PendingLogins()
    attempts = Attempts()
    people = People(store, provider.settings)

    @router.get(LOGIN)
    def begin(request: Request) -> Response:
        there = local_path(request.query_params.get("next", "/"))
        browser, pending = pending_logins.begin(there, _callback(request, provider.settings))
        try:
            address = provider.login_address(pending.redirect_uri, pending.state, pending.nonce, pending.verifier)
        except OidcError as error:
            return refused(there, error)
        answer = RedirectResponse(address, 303)
        set_cookie(answer, request, _COOKIE, browser, LONGEST_S)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @router.get(CALLBACK)
    def finish(request: Request) -> Response:
        there = "/"
        address = request.client.host if request.client else ""
        try:
            pending = pending_logins.finish(named_cookie(request, _COOKIE), request.query_params.get("state"))
            there = pending.there
            attempts.begin(f"by {address}", address)
        except AccountError as error:  # not in the log, which anybody could fill with these
            return over(refused(there, error), request)
        try:
            provider.checked_sender(request.query_params.get("iss"))
            code = _code(request.query_params)
            user = people.user_of(provider.claims(code, pending.redirect_uri, pending.nonce, pending.verifier), address)
            secret = logins.open_for(user.name, address, session_secret(request), provider.issuer)
        except AccountError as error:
            store.audit.add("", "login.failed", provider.issuer, {"why": str(error)[:_MOST_SHOWN]}, address)
            return over(refused(there, error), request)
        attempts.succeeded(f"by {address}", address)
        answer = RedirectResponse(there, 303)
        set_session(answer, request, secret)
        if provider.settings.end_session:
            set_cookie(answer, request, _THROUGH, "in")
        return over(answer, request)

    def over(answer: Response, request: Request) -> Response:
        drop_cookie(answer, request, _COOKIE)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return router


def note_left(answer: Response, request: Request) -> None:
    """Has the login page lead on to the provider, where this browser had logged in through it."""
    if named_cookie(request, _THROUGH):
        set_cookie(answer, request, _THROUGH, "left", _LEFT_S)


def leaving(request: Request, provider: Provider) -> str | None:
    """Where whoever has just logged out of Curator logs out of the provider; None: nowhere, or not yet.

    Raises:
        OidcError: the provider cannot be asked.
    """
    if named_cookie(request, _THROUGH) != "left":
        return None
    return provider.logout_address(_public(request, provider.settings) + "/login")


def forget_left(answer: Response, request: Request) -> None:
    if named_cookie(request, _THROUGH):
        drop_cookie(answer, request, _THROUGH)


def _callback(request: Request, settings: OidcSettings) -> str:
    """Where the provider sends the browser back to; it compares it with what is registered there."""
    return _public(request, settings) + CALLBACK


def _public(request: Request, settings: OidcSettings) -> str:
    base = settings.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
    return base.rstrip("/")


def _code(answered: Mapping[str, str]) -> str:
    said = answered.get("error_description") or answered.get("error")
    if said:
        raise OidcError(f"the provider says {said[:_MOST_SHOWN]!r}")
    code = answered.get("code")
    if not code:
        raise OidcError("the provider's answer has no code; log in again")
    return code
