"""Backups of a project: taken while it is used, restored as a whole or not at all."""

from data.backup.manifest import Manifest
from data.backup.restore import restore, verify
from data.backup.take import Taken, take_backup

__all__ = ["Manifest", "Taken", "restore", "take_backup", "verify"]
