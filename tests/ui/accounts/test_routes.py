"""Logging in, and what is refused without: through the whole page's routes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from curator.user import ROLES, User
from data.store import Store
from data.store.audit import AuditRecord
from tests.e2e.project import make_project
from ui.accounts.attempts import MOST_BY_NAME
from ui.accounts.gate import Gate
from ui.accounts.identity import identity
from ui.accounts.logins import Logins
from ui.accounts.passwords import Passwords
from ui.accounts.routes import account_routes
from ui.app import build_app
from ui.images import image_routes
from ui.service.guard import OWN_CHECKS, Guard

URL = "http://curator.lab:7860"
PASSWORD = "a long enough password"
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
SESSION = "curator_session"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the users ann (admin), rob (reviewer) and cleo (curator), all with the same password."""
    folder = tmp_path_factory.mktemp("kidneys")
    store = make_project(folder)
    hashed = QUICK.hashed(PASSWORD)
    for name, role in zip(("ann", "rob", "cleo"), reversed(ROLES), strict=True):
        store.users.add(name, role, hashed)
    store.close()
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Store]:
    store = Store(Path(shutil.copytree(made, tmp_path / "project")))
    yield store
    store.close()


@pytest.fixture
def app(store: Store) -> FastAPI:
    """The routes of accounts and images behind guard and gate, as the page has them: the page itself takes seconds."""
    app = FastAPI()
    app.add_middleware(Gate, store=store, local=None)
    app.add_middleware(Guard, hosts=frozenset(), any_host=store.users.any)
    app.include_router(account_routes(store, Logins(store, QUICK)))
    app.include_router(image_routes(store))
    return app


