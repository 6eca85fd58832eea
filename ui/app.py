"""The page: one FastAPI application with the image routes and the Gradio blocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from curator.errors import MiningError
from curator.settings import ServeSettings
from curator.user import User
from data.store import Store
from ui.mining.jobs import MinedAside, Miner
from ui.searching.model import SearchModel, load_model

if TYPE_CHECKING:
    from fastapi import FastAPI

    from agents.segment.choose import Choice
    from ui.servers import Servers

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Training(Protocol):
    """What answers the Train tab."""

    def functions(self) -> list[Callable[..., Any]]:
        """What the tab can call, by name; see ``ui.training.server``."""


def no_miner(figure_ids: Sequence[str], agent: str, stopped: Callable[[], bool]) -> Iterator[MinedAside]:
    raise MiningError("this page was opened without agents; mine with `curator mine`")


def build_app(
    store: Store,
    *,
    who: str = "curator",
    miner: Miner = no_miner,
    choose: Callable[[], Choice] | None = None,
    load: Callable[[str], SearchModel] = load_model,
    training: Training | None = None,
    loopback: bool = True,
    serve: ServeSettings | None = None,
) -> FastAPI:
    """The page over a project: for its users, or as long as it has none, for the curator called ``who``.

    ``loopback``: only this machine can reach it; else nobody comes in without a login, even where there is no user yet.
    ``miner`` mines figures again from the page; ``choose`` loads what turns clicks into boxes, by default OpenCV alone;
    ``load`` the model that the project is searched with; ``training`` answers the Train tab, by default with the
    project's own runs. ``app.state`` has what runs beside the answers and must be closed after them: ``mining_jobs``,
    ``segmenting`` and ``syncing``.
    """
    # read by the framework while it is imported
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

    import gradio as gr
    from fastapi import FastAPI

    from curator.settings import load_settings
    from data.signing import Signer, load_secret
    from ui import theme
    from ui.accounts.gate import Gate
    from ui.accounts.oidc import provider_of
    from ui.accounts.routes import account_routes
    from ui.api.app import PREFIX, api_app
    from ui.images import image_routes
    from ui.label_studio.routes import label_studio_routes
    from ui.searching.routes import search_routes
    from ui.segmenting import opencv_only, segmenting_of
    from ui.servers import Servers
    from ui.service.guard import OWN_CHECKS, Guard, nothing_there
    from ui.service.health import health_routes
    from ui.service.limits import Limits
    from ui.service.metrics import Metrics, metrics_routes
    from ui.service.requests_log import RequestsLog
    from ui.service.unused import Unused
    from ui.signed import signed_routes
    from ui.training.routes import report_routes

    app = FastAPI(title="Curator", docs_url=None, redoc_url=None, openapi_url=None)
    # what is added last is asked first
    app.add_middleware(Limits)
    app.add_middleware(Unused)
    app.add_middleware(Gate, store=store, local=User(who, "admin") if loopback else None, own_checks=OWN_CHECKS)
    app.add_middleware(Guard, hosts=LOOPBACK, any_host=lambda: not loopback or store.users.any(), own_checks=OWN_CHECKS)
    servers = Servers.of(store, miner, segmenting_of(store, choose or opencv_only), load)
    provider = provider_of(store.project, load_settings(store.project, os.environ))
    app.include_router(account_routes(store, servers.logins, provider))
    app.include_router(image_routes(store))
    key = load_secret(store.project)
    app.include_router(signed_routes(store, Signer(key)))
    app.include_router(label_studio_routes(store, servers.segmenting, servers.syncing, key))
    app.include_router(report_routes(servers.runs))
    app.include_router(search_routes(store, servers.pictures))
    app.mount(PREFIX, api_app(servers))

    app.state.mining_jobs = servers.jobs
    app.state.ingests = servers.ingests
    app.state.segmenting = servers.segmenting
    app.state.segmenting.prepare()
    app.state.syncing = servers.syncing
    app.state.syncing.resume()
    metrics = Metrics(store, app.state.mining_jobs, app.state.syncing.state)
    app.include_router(health_routes(store, (serve or ServeSettings()).min_free_mb))
    app.include_router(metrics_routes(metrics))
    app.add_middleware(RequestsLog, metrics=metrics)
    for beginning in OWN_CHECKS:  # after their routes
        app.mount(beginning.rstrip("/"), nothing_there)
    gr.mount_gradio_app(
        app,
        _blocks(servers, training or servers.training),
        path="/",
        run_history=False,
        footer_links=[],
        ssr_mode=False,
        app_kwargs={"openapi_url": None},
        theme=theme.theme(),
        css=theme.css(),
        head=theme.head(),
    )
    return app


def _blocks(servers: Servers, training: Training) -> Any:
    import gradio as gr

    from ui.header import header
    from ui.tabs.dashboard import dashboard_tab
    from ui.tabs.gallery import gallery_tab
    from ui.tabs.loop import loop_tab
    from ui.tabs.review import review_tab
    from ui.tabs.search import search_tab
    from ui.tabs.sync import sync_tab
    from ui.tabs.team import team_tab
    from ui.tabs.train import train_tab

    store = servers.store
    with gr.Blocks(title="Curator", analytics_enabled=False, fill_height=True, fill_width=True) as blocks:
        header(store.project)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Review", elem_id="tab-review"):
                review_tab(servers.review, servers.agents, servers.segment, servers.sync)
            with gr.Tab("Queue", elem_id="tab-queue"):
                gallery_tab(store, servers.agents)
            with gr.Tab("Search", elem_id="tab-search"):
                search_tab(store.project, servers.search.functions())
            with gr.Tab("Train", elem_id="tab-train"):
                train_tab(training.functions())
            with gr.Tab("Loop", elem_id="tab-loop"):
                loop_tab([*servers.loop.functions(), *servers.auto.functions()])
            with gr.Tab("Team", elem_id="tab-team"):
                team_tab(servers.team.functions())
            with gr.Tab("Sync", elem_id="tab-sync"):
                sync_tab(servers.sync.functions())
            with gr.Tab("Dashboard", elem_id="tab-dashboard"):
                dashboard_tab(store)
    return blocks
