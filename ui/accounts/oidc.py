"""An OpenID Connect provider: where somebody logs in there, and what its answer says of them.

Authorisation code flow with PKCE (RFC 7636), state and nonce; an answer counts only with the provider's signature.
"""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx

from curator.addresses import Reach
from curator.errors import AccountError, AddressError, SettingsError
from curator.settings import OidcSettings, Settings
from network.reaching import reaching

SECRET_FILE: Final = "oidc.secret"
# signatures that only the provider can make: neither "none" nor HMAC, whose key the client has too
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_KEPT_S: Final = 3600.0  # guess: providers change keys by the week, and an unknown key is looked for at once
_AGAIN_S: Final = 30.0  # guess: anybody can make a login begin; a provider that is away is not asked more often
_MAX_BYTES: Final = 1_000_000
_LEEWAY_S: Final = 60  # guess: clocks apart
_MOST_SHOWN: Final = 200
_NO_HEADERS: Final[Mapping[str, str]] = {}
_FAULTS: Final = (httpx.HTTPError, httpx.InvalidURL, AddressError, ValueError, RecursionError)


class OidcError(AccountError):
    """Somebody cannot be logged in through the provider."""


@dataclass(frozen=True, slots=True)
class _Metadata:
    """What the provider says of itself (OpenID Connect Discovery)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    names_itself: bool
    """Whether its answers carry ``iss`` (RFC 9207)."""
    posts_secret: bool
    """Whether the client's secret goes into the form, as it does where nothing else is offered."""


