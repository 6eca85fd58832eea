"""Users, tokens, and the audit log."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from curator.errors import AccountError, StoreError
from curator.user import Role
from data.store.users import Account
from ui.accounts.identity import current_user, permit
from ui.api.answers import Limit, Offset, answered, json_line, needs, page_of
from ui.api.shape import Page, Shape, Wanted, free
from ui.servers import Servers

_IN_MEMORY = 4 * 2**20  # bytes of a log before it goes to disk
_PIECE = 2**16


class UserShape(Shape):
    name: str
    role: Role
    made_at: str
    disabled_at: str | None


class NewUser(Wanted):
    name: str = Field(max_length=64)
    role: Role
    password: str = Field(max_length=1000)


class UserChange(Wanted):
    """What is to become another; what is left out stays."""

    role: Role | None = None
    password: str | None = Field(default=None, max_length=1000)
    """A new one, which ends the user's sessions."""
    disabled: bool | None = None
    """True ends all sessions and tokens for good."""


class PasswordChange(Wanted):
    old: str = Field(max_length=1000)
    new: str = Field(max_length=1000)


class TokenShape(Shape):
    """A token without its secret."""

    id: int
    user_name: str
    title: str
    role: Role
    made_at: str
    used_at: str | None
    """To five minutes."""
    revoked_at: str | None


class MadeToken(Shape):
    token: TokenShape
    secret: str
    """Shown this once."""


class NewToken(Wanted):
    title: str = Field(max_length=200)
    """What it is for."""
    role: Role
    """What it may do at most."""
    user: str | None = Field(default=None, max_length=64)
    """Whose; only an admin makes others' tokens."""


class AuditShape(Shape):
    """One line of the audit log."""

    at: str
    who: str
    action: str
    subject: str
    detail: dict[str, Any] = free("each action notes what belongs to it")
    address: str


def account_api(servers: Servers) -> APIRouter:
    router = APIRouter(tags=["accounts"])
    store, logins = servers.store, servers.logins

    def note(request: Request, action: str, subject: str, **detail: Any) -> None:
        address = request.client.host if request.client else ""
        store.audit.add(current_user().name, action, subject, detail, address)

    def account(name: str) -> Account:
        found = store.users.find(name)
        if found is None:
            raise StoreError(f"there is no user {name!r}; GET /users lists them")
        return found

    @router.get("/users", response_model=Page[UserShape], dependencies=[needs("users")])
    def users(request: Request, limit: Limit = 50, offset: Offset = 0) -> Response:
        """All users, by name."""
        return page_of(request, [_user(one) for one in store.users.listed()], limit, offset)

    @router.post("/users", status_code=201, response_model=UserShape, dependencies=[needs("users")])
    def add(wanted: NewUser, request: Request) -> Response:
        """Add a user. The first one of a project is added by `curator users add`."""
        if not store.users.any():
            raise AccountError("the first user is added on the server: curator users add NAME --role admin")
        store.users.add(wanted.name, wanted.role, logins.hashed(wanted.password))
        note(request, "user.add", wanted.name, role=wanted.role)
        return answered(_user(account(wanted.name)), 201, {"Location": f"{request.scope['path']}/{wanted.name}"})

    @router.patch("/users/{name}", response_model=UserShape, dependencies=[needs("users")])
    def change(name: str, wanted: UserChange, request: Request) -> Response:
        """Change role or password, disable or enable; all of it or nothing."""
        account(name)
        # what may be refused comes first: the last active admin can neither be disabled nor made less
        password_hash = None if wanted.password is None else logins.hashed(wanted.password)
        if wanted.disabled is not None:
            if wanted.disabled:
                store.users.disable(name)
            else:
                store.users.enable(name)
            note(request, "user.disable" if wanted.disabled else "user.enable", name)
        if wanted.role is not None:
            store.users.set_role(name, wanted.role)
            note(request, "user.role", name, role=wanted.role)
        if password_hash is not None:
            store.users.set_password(name, password_hash)
            note(request, "user.password", name)
        return answered(_user(account(name)))

    @router.put("/me/password", status_code=204)
    def password(wanted: PasswordChange, request: Request) -> Response:
        """Change one's own password, which ends one's sessions; tokens stay."""
        address = request.client.host if request.client else ""
        logins.change_password(account(current_user().name).user.name, wanted.old, wanted.new, address)
        return Response(status_code=204)

    @router.get("/tokens", response_model=Page[TokenShape])
    def tokens(
        request: Request,
        everybody: Annotated[bool, Query(description="Also others' (admins).")] = False,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        """One's own tokens, oldest first; also those that were revoked."""
        if everybody:
            permit("users")
        found = store.tokens.listed(None if everybody else current_user().name)
        return page_of(request, [asdict(token) for token in found], limit, offset)

    @router.post("/tokens", status_code=201, response_model=MadeToken)
    def make(wanted: NewToken, request: Request) -> Response:
        """Make a token with which a program acts as the user."""
        me = current_user()
        if wanted.user not in (None, me.name):
            permit("users")  # before it is told whether there is such a user
        whose = account(wanted.user or me.name)
        if whose.disabled_at is not None:
            raise AccountError(f"{whose.user.name!r} is disabled; enable the user first")
        # one's own as the token that asks may act, which may be less than the user
        token, secret = store.tokens.make(me if whose.user.name == me.name else whose.user, wanted.title, wanted.role)
        note(request, "token.make", str(token.id), user=token.user_name, title=token.title, role=token.role)
        return answered({"token": asdict(token), "secret": secret}, 201)

    @router.delete("/tokens/{token_id}", response_model=TokenShape)
    def revoke(token_id: int, request: Request) -> Response:
        """End a token at once; others' only as an admin."""
        me = current_user()
        listed = {token.id for token in store.tokens.listed(None if me.may("users") else me.name)}
        if token_id not in listed:
            raise StoreError(f"there is no token {token_id!r} of yours; GET /tokens lists them")
        token = store.tokens.revoke(token_id)
        note(request, "token.revoke", str(token.id), user=token.user_name, title=token.title)
        return answered(asdict(token))

    @router.get(
        "/audit",
        response_class=Response,
        responses={200: {"model": AuditShape, "description": "One JSON object a line (application/x-ndjson)."}},
        dependencies=[needs("users")],
    )
    def audit(
        since: Annotated[str, Query(max_length=40, description="ISO 8601, UTC; also a day alone.")] = "",
        who: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        """Who did what when, decisions too, oldest first; streamed."""

        # written down first: the framework hands a stream from thread to thread, and a connection belongs to one
        kept = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by whoever streams it
        for record in store.audit.records(since, who):
            kept.write(json_line(asdict(record)))
        kept.seek(0)
        return StreamingResponse(_pieces(kept), media_type="application/x-ndjson")

    return router


def _pieces(kept: IO[bytes]) -> Iterator[bytes]:
    with kept:
        while piece := kept.read(_PIECE):
            yield piece


def _user(account: Account) -> dict[str, Any]:
    return {
        "name": account.user.name,
        "role": account.user.role,
        "made_at": account.made_at,
        "disabled_at": account.disabled_at,
    }
