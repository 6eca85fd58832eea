"""Providers by name, built-in ones and plug-ins."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents.lvlm.model import Message, Sampling
from agents.lvlm.providers.openai import OpenAIModel
from agents.lvlm.providers.registry import GROUP, make_model, provider_names
from curator.errors import ModelError, SettingsError
from curator.settings import ModelSettings

Install = Callable[[str, str, str, str], None]
PARROT = """
from curator.exchange import Reply

class Parrot:
    provider = "parrot"

    def __init__(self, settings):
        self.name = settings.model

    def complete(self, messages, schema, sampling):
        return Reply(messages[-1].text)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a package with one provider onto the path, as an installer would."""

    def put(package: str, provider: str, code: str, target: str) -> None:
        module = f"plugged_{package}"
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{provider} = {module}:{target}\n")
        monkeypatch.syspath_prepend(tmp_path)

    yield put
    for module in [name for name in sys.modules if name.startswith("plugged_")]:
        del sys.modules[module]


def test_the_built_in_providers_are_entry_points() -> None:
    assert {"openai", "transformers"} <= set(provider_names())
    model = make_model(ModelSettings(base_url="http://localhost:8000/v1", model="m"))
    assert isinstance(model, OpenAIModel)
    assert (model.provider, model.name) == ("openai", "m")


def test_a_plug_in_is_found_and_answers(install: Install) -> None:
    install("parrots", "parrot", PARROT, "Parrot")
    assert "parrot" in provider_names()
    model = make_model(ModelSettings(provider="parrot", model="grey"))
    assert model.name == "grey"
    assert model.complete([Message("user", "Hello")], None, Sampling()).text == "Hello"


def test_the_example_of_the_documentation_works(install: Install) -> None:
    page = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    install("documented", "parrot", code, "Parrot")
    model = make_model(ModelSettings(provider="parrot", model="grey"))
    assert model.complete([Message("user", "Hello")], None, Sampling()).text == "Hello"


def test_an_unknown_name_is_told_with_those_that_exist() -> None:
    with pytest.raises(SettingsError) as raised:
        make_model(ModelSettings(provider="opnai"))
    assert str(raised.value) == (
        f"no provider of models is called 'opnai', expected one of {', '.join(provider_names())}; "
        "a plug-in has to be installed in this environment"
    )


@pytest.mark.parametrize(
    ("code", "target", "found"),
    [
        pytest.param(
            "import no_such_module", "Model", "ModuleNotFoundError: No module named 'no_such_module'", id="import"
        ),
        pytest.param("", "Model", "AttributeError: module 'plugged_birds' has no attribute 'Model'", id="name"),
        pytest.param("def Model(settings): raise KeyError('x')", "Model", "KeyError: 'x'", id="call"),
        pytest.param("Model = 3", "Model", "TypeError: 'int' object is not callable", id="not callable"),
    ],
)
def test_a_plug_in_that_fails_is_told_with_its_package(install: Install, code: str, target: str, found: str) -> None:
    install("birds", "bird", code, target)
    with pytest.raises(ModelError) as raised:
        make_model(ModelSettings(provider="bird"))
    assert str(raised.value) == (
        f"provider 'bird' of the package birds cannot be used: {found}; mend, update or uninstall that package"
    )
    assert raised.value.__cause__ is not None


def test_what_a_plug_in_says_itself_is_not_reworded(install: Install) -> None:
    code = "from curator.errors import ModelError\ndef Model(settings): raise ModelError('feed it first')"
    install("birds", "bird", code, "Model")
    with pytest.raises(ModelError, match=r"^feed it first$"):
        make_model(ModelSettings(provider="bird"))


def test_two_packages_with_one_name_are_told(install: Install) -> None:
    install("birds", "parrot", PARROT, "Parrot")
    install("parrots", "parrot", PARROT, "Parrot")
    with pytest.raises(SettingsError) as raised:
        make_model(ModelSettings(provider="parrot"))
    assert str(raised.value) == ("the packages birds and parrots all call a provider 'parrot'; uninstall all but one")
