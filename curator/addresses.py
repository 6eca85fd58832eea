"""Which network addresses may be connected to.

Curator asks servers whose addresses people give it. Without a limit whoever may give one could look through the server
into the network behind it: its own ports, its neighbours, the machine's cloud account (169.254.169.254).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from curator.errors import AddressError, SettingsError

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, 2.5.5.1: old, but systems still know it
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Reach:
    """Where connections may go: to any public address, and to others by name or with ``private``."""

    private: bool = True
    """Whether every address will do."""
    allowed: tuple[str, ...] = ()
    """Hosts, ``host:port``, addresses and networks (``10.1.0.0/16``) that will do though they are not public."""
    proxy: str = field(default="", repr=False)
    """Address of the proxy through which public addresses are asked; empty: none."""

    def names(self, host: str, port: int) -> bool:
        """Whether ``allowed`` names the host."""
        return any(_names(entry, host, port) for entry in self.allowed)

    def check(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Passes where all that a host's name stands for may be connected to.

        All, not one of them: a name that stands for a public and a private address is a trap. ``addresses`` must be
        those that are connected to afterwards: asked again, a name may stand for something else (DNS rebinding).

        Raises:
            AddressError: names the setting that allows it.
        """
        if self.private or self.names(host, port):
            return
        for address in addresses:
            if not is_public(address) and not any(_covers(entry, address) for entry in self.allowed):
                # not which address the name stands for: that would tell about the network's names
                raise AddressError(
                    f"{host!r} is not a public address, and those of this machine and its network are only asked where "
                    f'the settings say so: an admin of the server adds "{_entry(host)}:{port}" to allowed of [network] '
                    "in curator.toml"
                )


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet at large, whatever it is wrapped in.

    >>> is_public("8.8.8.8"), is_public("127.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("64:ff9b::a9fe:a9fe")
    (True, False, False, False)
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _wrapped(parsed)
    if inner is not None:
        return is_public(str(inner))
    # ``is_global`` knows the registries of special addresses (RFC 6890), but counts multicast as global
    return parsed.is_global and not parsed.is_multicast


def _wrapped(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to an IPv6 address end at."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if any(address in network for network in (*_NAT64, _COMPATIBLE)) and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def host_and_port(url: str) -> str | None:
    """``host:port`` of an address as ``Reach.allowed`` takes it; None where it is no http address.

    >>> host_and_port("http://[::1]/v1"), host_and_port("https://Vllm.Lab:8000")
    ('[::1]:80', 'vllm.lab:8000')
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return f"{_entry(parts.hostname)}:{port}" if parts.hostname and port else None


def checked_allowed(entries: Iterable[str]) -> None:
    """Passes where each entry can be one of ``Reach.allowed``.

    Raises:
        SettingsError: names the first that cannot.
    """
    for entry in entries:
        if "/" in entry:
            try:
                ip_network(entry)
                continue
            except ValueError as error:
                wrong = str(error)
        elif entry and entry.isprintable() and not set(entry) & set(" @?#\\"):
            continue
        else:
            wrong = "no host's name"
        raise SettingsError(
            f"allowed of [network] has {entry!r} ({wrong}); expected 'vllm.lab', 'vllm.lab:8000', '10.0.0.7', "
            "'[fd00::7]:8000' or '10.0.0.0/24'"
        )


def checked_proxy(address: str) -> None:
    """Passes where this can be ``Reach.proxy``; empty too.

    Raises:
        SettingsError: it is no address of a proxy. What it says is not shown: there may be a password in it.
    """
    if not address:
        return
    try:
        parts = urlsplit(address)
        fits = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0 and parts.path in ("", "/")
    except ValueError:
        fits = False
    if not fits:
        raise SettingsError("proxy of [network] is no address of a proxy; expected one such as 'http://proxy.lab:3128'")


def _names(entry: str, host: str, port: int) -> bool:
    """Whether an entry is this host, with this port where it has one."""
    host = _entry(host.lower().rstrip("."))
    return entry.lower().rstrip(".") in (host, host.strip("[]"), f"{host}:{port}")


def _covers(entry: str, address: str) -> bool:
    """Whether an entry is a network, or an address, that has this address in it."""
    try:
        parsed = ip_address(address.partition("%")[0])
        return (_wrapped(parsed) or parsed) in ip_network(entry)
    except ValueError:
        return False


def _entry(host: str) -> str:
    return f"[{host}]" if ":" in host else host
