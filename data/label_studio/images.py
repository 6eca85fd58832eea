"""Where Label Studio finds the figures' images: its local-file storage."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from curator.errors import SyncError
from data.store.image_store import ImageStore


class LocalFiles:
    """Images in a folder that Label Studio serves by its local-file storage.

    ``root``: its LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT as this machine sees it; ``root_there`` as Label Studio does.

    Raises:
        SyncError: the project's images do not lie under the root.
    """

    def __init__(self, images: ImageStore, root: Path, root_there: str = "") -> None:
        self._images = images
        self._root = root.resolve()
        self._folder = (images.root / "web").resolve()
        self._root_there = root_there
        if self._root not in self._folder.parents:
            raise SyncError(
                f"the images in {self._folder} are not under {self._root}, which Label Studio serves files from; set "
                "image_root of [label_studio] to a folder above the project's, and start Label Studio with it as "
                "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"
            )

    @property
    def folder_there(self) -> str:
        """The folder of images as Label Studio sees it."""
        below = self._folder.relative_to(self._root).as_posix()
        return str(PurePosixPath(self._root_there) / below) if self._root_there else str(self._folder)

    def url(self, image_sha256: str) -> str:
        """Address of an image in the frame of the boxes, relative to Label Studio's own.

        Raises:
            StoreError: the image is missing.
        """
        path = self._images.web(image_sha256).resolve()
        return "/data/local-files/?d=" + quote(os.fspath(path.relative_to(self._root)))
