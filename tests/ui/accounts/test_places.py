"""Where a login leads to."""

from __future__ import annotations

import pytest

from ui.accounts.places import local_path


@pytest.mark.parametrize("path", ["/", "/account", "/runs/a/report/?x=1&y=/b", "/image/PMC2:fig%202/a", "/a b"])
def test_a_path_of_this_server_is_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "evil.example",
        "http:/evil.example",
        "/\r\nSet-Cookie: a=b",
        "//[",
        "/login",
        "/login?next=/login",
        "/logout",
    ],
)
def test_what_would_lead_elsewhere_or_round_in_circles_leads_to_the_page(path: str) -> None:
    assert local_path(path) == "/"
