from pathlib import Path

import pytest

from curator.errors import SettingsError
from curator.settings import Settings, load_settings


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}) == Settings()


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    (tmp_path / "curator.toml").write_text('[pmc]\ncontact = "a@b.co"\n[mining]\ntau = 0.2\n')
    settings = load_settings(tmp_path, {"CURATOR_MINING_TAU": "0.3", "CURATOR_PROJECT": "elsewhere"})
    assert (settings.pmc.contact, settings.mining.tau) == ("a@b.co", 0.3)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param("[mining]\ntaw = 1\n", "mining.taw: Unexpected keyword argument", id="unknown key"),
        pytest.param("[minning]\ntau = 1\n", "minning: Unexpected keyword argument", id="unknown section"),
        pytest.param("[mining]\ntau = 2\n", "mining.tau: Input should be less than or equal to 1", id="out of range"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "curator.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value) == f"settings in {path} or the environment are wrong: {wrong}; see docs/settings.md"


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "curator.toml").write_text("tau: 1")
    with pytest.raises(SettingsError, match="is not valid TOML"):
        load_settings(tmp_path, {})
