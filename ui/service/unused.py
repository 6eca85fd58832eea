"""What the page's framework brings along and the page does not use."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from ui.service.guard import nothing_there

_PREFIX: Final = "/gradio_api/"
USED: Final = frozenset({"component_server", "queue", "heartbeat", "app_id", "info"})
"""First parts of the framework's paths: what components call, and what its page asks when it was cut off."""


class Unused:
    """Answers for all other routes of the framework that nothing is there. Among them are some that fetch any public
    address for whoever asks, past ``[network]`` (``file=``), take uploads, keep files by a GET, or edit source code;
    and a newer release may bring more."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path.startswith(_PREFIX) and path.removeprefix(_PREFIX).partition("/")[0] not in USED:
            await nothing_there(scope, receive, send)
        else:
            await self._app(scope, receive, send)
