from pathlib import Path

import pytest

from curator.errors import SettingsError
from curator.settings import Settings, form_variables, load_form, load_settings, save_form


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


def test_the_pages_form_goes_before_the_file_that_people_write_and_after_the_environment(tmp_path: Path) -> None:
    (tmp_path / "curator.toml").write_text('[model]\nmodel = "written"\nbase_url = "http://a"\ntimeout_s = 5\n')
    save_form(tmp_path, "model", {"model": "chosen", "base_url": "http://b"})
    environ = {"CURATOR_MODEL_BASE_URL": "http://c"}
    model = load_settings(tmp_path, environ).model
    assert (model.model, model.base_url, model.timeout_s) == ("chosen", "http://c", 5)
    assert form_variables("model", environ) == {"base_url": "CURATOR_MODEL_BASE_URL"}


@pytest.mark.parametrize(
    "value", ['a "b" \\ c', "line\nbreak\ttab \x7f\x01", "Größe 🫀", "", "]\n[pmc]\ncontact = 1"], ids=repr
)
def test_any_text_survives_the_form(tmp_path: Path, value: str) -> None:
    save_form(tmp_path, "model", {"api_key": value, "retries": 2, "price_in": 0.15})
    assert load_form(tmp_path, "model") == {"api_key": value, "retries": 2, "price_in": 0.15}


def test_the_forms_file_is_its_owners_alone_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    save_form(tmp_path, "model", {"api_key": "first"})
    save_form(tmp_path, "model", {"api_key": "second"})
    assert [path.name for path in tmp_path.iterdir()] == ["model.toml"]
    assert (tmp_path / "model.toml").stat().st_mode & 0o777 == 0o600


def test_the_forms_file_may_hold_the_model_alone(tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text('[pmc]\ncontact = "a@b.co"\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value) == (
        f"{tmp_path / 'model.toml'} has ['pmc']; expected only the section [model]: "
        "other settings belong into curator.toml"
    )


def test_a_wrong_value_in_the_forms_file_names_that_file_too(tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text("[model]\nretries = 99\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value) == (
        f"settings in {tmp_path / 'curator.toml'}, {tmp_path / 'model.toml'} or the environment are wrong: "
        "model.retries: Input should be less than or equal to 10; see docs/settings.md"
    )


def test_each_form_saves_its_own_section(tmp_path: Path) -> None:
    save_form(tmp_path, "label_studio", {"url": "http://there", "poll_s": 20})
    save_form(tmp_path, "model", {"model": "chosen"})
    settings = load_settings(tmp_path, {"CURATOR_LABEL_STUDIO_POLL_S": "30"})
    assert (settings.label_studio.url, settings.label_studio.poll_s, settings.model.model) == (
        "http://there",
        30,
        "chosen",
    )