class Provider:
    """Safe to use from several threads; what it says of itself and its keys are kept for an hour."""

    def __init__(
        self,
        settings: OidcSettings,
        secret: str = "",
        reach: Reach | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """
        Raises:
            SettingsError: issuer or client are missing or cannot be used.
        """
        parts = urlsplit(settings.issuer)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
            raise SettingsError(f"oidc.issuer is {settings.issuer!r}; expected an address such as 'https://login.lab'")
        if not settings.client_id:
            raise SettingsError("oidc.client_id is empty; register Curator at the provider and set what it gives")
        self.issuer = settings.issuer
        self.settings = settings
        self._secret = secret
        self._reach = reach or Reach()
        self._now_s = now_s
        self._lock = threading.Lock()
        self._metadata: tuple[_Metadata, float] | None = None
        self._keys: tuple[dict[str, Any], float] | None = None
        self._failed: tuple[str, float] | None = None

    def login_address(self, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to log in; it comes back to ``redirect_uri``.

        Raises:
            OidcError: the provider cannot be asked.
        """
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        return str(
            prepare_grant_uri(
                self._described().authorization_endpoint,
                self.settings.client_id,
                "code",
                redirect_uri,
                self.settings.scopes,
                state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        )

    def logout_address(self, back: str) -> str | None:
        """Where the browser goes to log out there too (OpenID Connect RP-Initiated Logout 1.0); it comes back to
        ``back``. None where the provider has no such place.

        The client names itself, not the person by an ID token, which would have to be kept: the provider may ask.

        Raises:
            OidcError: the provider cannot be asked.
        """
        address = self._described().end_session_endpoint
        if address is None:
            return None
        asked = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": back})
        return f"{address}{'&' if urlsplit(address).query else '?'}{asked}"

    def checked_sender(self, issuer: str | None) -> None:
        """Passes where an answer came from this provider and not from another one (mix-up; RFC 9207).

        Raises:
            OidcError: it names another one, or none though the provider always does.
        """
        if issuer != self.issuer and (issuer is not None or self._described().names_itself):
            raise OidcError(f"the answer is from {issuer!r}, expected {self.issuer!r}; log in again")

    def claims(self, code: str, redirect_uri: str, nonce: str, verifier: str) -> dict[str, Any]:
        """What the provider says of the person who logged in, for the code of its answer; checked.

        Raises:
            OidcError: the code is refused, or the ID token is not meant for us, too old, or not signed by the provider.
        """
        token = self._exchanged(code, redirect_uri, verifier)
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise OidcError(f"{self.issuer} gave no ID token; has its client the scope 'openid'?")
        access_token = str(token.get("access_token") or "")
        claims = self._checked(id_token, nonce, access_token)
        if self._lacks(claims) and access_token and (address := self._described().userinfo_endpoint):
            claims = {**self._told(address, access_token, str(claims["sub"])), **claims}
        return claims

    def _lacks(self, claims: Mapping[str, Any]) -> bool:
        """Whether the ID token has not all that is asked for: providers may keep what belongs to the scopes profile
        and email for their UserInfo endpoint (OpenID Connect Core, 5.4)."""
        wanted = {self.settings.name_claim, self.settings.roles_claim.partition(".")[0]} - {""}
        if self.settings.allowed_domains:
            wanted |= {"email", "email_verified"}
        return not wanted <= claims.keys()

    def _told(self, address: str, access_token: str, subject: str) -> dict[str, Any]:
        """What the UserInfo endpoint says of the person.

        Raises:
            OidcError: it cannot be asked, or speaks of somebody else (a swapped token; Core, 5.3.2).
        """
        try:
            status, told = self._document("GET", address, {"Authorization": f"Bearer {access_token}"})
            if status != HTTPStatus.OK:
                raise ValueError(f"{address} answers {status}")
        except _FAULTS as error:
            raise self._unreachable(error) from error
        if told.get("sub") != subject:
            raise OidcError(f"{self.issuer} speaks of somebody else than its ID token does; log in again")
        return told

    def _checked(self, id_token: str, nonce: str, access_token: str) -> dict[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        try:
            header, payload = self._verified(id_token)
            claims = CodeIDToken(
                payload,
                header,
                {
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                    "sub": {"essential": True},
                    "exp": {"essential": True},
                    "iat": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                {"nonce": nonce, "client_id": self.settings.client_id, "access_token": access_token},
            )
            claims.validate(now=int(self._now_s()), leeway=_LEEWAY_S)
        except (JoseError, ValueError, TypeError) as error:
            raise OidcError(f"the ID token of {self.issuer} cannot be believed ({error}); log in again") from error
        return dict(claims)

    def _verified(self, id_token: str) -> tuple[Mapping[str, Any], dict[str, Any]]:
        from joserfc import jwt
        from joserfc.errors import BadSignatureError, InvalidKeyIdError
        from joserfc.jwk import KeySet

        def verified(keys: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
            token = jwt.decode(id_token, KeySet.import_key_set(dict(keys)), algorithms=list(_ALGORITHMS))  # type: ignore[arg-type]
            return token.header, dict(token.claims)

        try:
            return verified(self._key_set(fresh=False))
        except (InvalidKeyIdError, BadSignatureError):  # perhaps it has changed its keys
            return verified(self._key_set(fresh=True))

    # --- asking ---------------------------------------------------------------------------------------------------

    def _exchanged(self, code: str, redirect_uri: str, verifier: str) -> dict[str, Any]:
        """What the provider gives for a code."""
        described = self._described()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self.settings.client_id,
            "code_verifier": verifier,
        }
        login = None
        if self._secret and described.posts_secret:
            form["client_secret"] = self._secret
        elif self._secret:
            login = (quote_plus(self.settings.client_id), quote_plus(self._secret))  # RFC 6749, 2.3.1
        try:
            status, token = self._document("POST", described.token_endpoint, data=form, auth=login)
        except _FAULTS as error:
            raise self._unreachable(error) from error
        if status != HTTPStatus.OK:
            said = str(token.get("error_description") or token.get("error") or status)[:_MOST_SHOWN]
            raise OidcError(f"{self.issuer} refuses the login ({said}); log in again")
        return token

    def _document(
        self, method: str, url: str, headers: Mapping[str, str] = _NO_HEADERS, **body: Any
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of an answer; raises one of ``_FAULTS``."""
        content = bytearray()
        with (
            httpx.Client(timeout=self.settings.timeout_s, transport=reaching(self._reach)) as client,
            client.stream(method, url, headers={"Accept": "application/json", **headers}, **body) as answer,
        ):
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > _MAX_BYTES:
                    raise ValueError(f"more than {_MAX_BYTES:,} bytes")
        document = json.loads(content)
        if not isinstance(document, dict):
            raise ValueError("no JSON object")
        return answer.status_code, document

    def _described(self) -> _Metadata:
        with self._lock:
            if self._metadata is None or self._now_s() - self._metadata[1] > _KEPT_S:
                document = self._asked(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
                self._metadata = (self._read(document), self._now_s())
            return self._metadata[0]

    def _key_set(self, *, fresh: bool) -> dict[str, Any]:
        described = self._described()
        with self._lock:
            age_s = self._now_s() - self._keys[1] if self._keys else None
            if self._keys is None or age_s is None or age_s > (_AGAIN_S if fresh else _KEPT_S):
                self._keys = (self._asked(described.jwks_uri), self._now_s())
            return self._keys[0]

    def _read(self, document: Mapping[str, Any]) -> _Metadata:
        if document.get("issuer") != self.issuer:
            raise OidcError(
                f"oidc.issuer is {self.issuer!r}, but the provider calls itself {document.get('issuer')!r}; set it so, "
                "to the letter"
            )
        addresses = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        userinfo, end = document.get("userinfo_endpoint"), document.get("end_session_endpoint")
        schemes = ("https://",) if self.issuer.startswith("https://") else ("https://", "http://")
        for address in [*addresses, *(one for one in (userinfo, end) if one is not None)]:
            if not isinstance(address, str) or not address.startswith(schemes):
                raise OidcError(f"{self.issuer} names the address {address!r}; expected one that begins with https://")
        offered = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        authorization, token, keys = map(str, addresses)
        return _Metadata(
            authorization,
            token,
            keys,
            userinfo,
            end,
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
            posts_secret="client_secret_basic" not in offered,
        )

    def _asked(self, url: str) -> dict[str, Any]:
        """A JSON object; after a failure nothing is asked for a while."""
        if self._failed and self._now_s() - self._failed[1] < _AGAIN_S:
            raise OidcError(self._failed[0])
        try:
            status, document = self._document("GET", url)
            if status != HTTPStatus.OK:
                raise ValueError(f"{url} answers {status}")
        except _FAULTS as error:
            failure = self._unreachable(error)
            self._failed = (str(failure), self._now_s())
            raise failure from error
        self._failed = None
        return document

    def _unreachable(self, error: Exception) -> OidcError:
        said = str(error)[:_MOST_SHOWN] or type(error).__name__
        return OidcError(f"{self.issuer} cannot be asked ({said}); log in with a password, or try again later")


def provider_of(project: Path, settings: Settings) -> Provider | None:
    """The provider that the settings name; None where they name none.

    Raises:
        SettingsError: it or the client's secret cannot be used.
    """
    if not settings.oidc.issuer:
        return None
    return Provider(settings.oidc, load_secret(settings.oidc, project), settings.network.reach(has_users=True))


def load_secret(settings: OidcSettings, project: Path) -> str:
    """The client's secret: the variable's, else the file's; empty where there is none (a public client).

    Raises:
        SettingsError: others may read the file, or it cannot be read.
    """
    if settings.client_secret:
        return settings.client_secret.strip()
    path = project / SECRET_FILE
    try:
        mode = path.stat().st_mode
        secret = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as a secret ({error}); write it again, with mode 600") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path} may be read by others (mode {stat.S_IMODE(mode):o}); run chmod 600 {path}")
    return secret
