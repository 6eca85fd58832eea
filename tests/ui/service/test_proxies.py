"""Proxies that are trusted."""

from __future__ import annotations

import pytest

from curator.errors import SettingsError
from ui.service.serving import check_proxies


@pytest.mark.parametrize("proxy", ["*", "proxy.lab.org", "10.0.0.0/40", ""])
def test_a_proxy_that_is_neither_address_nor_network_is_refused(proxy: str) -> None:
    with pytest.raises(SettingsError) as error:
        check_proxies(["127.0.0.1", proxy])

    assert str(error.value) == (
        f"trusted_proxies of [serve] has {proxy!r}; expected addresses and networks, such as 127.0.0.1 or 172.18.0.0/16"
    )
