"""Ways of the API that are a function of the page: the same request, the same answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from curator.user import Right
from ui.api.answers import answered, needs
from ui.api.shape import Empty
from ui.editor.answers import Answer
from ui.editor.requests import Request


@dataclass(frozen=True, slots=True)
class Call:
    """One way; ``function`` takes and gives what its own module says."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    function: Callable[[Any], Answer]
    says: str
    """What it does, as a sentence."""
    asks: type[Request] = Request
    """Of a GET or DELETE the parameters of the address, else the body."""
    answers: type[BaseModel] = Empty
    right: Right | None = None
    status: int = 200


def add_call(router: APIRouter, call: Call) -> None:
    """Adds the way; requests are checked before, so that a fault is named as everywhere in the API."""

    def answer(asked: Any) -> Response:
        return answered(call.function(asked.model_dump(mode="json")), call.status)

    in_address = call.method in ("GET", "DELETE")
    if not call.asks.model_fields:

        def answer_all() -> Response:
            return answered(call.function({}), call.status)

        endpoint: Callable[..., Response] = answer_all
    else:
        endpoint = answer
        endpoint.__annotations__ = {
            "asked": Annotated[call.asks, Query()] if in_address else call.asks,
            "return": Response,
        }
    router.add_api_route(
        call.path,
        endpoint,
        methods=[call.method],
        name=f"{router.prefix.strip('/')}_{call.function.__name__}",
        description=call.says,
        status_code=call.status,
        response_model=call.answers,
        dependencies=[needs(call.right)] if call.right else [],
    )
