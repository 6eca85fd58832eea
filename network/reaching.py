"""HTTP that goes only where it may: what a name stands for is looked up once, checked, and that is connected to."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import httpx

from curator.addresses import Reach, is_public

if TYPE_CHECKING:
    import httpx2

_CONNECTIONS = 256  # as many as ``model.in_flight`` may be


def reaching(reach: Reach) -> httpx.HTTPTransport | None:
    """The transport of a client that keeps to ``reach``; None, the client's own with the environment's proxies, where
    every address will do and no proxy is set.

    Each request is checked, so each hop of a redirect too; a refused one raises AddressError. The environment's proxies
    are not used with it, only the one that ``reach`` names: it looks names up itself, so whoever runs Curator has to
    say that it may be trusted with them.
    """
    made: httpx.HTTPTransport | None = _checked(httpx, reach) if _is_limited(reach) else None
    return made


def reaching_of_openai(reach: Reach) -> httpx2.HTTPTransport | None:
    """The same for a client of the package ``openai``, whose HTTP package is another one with the same interface."""
    import httpx2

    made: httpx2.HTTPTransport | None = _checked(httpx2, reach) if _is_limited(reach) else None
    return made


def addresses_of(reach: Reach, host: str, port: int) -> list[str]:
    """IP addresses of a host, in the system's order, all of which may be connected to.

    Raises:
        AddressError: one may not. OSError: no host has that name.
    """
    addresses = _looked_up(host, port)
    reach.check(host, port, addresses)
    return addresses


def goes_by_proxy(reach: Reach, host: str, port: int) -> bool:
    """Whether a host is asked through the proxy: where there is one, all but what is named, and what is not public.

    A name that nobody here knows is the proxy's to look up: behind one, that may be all names of the internet.

    Raises:
        AddressError: the name stands for an address here that may not be asked.
    """
    if not reach.proxy or reach.names(host, port):
        return False
    try:
        addresses = _looked_up(host, port)
    except OSError:
        return True
    if all(map(is_public, addresses)):
        return True
    reach.check(host, port, addresses)
    return False


def _looked_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of more than 63 characters
        raise OSError(f"{host!r} is no host's name") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_limited(reach: Reach) -> bool:
    return not reach.private or bool(reach.proxy)


def _checked(http: Any, reach: Reach) -> Any:
    limits = http.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)

    class Checked(http.HTTPTransport):  # type: ignore[misc]
        proxied = http.HTTPTransport(proxy=reach.proxy, limits=limits) if reach.proxy else None

        def close(self) -> None:
            super().close()
            if self.proxied is not None:
                self.proxied.close()

        def handle_request(self, request: Any) -> Any:
            url = request.url
            port = url.port or (443 if url.scheme == "https" else 80)
            if self.proxied is not None and goes_by_proxy(reach, url.host, port):
                return self.proxied.handle_request(request)
            try:
                addresses = addresses_of(reach, url.host, port)
            except OSError as error:
                raise http.ConnectError(str(error), request=request) from error
            for address in addresses[:-1]:
                try:
                    return super().handle_request(_pinned(request, address))
                except (http.ConnectError, http.ConnectTimeout):
                    continue  # nothing was sent: the next one may be right, as with "localhost" that is also ::1
            return super().handle_request(_pinned(request, addresses[-1]))

    def _pinned(request: Any, address: str) -> Any:
        return http.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # with the name as Host
            stream=request.stream,
            # the certificate must be the name's, not the address's
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )

    return Checked(limits=limits)
