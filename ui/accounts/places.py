"""Where a login leads to: what an address asks for comes from anybody."""

from __future__ import annotations

from urllib.parse import urlsplit


def local_path(wanted: str) -> str:
    """The path and query, where they are this server's; else the page.

    A browser drops tabs and line ends from an address and reads a backslash as a slash: nothing of that kind passes.

    >>> local_path("/#queue"), local_path("//evil.example"), local_path("/\\\\evil.example")
    ('/#queue', '/', '/')
    """
    if not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted or not wanted.isprintable():
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path in ("/login", "/logout"):
        return "/"
    return wanted
