"""Routes to log in and out, and of the account page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from curator.errors import AccountError
from curator.user import User, checked_role
from data.store import Store
from ui.accounts.attempts import TooManyAttemptsError
from ui.accounts.cookie import drop_session, session_secret, set_session
from ui.accounts.forms import form_of
from ui.accounts.identity import identity, permit
from ui.accounts.logins import LoginError, Logins
from ui.accounts.oidc import OidcError, Provider
from ui.accounts.oidc_routes import begin_address, forget_left, leaving, note_left, oidc_routes
from ui.accounts.pages import Elsewhere, account_page, leaving_page, login_page
from ui.accounts.places import local_path

_NO_USERS = "there are no users yet; on the server: curator users add NAME --role admin"


def account_routes(store: Store, logins: Logins | None = None, provider: Provider | None = None) -> APIRouter:
    """``/login``, ``/logout``, ``/me`` (JSON: who asks and what they may do) and ``/account``; with a ``provider`` also
    ``/login/oidc``.

    What changes something is a POST; ``ui.service.guard`` and ``ui.accounts.gate`` see to it that it comes from our own
    pages.
    """
    router = APIRouter(include_in_schema=False)
    logins = logins or Logins(store)
    elsewhere = None
    if provider is not None:
        elsewhere = Elsewhere(provider.settings.title, begin_address)
        again = partial(_login_again, elsewhere=elsewhere)
        router.include_router(oidc_routes(store, logins, provider, lambda there, error: again(there, "", error)))

    @router.get("/login")
    def login(request: Request) -> Response:
        there = local_path(request.query_params.get("next", "/"))
        if not store.users.any():
            return login_page(there, wrong=_NO_USERS)
        secret = session_secret(request)
        if secret and store.sessions.user_of(secret):
            return RedirectResponse(there, 303)
        answer = login_page(there, elsewhere=elsewhere)
        try:
            if provider is not None and (out_there := leaving(request, provider)):
                answer = leaving_page(provider.settings.title, out_there)
        except OidcError as error:  # away: then this is all that can be done
            answer = login_page(there, wrong=_sentence(str(error)), elsewhere=elsewhere)
        forget_left(answer, request)
        return answer

    @router.post("/login")
    async def log_in(request: Request) -> Response:
        name, there = "", "/"
        try:
            form = await form_of(request)
            name, there = form.get("name", ""), local_path(form.get("next", "/"))
            if "origin" not in request.headers:
                raise AccountError("log in from the page /login; programs use a token")
            secret = await run_in_threadpool(
                logins.log_in, name, form.get("password", ""), _address(request), session_secret(request)
            )
        except AccountError as error:
            return _login_again(there, name, error, elsewhere)
        answer = RedirectResponse(there, 303)
        set_session(answer, request, secret)
        forget_left(answer, request)
        return answer

    @router.post("/logout")
    async def log_out(request: Request) -> Response:
        secret = session_secret(request)
        if secret:
            await run_in_threadpool(logins.log_out, secret, identity(request).name, _address(request))
        answer = RedirectResponse("/login", 303)
        drop_session(answer, request)
        note_left(answer, request)
        answer.headers["Clear-Site-Data"] = '"cache"'  # figures that the browser keeps; it obeys over TLS alone
        return answer

    @router.get("/me")
    def me(request: Request) -> dict[str, Any]:
        user = identity(request)
        return {"name": user.name, "role": user.role, "rights": list(user.rights), "accounts": store.users.any()}

    _add_account_page(router, store, logins)
    return router


def _add_account_page(router: APIRouter, store: Store, logins: Logins) -> None:
    def page(user: User, **said: Any) -> Response:
        return account_page(
            user, store.tokens.listed(user.name), store.users.listed() if user.may("users") else None, **said
        )

    def add_form(path: str, act: Callable[[User, dict[str, str], str], dict[str, str] | Response]) -> None:
        """A form of the page; ``act`` is called in a thread and gives what is said, or an answer of its own."""

        @router.post(f"/account{path}")
        async def posted(request: Request) -> Response:
            user = identity(request)
            try:
                form = await form_of(request)
                answer = await run_in_threadpool(act, user, form, _address(request))
            except TooManyAttemptsError as error:
                return await run_in_threadpool(page, user, wrong=str(error), status=429)
            except AccountError as error:
                return await run_in_threadpool(page, user, wrong=str(error), status=400)
            return answer if isinstance(answer, Response) else await run_in_threadpool(page, user, **answer)

    @router.get("/account")
    def account(request: Request) -> Response:
        if not store.users.any():
            return login_page("/", wrong=_NO_USERS, status=404)
        return page(identity(request))

    def password(user: User, form: dict[str, str], address: str) -> Response:
        logins.change_password(user.name, form.get("old", ""), form.get("new", ""), address)
        return RedirectResponse("/login", 303)

    def make_token(user: User, form: dict[str, str], address: str) -> dict[str, str]:
        token, secret = store.tokens.make(user, form.get("title", ""), checked_role(form.get("role", "")))
        store.audit.add(user.name, "token.make", str(token.id), {"title": token.title, "role": token.role}, address)
        return {"said": f"The token {token.title!r}: copy it now, it is shown only this once.", "secret": secret}

    def revoke_token(user: User, form: dict[str, str], address: str) -> dict[str, str]:
        token = store.tokens.revoke(_number(form.get("id", "")), user.name)
        store.audit.add(user.name, "token.revoke", str(token.id), {"title": token.title}, address)
        return {"said": f"The token {token.title!r} is revoked."}

    def add_user(user: User, form: dict[str, str], address: str) -> dict[str, str]:
        permit("users")
        name, role = form.get("name", "").strip(), checked_role(form.get("role", ""))
        store.users.add(name, role, logins.hashed(form.get("new", "")))
        store.audit.add(user.name, "user.add", name, {"role": role}, address)
        return {"said": f"{name} has the role {role} now."}

    def set_role(user: User, form: dict[str, str], address: str) -> dict[str, str]:
        permit("users")
        name, role = form.get("name", ""), checked_role(form.get("role", ""))
        store.users.set_role(name, role)
        store.audit.add(user.name, "user.role", name, {"role": role}, address)
        return {"said": f"{name} has the role {role} now."}

    def disable(user: User, form: dict[str, str], address: str) -> dict[str, str]:
        permit("users")
        store.users.disable(form.get("name", ""))
        store.audit.add(user.name, "user.disable", form["name"], address=address)
        return {"said": f"{form['name']} is logged out and cannot log in any more."}

    def enable(user: User, form: dict[str, str], address: str) -> dict[str, str]:
        permit("users")
        store.users.enable(form.get("name", ""))
        store.audit.add(user.name, "user.enable", form["name"], address=address)
        return {"said": f"{form['name']} can log in again."}

    add_form("/password", password)
    add_form("/tokens", make_token)
    add_form("/tokens/revoke", revoke_token)
    add_form("/users", add_user)
    add_form("/users/role", set_role)
    add_form("/users/disable", disable)
    add_form("/users/enable", enable)


def _login_again(there: str, name: str, error: AccountError, elsewhere: Elsewhere | None) -> Response:
    status = (
        401 if isinstance(error, LoginError | OidcError) else 429 if isinstance(error, TooManyAttemptsError) else 400
    )
    answer = login_page(there, name, _sentence(str(error)), status, elsewhere)
    if isinstance(error, TooManyAttemptsError):
        answer.headers["Retry-After"] = str(error.wait_s)
    return answer


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise AccountError(f"{text!r} is no token's number; reload the page")
    return int(text)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
