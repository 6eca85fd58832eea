"""Logging in through a provider: the way there and back."""

from __future__ import annotations

import time
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient

from bench.stand_ins.oidc import OidcServer
from data.store import Store
from tests.ui.accounts.oidc.conftest import PASSWORD, QUICK, SESSION, URL, Apps, answered, browser, log_in, refusal
from ui.accounts.attempts import MOST_BY_NAME
from ui.accounts.oidc_pending import LONGEST_S, PendingLogins


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
    for password in ("", PASSWORD, "the password of a user who does not exist"):  # once hashed in place of none
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


def out(client: TestClient) -> str:
    """What the login page shows after logging out."""
    assert client.post("/logout", headers={"Origin": URL}).headers["location"] == "/login"
    return client.get("/login").text


def test_who_came_through_the_provider_is_led_on_to_log_out_there_where_the_settings_say_so(
    app: Apps, provider: OidcServer
) -> None:
    client = browser(app(end_session=True, title="Lab login"))
    log_in(client)
    page = out(client)
    assert "go on to log out of Lab login" in page
    there = unescape(page.partition("0;url=")[2].partition('"')[0])
    asked = {"client_id": "curator", "post_logout_redirect_uri": f"{URL}/login"}
    assert there == f"{provider.issuer}/end?{urlencode(asked)}"
    assert httpx.get(there).headers["location"] == f"{URL}/login"
    assert client.get("/me").status_code == 401
    assert "Sign in with Lab login" in client.get("/login").text  # who comes back is not sent there again


def test_nobody_else_is_led_to_the_provider_to_log_out(app: Apps, store: Store, provider: OidcServer) -> None:
    client = browser(app())  # as the settings are by themselves
    log_in(client)
    assert "<h1>Log in</h1>" in out(client)
    client = browser(app(end_session=True))
    log_in(client)
    assert "<h1>Log in</h1>" in browser(app(end_session=True)).get("/login").text
    store.users.set_password("zoe", QUICK.hashed(PASSWORD))  # ends the session; the provider's is another matter
    assert "<h1>Log in</h1>" in client.get("/login").text
    assert client.post("/login", data={"name": "zoe", "password": PASSWORD}, headers={"Origin": URL}).status_code == 303
    assert "<h1>Log in</h1>" in out(client)


@pytest.mark.parametrize("ends", ["has no such place", "is away"])
def test_logging_out_here_needs_no_provider(app: Apps, provider: OidcServer, ends: str) -> None:
    clock = [time.time()]
    provider.description = {"end_session_endpoint": None}
    client = browser(app(now_s=lambda: clock[0], end_session=True))
    log_in(client)
    if ends == "is away":
        provider.stop()
        clock[0] += 3700
    page = out(client)
    assert "<h1>Log in</h1>" in page
    assert ("cannot be asked" in page) == (ends == "is away")
    assert client.get("/me").status_code == 401


def test_where_a_login_leads_is_a_path_of_this_server(app: Apps) -> None:
    for there in ("//evil.example", "https://evil.example/", "/\\evil.example"):
        assert log_in(browser(app()), there).headers["location"] == "/"
    assert log_in(browser(app()), "/#figure=PMC1:F1").headers["location"] == "/#figure=PMC1:F1"
