"""Which addresses may be connected to."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.addresses import Reach, host_and_port, is_public
from curator.errors import AddressError, SettingsError
from curator.settings import FILE_NAME, load_settings

PRIVATE = (
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"),
    *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:0:0:0:0:f5ff:fffe"),
    *("no address", ""),
)
PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1")


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_a_machine_or_its_network_are_not_public_however_they_are_wrapped(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_a_name_that_stands_for_a_public_and_a_private_address_is_refused() -> None:
    with pytest.raises(AddressError) as caught:
        Reach(private=False).check("both.example", 443, ["8.8.8.8", "10.0.0.1"])
    assert str(caught.value) == (
        "'both.example' is not a public address, and those of this machine and its network are only asked where the "
        'settings say so: an admin of the server adds "both.example:443" to allowed of [network] in curator.toml'
    )


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "passes"),
    [
        ("vllm.lab", "VLLM.lab.", 8000, "10.0.0.7", True),
        ("vllm.lab:8000", "vllm.lab", 8000, "10.0.0.7", True),
        ("vllm.lab:8000", "vllm.lab", 22, "10.0.0.7", False),
        ("vllm.lab", "evil.vllm.lab", 8000, "10.0.0.7", False),
        ("10.0.0.0/24", "any.name", 80, "10.0.0.7", True),
        ("10.0.0.0/24", "any.name", 80, "10.0.1.7", False),
        ("10.0.0.7", "any.name", 80, "::ffff:10.0.0.7", True),
        ("[::1]:80", "::1", 80, "::1", True),
        ("[::1]:80", "::1", 81, "::1", False),
        ("fd00::/8", "x", 80, "fd00::1", True),
        ("8.8.8.0/24", "x", 80, "127.0.0.1", False),
    ],
)
def test_what_the_settings_allow_may_be_asked(entry: str, host: str, port: int, address: str, passes: bool) -> None:
    reach = Reach(private=False, allowed=(entry,))
    if passes:
        reach.check(host, port, [address])
    else:
        with pytest.raises(AddressError):
            reach.check(host, port, [address])


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("http://localhost/v1", "localhost:80"),
        ("https://[FD00::7]/x", "[fd00::7]:443"),
        ("http://a:b@h:81/", "h:81"),
        ("", None),
        ("nonsense", None),
        ("http://h:99999", None),
    ],
)
def test_the_server_of_an_address(url: str, server: str | None) -> None:
    assert host_and_port(url) == server


@pytest.mark.parametrize(
    ("value", "has_users", "private"),
    [("auto", False, True), ("auto", True, False), ("allow", True, True), ("refuse", False, False)],
)
def test_private_addresses_are_asked_while_there_are_no_users_or_as_the_setting_says(
    tmp_path: Path, value: str, has_users: bool, private: bool
) -> None:
    (tmp_path / FILE_NAME).write_text(f'[network]\nprivate_addresses = "{value}"\n')
    assert load_settings(tmp_path, {}, has_users=has_users).model.reach == Reach(private)


def test_what_the_servers_own_files_name_may_be_asked_but_not_what_a_form_of_the_page_saved(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('[label_studio]\nurl = "http://label-studio:8080"\n')
    (tmp_path / "model.toml").write_text('[model]\nbase_url = "http://169.254.169.254/v1"\n')
    environ = {"CURATOR_NETWORK_ALLOWED": "10.0.0.0/24, gpu", "CURATOR_PMC_BASE_URL": "https://mirror.lab"}
    reach = load_settings(tmp_path, environ, has_users=True).model.reach
    assert reach == Reach(False, ("10.0.0.0/24", "gpu", "label-studio:8080", "mirror.lab:443"))


@pytest.mark.parametrize("entry", ["10.0.0.1/24", "http://x", "a b", "", "u@h"])
def test_an_entry_that_allows_nothing_is_no_setting(tmp_path: Path, entry: str) -> None:
    (tmp_path / FILE_NAME).write_text(f'[network]\nallowed = ["{entry}"]\n')
    with pytest.raises(SettingsError, match=r"allowed of \[network\] has"):
        load_settings(tmp_path, {})


def test_no_file_can_say_where_the_model_may_lead(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("[model]\nreach = {private = true}\n")
    with pytest.raises(SettingsError, match=r"says \[network\]"):
        load_settings(tmp_path, {}, has_users=True)
