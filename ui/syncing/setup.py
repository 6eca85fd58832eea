"""The form that connects a Label Studio: what it shows, tests and saves. The token goes in and never comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from curator.codec import adapter, faults_of, to_doc
from curator.errors import SettingsError
from curator.settings import (
    LabelStudioSettings,
    form_file,
    form_variables,
    load_form,
    load_settings,
    save_form,
    write_private,
)
from data.label_studio.images import images_of
from data.label_studio.token import FILE_NAME, load_token
from data.store import Store
from ui.syncing.passes import open_server

FORM_FIELDS = ("url", "project", "images", "image_root", "image_root_there", "public_url")
_SECTION = "label_studio"
_TEST_TIMEOUT_S = 10.0  # guess: a person waits for it
_TEST_RETRIES = 0


@dataclass(frozen=True, slots=True)
class Tested:
    """What was found at the address."""

    release: str
    """Of Label Studio."""
    who: str
    """E-mail address of the token's owner."""
    project: str
    """What connecting would do with the project named."""
    images: str
    """How images get there."""


class SyncSetup:
    """The settings of the connection, as the page's form works on them."""

    def __init__(self, store: Store, environ: Mapping[str, str]) -> None:
        self._store = store
        self._environ = environ

    def settings(self) -> LabelStudioSettings:
        """As any command would read them now.

        Raises:
            SettingsError: a file or variable is wrong.
        """
        return load_settings(self._store.project, self._environ, has_users=self._store.users.any()).label_studio

    def document(self) -> dict[str, Any]:
        """The form's values; of the token only whether there is one."""
        settings = self.settings()
        values = to_doc(settings)
        project = self._store.project
        return {
            "fields": {name: values[name] for name in FORM_FIELDS},
            "has_token": bool(self._token(settings)),
            "variables": form_variables(_SECTION, self._environ),
            "file": str(form_file(project, _SECTION)),
            "folder": str(project.resolve().parent),
        }

    def test(self, fields: Mapping[str, Any], token: str | None) -> Tested:
        """What is at the address; nothing is saved, and nothing changes there.

        Raises:
            SettingsError: a field is unknown or out of range, or there is no token. SyncError: it cannot be used so.
        """
        settings = self.settings_with(fields, token)
        quick = replace(settings, timeout_s=min(settings.timeout_s, _TEST_TIMEOUT_S), retries=_TEST_RETRIES)
        with open_server(quick, self._store.project) as server:
            release, who = server.release(), server.whoami()
            title = settings.project or "Curator"
            if settings.project.isdecimal():
                project = f"project {settings.project}, {server.project(int(settings.project)).get('title')!r}"
            elif any(known.get("title") == title for known in server.projects()):
                project = f"the project {title!r} that is there"
            else:
                project = f"a new project {title!r}"
        images = images_of(self._store, settings)
        where = images.folder_there
        return Tested(release, who, project, f"from its folder {where}" if where else "by signed links to this app")

    def settings_with(self, fields: Mapping[str, Any], token: str | None) -> LabelStudioSettings:
        """As they would be with the form's values, and the token with them; None: the kept one, of the same server.

        Raises:
            SettingsError: a field is unknown or out of range.
        """
        unknown = sorted(set(fields) - set(FORM_FIELDS))
        if unknown:
            raise SettingsError(f"the form has no {unknown!r}; expected some of {sorted(FORM_FIELDS)!r}")
        now = self.settings()
        variables = form_variables(_SECTION, self._environ)
        values = {**to_doc(now), **{name: value for name, value in fields.items() if name not in variables}}
        values["url"] = str(values["url"]).strip()
        values["project"] = str(values["project"]).strip()
        if "api_key" not in variables:
            # a token belongs to its server: a mistyped address must not get it
            same = _origin(values["url"]) == _origin(now.url)
            values["api_key"] = (token or "").strip() or (self._token(now) if same else "")
            if not values["api_key"]:
                raise SettingsError(
                    "there is no token for this address; take one there (Account & Settings) and put it in"
                )
        try:
            settings: LabelStudioSettings = adapter(LabelStudioSettings).validate_python(values)
        except ValidationError as error:
            raise SettingsError(f"the form cannot be used: {faults_of(error)}") from error
        return settings

    def save(self, settings: LabelStudioSettings) -> None:
        """Keeps what ``settings_with`` gave, but for what the environment sets; the token in a file of its own."""
        project = self._store.project
        variables = form_variables(_SECTION, self._environ)
        if "api_key" not in variables:
            write_private(project / FILE_NAME, settings.api_key + "\n")
        values = to_doc(settings)
        written = {**load_form(project, _SECTION), **{name: values[name] for name in FORM_FIELDS}}
        save_form(project, _SECTION, {name: value for name, value in written.items() if name not in variables})

    def _token(self, settings: LabelStudioSettings) -> str:
        try:
            return load_token(settings, self._store.project)
        except SettingsError:  # none, or one that others could read: the form asks for it anew
            return ""


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all, such as "http://["
        return "", url
    return parts.scheme, parts.netloc
