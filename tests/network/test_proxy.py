"""Asking through a proxy, with real connections on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from bench.stand_ins.listening import StandInServer
from curator.addresses import Reach
from curator.errors import AddressError, SettingsError
from curator.settings import FILE_NAME, load_settings
from network.reaching import reaching, reaching_of_openai

NOWHERE = "only-the-proxy-knows.invalid"


class _Proxy:
    """Answers plain requests itself, and refuses tunnels; ``asked``: method and what for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.asked.append((self.command, self.path))
                self.send_response(200 if self.command == "GET" else 403)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_CONNECT = do_GET  # noqa: N815 - the name that the base class looks for

            def log_message(self, *_: Any) -> None:
                pass

        self.http = StandInServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"


@pytest.fixture
def proxy() -> Iterator[_Proxy]:
    proxy = _Proxy()
    thread = Thread(target=proxy.http.serve_forever, args=(0.01,))
    thread.start()
    yield proxy
    proxy.http.shutdown()
    proxy.http.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which names there are; nothing is asked of a name server."""
    known = {"public.example": "93.184.216.34", "inside.lab": "10.0.0.7", "localhost": "127.0.0.1"}

    def looked_up(host: Any, port: Any, *args: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in known and not name.replace(".", "").isdecimal():
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known.get(name, name), port))]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)


def closed(proxy: _Proxy, *allowed: str) -> Reach:
    return Reach(False, allowed, proxy.url)


@pytest.mark.parametrize("host", ["public.example", NOWHERE, "93.184.216.34"])
def test_public_addresses_and_names_that_nobody_here_knows_are_the_proxy_s(proxy: _Proxy, host: str) -> None:
    with httpx.Client(transport=reaching(closed(proxy))) as client:
        assert client.get(f"http://{host}/x").status_code == 200
        with pytest.raises(httpx.ProxyError):
            client.get(f"https://{host}/x")
    assert proxy.asked == [("GET", f"http://{host}/x"), ("CONNECT", f"{host}:443")]


@pytest.mark.parametrize("host", ["inside.lab", "localhost", "127.0.0.1", "10.0.0.7", "169.254.169.254"])
def test_the_proxy_is_not_asked_for_what_is_not_public_here(proxy: _Proxy, host: str) -> None:
    with httpx.Client(transport=reaching(closed(proxy))) as client, pytest.raises(AddressError):
        client.get(f"http://{host}/")
    assert proxy.asked == []


def test_what_the_settings_name_is_asked_directly(proxy: _Proxy) -> None:
    beside = _Proxy()
    thread = Thread(target=beside.http.serve_forever, args=(0.01,))
    thread.start()
    port = beside.http.server_address[1]
    for reach in (closed(proxy, f"localhost:{port}"), Reach(True, (), proxy.url)):
        with httpx.Client(transport=reaching(reach)) as client:
            assert client.get(f"http://localhost:{port}/x").status_code == 200
    beside.http.shutdown()
    beside.http.server_close()
    thread.join()
    assert (proxy.asked, beside.asked) == ([], [("GET", "/x")] * 2)


def test_a_model_server_is_asked_through_it_too(proxy: _Proxy) -> None:
    import httpx2

    with httpx2.Client(transport=reaching_of_openai(closed(proxy))) as client:
        assert client.get("http://public.example/v1/models").status_code == 200
    assert proxy.asked == [("GET", "http://public.example/v1/models")]


def test_the_environment_s_proxies_are_not_used_where_private_addresses_are_refused(
    proxy: _Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    with httpx.Client(transport=reaching(Reach(False))) as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://{NOWHERE}/")
    assert proxy.asked == []


def test_the_setting_is_read_and_its_login_stays_out_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_text('[network]\nproxy = "http://proxy.lab:3128"\n')
    settings = load_settings(tmp_path, {}, has_users=True)
    assert settings.model.reach.proxy == "http://proxy.lab:3128"
    assert settings.network.reach(has_users=True).proxy == "http://proxy.lab:3128"
    file.write_text('[network]\nproxy = "http://ann:word@proxy.lab:3128"\n')
    with pytest.raises(SettingsError, match="CURATOR_NETWORK_PROXY") as caught:
        load_settings(tmp_path, {})
    assert "word" not in str(caught.value)
    file.unlink()
    settings = load_settings(tmp_path, {"CURATOR_NETWORK_PROXY": "http://ann:word@proxy.lab:3128"})
    assert "ann:word@" in settings.network.proxy
    assert "word" not in repr(settings)


@pytest.mark.parametrize("address", ["proxy.lab:3128", "socks5://proxy.lab", "http://", "http://[::1", "http://a/path"])
def test_an_address_that_is_no_proxy_s_is_refused_at_the_start(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError, match="no address of a proxy"):
        load_settings(tmp_path, {"CURATOR_NETWORK_PROXY": address})
