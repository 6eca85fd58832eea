"""Logging in with a password."""

from __future__ import annotations

from data.store import Store
from tests.ui.accounts.routes.conftest import (
    PASSWORD,
    Browsers,
    actions,
    log_in,
)
from ui.accounts.attempts import MOST_BY_NAME


def test_a_page_is_led_to_the_login_and_back_to_where_it_wanted(browser: Browsers) -> None:
    client = browser()
    sent = client.get("/runs/a b/report/?x=1", headers={"Accept": "text/html,*/*"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fruns%2Fa%2520b%2Freport%2F%3Fx%3D1")
    form = client.get(sent.headers["location"])
    assert '<input type="hidden" name="next" value="/runs/a%20b/report/?x=1">' in form.text
    back = log_in(client, "cleo", next="/runs/a%20b/report/?x=1")
    assert (back.status_code, back.headers["location"]) == (303, "/runs/a%20b/report/?x=1")
    assert client.get("/login?next=/account").headers["location"] == "/account"


def test_a_login_leads_to_no_other_site(browser: Browsers) -> None:
    for there in ("https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"):
        assert log_in(browser(), "cleo", next=there).headers["location"] == "/"
        assert "evil" not in browser().get("/login", params={"next": there}).text


def test_a_wrong_password_an_unknown_name_and_a_disabled_user_are_told_the_same(
    browser: Browsers, store: Store
) -> None:
    store.users.disable("rob")
    for name, password in (("cleo", "wrong password"), ("zoe", PASSWORD), ("rob", PASSWORD), ("", ""), ("a#b", "x")):
        answer = log_in(browser(), name, password)
        assert answer.status_code == 401
        assert "The name or the password is wrong." in answer.text
        assert "set-cookie" not in answer.headers
    assert actions(store) == ["login.failed"] * 5


def test_what_was_typed_as_a_name_comes_back_as_text(browser: Browsers) -> None:
    answer = log_in(browser(), '"><script>alert(1)</script>', "x", next='/"><script>')
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_after_many_failures_even_the_right_password_waits_and_the_message_says_how_long(
    browser: Browsers, store: Store
) -> None:
    for _ in range(MOST_BY_NAME):
        assert log_in(browser(), "cleo", "wrong").status_code == 401
    answer = log_in(browser(), "cleo")
    assert answer.status_code == 429
    assert "Too many attempts; try again in 15 minutes." in answer.text
    assert int(answer.headers["retry-after"]) in range(800, 901)
    assert log_in(browser(), "rob").status_code == 303
    assert actions(store, "cleo") == ["login.failed"] * MOST_BY_NAME


def test_a_form_that_is_too_large_or_no_form_is_refused(browser: Browsers) -> None:
    assert "more than 16384 bytes" in log_in(browser(), "cleo", "x" * 20_000).text
    assert browser().post("/login", content=b"name=\xff\xfe").status_code == 400
    assert browser().post("/login", content=b"&".join([b"a=b"] * 50)).status_code == 400
