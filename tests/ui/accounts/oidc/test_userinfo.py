"""What a provider says of a person only at its UserInfo endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from bench.stand_ins.oidc import OidcServer
from data.store import Store
from tests.ui.accounts.oidc.conftest import ZOE, Apps, browser, log_in, refusal

GROUPED: dict[str, Any] = {"new_users": "", "roles_claim": "groups", "roles": {"leads": "reviewer"}}


def test_what_the_id_token_lacks_is_asked_for(app: Apps, store: Store, provider: OidcServer) -> None:
    provider.claims = {"sub": "7"}
    provider.userinfo = {**ZOE, "groups": ["leads"]}
    assert log_in(browser(app(**GROUPED, allowed_domains=("lab.org",)))).status_code == 303
    assert store.users.account("zoe").user.role == "reviewer"
    assert provider.asked.index("/token") < provider.asked.index("/userinfo")


def test_what_the_id_token_says_counts_and_whoever_is_not_needed_is_not_asked(
    app: Apps, store: Store, provider: OidcServer
) -> None:
    provider.claims = {"sub": "7", "preferred_username": "Zoe"}
    provider.userinfo = {"sub": "7", "preferred_username": "Mallory", "groups": ["leads"]}
    assert log_in(browser(app())).status_code == 303
    assert "/userinfo" not in provider.asked
    assert log_in(browser(app(**GROUPED))).status_code == 303
    assert "/userinfo" in provider.asked
    assert store.users.account("zoe").user.role == "reviewer"


def test_an_endpoint_that_speaks_of_somebody_else_is_not_believed(
    app: Apps, store: Store, provider: OidcServer
) -> None:
    provider.claims = {"sub": "7"}
    provider.userinfo = {**ZOE, "sub": "8"}
    assert "speaks of somebody else than its ID token does" in refusal(log_in(browser(app())))
    assert store.users.find("zoe") is None


@pytest.mark.parametrize("address", ["{issuer}/nowhere", "file:///etc/passwd", 3])
def test_an_endpoint_that_cannot_be_asked_lets_nobody_in(
    app: Apps, store: Store, provider: OidcServer, address: Any
) -> None:
    provider.claims = {"sub": "7"}
    there = address.format(issuer=provider.issuer) if isinstance(address, str) else address
    provider.description = {"userinfo_endpoint": there}
    answer = browser(app()).get("/login/oidc")
    if "nowhere" in str(address):
        assert "cannot be asked" in refusal(log_in(browser(app())))
    else:
        assert "expected one that begins with https://" in answer.text
    assert store.users.find("zoe") is None
