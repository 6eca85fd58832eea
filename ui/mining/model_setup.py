"""The form that sets up a model: what it shows, tests and saves. The key goes in and never comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from curator.codec import adapter, faults_of, to_doc
from curator.errors import SettingsError
from curator.settings import (
    ModelSettings,
    form_file,
    form_variables,
    load_form,
    load_settings,
    save_form,
)

if TYPE_CHECKING:
    from agents.lvlm.connection import Connection

FORM_FIELDS = (
    *("provider", "base_url", "model", "coordinates", "timeout_s", "in_flight"),
    *("price_in", "price_out", "max_cost", "max_requests", "max_tokens"),
)
_TEST_TIMEOUT_S = 60.0  # guess: a server that loads its model when it is first asked answers within it
Connect = Callable[[ModelSettings], "Connection"]


class ModelSetup:
    """The model's settings of one project, as the page's form works on them."""

    def __init__(
        self,
        project: Path,
        environ: Mapping[str, str],
        connect: Connect,
        has_users: Callable[[], bool] = lambda: False,
    ) -> None:
        """``has_users``: whether the project has any now; then not every address may be asked (``Reach``)."""
        self._project = project
        self._environ = environ
        self._connect = connect
        self._has_users = has_users

    def settings(self) -> ModelSettings:
        """As the page reads them now.

        Raises:
            SettingsError: a file or variable is wrong.
        """
        return load_settings(self._project, self._environ, has_users=self._has_users()).model

    def document(self) -> dict[str, Any]:
        """The form's values; of the key only whether there is one."""
        settings = self.settings()
        values = to_doc(settings)
        return {
            "fields": {name: values[name] for name in FORM_FIELDS},
            "has_key": bool(settings.api_key),
            "variables": form_variables("model", self._environ),
            "file": str(form_file(self._project, "model")),
        }

    def test(self, fields: Mapping[str, Any], api_key: str | None) -> Connection:
        """What a server with these settings can do; nothing is saved.

        Raises:
            SettingsError: a field is unknown or out of range. ModelError: the server cannot be used.
        """
        settings = self._settings_with(fields, api_key)
        return self._connect(replace(settings, timeout_s=min(settings.timeout_s, _TEST_TIMEOUT_S)))

    def save(self, fields: Mapping[str, Any], api_key: str | None) -> None:
        """Keeps the form's values; with ``api_key`` None the key stays, unless the server is another one.

        Raises:
            SettingsError: a field is unknown or out of range; nothing was saved.
        """
        settings = self._settings_with(fields, api_key)
        variables = form_variables("model", self._environ)
        written = load_form(self._project, "model")
        written.update({name: value for name, value in to_doc(settings).items() if name in FORM_FIELDS})
        if "api_key" not in variables and settings.api_key != self.settings().api_key:
            written["api_key"] = settings.api_key
        save_form(self._project, "model", {name: value for name, value in written.items() if name not in variables})

    def _settings_with(self, fields: Mapping[str, Any], api_key: str | None) -> ModelSettings:
        unknown = sorted(set(fields) - set(FORM_FIELDS))
        if unknown:
            raise SettingsError(f"the form has no {unknown!r}; expected some of {sorted(FORM_FIELDS)!r}")
        now = self.settings()
        variables = form_variables("model", self._environ)
        values = {**to_doc(now), **{name: value for name, value in fields.items() if name not in variables}}
        if "api_key" not in variables:
            same = _server(values) == _server(to_doc(now))
            # a key belongs to its server: a mistyped address must not get it
            values["api_key"] = api_key if api_key is not None else now.api_key if same else ""
        try:
            settings: ModelSettings = adapter(ModelSettings).validate_python(values)
        except ValidationError as error:
            raise SettingsError(f"the form cannot be used: {faults_of(error)}") from error
        return settings


def _server(values: Mapping[str, Any]) -> tuple[str, str, str]:
    try:
        address = urlsplit(str(values["base_url"]))
    except ValueError:  # no address at all, such as "http://[": no server that could have a key
        return str(values["provider"]), "", str(values["base_url"])
    return str(values["provider"]), address.scheme, address.netloc
