"""Replies of many parts: what stays wrong after the model was asked again is left out, the rest is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from agents.lvlm.asking.asker import Asker
from agents.lvlm.asking.parsing import ReplyFault
from agents.lvlm.asking.prompts import Prompt
from agents.lvlm.model import Message
from curator.errors import ReplyError
from curator.exchange import Exchange, Ledger, Picture

R = TypeVar("R", bound=BaseModel)
T = TypeVar("T")

_SHOWN = 12  # faults told to the model at a time; guess: more are one mistake repeated


@dataclass(frozen=True, slots=True)
class Judged(Generic[T]):
    """What a reply is worth: what can be used, and what is wrong with the rest."""

    value: T
    faults: tuple[str, ...] = ()
    """One sentence each, fit to be shown to the model; () where all of the reply can be used."""


@dataclass(frozen=True, slots=True)
class Parts(Generic[T]):
    value: T
    exchange: str
    """Key of the exchange that the value comes from."""
    faults: tuple[str, ...]
    """Why parts of it were left out."""


def ask_for_parts(
    asker: Asker,
    stage: str,
    prompt: Prompt,
    fields: Mapping[str, str],
    pictures: Sequence[Picture],
    shape: type[R],
    judge: Callable[[R], Judged[T]],
    examples: Sequence[Message] = (),
) -> Parts[T]:
    """As ``Asker.ask``, but where some parts stay wrong the reply with the fewest faults is used without them.

    Raises:
        ReplyError: no reply had the right shape; the raw replies are kept.
        ModelError, BudgetError: see ``Asker.ask``.
    """
    noted = _Noted(asker.ledger)
    seen: list[Parts[T]] = []

    def check(reply: R) -> T:
        judged = judge(reply)
        seen.append(Parts(judged.value, noted.last, judged.faults))
        if judged.faults:
            more = len(judged.faults) - _SHOWN
            told = "; ".join(judged.faults[:_SHOWN])
            raise ReplyFault(f"{told}; and {more} more" if more > 0 else told)
        return judged.value

    noting = Asker(asker.model, noted, asker.budget, asker.settings, asker.figure_id)
    try:
        noting.ask(stage, prompt, fields, pictures, shape, check, examples=examples)
    except ReplyError:
        if not seen:
            raise
    return min(reversed(seen), key=lambda parts: len(parts.faults))


class _Noted:
    """A ledger that remembers which exchange is being looked at."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.last = ""

    def find(self, key: str) -> Exchange | None:
        self.last = key
        return self._ledger.find(key)

    def save(self, exchange: Exchange, pictures: Sequence[Picture]) -> None:
        self._ledger.save(exchange, pictures)
