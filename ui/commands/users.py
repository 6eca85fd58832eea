"""curator users"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from curator.user import ROLES, checked_name, checked_role
from ui.accounts.shell import note_from_shell

if TYPE_CHECKING:
    from ui.cli import Project

_ROLE = click.Choice(ROLES)


@click.group("users")
def command() -> None:
    """Say who may use the page, and what they may do.

    As long as there are no users the page asks nobody for a name and answers only this machine. The first one must be
    an admin; from then on everybody logs in. A curator reviews; a reviewer also adopts, mines, trains and exports; an
    admin also sets up the model and the users.
    """


@command.command("add")
@click.argument("name")
@click.option("--role", type=_ROLE, default="curator", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.pass_obj
def add(project: Project, name: str, role: str, password_stdin: bool) -> None:
    """Add a user; asks for the password."""
    store = project.store
    checked_name(name)
    store.users.add(name, checked_role(role), _hashed(password_stdin))
    note_from_shell(project.store, "user.add", name, role=role)
    click.echo(f"{name} has the role {role} in {store.project}")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def listed(project: Project, as_json: bool) -> None:
    """Name all users."""
    accounts = project.store.users.listed()
    if as_json:
        rows = [
            {"name": one.user.name, "role": one.user.role, "since": one.made_at, "disabled_at": one.disabled_at}
            for one in accounts
        ]
        click.echo(json.dumps(rows))
        return
    for one in accounts:
        disabled = f", disabled {one.disabled_at[:10]}" if one.disabled_at else ""
        click.echo(f"{one.user.name:<20} {one.user.role:<9} since {one.made_at[:10]}{disabled}")
    if not accounts:
        click.echo("no users: the page answers only this machine; `curator users add NAME --role admin` adds one")


@command.command("role")
@click.argument("name")
@click.argument("role", type=_ROLE)
@click.pass_obj
def set_role(project: Project, name: str, role: str) -> None:
    """Change what a user may do, at once."""
    project.store.users.set_role(name, checked_role(role))
    note_from_shell(project.store, "user.role", name, role=role)
    click.echo(f"{name} has the role {role} now")


@command.command("password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.pass_obj
def set_password(project: Project, name: str, password_stdin: bool) -> None:
    """Give a user a new password; ends their sessions."""
    project.store.users.account(name)
    project.store.users.set_password(name, _hashed(password_stdin))
    note_from_shell(project.store, "user.password", name)
    click.echo(f"{name} has a new password")


@command.command("disable")
@click.argument("name")
@click.pass_obj
def disable(project: Project, name: str) -> None:
    """Log a user out for good; what they decided stays."""
    project.store.users.disable(name)
    note_from_shell(project.store, "user.disable", name)
    click.echo(f"{name} is disabled; `curator users enable {name}` takes it back")


@command.command("enable")
@click.argument("name")
@click.pass_obj
def enable(project: Project, name: str) -> None:
    """Let a disabled user log in again."""
    project.store.users.enable(name)
    note_from_shell(project.store, "user.enable", name)
    click.echo(f"{name} can log in again")


@command.command("link")
@click.argument("name")
@click.option("--subject", required=True, help="The person's `sub` at the provider; a refused login names it.")
@click.option("--issuer", help="The provider; default issuer of [oidc].")
@click.pass_obj
def link(project: Project, name: str, subject: str, issuer: str | None) -> None:
    """Let somebody whom the OpenID Connect provider knows log in as this user."""
    from data.store.subjects import Subject

    issuer = issuer or project.settings.oidc.issuer
    if not issuer:
        raise click.UsageError("no provider is named; set issuer of [oidc], or give --issuer")
    project.store.subjects.link(Subject(issuer, subject), name)
    note_from_shell(project.store, "user.link", name, issuer=issuer, sub=subject)
    click.echo(f"{subject} of {issuer} logs in as {name}")


@command.command("unlink")
@click.argument("name")
@click.pass_obj
def unlink(project: Project, name: str) -> None:
    """End all logins of this user through a provider; ends their sessions."""
    count = project.store.subjects.unlink(name)
    note_from_shell(project.store, "user.unlink", name, links=count)
    click.echo(f"{name} has {count} link{'' if count == 1 else 's'} less; a password still holds")


@command.command("token")
@click.argument("name")
@click.option("--for", "title", required=True, help="What the token is for, such as the program's name.")
@click.option("--role", type=_ROLE, help="What it may do at most; default as the user.")
@click.pass_obj
def make_token(project: Project, name: str, title: str, role: str | None) -> None:
    """Make a token with which a program acts as the user; it is printed this once."""
    user = project.store.users.account(name).user
    token, secret = project.store.tokens.make(user, title, checked_role(role or user.role))
    note_from_shell(project.store, "token.make", str(token.id), user=name, title=title, role=token.role)
    click.echo(secret)
    click.echo(
        f"token {token.id} of {name} with the role {token.role}; `curator users revoke {token.id}` ends it", err=True
    )


@command.command("tokens")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def tokens(project: Project, name: str | None, as_json: bool) -> None:
    """List tokens, of one user or of all; never their secrets."""
    from dataclasses import asdict

    found = project.store.tokens.listed(name)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        used = f"used {one.used_at[:10]}" if one.used_at else "never used"
        state = f"revoked {one.revoked_at[:10]}" if one.revoked_at else used
        click.echo(f"{one.id:>4}  {one.user_name:<20} {one.role:<9} {one.title} ({state})")
    if not found:
        click.echo("no tokens")


@command.command("revoke")
@click.argument("token_id", type=int)
@click.pass_obj
def revoke(project: Project, token_id: int) -> None:
    """End a token at once."""
    token = project.store.tokens.revoke(token_id)
    note_from_shell(project.store, "token.revoke", str(token.id), user=token.user_name, title=token.title)
    click.echo(f"token {token.id} of {token.user_name} is revoked")


def _hashed(from_stdin: bool) -> str:
    from ui.accounts.passwords import Passwords

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return Passwords().hashed(password)
