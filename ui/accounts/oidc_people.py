"""From what a provider says of a person to a user of this project."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from curator.errors import AccountError
from curator.settings import OidcSettings
from curator.user import ROLES, Role, User
from data.store import Store
from data.store.subjects import Subject
from ui.accounts.oidc import OidcError


class People:
    def __init__(self, store: Store, settings: OidcSettings) -> None:
        self._store = store
        self._settings = settings

    def user_of(self, claims: Mapping[str, Any], address: str) -> User:
        """The user who is linked with the person, or where the settings allow it a new one.

        Never a user who only has the same name or e-mail address: whoever can choose those at the provider would be
        that user here (docs/adr/0016).

        Raises:
            OidcError: the person may not log in.
        """
        self._check_admitted(claims)
        role = self._role(claims)
        subject = Subject(self._settings.issuer, str(claims["sub"]))
        known = self._store.subjects.user_of(subject)
        if known is None:
            return self._new(subject, claims, role, address)
        if known.disabled_at is not None:
            raise OidcError(f"{known.user.name} is disabled here; ask an admin of this project")
        if not self._settings.roles or role == known.user.role:
            return known.user
        if role is None:
            raise OidcError(f"none of your groups gives a role here; {self._settings.roles_claim!r} names them")
        return self._with_role(known.user, role, address)

    def _check_admitted(self, claims: Mapping[str, Any]) -> None:
        domains = {domain.lower().lstrip("@") for domain in self._settings.allowed_domains}
        if domains:
            email = str(claims.get("email") or "")
            if claims.get("email_verified") is not True or email.rpartition("@")[2].lower() not in domains:
                raise OidcError(f"only verified e-mail addresses of {sorted(domains)!r} may log in here")
        allowed = set(self._settings.allowed_groups)
        if allowed and not allowed & self._groups(claims):
            raise OidcError("none of your groups may log in here; ask an admin of this project")

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        """The highest that the person's groups give, else that of new users."""
        given = [self._settings.roles[group] for group in self._groups(claims) if group in self._settings.roles]
        return max(given, key=ROLES.index) if given else self._settings.new_users or None

    def _groups(self, claims: Mapping[str, Any]) -> set[str]:
        """Values of the claim; one such as "realm_access.roles" may stand inside another."""
        name = self._settings.roles_claim
        value: Any = claims.get(name) if name else None
        if value is None and name:
            value = claims
            for part in name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            return {value}
        return {one for one in value if isinstance(one, str)} if isinstance(value, list) else set()

    def _new(self, subject: Subject, claims: Mapping[str, Any], role: Role | None, address: str) -> User:
        name = _name(claims.get(self._settings.name_claim))
        link = f"`curator users link NAME --subject {subject.subject}` on the server"
        if role is None:
            raise OidcError(f"you have no account here yet; an admin of this project makes one and links it: {link}")
        if not name or self._store.users.find(name) is not None:
            found = f"there is another user {name!r} here" if name else f"{self._settings.name_claim!r} gives no name"
            raise OidcError(f"{found}; if that is you, an admin of this project links both: {link}")
        try:
            self._store.subjects.add_user(subject, name, role)
        except AccountError as error:
            raise OidcError(str(error)) from error
        self._store.audit.add(name, "user.add", name, {"role": role, "issuer": subject.issuer}, address)
        return User(name, role)

    def _with_role(self, user: User, role: Role, address: str) -> User:
        try:
            self._store.users.set_role(user.name, role)
        except AccountError:
            return user  # the only admin stays one: without any, nobody could mend the settings
        self._store.audit.add(
            user.name, "user.role", user.name, {"role": role, "issuer": self._settings.issuer}, address
        )
        return User(user.name, role)


def _name(claimed: Any) -> str:
    """A user's name made of a claim: "Ann Lee" becomes "ann.lee"; empty where nothing is left."""
    text = re.sub(r"[^a-z0-9._@-]+", ".", str(claimed or "").strip().lower())
    return text.strip("._@-")[:64]
