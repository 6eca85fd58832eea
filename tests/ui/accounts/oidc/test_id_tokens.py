"""Which ID tokens are believed."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bench.stand_ins.oidc import OidcServer
from data.store import Store
from tests.ui.accounts.oidc.conftest import Apps, browser, log_in, refusal


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": ["curator", "another"], "azp": "another"}, "azp"),
        ({"aud": ["curator", "another"]}, "azp"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"exp": 1_700_000_000}, "expired"),
        ({"exp": None}, "exp"),
        ({"iat": 9_999_999_999}, "in the future"),
        ({"sub": None}, "sub"),
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_login_is_not_believed(
    app: Apps, store: Store, provider: OidcServer, said: dict[str, Any], why: str
) -> None:
    provider.claims |= said
    told = refusal(log_in(browser(app())))
    assert told.startswith(f"The ID token of {provider.issuer} cannot be believed (")
    assert why in told
    assert store.users.find("zoe") is None


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_anybody_could_have_made_is_not_believed(
    app: Apps, store: Store, provider: OidcServer, algorithm: str
) -> None:
    provider.algorithm = algorithm
    assert "cannot be believed" in refusal(log_in(browser(app())))
    assert store.users.find("zoe") is None


def test_a_token_that_another_key_signed_is_not_believed(app: Apps, provider: OidcServer) -> None:
    told, kid = provider.keys, provider.key.kid
    provider.change_key()
    provider.keys = told
    assert "cannot be believed" in refusal(log_in(browser(app())))
    provider.key = type(provider.key).import_key({**provider.key.as_dict(private=True), "kid": str(kid)})
    assert "cannot be believed" in refusal(log_in(browser(app())))


def test_a_provider_may_change_its_keys_and_is_not_asked_each_time(app: Apps, provider: OidcServer) -> None:
    clock = [time.time()]
    made = app(now_s=lambda: clock[0])
    assert log_in(browser(made)).status_code == 303
    assert log_in(browser(made)).status_code == 303
    assert provider.asked.count("/keys") == provider.asked.count("/.well-known/openid-configuration") == 1
    provider.change_key()
    clock[0] += 31
    assert log_in(browser(made)).status_code == 303
    assert provider.asked.count("/keys") == 2
