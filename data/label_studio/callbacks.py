"""Where Label Studio calls Curator: a webhook that says "something changed", and the ML backend.

Both are told from any other caller by secrets that are derived from the project's own key, so that nothing needs to be
kept: a password for the ML backend (HTTP basic authentication), a header for the webhook, which Label Studio does not
sign.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from curator.errors import SyncError
from curator.settings import LabelStudioSettings
from data.label_studio.client import Doc, Kind, LabelStudio, MissingError, UnreachableError
from data.label_studio.to_tasks import MODEL_VERSION
from data.signing import load_secret

ML_PATH: Final = "/label-studio/ml"
"""Of the ML backend; what Label Studio asks for is below it."""
WEBHOOK_PATH: Final = f"{ML_PATH}/webhook"
"""Label Studio gives each ML backend a webhook of this name without any secret, unless there is one: so it is ours."""
SECRET_HEADER: Final = "X-Curator-Secret"
ML_USER: Final = "curator"
ACTIONS: Final = (
    "ANNOTATION_CREATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
    "TASKS_DELETED",
)
"""What a webhook is sent for: what a pass could take in."""
_TIMEOUT_S = 60  # guess: a click on a figure that was never opened waits for its embedding


def webhook_secret(key: bytes) -> str:
    """What the header says; ``key``: of the project (``data.signing.load_secret``)."""
    return _derived(key, "webhook of Label Studio")


def ml_password(key: bytes) -> str:
    """Password of ``ML_USER``."""
    return _derived(key, "ML backend of Label Studio")


def _derived(key: bytes, purpose: str) -> str:
    return hmac.digest(key, purpose.encode(), hashlib.sha256).hex()


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How Label Studio reaches this project's Curator."""

    public_url: str
    """As Label Studio sees it, such as https://curator.lab.org."""
    key: bytes = field(repr=False)

    def register(self, server: LabelStudio, project_id: int) -> None:
        """Has both called from now on. Done again it changes nothing, but mends what changed (address, secret).

        The server must be running: Label Studio tries the ML backend before it takes it.

        Raises:
            SyncError: Label Studio refuses, or cannot reach Curator.
        """
        base = self.public_url.rstrip("/")
        webhook = {
            "project": project_id,
            "url": base + WEBHOOK_PATH,
            "send_payload": False,  # what changed is asked for, never believed
            "send_for_all_actions": False,
            "actions": list(ACTIONS),
            "headers": {SECRET_HEADER: webhook_secret(self.key)},
            "is_active": True,
        }
        _keep_one(server, "webhooks", webhook, _webhooks(server, project_id, base))
        backend = {
            "project": project_id,
            "url": base + ML_PATH,
            "title": MODEL_VERSION,  # Label Studio asks the backend that is called as the project's model version
            "is_interactive": True,
            "auth_method": "BASIC_AUTH",
            "basic_auth_user": ML_USER,
            "timeout": _TIMEOUT_S,
        }
        password = {"basic_auth_pass": ml_password(self.key)}
        _keep_one(server, "ml", backend, _backends(server, project_id), password, _answers)

    def remove(self, server: LabelStudio, project_id: int) -> None:
        """Has neither called any more.

        Raises:
            SyncError: Label Studio refuses or cannot be reached.
        """
        for backend in _backends(server, project_id):
            _delete(server, "ml", backend)
        for webhook in _webhooks(server, project_id, self.public_url.rstrip("/")):
            _delete(server, "webhooks", webhook)


def callbacks_of(project: Path, settings: LabelStudioSettings) -> Callbacks | None:
    """Those of the project; None where the settings name no ``public_url``.

    Raises:
        SettingsError: see ``data.signing.load_secret``.
    """
    return Callbacks(settings.public_url, load_secret(project)) if settings.public_url else None


def _webhooks(server: LabelStudio, project_id: int, base: str) -> list[Doc]:
    """Ours, known by their header, and those that Label Studio made for an ML backend of ours."""
    return [
        found
        for found in server.listed("webhooks", project_id)
        if SECRET_HEADER in (found.get("headers") or {}) or found.get("url") == base + WEBHOOK_PATH
    ]


def _backends(server: LabelStudio, project_id: int) -> list[Doc]:
    return [found for found in server.listed("ml", project_id) if str(found.get("url", "")).endswith(ML_PATH)]


def _answers(backend: Doc) -> bool:
    """Whether Label Studio could talk to it, with the password that it has."""
    return backend.get("state") not in ("DI", "ER")


def _keep_one(
    server: LabelStudio,
    kind: Kind,
    wanted: Doc,
    found: list[Doc],
    hidden: Doc | None = None,
    works: Callable[[Doc], bool] = lambda _: True,
) -> None:
    """Makes the first one found as wanted, or a new one, and deletes the others; ``hidden``: fields never shown."""
    try:
        if not found:
            server.create(kind, {**wanted, **(hidden or {})})
        elif any(not _same(found[0].get(name), value) for name, value in wanted.items()) or not works(found[0]):
            server.change(kind, int(found[0]["id"]), {**wanted, **(hidden or {})})
    except UnreachableError:
        raise
    except SyncError as error:
        raise SyncError(
            f"Label Studio does not take {wanted['url']} as its {'webhook' if kind == 'webhooks' else 'ML backend'} "
            f"({error}). Curator must be running there (`curator serve`), public_url must be its address as Label "
            "Studio sees it, and where that is a private one Label Studio must be started with "
            "USE_DEFAULT_BANNED_SUBNETS=false"
        ) from error
    for one in found[1:]:
        _delete(server, kind, one)


def _delete(server: LabelStudio, kind: Kind, one: Doc) -> None:
    with suppress(MissingError):  # gone already, or by an attempt whose answer was lost
        server.delete(kind, int(one["id"]))


def _same(there: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return isinstance(there, list) and sorted(there) == sorted(wanted)
    return bool(there == wanted)
