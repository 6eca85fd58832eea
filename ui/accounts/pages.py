"""The login and the account as HTML. They are no part of the framework's page: nobody has come in yet."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse

from curator.user import ROLES, Role, User
from data.store.tokens import Token, roles_up_to
from data.store.users import Account
from ui import theme
from ui.accounts.passwords import MIN_LENGTH

_FOLDER = Path(__file__).parent
_MARK = """<svg viewBox="0 0 18 18" aria-hidden="true" fill="none" stroke-width="1.8">
<rect x="1" y="1" width="16" height="16" rx="3" stroke="currentColor"/><path d="M8 1v16M8 9h9" stroke="currentColor"/>
<rect x="10.6" y="11.6" width="3.8" height="2.8" rx=".6" fill="var(--c-accent)"/></svg> Curator"""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another way to log in."""

    title: str
    """Such as "single sign-on"."""
    address: Callable[[str], str]
    """Where it begins, for the place that the login leads to."""


def login_page(
    there: str, name: str = "", wrong: str = "", status: int = 200, elsewhere: Elsewhere | None = None
) -> HTMLResponse:
    """The form that leads ``there``; ``wrong``: why the last attempt failed."""
    other = ""
    if elsewhere is not None:
        other = f"""<p class="or quiet">or</p>
<a class="c-button keeps-hash" href="{escape(elsewhere.address(there))}">Sign in with {escape(elsewhere.title)}</a>"""
    body = f"""<div class="wordmark">{_MARK}</div>
<h1>Log in</h1>
{_said(wrong, bad=True)}
<form method="post" action="/login" class="keeps-hash">
<input type="hidden" name="next" value="{escape(there)}">
<label>Name <input class="c-field" name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none"
  spellcheck="false" required {"" if name else "autofocus"}></label>
<label>Password <input class="c-field" name="password" type="password" autocomplete="current-password" required
  {"autofocus" if name else ""}></label>
<button class="c-button primary">Log in</button>
</form>
{other}"""
    return _page("Log in - Curator", "login", body, status)


def leaving_page(title: str, address: str) -> HTMLResponse:
    """Leads on to ``address``, where the login at the provider called ``title`` ends. No redirect: browsers follow none
    to elsewhere from a form that may only be sent here."""
    body = f"""<div class="wordmark">{_MARK}</div>
<h1>Logged out</h1>
<p class="quiet">You are logged out of Curator, and go on to log out of {escape(title)}.</p>
<meta http-equiv="refresh" content="0;url={escape(address)}">
<a class="c-button" href="{escape(address)}">Log out of {escape(title)}</a>
<p><a href="/login">Log in again</a></p>"""
    return _page("Logged out - Curator", "login", body, 200)


def account_page(
    user: User,
    tokens: Sequence[Token],
    accounts: Sequence[Account] | None,
    *,
    said: str = "",
    wrong: str = "",
    secret: str = "",
    status: int = 200,
) -> HTMLResponse:
    """One's password and tokens; with ``accounts`` also all users.

    ``said``, ``wrong``: what came of the last form; ``secret``: of a token that was made just now.
    """
    body = f"""<div class="top"><a class="wordmark" href="/">{_MARK}</a>
<form method="post" action="/logout"><button class="c-button">Log out</button></form></div>
<h1>{escape(user.name)}</h1>
<p class="quiet">{user.role}</p>
{_said(wrong, bad=True)}{_said(said, secret=secret)}
<section><h2>Password</h2>
<form method="post" action="/account/password" class="row">
<input type="hidden" name="username" value="{escape(user.name)}" autocomplete="username">
{_field("Now", "old", "password", 'autocomplete="current-password"')}
{_new_password("New")}
<button class="c-button">Change</button></form></section>
<section><h2>Tokens for programs</h2>
{_tokens(tokens)}
<form method="post" action="/account/tokens" class="row">
{_field("What for", "title", "text", 'maxlength="100"')}
<label>May do as a {_roles("curator", roles_up_to(user.role))}</label>
<button class="c-button">Make a token</button></form></section>
{"" if accounts is None else _users(accounts)}"""
    return _page("Account - Curator", "account", body, status)


def _tokens(tokens: Iterable[Token]) -> str:
    rows = "".join(
        f"""<tr><td>{escape(one.title)}</td><td>{one.role}</td><td>{one.made_at[:10]}</td>
<td>{one.used_at[:10] if one.used_at else "never"}</td><td>{_button("/account/tokens/revoke", "Revoke", id=one.id)}</td>
</tr>"""
        for one in tokens
        if one.revoked_at is None
    )
    if not rows:
        return '<p class="quiet">None yet. A program sends one as <code>Authorization: Bearer ...</code></p>'
    head = "<tr><th>What for</th><th>May do as</th><th>Made</th><th>Used</th><th></th></tr>"
    return f"<table>{head}{rows}</table>"


def _users(accounts: Iterable[Account]) -> str:
    rows = "".join(
        f"""<tr data-user="{escape(one.user.name)}"{' class="over"' if one.disabled_at else ""}>
<td>{escape(one.user.name)}</td><td><form method="post" action="/account/users/role">
<input type="hidden" name="name" value="{escape(one.user.name)}">{_roles(one.user.role, ROLES)}
<button class="c-button">Set</button></form></td><td>{one.made_at[:10]}</td><td>{_switch(one)}</td></tr>"""
        for one in accounts
    )
    return f"""<section><h2>Users</h2>
<table><tr><th>Name</th><th>Role</th><th>Since</th><th></th></tr>{rows}</table>
<form method="post" action="/account/users" class="row">
{_field("Name", "name", "text", 'autocapitalize="none" spellcheck="false" autocomplete="off"')}
{_new_password("First password")}
<label>Role {_roles("curator", ROLES)}</label>
<button class="c-button">Add</button></form></section>"""


def _switch(account: Account) -> str:
    name = account.user.name
    if account.disabled_at:
        return _button("/account/users/enable", "Enable", name=name)
    return _button("/account/users/disable", "Disable", name=name)


def _button(action: str, title: str, **fields: object) -> str:
    hidden = "".join(f'<input type="hidden" name="{key}" value="{escape(str(fields[key]))}">' for key in fields)
    return f'<form method="post" action="{action}">{hidden}<button class="c-button">{title}</button></form>'


def _field(title: str, name: str, kind: str, more: str) -> str:
    return f'<label>{title} <input class="c-field" name="{name}" type="{kind}" required {more}></label>'


def _new_password(title: str) -> str:
    return _field(title, "new", "password", f'minlength="{MIN_LENGTH}" autocomplete="new-password"')


def _roles(chosen: Role, offered: Sequence[Role]) -> str:
    options = "".join(f"<option{' selected' if role == chosen else ''}>{role}</option>" for role in offered)
    return f'<select class="c-field" name="role" aria-label="Role">{options}</select>'


def _said(text: str, *, bad: bool = False, secret: str = "") -> str:
    if not text:
        return ""
    code = f"<code>{escape(secret)}</code>" if secret else ""
    return f'<p class="said{" bad" if bad else ""}" role="{"alert" if bad else "status"}">{escape(text)}{code}</p>'


def _page(title: str, kind: str, body: str, status: int) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    css = theme.css() + (_FOLDER / "account.css").read_text(encoding="utf-8")
    frame = Template((_FOLDER / "frame.html").read_text(encoding="utf-8"))
    headers = {
        "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        # "no-referrer" would also hide from us which site a form was sent from
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    page = frame.substitute(title=title, nonce=nonce, css=css, kind=kind, body=body)
    return HTMLResponse(page, status, headers)
