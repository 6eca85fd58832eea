"""The token for Label Studio: from the environment, or from a file that its owner alone may read."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from curator.errors import SettingsError
from curator.settings import LabelStudioSettings

FILE_NAME: Final = "label_studio.key"


def load_token(settings: LabelStudioSettings, project: Path) -> str:
    """The variable's token, else the file's.

    Raises:
        SettingsError: there is neither, or others may read the file.
    """
    if settings.api_key:
        return settings.api_key.strip()
    path = project / FILE_NAME
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise SettingsError(
            "there is no token for Label Studio; take one there (Account & Settings) and set "
            f"CURATOR_LABEL_STUDIO_API_KEY, or write it into {path} with mode 600"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as a token ({error}); write it again, with mode 600") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path} may be read by others (mode {stat.S_IMODE(mode):o}); run chmod 600 {path}")
    return token
