"""Files put in another place: hard-linked where the file system can, else copied.

Files of an image store never change (``data.store.image_store``), so that a link serves as well as a copy of one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

# two file systems; one without links; too many links of one file; somebody else's file
_NOT_LINKED = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}


def place(source: Path, target: Path) -> None:
    """Links or copies a file to the new name ``target``, with its time of change."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NOT_LINKED:
            raise
        shutil.copyfile(source, target)
        shutil.copystat(source, target)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
