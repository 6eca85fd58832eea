"""Server functions about agents: mine again, compare, what a model saw and said, and which model there is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pydantic import Field

from curator.codec import level_of, node_to_doc, to_doc
from curator.confidence import figure_confidence
from curator.errors import ReviewError
from curator.exchange import Exchange
from curator.figure import Hierarchy, State, flags
from data.store import Store
from data.store.minings import Mining
from ui.accounts.identity import current_user, permit
from ui.editor.answers import Answer, answering
from ui.editor.requests import FigureId, FigureRequest, Request, RowId, parse_request
from ui.mining.jobs import MiningJobs
from ui.mining.model_setup import ModelSetup

EMBEDDED, MODEL, CONSENSUS = "embedded", "model", "consensus"
MAX_FIGURES = 5000  # guess: more are mined by `curator mine`, not picked one by one


class MineRequest(Request):
    """Mine figures again, aside from the open work."""

    figure_ids: list[FigureId] = Field(min_length=1, max_length=MAX_FIGURES)
    agent: str = Field(pattern=f"^({EMBEDDED}|{MODEL}|{CONSENSUS})$")


class JobRequest(Request):
    """Stop a job."""

    job_id: int


class MiningRequest(Request):
    """Read what was proposed."""

    mining_id: RowId


class TraceRequest(Request):
    """Read which exchanges with models a figure has, or made one node of it."""

    figure_id: FigureId
    node_id: str | None = Field(default=None, max_length=40)


class ExchangeRequest(Request):
    """Read one exchange in full."""

    key: str = Field(pattern="^[0-9a-f]{1,128}$")


class ModelRequest(Request):
    """Test or save the model's settings. Without ``api_key`` the one that is kept holds."""

    fields: dict[str, str | int | float] = Field(max_length=40)
    api_key: str | None = Field(default=None, max_length=2000)


