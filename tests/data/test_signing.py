"""What the project signs, and its key."""

import base64
import hashlib
import hmac
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import SettingsError
from data.signing import Signer, load_secret

SIGNER = Signer(b"k" * 32)
IMAGE = ("image", "ab" * 32)


def test_a_signature_holds_until_the_second_it_expires_in() -> None:
    signature = SIGNER.sign(IMAGE, 1_000)

    assert SIGNER.check(IMAGE, 1_000, signature, now_s=999.9)
    assert not SIGNER.check(IMAGE, 1_000, signature, now_s=1_000)


def test_an_expired_signature_is_still_known_as_genuine() -> None:
    signature = SIGNER.sign(IMAGE, 1_000)

    assert SIGNER.genuine(IMAGE, 1_000, signature)
    assert not SIGNER.check(IMAGE, 1_000, signature, now_s=2_000)


@pytest.mark.parametrize(
    ("parts", "expires"),
    [
        pytest.param(("image", "cd" * 32), 1_000, id="another image"),
        pytest.param(("webhook", "ab" * 32), 1_000, id="another purpose"),
        pytest.param(IMAGE, 1_001, id="a second longer"),
        pytest.param(("image" + "ab" * 32,), 1_000, id="the parts in one"),
        pytest.param((*IMAGE, ""), 1_000, id="a part more"),
    ],
)
def test_a_signature_is_good_for_nothing_else(parts: tuple[str, ...], expires: int) -> None:
    assert not SIGNER.check(parts, expires, SIGNER.sign(IMAGE, 1_000), now_s=0)


def test_another_project_s_signature_is_refused() -> None:
    assert not SIGNER.check(IMAGE, 1_000, Signer(b"l" * 32).sign(IMAGE, 1_000), now_s=0)


@given(st.text())
def test_whatever_is_sent_as_a_signature_is_refused_and_breaks_nothing(signature: str) -> None:
    assert SIGNER.genuine(IMAGE, 1_000, signature) == (signature == SIGNER.sign(IMAGE, 1_000))


def test_the_signature_is_the_one_of_the_standard() -> None:
    reference = hmac.new(b"k" * 32, b'["image", "x", 5]', hashlib.sha256).digest()

    assert SIGNER.sign(("image", "x"), 5) == base64.urlsafe_b64encode(reference).decode().rstrip("=")


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key = load_secret(tmp_path)

    assert len(key) == 32
    assert load_secret(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(load_secret, [tmp_path] * 32))

    assert len(keys) == 1


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_secret(tmp_path)
    path = tmp_path / "secret.key"
    path.chmod(0o640)

    with pytest.raises(SettingsError) as error:
        load_secret(tmp_path)

    assert str(error.value) == f"{path} may be read by others (mode 640); run chmod 600 {path}"


def test_a_key_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(b"short")
    path.chmod(0o600)

    with pytest.raises(SettingsError) as error:
        load_secret(tmp_path)

    assert str(error.value) == f"{path} has 5 bytes, expected 32; delete it and a new key is made"