@pytest.fixture(scope="module")
def whole(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The project of the whole page; the tests that use it change no user."""
    return Store(Path(shutil.copytree(made, tmp_path_factory.mktemp("whole") / "project")))


@pytest.fixture(scope="module")
def page(whole: Store) -> FastAPI:
    return build_app(whole, loopback=False)


Browsers: TypeAlias = Callable[..., TestClient]


@pytest.fixture
def browser(app: FastAPI) -> Browsers:
    """Makes browsers, each with cookies of its own, that name their origin with what they send."""
    return partial(browsing, app)


def browsing(app: FastAPI, url: str = URL) -> TestClient:
    return TestClient(app, base_url=url, headers={"Origin": url}, follow_redirects=False)


def logged_in(page: FastAPI, whole: Store, name: str) -> TestClient:
    client = browsing(page)
    client.cookies.set(SESSION, whole.sessions.open(name), domain="curator.lab", path="/")
    return client


def log_in(client: TestClient, name: str, password: str = PASSWORD, **fields: str) -> Any:
    return client.post("/login", data={"name": name, "password": password, **fields})


def actions(store: Store, name: str | None = None) -> list[str]:
    return [one.action for one in audit(store) if name in (None, one.who)]


def audit(store: Store) -> list[AuditRecord]:
    return [one for one in store.audit.records() if one.action != "mine"]


def call(client: TestClient, component: str, function: str, **request: Any) -> Any:
    """A server function of the page, as the page calls it."""
    parts = client.get("/config").json()["components"]
    (number,) = (part["id"] for part in parts if part["props"].get("elem_id") == component)
    body = {"data": request, "component_id": number, "fn_name": function, "session_hash": "test"}
    answer = client.post("/gradio_api/component_server", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def paths_of(routes: Any, prefix: str = "") -> Iterator[str]:
    """Every path of an application and of all that is included and mounted in it."""
    for route in routes:
        path = prefix + (getattr(route, "path", "") or "")
        inner = getattr(route, "original_router", route)
        if getattr(inner, "routes", None):
            yield from paths_of(inner.routes, path.rstrip("/"))
        elif path:
            yield path


def test_every_route_but_login_and_health_is_refused_without_a_session(page: FastAPI, whole: Store) -> None:
    client = browsing(page)
    before = audit(whole)
    paths = {path.replace("{figure_id:path}", "PMC1:F1") for path in paths_of(page.routes)}
    assert {"/image/PMC1:F1", "/crop/PMC1:F1", "/runs/{name}/report/", "/me", "/account", "/login"} <= paths
    assert any(path.startswith("/gradio_api/") for path in paths)
    assert len(paths) > 60
    # Label Studio has passwords of its own: tests/ui/label_studio
    for path in {one for one in paths if not one.startswith(OWN_CHECKS)} - {"/login", "/healthz", "/readyz"}:
        for method in ("GET", "POST", "OPTIONS"):
            answer = client.request(method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/healthz").status_code == 200
    assert client.get("/login").status_code == 200
    assert audit(whole) == before


@pytest.mark.parametrize(
    "path", ["/login/", "/LOGIN", "//login", "/login/../", "/healthz/x", "/%6cogin/..", "/login;x"]
)
def test_no_spelling_of_an_open_path_opens_another(page: FastAPI, path: str) -> None:
    assert browsing(page).get(path).status_code == 401


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


def test_a_session_opens_the_page_images_and_crops_for_its_user(page: FastAPI, whole: Store) -> None:
    client = logged_in(page, whole, "cleo")
    for path in ("/", "/config", "/image/PMC1:F1", "/thumbnail/PMC1:F1", "/crop/PMC1:F1?node=p1", "/theme.css"):
        assert client.get(path).status_code == 200, path
    me = {"name": "cleo", "role": "curator", "rights": ["review"], "accounts": True}
    assert client.get("/me").json() == me


def test_the_cookie_is_for_no_script_and_no_other_site_and_over_tls_only_for_tls(
    browser: Browsers,
) -> None:
    plain = log_in(browser(), "cleo").headers["set-cookie"]
    assert plain.startswith(f"{SESSION}=")
    assert "; HttpOnly; Path=/; SameSite=lax" in plain
    assert "Secure" not in plain
    secure = log_in(browser("https://curator.lab"), "cleo").headers["set-cookie"]
    assert secure.startswith(f"__Host-{SESSION}=")
    assert "; HttpOnly; Path=/; SameSite=lax; Secure" in secure


def test_a_session_that_was_planted_before_the_login_is_of_no_use_after_it(browser: Browsers) -> None:
    """Session fixation: the attacker knows the victim's cookie, invented or of a session of the attacker's own."""
    attacker, victim = browser(), browser()
    log_in(attacker, "rob")
    planted = attacker.cookies[SESSION]
    victim.cookies.set(SESSION, planted, domain="curator.lab", path="/")
    answer = log_in(victim, "ann")
    fresh = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert fresh != planted
    assert attacker.get("/me").status_code == 401
    invented = browser()
    invented.cookies.set(SESSION, "x" * 43, domain="curator.lab", path="/")
    assert log_in(invented, "ann").status_code == 303
    other = browser()
    other.cookies.set(SESSION, "x" * 43, domain="curator.lab", path="/")
    assert other.get("/me").status_code == 401


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


def test_a_page_of_another_site_can_neither_log_in_nor_change_anything(app: FastAPI, store: Store) -> None:
    client = TestClient(app, base_url=URL, follow_redirects=False)
    secret = store.sessions.open("ann")
    client.cookies.set(SESSION, secret, domain="curator.lab", path="/")
    for headers in ({}, {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Origin": "http://curator.lab"}):
        assert client.get("/me", headers={} if headers == {} else headers).status_code == (200 if not headers else 403)
        fields = {"name": "mallory", "new": PASSWORD, "role": "admin"}
        assert client.post("/account/users", data=fields, headers=headers).status_code == 403
        assert client.post("/logout", headers=headers).status_code == 403
        assert client.post("/anything", json={}, headers=headers).status_code == 403
        assert log_in_with(client, headers).status_code in (400, 403)
    assert store.users.find("mallory") is None
    assert store.sessions.user_of(secret) is not None


def log_in_with(client: TestClient, headers: dict[str, str]) -> Any:
    return client.post("/login", data={"name": "ann", "password": PASSWORD}, headers=headers)


def test_a_web_socket_needs_a_session_too(app: FastAPI) -> None:
    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(identity(websocket).name)

    address = f"{URL.replace('http', 'ws')}/socket"
    client = browsing(app)
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(address):
        pass
    assert caught.value.status_code == 401
    log_in(client, "cleo")
    with client.websocket_connect(address, headers={"Cookie": f"{SESSION}={client.cookies[SESSION]}"}) as connected:
        assert connected.receive_text() == "cleo"


def test_logging_out_ends_the_session_itself_and_not_only_the_cookie(browser: Browsers, store: Store) -> None:
    client = browser()
    log_in(client, "cleo")
    stolen = client.cookies[SESSION]
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert SESSION not in client.cookies
    client.cookies.set(SESSION, stolen, domain="curator.lab", path="/")
    assert client.get("/me").status_code == 401
    assert actions(store, "cleo") == ["login", "logout"]


def test_a_token_acts_as_its_user_without_a_cookie_or_an_origin_until_it_is_revoked(app: FastAPI, store: Store) -> None:
    token, secret = store.tokens.make(User("rob", "reviewer"), "script", "curator")
    program = TestClient(app, base_url=URL, headers={"Authorization": f"Bearer {secret}"})
    me = program.get("/me").json()
    assert (me["name"], me["role"]) == ("rob", "curator")
    assert program.post("/anything").status_code == 404
    store.tokens.revoke(token.id)
    assert program.get("/me").status_code == 401


def test_a_wrong_token_is_not_made_good_by_a_session(browser: Browsers) -> None:
    client = browser()
    log_in(client, "ann")
    for value in ("Bearer wrong", "Bearer ", "Bearer", "Token wrong"):
        assert client.get("/me", headers={"Authorization": value}).status_code == 401


def test_a_role_changed_or_a_user_disabled_meanwhile_holds_from_the_next_request_on(
    browser: Browsers, store: Store
) -> None:
    client = browser()
    log_in(client, "cleo")
    store.users.set_role("cleo", "admin")
    assert client.get("/me").json()["role"] == "admin"
    store.users.disable("cleo")
    assert client.get("/me").status_code == 401


REFUSED: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "cleo": [
        ("review", "mine", {"figure_ids": ["PMC1:F1"], "agent": "embedded"}),
        ("gallery", "mine", {"figure_ids": ["PMC1:F1"], "agent": "embedded"}),
        ("review", "stop_mining", {"job_id": 1}),
        ("review", "model", {}),
        ("review", "test_model", {"fields": {}}),
        ("review", "save_model", {"fields": {"model": "m"}}),
        ("train", "train_start", {}),
        ("train", "train_stop", {"name": "a"}),
        ("train", "train_resume", {"name": "a"}),
        ("train", "train_remove", {"name": "a"}),
        ("train", "train_use", {"name": "a"}),
    ],
    "rob": [
        ("review", "model", {}),
        ("review", "test_model", {"fields": {}}),
        ("review", "save_model", {"fields": {"model": "m"}}),
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_server_refuses_what_the_role_does_not_allow_whatever_the_page_shows(
    page: FastAPI, whole: Store, name: str
) -> None:
    client = logged_in(page, whole, name)
    before = len(actions(whole, name))
    for component, function, request in REFUSED[name]:
        error = call(client, component, function, **request)["error"]
        message = error["message"] if isinstance(error, dict) else error
        assert message.startswith(f"{name} is a "), function
        assert "this needs the role" in message, function
    assert len(actions(whole, name)) == before
    assert not (whole.project / "model.toml").exists()


def test_a_curator_decides_under_the_own_name_and_cannot_adopt(page: FastAPI, whole: Store) -> None:
    client = logged_in(page, whole, "cleo")
    figure, tab = "PMC1:F3", "tab-1"
    assert call(client, "review", "lease", figure_id=figure, tab=tab)["holder"] == "cleo"
    edit = {"figure_id": figure, "tab": tab, "key": "k1", "revision": 1}
    move = [{"op": "move", "id": "p1", "dx": 1, "dy": 0}]
    assert call(client, "review", "edit", **edit, commands=move)["figure"]["revision"] == 2
    adopt = edit | {"key": "k2", "revision": 2, "action": "adopt", "mining_id": 1, "levels": ["panel"]}
    assert call(client, "review", "edit", **adopt)["error"]["message"].startswith("cleo is a curator")
    (decided,) = (one for one in whole.audit.records() if (one.action, one.subject) == ("decide", figure))
    assert decided.who == "cleo"


def test_another_user_s_lease_is_of_no_use_even_to_who_knows_its_tab(page: FastAPI, whole: Store) -> None:
    cleo, rob = logged_in(page, whole, "cleo"), logged_in(page, whole, "rob")
    figure, tab = "PMC1:F2", "tab-1"
    call(cleo, "review", "lease", figure_id=figure, tab=tab)
    edit = {"figure_id": figure, "tab": tab, "key": "k3", "revision": 1}
    move = [{"op": "move", "id": "p1", "dx": 1, "dy": 0}]
    assert call(rob, "review", "edit", **edit, commands=move)["error"]["kind"] == "lease"
    call(rob, "review", "release", figure_id=figure, tab=tab)
    assert whole.reviews.load(figure, 0).lease_by == f"cleo#{tab}"
    assert call(cleo, "review", "edit", **edit, commands=move)["figure"]["revision"] == 2


def test_the_account_page_changes_the_password_and_ends_the_sessions(browser: Browsers, store: Store) -> None:
    client, elsewhere = browser(), browser()
    log_in(client, "cleo")
    log_in(elsewhere, "cleo")
    wrong = client.post("/account/password", data={"old": "wrong", "new": "another long password"})
    assert (wrong.status_code, elsewhere.get("/me").status_code) == (400, 200)
    short = client.post("/account/password", data={"old": PASSWORD, "new": "short"})
    assert "a password of 5 characters cannot be used" in short.text
    assert client.post("/account/password", data={"old": PASSWORD, "new": "another long password"}).status_code == 303
    assert elsewhere.get("/me").status_code == 401
    assert log_in(client, "cleo").status_code == 401
    assert log_in(client, "cleo", "another long password").status_code == 303
    assert "user.password" in actions(store, "cleo")


def test_a_token_is_shown_once_and_revoked_on_the_account_page_by_its_owner_alone(
    browser: Browsers, store: Store
) -> None:
    cleo, rob = browser(), browser()
    log_in(cleo, "cleo")
    log_in(rob, "rob")
    made = cleo.post("/account/tokens", data={"title": "<b>script</b>", "role": "curator"}).text
    secret = made.split("<code>")[1].split("</code>")[0]
    assert store.tokens.user_of(secret) is not None
    assert "<b>script" not in made
    assert secret not in cleo.get("/account").text
    refused = cleo.post("/account/tokens", data={"title": "more", "role": "admin"})
    assert "cannot give a token the role" in refused.text
    (token,) = store.tokens.listed("cleo")
    assert rob.post("/account/tokens/revoke", data={"id": str(token.id)}).status_code == 400
    assert store.tokens.user_of(secret) is not None
    for number in ("", "1 or 1=1", "²", "9" * 30):
        assert cleo.post("/account/tokens/revoke", data={"id": number}).status_code == 400
    assert cleo.post("/account/tokens/revoke", data={"id": str(token.id)}).status_code == 200
    assert store.tokens.user_of(secret) is None


def test_users_are_changed_on_the_account_page_by_admins_alone(browser: Browsers, store: Store) -> None:
    forms = {
        "/account/users": {"name": "zoe", "new": PASSWORD, "role": "reviewer"},
        "/account/users/role": {"name": "zoe", "role": "curator"},
        "/account/users/disable": {"name": "zoe"},
        "/account/users/enable": {"name": "zoe"},
    }
    rob, ann = browser(), browser()
    log_in(rob, "rob")
    log_in(ann, "ann")
    assert "<h2>Users</h2>" not in rob.get("/account").text
    for path, fields in forms.items():
        assert "rob is a reviewer, and this needs the role" in rob.post(path, data=fields).text.replace("&#x27;", "'")
    assert store.users.find("zoe") is None
    for path, fields in forms.items():
        assert ann.post(path, data=fields).status_code == 200, path
    zoe = store.users.account("zoe")
    assert (zoe.user.role, zoe.disabled_at) == ("curator", None)
    assert actions(store, "ann") == ["login", "user.add", "user.role", "user.disable", "user.enable"]
    last = ann.post("/account/users/disable", data={"name": "ann"})
    assert "is the only admin" in last.text


def test_without_users_this_machine_needs_no_login_and_another_is_let_nowhere(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    here = TestClient(build_app(store, who="ada"), base_url="http://127.0.0.1:7860")
    me = here.get("/me").json()
    assert (me["name"], me["role"], me["accounts"]) == ("ada", "admin", False)
    assert here.get("/account").status_code == 404
    elsewhere = TestClient(build_app(store, loopback=False), base_url=URL, follow_redirects=False)
    assert elsewhere.get("/image/PMC1:F1").status_code == 401
    assert "curator users add NAME --role admin" in elsewhere.get("/login").text
    assert here.get("/me", headers={"Host": "proxy.example"}).status_code == 403
    store.users.add("ann", "admin", "hash")
    assert here.get("/me").status_code == 401
    assert here.get("/me", headers={"Host": "proxy.example"}).status_code == 401
    assert here.get("/login", headers={"Host": "proxy.example"}).status_code == 200
    assert here.post("/login", headers={"Host": "proxy.example", "Origin": "https://evil.example"}).status_code == 403
    store.close()
