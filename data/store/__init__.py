"""The project's memory: one SQLite file and an image store. All SQL of Curator is in this package."""

from data.store.store import Store

__all__ = ["Store"]
