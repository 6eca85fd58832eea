"""Whether an address is the API of a server that speaks the OpenAI protocol, and if not, which one is."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from agents.lvlm.providers.openai_protocol import to_model_names
from curator.errors import AddressError, SettingsError
from curator.settings import ModelSettings
from network.reaching import reaching

HOSTED_URL = "https://api.openai.com/v1"
_LISTING_S = 10.0  # guess: a list of names takes no model's time
_ENDPOINTS = ("/chat/completions", "/completions", "/models", "/chat")
_USUAL_PATHS = ("/v1", "/api/v1", "/openai/v1", "/v1beta/openai")  # most; OpenRouter; Groq; Gemini


@dataclass(frozen=True, slots=True)
class Listing:
    """What a server says of itself before any model is asked."""

    models: tuple[str, ...] | None = None
    """Names of its models; None where it does not tell, as some servers do not."""
    fault: str = ""
    """Why nothing can be asked at this address, and what mends it; empty where something may be."""


def api_url(settings: ModelSettings) -> str:
    """The address of the API.

    Raises:
        SettingsError: it is no address, or the key cannot be sent.
    """
    url = (settings.base_url or HOSTED_URL).strip().rstrip("/")
    try:
        parts = urlsplit(url)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):  # a port that is no number, a bracket without its other, 0177.0.0.1
        right = False
    if not right:
        raise SettingsError(f"model.base_url is {url!r}, expected an address such as 'http://localhost:8000/v1'")
    if not settings.api_key.isascii() or any(not sign.isprintable() or sign == " " for sign in settings.api_key):
        raise SettingsError("model.api_key holds a space, a line break or a sign that no key has; copy it again")
    return url


def without_login(url: str) -> str:
    """The address without a name and password in front of the host."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def find_api(settings: ModelSettings) -> Listing:
    """Asks the address for its models, and where it is no API, the usual ones of the same host."""
    try:
        url = api_url(settings)
    except SettingsError as error:
        return Listing(fault=str(error))
    at = f"the model server at {without_login(url)}"
    headers = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
    timeout_s = min(_LISTING_S, settings.timeout_s)
    with httpx.Client(headers=headers, timeout=timeout_s, transport=reaching(settings.reach)) as client:
        try:
            response = client.get(f"{url}/models")
        except AddressError as error:
            return Listing(fault=f"model.base_url: {error}")
        except httpx.TimeoutException as error:
            return Listing(fault=f"{at} {_silence(error)} within {timeout_s:g} s; {_UP}")
        except httpx.TransportError as error:
            return Listing(fault=f"{at} cannot be reached: {_obstacle(error, url)}")
        if response.status_code in {401, 403}:
            found = "refuses the key" if settings.api_key else "asks for a key"
            return Listing(fault=f"{at} {found} ({response.status_code}); {_KEY}")
        if response.is_redirect:
            target = response.headers.get("location", "nowhere").removesuffix("/models")
            return Listing(fault=f"{at} sends on to {without_login(target)}; set model.base_url to that address")
        names = to_model_names(response.text) if response.is_success else None
        if names is None and (response.is_success or response.status_code in {404, 405}):
            other = next((other for other in _others(url) if _is_api(client, other)), None)
            if other:
                return Listing(
                    fault=f"{without_login(url)} is not the address of the API, but {without_login(other)} is; "
                    "set model.base_url to it"
                )
    return Listing(names)


_UP = "is it running, and are its host and port right?"
_KEY = "set CURATOR_MODEL_API_KEY to one that it knows"


def _others(url: str) -> Iterator[str]:
    """Addresses that are meant where this one is given, most likely first."""
    parts = urlsplit(url)
    path = next((parts.path.removesuffix(end) for end in _ENDPOINTS if parts.path.endswith(end)), parts.path)
    for other in dict.fromkeys((path, f"{path}/v1", *_USUAL_PATHS)):
        if other != parts.path:
            yield parts._replace(path=other, query="", fragment="").geturl()


def _is_api(client: httpx.Client, url: str) -> bool:
    try:
        response = client.get(f"{url}/models")
    except httpx.TransportError:
        return False
    return response.status_code == 401 or (response.is_success and to_model_names(response.text) is not None)


def _silence(error: httpx.TimeoutException) -> str:
    return "did not take the connection" if isinstance(error, httpx.ConnectTimeout) else "did not answer"


def _obstacle(error: httpx.TransportError, url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return f"no host is called {parts.hostname!r}; correct the name, or ask from a network that knows it"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"nothing listens on port {port} of {parts.hostname}; start the server, or correct the port"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return f"no encrypted connection could be made ({error}); a server without a certificate needs http://"
    return f"{error}; {_UP}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
