"""HTTP that goes only where it may: what a name stands for is looked up once, checked, and that is connected to."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import httpx

from curator.addresses import Reach

if TYPE_CHECKING:
    import httpx2

_CONNECTIONS = 256  # as many as ``model.in_flight`` may be


def reaching(reach: Reach) -> httpx.HTTPTransport | None:
    """The transport of a client that keeps to ``reach``; None, the client's own, where every address will do.

    Each request is checked, so each hop of a redirect too; a refused one raises AddressError. The environment's proxies
    are not used with it: a proxy would look the name up itself.
    """
    made: httpx.HTTPTransport | None = None if reach.private else _checked(httpx, reach)
    return made


def reaching_of_openai(reach: Reach) -> httpx2.HTTPTransport | None:
    """The same for a client of the package ``openai``, whose HTTP package is another one with the same interface."""
    import httpx2

    made: httpx2.HTTPTransport | None = None if reach.private else _checked(httpx2, reach)
    return made


def addresses_of(reach: Reach, host: str, port: int) -> list[str]:
    """IP addresses of a host, in the system's order, all of which may be connected to.

    Raises:
        AddressError: one may not. OSError: no host has that name.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of more than 63 characters
        raise OSError(f"{host!r} is no host's name") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    reach.check(host, port, addresses)
    return addresses


def _checked(http: Any, reach: Reach) -> Any:
    class Checked(http.HTTPTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            url = request.url
            try:
                addresses = addresses_of(reach, url.host, url.port or (443 if url.scheme == "https" else 80))
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

    limits = http.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    return Checked(limits=limits)
