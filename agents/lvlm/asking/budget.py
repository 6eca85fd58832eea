"""What one run may ask of a model: requests, tokens and money."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from curator.errors import BudgetError
from curator.exchange import Reply
from curator.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run has taken so far."""

    requests: int = 0
    """Questions sent, failed ones too; one that was sent again after a fault counts once."""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    """In the currency of the settings' prices."""

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


class Budget:
    """Holds a run to its limits; safe to use from several threads, each of which asks one question at a time.

    Requests are never more than the limit. Tokens and money are known only afterwards: each request under way counts as
    much as the dearest reply so far, so that a run ends over its limit by what its last replies took more than that.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._spent = Spent()
        self._asking: set[int] = set()
        self._replies = 0
        self._most_tokens = settings.max_reply_tokens  # until a reply is known
        self._most_cost = settings.max_reply_tokens * settings.price_out / 1e6
        self._tells_tokens = True

    @property
    def spent(self) -> Spent:
        with self._lock:
            return self._spent

    def check(self) -> None:
        """Counts one request that is about to be sent. ``spend`` follows when it was answered, nothing when it failed.

        Raises:
            BudgetError: a limit is reached; nothing was counted.
        """
        settings = self._settings
        with self._lock:
            # a thread that comes back without a reply had a request that failed
            self._asking.discard(threading.get_ident())
            spent, under_way = self._spent, len(self._asking)
            if settings.max_requests and spent.requests >= settings.max_requests:
                raise _reached("max_requests", f"{settings.max_requests} requests", f"{spent.requests} were sent", 0)
            if (settings.max_tokens or settings.max_cost) and not self._tells_tokens:
                raise BudgetError(
                    "the server does not tell how many tokens a reply took, so that model.max_tokens and "
                    "model.max_cost cannot be held; set them to 0 and model.max_requests to a limit"
                )
            if settings.max_tokens and spent.tokens + under_way * self._most_tokens >= settings.max_tokens:
                raise _reached("max_tokens", f"{settings.max_tokens} tokens", f"{spent.tokens} were taken", under_way)
            if settings.max_cost and spent.cost + under_way * self._most_cost >= settings.max_cost:
                raise _reached("max_cost", f"{settings.max_cost:g}", f"{spent.cost:.4g} was spent", under_way)
            self._spent = Spent(spent.requests + 1, spent.tokens_in, spent.tokens_out, spent.cost)
            self._asking.add(threading.get_ident())

    def spend(self, reply: Reply) -> float:
        """The cost of the reply to the request that this thread counted last, in the currency of the prices."""
        settings = self._settings
        tokens = reply.tokens_in + reply.tokens_out
        cost = (reply.tokens_in * settings.price_in + reply.tokens_out * settings.price_out) / 1e6
        with self._lock:
            self._asking.discard(threading.get_ident())
            self._tells_tokens = self._tells_tokens and tokens > 0
            self._most_tokens = max(self._most_tokens, tokens) if self._replies else tokens
            self._most_cost = max(self._most_cost, cost) if self._replies else cost
            self._replies += 1
            spent = self._spent
            self._spent = Spent(
                spent.requests,
                spent.tokens_in + reply.tokens_in,
                spent.tokens_out + reply.tokens_out,
                spent.cost + cost,
            )
        return cost


def _reached(setting: str, limit: str, spent: str, under_way: int) -> BudgetError:
    besides = f", requests still under way: {under_way}" if under_way else ""
    return BudgetError(
        f"the budget of {limit} is reached: {spent}{besides}; the same command again goes on from here with a new "
        f"budget, and model.{setting} sets another"
    )
