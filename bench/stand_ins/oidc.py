"""A real OpenID Connect provider on this machine: discovery, keys, codes, PKCE and signed ID tokens, and faults.

    with OidcServer("curator") as provider:
        provider.claims = {"sub": "7", "preferred_username": "zoe"}
        answer = httpx.get(login_address)            # sends back to redirect_uri with a code at once
        provider.claims["nonce"] = "another"         # said in place of what is right
        provider.algorithm = "none"

Nobody is asked for a password: whoever comes is who ``claims`` say.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from bench.stand_ins.listening import StandInServer


class OidcServer:
    """Use as a context manager. Fields may be changed between requests."""

    def __init__(self, client_id: str, client_secret: str = "") -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.claims: dict[str, Any] = {}
        """Of the next ID tokens, over the right iss, aud, iat, exp and nonce; None leaves one out."""
        self.userinfo: dict[str, Any] = {}
        """What its UserInfo endpoint says; empty: it has none."""
        self.algorithm = "RS256"
        """Also "none", and "HS256" with the public key as the secret."""
        self.description: dict[str, Any] = {}
        """Stands over what the provider says of itself."""
        self.answer: dict[str, str] = {}
        """Stands over the parameters of the answer to the browser, such as ``iss``."""
        self.asked: list[str] = []
        """Paths of all requests."""
        self.key = _first_key()
        """What it signs with; ``keys`` are those that it tells."""
        self.keys = [self.key]
        self._access_token = ""
        self._codes: dict[str, dict[str, str]] = {}
        self._server = StandInServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> OidcServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Answers nobody any more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def change_key(self) -> None:
        """Signs with a new key and tells it alone."""
        self.key = _new_key()
        self.keys = [self.key]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                provider.asked.append(parts.path)
                match parts.path:
                    case "/.well-known/openid-configuration":
                        self._json(200, provider._described())
                    case "/keys":
                        self._json(200, {"keys": [key.as_dict(private=False) for key in provider.keys]})
                    case "/userinfo" if self.headers.get("Authorization") == f"Bearer {provider._access_token}":
                        self._json(200, provider.userinfo)
                    case "/end":
                        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                        known = asked.get("client_id") == provider.client_id
                        self.send_response(302 if known else 400)
                        if known:
                            self.send_header("Location", asked["post_logout_redirect_uri"])
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                    case "/authorize":
                        self.send_response(302)
                        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                        self.send_header("Location", provider._sent_back(asked))
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                    case _:
                        self._json(404, {})

            def do_POST(self) -> None:
                provider.asked.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                self._json(*provider._token(form, self.headers.get("Authorization", "")))

            def _json(self, status: int, document: dict[str, Any]) -> None:
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Nothing on the console."""

        return Handler

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "authorization_response_iss_parameter_supported": True,
            **({"userinfo_endpoint": f"{self.issuer}/userinfo"} if self.userinfo else {}),
            **self.description,
        }

    def _sent_back(self, asked: dict[str, str]) -> str:
        wanted = {"response_type": "code", "client_id": self.client_id, "code_challenge_method": "S256"}
        wrong = {name: asked.get(name) for name, value in wanted.items() if asked.get(name) != value}
        if wrong or "openid" not in asked.get("scope", "").split():
            return f"{asked['redirect_uri']}?{urlencode({'error': 'invalid_request', 'state': asked.get('state', '')})}"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer, **self.answer}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self._codes.pop(form.get("code", ""), None)  # once
        challenge = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        basic = base64.b64encode(f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}".encode()).decode()
        if self.client_secret and authorization != f"Basic {basic}":
            return 401, {"error": "invalid_client"}
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        right = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = {name: value for name, value in {**right, **self.claims}.items() if value is not None}
        self._access_token = secrets.token_urlsafe(8)
        return 200, {"access_token": self._access_token, "token_type": "Bearer", "id_token": self._signed(claims)}

    def _signed(self, claims: dict[str, Any]) -> str:
        header = {"alg": self.algorithm, "kid": self.key.kid}
        if self.algorithm in ("none", "HS256"):
            told = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
            public = self.keys[0].as_pem(private=False)
            mac = b"" if self.algorithm == "none" else hmac.digest(public, told.encode(), "sha256")
            return f"{told}.{_base64(mac)}"
        return jwt.encode(header, claims, self.key, [self.algorithm])


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@cache
def _first_key() -> RSAKey:
    """The same for all servers of a process: making one takes half a second."""
    return _new_key()


def _new_key() -> RSAKey:
    key = RSAKey.generate_key(2048, private=True)
    key.ensure_kid()
    return key
