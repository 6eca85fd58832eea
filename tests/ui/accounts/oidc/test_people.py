"""Who a person of the provider is here, and in which role."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from bench.stand_ins.oidc import OidcServer
from data.store import Store
from data.store.subjects import Subject
from tests.ui.accounts.oidc.conftest import Apps, browser, log_in, refusal


def test_a_local_user_of_the_same_name_is_not_taken_over_until_an_admin_links_both(
    app: Apps, store: Store, provider: OidcServer
) -> None:
    provider.claims |= {"preferred_username": "ann", "email": "ann@lab.org"}
    made = app(new_users="admin")
    assert refusal(log_in(browser(made))) == (
        "There is another user &#x27;ann&#x27; here; if that is you, an admin of this project links both: "
        "`curator users link NAME --subject 7` on the server."
    )
    store.subjects.link(Subject(provider.issuer, "7"), "ann")
    client = browser(made)
    assert log_in(client).status_code == 303
    assert client.get("/me").json()["name"] == "ann"
    provider.claims["preferred_username"] = "somebody.else"
    client = browser(made)
    log_in(client)
    assert client.get("/me").json()["name"] == "ann"
    assert store.subjects.unlink("ann") == 1
    assert client.get("/me").status_code == 401


def test_the_same_subject_of_another_provider_is_somebody_else(app: Apps, store: Store, provider: OidcServer) -> None:
    store.subjects.link(Subject("https://other.example", "7"), "ann")
    client = browser(app())
    log_in(client)
    assert client.get("/me").json()["name"] == "zoe"


def test_a_disabled_user_does_not_get_in(app: Apps, store: Store) -> None:
    log_in(browser(app()))
    store.users.disable("zoe")
    assert refusal(log_in(browser(app()))) == "Zoe is disabled here; ask an admin of this project."


def test_nobody_new_gets_in_where_no_role_is_given(app: Apps, store: Store) -> None:
    assert refusal(log_in(browser(app(new_users="")))).startswith("You have no account here yet")
    assert store.users.find("zoe") is None


def test_groups_give_roles_at_each_login_and_take_them(app: Apps, store: Store, provider: OidcServer) -> None:
    named = {"new_users": "", "roles_claim": "realm_access.roles", "roles": {"staff": "curator", "leads": "reviewer"}}
    provider.claims["realm_access"] = {"roles": ["staff", "leads", "other"]}
    log_in(browser(app(**named)))
    assert store.users.account("zoe").user.role == "reviewer"
    provider.claims["realm_access"] = {"roles": ["staff"]}
    log_in(browser(app(**named)))
    assert store.users.account("zoe").user.role == "curator"
    provider.claims["realm_access"] = {"roles": []}
    assert refusal(log_in(browser(app(**named)))).startswith("None of your groups gives a role here")


def test_the_only_admin_stays_one_whatever_the_groups_say(app: Apps, store: Store, provider: OidcServer) -> None:
    store.subjects.link(Subject(provider.issuer, "7"), "ann")
    provider.claims["groups"] = "staff"
    client = browser(app(roles_claim="groups", roles={"staff": "curator"}))
    log_in(client)
    assert client.get("/me").json()["role"] == "admin"


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ({}, True),
        ({"email": "zoe@LAB.org"}, True),
        ({"email": "zoe@evil.example"}, False),
        ({"email": "zoe@lab.org@evil.example"}, False),
        ({"email": "zoe@notlab.org"}, False),
        ({"email_verified": False}, False),
        ({"email_verified": None}, False),
        ({"email": None}, False),
    ],
    ids=str,
)
def test_only_verified_addresses_of_the_allowed_domains_get_in(
    app: Apps, provider: OidcServer, said: dict[str, Any], passes: bool
) -> None:
    provider.claims |= said
    assert log_in(browser(app(allowed_domains=("lab.org",)))).status_code == (303 if passes else 401)


def test_only_members_of_the_allowed_groups_get_in(app: Apps, provider: OidcServer) -> None:
    made = partial(app, roles_claim="groups", allowed_groups=("imaging",))
    assert refusal(log_in(browser(made()))) == "None of your groups may log in here; ask an admin of this project."
    provider.claims["groups"] = ["imaging"]
    assert log_in(browser(made())).status_code == 303
