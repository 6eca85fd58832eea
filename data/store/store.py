"""A project folder: one SQLite file and an image store."""

from __future__ import annotations

from pathlib import Path

from data.store.articles import Articles
from data.store.assessors import Assessors
from data.store.audit import Audit
from data.store.audited import Audited
from data.store.auto import Auto
from data.store.comparisons import Comparisons
from data.store.conflict_decisions import ConflictDecisions
from data.store.counts import Counts
from data.store.dashboard import Dashboard
from data.store.database import DATABASE, Connections
from data.store.decided import Decisions
from data.store.exchanges import Exchanges
from data.store.findable import Findable
from data.store.fits import Fits
from data.store.image_links import ImageLinks
from data.store.image_store import ImageStore
from data.store.loop import LoopRounds
from data.store.minings import Minings
from data.store.outbox import Outbox
from data.store.outcomes import Outcomes
from data.store.problems import Problems
from data.store.queue import Queue
from data.store.ranks import Ranks
from data.store.readings import Readings
from data.store.remining import Remining
from data.store.reviews import Reviews
from data.store.sessions import Sessions
from data.store.subjects import Subjects
from data.store.sync_lists import SyncLists
from data.store.syncs import Syncs
from data.store.tokens import Tokens
from data.store.trainable import TrainableCounts
from data.store.users import Users


class Store:
    """Everything that a project remembers. Safe to share among threads; each process opens its own.

    Raises:
        StoreError: the folder cannot be used or its database is not one of ours.
    """

    def __init__(self, project: Path) -> None:
        self.project = project
        self.connections = Connections(project / DATABASE)
        self.images = ImageStore(project / "images")
        self.articles = Articles(self.connections)
        self.reviews = Reviews(self.connections)
        self.readings = Readings(self.connections, self.reviews)
        self.comparisons = Comparisons(self.readings, self.reviews)
        self.loop = LoopRounds(self.connections)
        self.remining = Remining(self.connections)
        self.minings = Minings(self.connections)
        self.exchanges = Exchanges(self.connections, self.images)
        self.queue = Queue(self.connections)
        self.ranks = Ranks(self.connections)
        self.auto = Auto(self.connections)
        self.audited = Audited(self.connections)
        self.problems = Problems(self.connections)
        self.outcomes = Outcomes(self.connections)
        self.dashboard = Dashboard(self.connections)
        self.findable = Findable(self.connections)
        self.fits = Fits(self.connections)
        self.decisions = Decisions(self.connections, self.outcomes)
        self.assessors = Assessors(self.connections)
        self.outbox = Outbox(self.connections)
        self.syncs = Syncs(self.connections)
        self.sync_lists = SyncLists(self.connections)
        self.conflict_decisions = ConflictDecisions(self.connections)
        self.image_links = ImageLinks(self.connections)
        self.trainable = TrainableCounts(self.connections)
        self.users = Users(self.connections)
        self.subjects = Subjects(self.connections, self.users)
        self.sessions = Sessions(self.connections)
        self.tokens = Tokens(self.connections)
        self.audit = Audit(self.connections)
        self.counts = Counts(self.connections)

    def close(self) -> None:
        """Closes this thread's connection."""
        self.connections.close()