class AgentsServer:
    """Answers the pages of all curators of this process; see ``ui.editor.answers`` for errors."""

    def __init__(self, store: Store, jobs: MiningJobs, setup: ModelSetup) -> None:
        self._store = store
        self._jobs = jobs
        self._setup = setup

    def functions(self) -> list[Callable[..., Answer]]:
        """What the review page can call, by name."""
        return [
            *self.job_functions(),
            answering(self.stop, "stop_mining"),
            answering(self.mining, "mining"),
            answering(self.trace, "trace"),
            answering(self.exchange, "exchange"),
            answering(self.model, "model"),
            answering(self.test_model, "test_model"),
            answering(self.save_model, "save_model"),
        ]

    def job_functions(self) -> list[Callable[..., Answer]]:
        """What a page that only starts jobs can call."""
        return [answering(self.agents, "agents"), answering(self.mine, "mine"), answering(self.jobs, "jobs")]

    def agents(self, raw: Any) -> Answer:
        """Agents that can mine; with a ``figure_id`` also the figure's minings, newest first."""
        minings: list[Mining] | None = None
        if raw:
            minings = self._store.minings.of_figure(parse_request(FigureRequest, raw).figure_id)
        answer: Answer = {"agents": self._agents(minings)}
        if minings is not None:
            answer["minings"] = [self._mining_head(mining) for mining in minings]
        return answer

    def mine(self, raw: Any) -> Answer:
        """Starts a job."""
        permit("mine")
        request = parse_request(MineRequest, raw)
        for figure_id in request.figure_ids:
            self._store.reviews.figure(figure_id)  # raises where there is none
        if request.agent == MODEL and not self._setup.settings().model:
            raise ReviewError("no model is set up; name its server and model under 'Set up a model'")
        job = self._jobs.start(request.figure_ids, request.agent)
        detail = {"agent": request.agent, "figures": len(request.figure_ids), "job": job.id}
        self._store.audit.add(current_user().name, "mining.start", request.figure_ids[0], detail)
        return {"job": to_doc(job)}

    def jobs(self, raw: Any) -> Answer:
        """Every job, oldest first."""
        return {"jobs": [to_doc(job) for job in self._jobs.progress()]}

    def stop(self, raw: Any) -> Answer:
        permit("mine")
        job = self._jobs.stop(parse_request(JobRequest, raw).job_id)
        self._store.audit.add(current_user().name, "mining.stop", str(job.id))
        return {"job": to_doc(job)}

    def mining(self, raw: Any) -> Answer:
        """What an agent proposed, as the nodes of a figure's document."""
        mining = self._store.minings.mining(parse_request(MiningRequest, raw).mining_id)
        return {
            "mining": {
                **self._mining_head(mining),
                "figure_id": mining.figure_id,
                "nodes": [node_to_doc(node) for node in mining.hierarchy.nodes()],
                "shared": to_doc(mining.hierarchy.shared),
                "flags": [to_doc(flag) for flag in flags(mining.hierarchy)],
            }
        }

    def trace(self, raw: Any) -> Answer:
        """Exchanges in the order in which they were held, without their texts."""
        request = parse_request(TraceRequest, raw)
        if request.node_id is None:
            found = self._store.exchanges.of_figure(request.figure_id)
        else:
            nodes = self._store.reviews.load(request.figure_id, time.time()).review.hierarchy.by_id()
            if request.node_id not in nodes:
                raise ReviewError(f"there is no node {request.node_id!r} in this figure; it may have been deleted")
            found = self._store.exchanges.found(nodes[request.node_id].provenance.exchanges)
        return {"exchanges": [_exchange_head(exchange) for exchange in found]}

    def exchange(self, raw: Any) -> Answer:
        """One exchange word for word; each message with the hashes of its pictures (``/seen/SHA256``)."""
        key = parse_request(ExchangeRequest, raw).key
        exchange = self._store.exchanges.find(key)
        if exchange is None:
            raise ReviewError(f"there is no exchange {key!r} any more; reload the figure")
        return {
            "exchange": {
                **_exchange_head(exchange),
                "messages": exchange.messages,
                "text": exchange.reply.text,
                "parsed": exchange.parsed,
                "settings": exchange.settings,
                "prompt_sha256": exchange.prompt_sha256,
            }
        }

    def model(self, raw: Any) -> Answer:
        """The form's values."""
        permit("model")
        from agents.lvlm.asking.coordinates import Frame
        from agents.lvlm.providers.registry import provider_names

        return {
            **self._setup.document(),
            "providers": list(provider_names()),
            "frames": [str(frame) for frame in Frame],
        }

    def test_model(self, raw: Any) -> Answer:
        """What the server can do; its fault is a refusal."""
        permit("model")
        request = parse_request(ModelRequest, raw)
        return {"connection": to_doc(self._setup.test(request.fields, request.api_key))}

    def save_model(self, raw: Any) -> Answer:
        permit("model")
        request = parse_request(ModelRequest, raw)
        self._setup.save(request.fields, request.api_key)
        self._store.audit.add(current_user().name, "model.save", str(request.fields.get("model", "")))
        return {}

    def _agents(self, minings: list[Mining] | None) -> list[Answer]:
        settings = self._setup.settings()
        where = settings.base_url or settings.provider
        agents = [
            {"id": EMBEDDED, "title": "Embedded agent", "detail": "needs no model", "ready": True},
            {
                "id": MODEL,
                "title": settings.model or "A model of yours",
                "detail": where if settings.model else "not set up yet",
                "ready": bool(settings.model),
            },
        ]
        voices = (
            2 if minings is None else len({(mining.agent, mining.model) for mining in minings} - {(CONSENSUS, None)})
        )
        detail = "fuses what the agents proposed" if voices > 1 else "needs minings by two agents"
        agents.append({"id": CONSENSUS, "title": "Consensus", "detail": detail, "ready": voices > 1})
        return agents

    @staticmethod
    def _mining_head(mining: Mining) -> Answer:
        return {
            "id": mining.id,
            "agent": mining.agent,
            "model": mining.model,
            "at": mining.at,
            "seconds": mining.seconds,
            "cost": mining.cost,
            "confidence": figure_confidence(mining.hierarchy, flags(mining.hierarchy)),
            **_counts(mining.hierarchy),
        }


def _counts(hierarchy: Hierarchy) -> dict[str, int]:
    present = [level_of(node) for node in hierarchy.nodes() if node.state != State.REJECTED]
    return {f"{level}s": present.count(level) for level in ("panel", "marker", "region")}


def _exchange_head(exchange: Exchange) -> Answer:
    return {
        "key": exchange.key,
        "stage": exchange.stage,
        "prompt": exchange.prompt,
        "provider": exchange.provider,
        "model": exchange.model,
        "finish": exchange.reply.finish,
        "tokens_in": exchange.reply.tokens_in,
        "tokens_out": exchange.reply.tokens_out,
        "seconds": exchange.reply.seconds,
        "cost": exchange.cost,
        "fault": exchange.fault,
        "repairs": list(exchange.repairs),
        "at": exchange.at,
    }
