"""Asking through a proxy, with real connections on this machine."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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


class _Tunnel:
    """A proxy whose tunnels all end at one server that speaks TLS, with a certificate that this process trusts."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        """Where to, of each tunnel."""
        self.seen = bytearray()
        """What the proxy passed on to the server."""
        self.served: list[str] = []
        self._folder = folder
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tunnel = self

        class Server(BaseHTTPRequestHandler):
            def setup(self) -> None:
                self.request = tunnel._context.wrap_socket(self.request, server_side=True)
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                tunnel.served.append(self.path)
                content = f"{self.headers['Host']} {self.path} {body}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        class Proxy(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                tunnel.asked.append(self.path)
                with socket.create_connection(("127.0.0.1", tunnel.port)) as there:
                    self.send_response(200)
                    self.end_headers()
                    back = Thread(target=_pour, args=(there, self.connection, bytearray()))
                    back.start()
                    _pour(self.connection, there, tunnel.seen)
                    back.join()

            def log_message(self, *_: Any) -> None:
                pass

        self.servers = [_Quiet(("127.0.0.1", 0), Server), _Quiet(("127.0.0.1", 0), Proxy)]
        self.port = self.servers[0].server_address[1]
        self.url = f"http://127.0.0.1:{self.servers[1].server_address[1]}"

    def certify(self, name: str) -> None:
        """From now on the server shows a certificate of this name alone, which is to be trusted."""
        key = ec.generate_private_key(ec.SECP256R1())
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        made = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        trusted, private = self._folder / "trusted.pem", self._folder / "key.pem"
        trusted.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(trusted, private)


class _Quiet(StandInServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who does not like the certificate hangs up."""


def _pour(there: socket.socket, here: socket.socket, seen: bytearray) -> None:
    """Passes on all that comes from one end to the other until nothing more comes; ``seen`` has it before the other."""
    try:
        while piece := there.recv(65_536):
            seen += piece
            here.sendall(piece)
    except OSError:
        pass  # one of them has hung up
    for end in (here, there):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Tunnel]:
    tunnel = _Tunnel(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    threads = [Thread(target=server.serve_forever, args=(0.01,)) for server in tunnel.servers]
    for thread in threads:
        thread.start()
    yield tunnel
    for server, thread in zip(tunnel.servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which names there are; nothing is asked of a name server."""
    known = {"public.example": "93.184.216.34", "inside.lab": "10.0.0.7"}
    known |= {"localhost": "127.0.0.1", "vllm.lab": "127.0.0.1"}

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


@pytest.mark.parametrize("name", [NOWHERE, "public.example"])
def test_https_goes_through_a_tunnel_to_who_has_the_names_certificate(tls: _Tunnel, name: str) -> None:
    import httpx2

    tls.certify(name)
    clients = (
        httpx.Client(transport=reaching(Reach(False, (), tls.url))),
        httpx2.Client(transport=reaching_of_openai(Reach(False, (), tls.url))),
    )
    for client in clients:
        with client:
            told = client.post(f"https://{name}/v1/chat", content=b"a question")
            assert (told.status_code, told.text) == (200, f"{name} /v1/chat a question")
    assert tls.asked == [f"{name}:443"] * 2  # and nothing else: what is asked is the server's alone to read
    assert tls.seen.startswith(b"\x16\x03")  # a handshake of TLS
    assert b"question" not in tls.seen


def test_who_has_another_names_certificate_is_told_nothing(tls: _Tunnel) -> None:
    tls.certify("another.example")
    client = httpx.Client(transport=reaching(Reach(False, (), tls.url)))
    with client, pytest.raises(httpx.ConnectError, match="Hostname mismatch"):
        client.post("https://public.example/", content=b"a question")
    assert (tls.asked, tls.served) == (["public.example:443"], [])


def test_a_name_that_is_asked_directly_over_tls_needs_its_certificate_too(tls: _Tunnel) -> None:
    reach = Reach(False, ("vllm.lab",))
    tls.certify("vllm.lab")
    with httpx.Client(transport=reaching(reach)) as client:
        assert client.post(f"https://vllm.lab:{tls.port}/x", content=b"y").text == f"vllm.lab:{tls.port} /x y"
    tls.certify("localhost")
    with httpx.Client(transport=reaching(reach)) as client, pytest.raises(httpx.ConnectError, match="mismatch"):
        client.post(f"https://vllm.lab:{tls.port}/x", content=b"y")


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
