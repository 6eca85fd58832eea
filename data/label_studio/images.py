"""Where Label Studio finds the figures' images: its local-file storage, or signed links to this app that expire."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

from curator.errors import SyncError
from curator.settings import LabelStudioSettings
from data.signing import Signer, load_secret
from data.store import Store
from data.store.image_store import ImageStore

SIGNED_PATH: Final = "/signed/images/"
PURPOSE: Final = "image"
_DAY_S: Final = 86_400
_STEPS: Final = 4
"""Links made within a fourth of their life are the same, so that a task is not rewritten for each one and browsers keep
the image."""


@dataclass(frozen=True, slots=True)
class Link:
    """The address of an image as a task holds it."""

    url: str
    until: int | None = None
    """Unix time at which it expires; None: never."""


class Images(Protocol):
    """Makes the links that tasks hold."""

    @property
    def source(self) -> str:
        """Differs where links made before are to be replaced; "" for links that never expire."""

    @property
    def folder_there(self) -> str | None:
        """The folder that Label Studio must serve by its local-file storage; None: it needs none."""

    def link(self, image_sha256: str) -> Link:
        """To an image in the frame of the boxes.

        Raises:
            StoreError: the image is missing.
        """

    def renew_before(self) -> int:
        """Links that end before this Unix time are to be replaced."""


class LocalFiles:
    """Images in a folder that Label Studio serves by its local-file storage; links are relative to its own address.

    ``root``: its LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT as this machine sees it; ``root_there`` as Label Studio does.

    Raises:
        SyncError: the project's images do not lie under the root.
    """

    source = ""

    def __init__(self, images: ImageStore, root: Path, root_there: str = "") -> None:
        self._images = images
        self._root = root.resolve()
        self._folder = (images.root / "web").resolve()
        self._root_there = root_there
        if self._root not in self._folder.parents:
            raise SyncError(
                f"the images in {self._folder} are not under {self._root}, which Label Studio serves files from; set "
                "image_root of [label_studio] to a folder above the project's, and start Label Studio with it as "
                'LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT; or set images = "signed"'
            )

    @property
    def folder_there(self) -> str | None:
        """The folder of images as Label Studio sees it."""
        below = self._folder.relative_to(self._root).as_posix()
        return str(PurePosixPath(self._root_there) / below) if self._root_there else str(self._folder)

    def link(self, image_sha256: str) -> Link:
        path = self._images.web(image_sha256).resolve()
        return Link("/data/local-files/?d=" + quote(os.fspath(path.relative_to(self._root))))

    def renew_before(self) -> int:
        return 0


class SignedUrls:
    """Links to this app that are signed and expire: whoever has one may see that image until then, without a login.

    ``public_url``: the app's address as the browsers of those who label reach it. A link is valid for between three
    fourths of ``days`` and all of them, and due to be replaced when less than half is left.

    Raises:
        SyncError: ``public_url`` is no address.
    """

    def __init__(
        self,
        images: ImageStore,
        signer: Signer,
        public_url: str,
        days: float,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._images = images
        self._signer = signer
        self._url = checked_public_url(public_url)
        self._life_s = max(int(days * _DAY_S), _STEPS)
        self._now_s = now_s

    @property
    def source(self) -> str:
        # what was signed with another key is refused: such links are replaced too
        return f"{self._url} {self._signer.sign(('source',), 0)[:8]}"

    @property
    def folder_there(self) -> str | None:
        return None

    def link(self, image_sha256: str) -> Link:
        self._images.web(image_sha256)
        step_s = self._life_s // _STEPS
        until = math.floor(self._now_s() / step_s) * step_s + self._life_s
        signature = self._signer.sign((PURPOSE, image_sha256), until)
        query = urlencode({"until": until, "signature": signature})
        return Link(f"{self._url}{SIGNED_PATH}{image_sha256}?{query}", until)

    def renew_before(self) -> int:
        return int(self._now_s()) + self._life_s // 2


def images_of(store: Store, settings: LabelStudioSettings, now_s: Callable[[], float] = time.time) -> Images:
    """What ``images`` of the settings says.

    Raises:
        SyncError: the settings do not fit the project. SettingsError: the key that signs cannot be used.
    """
    if settings.images == "signed":
        signer = Signer(load_secret(store.project))
        return SignedUrls(store.images, signer, settings.image_url or settings.public_url, settings.image_days, now_s)
    root = Path(settings.image_root) if settings.image_root else store.project.resolve().parent
    return LocalFiles(store.images, root, settings.image_root_there)


def checked_public_url(public_url: str) -> str:
    """Without a slash at its end.

    Raises:
        SyncError: it is no address.
    """
    try:
        parts = urlsplit(public_url)
        fits = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
    except ValueError:
        fits = False
    if not fits:
        raise SyncError(
            f"public_url of [label_studio] is {public_url!r}; expected the address under which the browsers of those "
            "who label reach Curator, such as https://curator.lab.org or http://localhost:7860"
        )
    return public_url.rstrip("/")
