"""Logging in through a provider, against one that signs for real."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bench.stand_ins.oidc import OidcServer
from curator.addresses import Reach
from curator.errors import SettingsError
from curator.settings import FILE_NAME, OidcSettings, load_settings
from data.store import Store
from data.store.subjects import Subject
from tests.e2e.project import make_project
from ui.accounts.attempts import MOST_BY_NAME
from ui.accounts.gate import Gate
from ui.accounts.logins import Logins
from ui.accounts.oidc import Provider, load_secret, provider_of
from ui.accounts.oidc_pending import LONGEST_S, PendingLogins
from ui.accounts.passwords import Passwords
from ui.accounts.routes import account_routes
from ui.service.guard import Guard

URL = "http://curator.lab:7860"
PASSWORD = "a long enough password"
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
SESSION = "curator_session"
ZOE = {"sub": "7", "preferred_username": "Zoe", "email": "zoe@lab.org", "email_verified": True}

Apps = Callable[..., FastAPI]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kidneys")
    store = make_project(folder)
    store.users.add("ann", "admin", QUICK.hashed(PASSWORD))
    store.close()
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Store]:
    store = Store(Path(shutil.copytree(made, tmp_path / "project")))
    yield store
    store.close()


@pytest.fixture
def provider() -> Iterator[OidcServer]:
    with OidcServer("curator", "the client's secret") as server:
        server.claims = dict(ZOE)
        yield server


@pytest.fixture
def app(store: Store, provider: OidcServer) -> Apps:
    def make(now_s: Callable[[], float] = time.time, **named: Any) -> FastAPI:
        settings = OidcSettings(**{"issuer": provider.issuer, "client_id": "curator", "new_users": "curator", **named})
        app = FastAPI()
        app.add_middleware(Gate, store=store, local=None)
        app.add_middleware(Guard, hosts=frozenset(), any_host=store.users.any)
        known = Provider(settings, provider.client_secret, now_s=now_s)
        app.include_router(account_routes(store, Logins(store, QUICK), known))
        return app

    return make


def browser(app: FastAPI) -> TestClient:
    return TestClient(app, base_url=URL, follow_redirects=False)


def answered(client: TestClient, there: str = "/") -> str:
    """The address that the provider sends the browser back to, for a login that this browser begins."""
    begun = client.get("/login/oidc", params={"next": there})
    assert begun.status_code == 303, begun.text
    return str(httpx.get(begun.headers["location"]).headers["location"])


def log_in(client: TestClient, there: str = "/") -> Any:
    return client.get(answered(client, there))


def refusal(answer: Any) -> str:
    assert answer.status_code == 401
    assert SESSION not in answer.cookies
    return str(answer.text).partition('role="alert">')[2].partition("</p>")[0]


def test_somebody_new_logs_in_and_comes_back_to_where_they_wanted_to_go(
    app: Apps, store: Store, provider: OidcServer
) -> None:
    client = browser(app(title="Lab login"))
    page = client.get("/login", params={"next": "/account"}).text
    assert '<a class="c-button keeps-hash" href="/login/oidc?next=%2Faccount">Sign in with Lab login</a>' in page
    done = log_in(client, "/account")
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    assert (client.get("/me").json()["name"], client.get("/me").json()["role"]) == ("zoe", "curator")
    assert [(one.who, one.action, dict(one.detail)) for one in store.audit.records(who="zoe")] == [
        ("zoe", "user.add", {"role": "curator", "issuer": provider.issuer}),
        ("zoe", "login", {"issuer": provider.issuer}),
    ]
    client.post("/logout", headers={"Origin": URL})
    assert client.get("/me").status_code == 401
    assert log_in(browser(app())).status_code == 303
    assert len(store.users.listed()) == 2


def test_no_password_fits_a_user_of_the_provider(app: Apps, store: Store) -> None:
    client = browser(app())
    log_in(client)
    for password in ("", PASSWORD):
        form = {"name": "zoe", "password": password}
        assert browser(app()).post("/login", data=form, headers={"Origin": URL}).status_code == 401


def test_the_cookies_are_for_the_server_alone_and_short_lived_until_the_login_is_done(app: Apps) -> None:
    client = browser(app())
    begun = client.get("/login/oidc")
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("curator_oidc=")
    assert cookie.endswith("; HttpOnly; Max-Age=600; Path=/; SameSite=lax")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{URL}/login/oidc/callback"]
    done = client.get(httpx.get(begun.headers["location"]).headers["location"])
    dropped, session = done.headers.get_list("set-cookie")[::-1]
    assert dropped.startswith('curator_oidc=""; expires=')
    assert session.startswith(f"{SESSION}=")
    assert "; HttpOnly; " in session
    secure = TestClient(app(), base_url="https://curator.lab", follow_redirects=False).get("/login/oidc")
    assert secure.headers["set-cookie"].startswith("__Host-curator_oidc=")
    assert "; Secure" in secure.headers["set-cookie"]


def test_the_session_that_the_browser_had_ends(app: Apps, store: Store) -> None:
    planted = store.sessions.open("ann")
    client = browser(app())
    client.cookies.set(SESSION, planted)
    back = answered(client)
    done = client.get(back)
    assert done.cookies[SESSION] != planted
    assert store.sessions.user_of(planted) is None


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


def test_an_answer_is_used_once_by_the_browser_that_asked(app: Apps, provider: OidcServer) -> None:
    made = app()
    client = browser(made)
    back = answered(client)
    assert refusal(browser(made).get(back)).startswith("This login was not begun in this browser")
    assert client.get(back).status_code == 303
    assert refusal(client.get(back)).startswith("This login was not begun in this browser")
    other = answered(client)
    forged = other.replace(parse_qs(urlsplit(other).query)["state"][0], "x" * 43)
    assert refusal(client.get(forged)) == "The answer belongs to another login; log in again."
    assert refusal(client.get(other)).startswith("This login was not begun in this browser")


def test_somebody_elses_answer_is_not_taken_in_this_browser(app: Apps, provider: OidcServer) -> None:
    made = app()
    attacker, victim = browser(made), browser(made)
    victim.get("/login/oidc")
    assert refusal(victim.get(answered(attacker))) == "The answer belongs to another login; log in again."


def test_an_answer_of_another_provider_is_refused_before_its_code_is_sent_anywhere(
    app: Apps, provider: OidcServer
) -> None:
    made = app()
    provider.answer = {"iss": "https://evil.example"}
    assert refusal(log_in(browser(made))).startswith("The answer is from &#x27;https://evil.example&#x27;")
    client = browser(made)
    back = answered(client).partition("&iss=")[0]
    assert refusal(client.get(back)).startswith("The answer is from None")
    assert "/token" not in provider.asked


def test_failures_are_in_the_log_but_nobody_can_fill_it(app: Apps, store: Store, provider: OidcServer) -> None:
    made = app()
    for _ in range(3):
        refusal(browser(made).get("/login/oidc/callback", params={"code": "x", "state": "y"}))
    assert list(store.audit.records(who="")) == []
    provider.claims["nonce"] = "another"
    for _ in range(MOST_BY_NAME):
        refusal(log_in(browser(made)))
    assert log_in(browser(made)).status_code == 429
    failed = [(one.action, one.subject) for one in store.audit.records(who="")]
    assert failed == [("login.failed", provider.issuer)] * MOST_BY_NAME


def test_a_login_that_takes_too_long_is_over() -> None:
    clock = [0.0]
    pending = PendingLogins(lambda: clock[0])
    cookie, begun = pending.begin("/", "https://x/login/oidc/callback")
    clock[0] = LONGEST_S + 1
    with pytest.raises(Exception, match="took too long"):
        pending.finish(cookie, begun.state)


def test_what_the_provider_refuses_is_shown_as_text(app: Apps, provider: OidcServer) -> None:
    client = browser(app())
    state = parse_qs(urlsplit(client.get("/login/oidc").headers["location"]).query)["state"][0]
    answer = {"error": "<script>alert(1)</script>", "state": state, "iss": provider.issuer}
    told = refusal(client.get("/login/oidc/callback", params=answer))
    assert told == "The provider says &#x27;&lt;script&gt;alert(1)&lt;/script&gt;&#x27;."


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


def test_where_a_login_leads_is_a_path_of_this_server(app: Apps) -> None:
    for there in ("//evil.example", "https://evil.example/", "/\\evil.example"):
        assert log_in(browser(app()), there).headers["location"] == "/"
    assert log_in(browser(app()), "/#figure=PMC1:F1").headers["location"] == "/#figure=PMC1:F1"


@pytest.mark.parametrize(
    ("description", "why"),
    [
        ({"issuer": "https://evil.example"}, "calls itself"),
        ({"token_endpoint": "file:///etc/passwd"}, "expected one that begins with https://"),
        ({"jwks_uri": None}, "expected one that begins with https://"),
    ],
)
def test_a_provider_that_describes_itself_wrong_is_not_used(
    app: Apps, provider: OidcServer, description: dict[str, Any], why: str
) -> None:
    provider.description = description
    answer = browser(app()).get("/login/oidc")
    assert answer.status_code == 401
    assert why in answer.text


def test_a_provider_that_is_away_is_said_and_not_asked_by_everybody(app: Apps, provider: OidcServer) -> None:
    clock = [0.0]
    made = app(now_s=lambda: clock[0])
    provider.description = {"token_endpoint": 3}
    client = browser(made)
    client.get("/login/oidc")
    provider.stop()
    clock[0] = 3601
    for clock[0] in (4000.0, 4001.0):
        assert "cannot be asked" in client.get("/login/oidc").text


def test_a_provider_at_a_private_address_is_asked_only_where_the_settings_name_it(provider: OidcServer) -> None:
    settings = OidcSettings(issuer=provider.issuer, client_id="curator")
    closed = Provider(settings, reach=Reach(private=False))
    with pytest.raises(Exception, match="not a public address"):
        closed.login_address("http://x/", "s", "n", "v" * 43)
    assert provider.asked == []


def test_the_secret_comes_from_the_environment_or_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    settings = OidcSettings(issuer="https://login.lab", client_id="c")
    assert load_secret(settings, tmp_path) == ""
    assert load_secret(replace(settings, client_secret="s"), tmp_path) == "s"
    file = tmp_path / "oidc.secret"
    file.write_text("from the file\n")
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="may be read by others"):
        load_secret(settings, tmp_path)
    file.chmod(0o600)
    assert load_secret(settings, tmp_path) == "from the file"
    (tmp_path / FILE_NAME).write_text('[oidc]\nclient_secret = "x"\n')
    with pytest.raises(SettingsError, match="CURATOR_OIDC_CLIENT_SECRET"):
        load_settings(tmp_path, {})
    assert "secret" not in repr(replace(settings, client_secret="secret")).replace("client_secret", "")


def test_settings_that_cannot_work_are_refused_at_the_start(tmp_path: Path) -> None:
    assert provider_of(tmp_path, load_settings(tmp_path, {})) is None
    for text in ('issuer = "login.lab"\nclient_id = "c"', 'issuer = "https://login.lab"'):
        (tmp_path / FILE_NAME).write_text(f"[oidc]\n{text}\n")
        with pytest.raises(SettingsError, match=r"oidc\.(issuer|client_id) is"):
            provider_of(tmp_path, load_settings(tmp_path, {}))
