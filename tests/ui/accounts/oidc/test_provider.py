"""The provider itself: what it says of itself, and how it is set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.stand_ins.oidc import OidcServer
from curator.addresses import Reach
from curator.errors import SettingsError
from curator.settings import FILE_NAME, OidcSettings, load_settings
from tests.ui.accounts.oidc.conftest import Apps, browser
from ui.accounts.oidc import Provider, load_secret, provider_of


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
