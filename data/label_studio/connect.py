"""Connecting: a project here with one there."""

from __future__ import annotations

from curator.errors import InputError, SyncError
from data.label_studio.client import LabelStudio
from data.label_studio.config import label_config
from data.label_studio.images import Images
from data.label_studio.validation import check_config
from data.store import Store
from data.store.outbox import Connected

_TITLE = "Curator"


def connect(store: Store, server: LabelStudio, project: str, images: Images, sends_new: bool = True) -> Connected:
    """The connection to the project there (id or title; made where there is none), which has our configuration and
    serves our images; from the first time on all mined figures wait to be sent, or with ``sends_new`` off none.

    Raises:
        SyncError: it is connected with another project, the one named does not exist, or the server refuses.
    """
    earlier = store.outbox.connected()
    if earlier is not None:
        if earlier.url != server.url or (project.isdecimal() and int(project) != earlier.project_id):
            raise SyncError(
                f"this project is kept in step with project {earlier.project_id} of {earlier.url}; settings name "
                f"{project or _TITLE!r} of {server.url}. `curator sync --disconnect` forgets the former"
            )
        _serve_images(server, earlier.project_id, images)
        return earlier
    project_id = _project(server, project)
    _serve_images(server, project_id, images)
    store.outbox.connect(server.url, project_id, sends_new)
    connected = store.outbox.connected()
    assert connected is not None
    return connected


def _serve_images(server: LabelStudio, project_id: int, images: Images) -> None:
    folder = images.folder_there
    if folder and not any(storage.get("path") == folder for storage in server.local_storages(project_id)):
        server.create_local_storage(project_id, folder, "Curator's images")


def _project(server: LabelStudio, project: str) -> int:
    if project.isdecimal():
        found = server.project(int(project))
    else:
        title = project or _TITLE
        named = [known for known in server.projects() if known.get("title") == title]
        if len(named) > 1:
            ids = [known["id"] for known in named]
            raise SyncError(f"{len(named)} projects there are titled {title!r}; set project to one of the ids {ids!r}")
        found = named[0] if named else server.create_project(title, label_config())
    config = str(found.get("label_config") or "")
    if config in ("", "<View></View>"):  # as Label Studio makes new ones
        server.change_project(int(found["id"]), {"label_config": label_config()})
    else:
        _check_controls(config, str(found.get("title")))
    return int(found["id"])


def _check_controls(config: str, title: str) -> None:
    check_config(config)
    missing = [name for name in ("panel", "marker", "region") if f'name="{name}"' not in config]
    if missing:
        raise InputError(
            f"the labelling configuration of {title!r} lacks our controls {missing!r}; connect another project, or "
            "copy the configuration that Curator gives a new one"
        )
