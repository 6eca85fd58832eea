"""What answers the page and the API: one of each in a process, so that both see the same jobs, models and limits."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curator.settings import load_settings
from data.embeddings import Embeddings
from data.store import Store
from ui.accounts.identity import current_user
from ui.accounts.logins import Logins
from ui.editor.agents_server import AgentsServer
from ui.editor.segment_server import SegmentServer
from ui.editor.server import ReviewServer
from ui.ingest_jobs import IngestJobs, project_sources
from ui.learning.auto_server import AutoServer
from ui.looping.process import LoopProcess
from ui.looping.server import LoopServer
from ui.mining.jobs import Miner, MiningJobs
from ui.mining.model_setup import ModelSetup
from ui.searching.model import SearchModel
from ui.searching.pictures import QueryPictures
from ui.searching.search import Searching
from ui.searching.server import SearchServer
from ui.segmenting import Segmenting
from ui.syncing.passes import Syncing
from ui.syncing.server import SyncServer
from ui.syncing.setup import SyncSetup
from ui.teamwork.server import TeamServer
from ui.training.runs import Runs
from ui.training.server import TrainServer

if TYPE_CHECKING:
    from agents.lvlm.connection import Connection
    from curator.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class Servers:
    """Whoever asks is told by ``ui.accounts.identity``."""

    store: Store
    review: ReviewServer
    agents: AgentsServer
    segment: SegmentServer
    search: SearchServer
    training: TrainServer
    jobs: MiningJobs
    segmenting: Segmenting
    pictures: QueryPictures
    runs: Runs
    logins: Logins
    ingests: IngestJobs
    syncing: Syncing
    sync: SyncServer
    team: TeamServer
    loop: LoopServer
    auto: AutoServer

    @classmethod
    def of(cls, store: Store, miner: Miner, segmenting: Segmenting, load: Callable[[str], SearchModel]) -> Servers:
        """Those of a project; nothing is loaded or started yet."""
        syncing = Syncing(
            store, lambda: load_settings(store.project, os.environ, has_users=store.users.any()).label_studio
        )
        jobs, runs, pictures = MiningJobs(miner), Runs(store.project / "runs"), QueryPictures()
        return cls(
            store=store,
            review=ReviewServer(store, lambda: current_user().name),
            agents=AgentsServer(store, jobs, ModelSetup(store.project, os.environ, _connect, store.users.any)),
            segment=SegmentServer(store, segmenting),
            search=SearchServer(store, Searching(store, Embeddings(store.project), load), pictures),
            training=TrainServer(store, runs),
            jobs=jobs,
            segmenting=segmenting,
            pictures=pictures,
            runs=runs,
            logins=Logins(store),
            ingests=IngestJobs(store, lambda: project_sources(store, os.environ)),
            syncing=syncing,
            sync=SyncServer(store, syncing, SyncSetup(store, os.environ)),
            team=TeamServer(store),
            auto=AutoServer(store),
            loop=LoopServer(store, LoopProcess(store.project)),
        )


def _connect(settings: ModelSettings) -> Connection:
    from agents.lvlm.connection import test_connection

    return test_connection(settings)
