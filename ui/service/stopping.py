"""Ending a server: streams of events end at once, other requests are finished, then what runs beside them."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Stopping:
    """Tells streams of events, which open pages hold and which never end by themselves, that their reader has gone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._begun = asyncio.Event()

    def begin(self) -> None:
        """From now on; to be called in the server's loop."""
        self._begun.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        streams = asyncio.Event()
        whole = False

        async def sending(message: Message) -> None:
            nonlocal whole
            if message["type"] == "http.response.start":
                kind = Headers(raw=message.get("headers", [])).get("content-type", "")
                if kind.startswith("text/event-stream"):
                    streams.set()
            elif message["type"] == "http.response.body":
                whole = not message.get("more_body", False)
            await send(message)

        async def gone() -> Message:
            await streams.wait()
            await self._begun.wait()
            return {"type": "http.disconnect"}

        async def receiving() -> Message:
            first = {asyncio.ensure_future(receive()), asyncio.ensure_future(gone())}
            try:
                done, _ = await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
                return done.pop().result()
            finally:
                for future in first:
                    future.cancel()

        await self._app(scope, receiving, sending)
        if streams.is_set() and self._begun.is_set() and not whole:  # whoever still reads sees an end, not a break
            await send({"type": "http.response.body", "body": b"", "more_body": False})


@contextmanager
def ending_well(numbers: Iterable[signal.Signals]) -> Iterator[Callable[[], bool]]:
    """While the block runs these signals end the process no more by themselves: the server inside, which listens to
    them, ends, and raises them again when it has. Gives whether one came, perhaps before the server listened."""
    came: list[int] = []

    def noted(number: int, frame: FrameType | None) -> None:
        came.append(number)

    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield lambda: False
        return
    before = {number: signal.signal(number, noted) for number in numbers}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def closed_in_time(closers: Iterable[Callable[[], None]], seconds: float) -> bool:
    """Calls them all at once; whether all came to their end within these seconds."""
    threads = [threading.Thread(target=close, daemon=True) for close in closers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    return not any(thread.is_alive() for thread in threads)
