"""Asking a model: nothing twice, every reply kept, a faulty reply asked again with its fault shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Generic, TypeVar

from pydantic import BaseModel

from agents.lvlm.asking.budget import Budget
from agents.lvlm.asking.coordinates import Frame, frame_of
from agents.lvlm.asking.parsing import Parsed, ReplyFault, parse_reply
from agents.lvlm.asking.prompts import Prompt
from agents.lvlm.model import Message, Model, Sampling, Schema, exchange_key, messages_to_doc
from curator.errors import ReplyError
from curator.exchange import Exchange, Ledger, Picture, Reply
from curator.settings import ModelSettings

R = TypeVar("R", bound=BaseModel)
T = TypeVar("T")

MOST_ATTEMPTS = 3  # the first, and twice more with the fault shown
_SHOWN_FAULTS = 12  # told to the model at a time; guess: more are one mistake repeated
_SHOWN_CHARACTERS = 4000  # of a faulty reply when it is shown to the model; guess: a loop shown in full goes on


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A reply that could be used."""

    value: T
    """What the caller's ``check`` made of it."""
    exchange: str
    """Key of the exchange it comes from."""
    repairs: tuple[str, ...]
    """By which stated rules the reply was mended before it was used."""
    faults: tuple[str, ...] = ()
    """Why parts of the reply were left out; see ``Asker.ask_for_parts``."""


@dataclass(frozen=True, slots=True)
class Judged(Generic[T]):
    """What a reply of many parts is worth: what can be used, and what is wrong with the rest."""

    value: T
    faults: tuple[str, ...] = ()
    """One sentence each, fit to be shown to the model; () where all of the reply can be used."""


class Asker:
    """Asks one model about one figure. As safe to share between threads as its model, ledger and budget."""

    def __init__(self, model: Model, ledger: Ledger, budget: Budget, settings: ModelSettings, figure_id: str) -> None:
        self.model = model
        self.ledger = ledger
        self.budget = budget
        self.settings = settings
        self.figure_id = figure_id
        self._y_first = frame_of(settings) is Frame.THOUSAND_YX

    def ask(
        self,
        stage: str,
        prompt: Prompt,
        fields: Mapping[str, str],
        pictures: Sequence[Picture],
        shape: type[R],
        check: Callable[[R], T],
        *,
        examples: Sequence[Message] = (),
        sample: int = 0,
    ) -> Answer[T]:
        """The model's answer to a prompt about pictures, read as ``shape`` and accepted by ``check``.

        A question that was answered before is not sent again; its kept reply is read again. A reply that cannot be
        used is shown to the model with its fault, at most twice. Every reply is kept, the faulty ones too.

        Args:
            stage: what is asked about: panels, caption, markers, regions, texts.
            fields: what the prompt's places are filled with.
            pictures: shown with the prompt, in this order.
            check: makes of the reply what the caller wants, or raises ReplyFault with words to show to the model.
            examples: turns before the question, user and assistant alternating.
            sample: number of the sample; each is another question to the ledger and another seed to the model.

        Raises:
            ReplyError: the reply stayed unusable; the raw replies are kept.
            ModelError: the model cannot be reached or its server refuses the request.
            BudgetError: the budget is spent; nothing was sent.
            MiningError: the fields do not fit the prompt.
        """
        return self._ask(stage, prompt, fields, pictures, shape, lambda reply, key: check(reply), examples, sample)

    def ask_for_parts(
        self,
        stage: str,
        prompt: Prompt,
        fields: Mapping[str, str],
        pictures: Sequence[Picture],
        shape: type[R],
        judge: Callable[[R], Judged[T]],
        *,
        examples: Sequence[Message] = (),
        sample: int = 0,
    ) -> Answer[T]:
        """As ``ask``, but where some parts stay wrong the reply with the fewest faults is used without them.

        ``judge`` says what of a reply can be used; it raises ReplyFault where nothing can.

        Raises:
            ReplyError: nothing of any reply could be used; otherwise as ``ask``.
        """
        usable: list[Answer[T]] = []

        def check(reply: R, key: str) -> T:
            judged = judge(reply)
            usable.append(Answer(judged.value, key, (), judged.faults))
            if judged.faults:
                raise ReplyFault(_listed(judged.faults))
            return judged.value

        try:
            return self._ask(stage, prompt, fields, pictures, shape, check, examples, sample)
        except ReplyError:
            if not usable:
                raise
            return min(reversed(usable), key=lambda answer: len(answer.faults))

    def _ask(
        self,
        stage: str,
        prompt: Prompt,
        fields: Mapping[str, str],
        pictures: Sequence[Picture],
        shape: type[R],
        check: Callable[[R, str], T],
        examples: Sequence[Message],
        sample: int,
    ) -> Answer[T]:
        """``check`` gets a reply and the key of its exchange."""
        messages = [*examples, Message("user", prompt.fill(**fields), tuple(pictures))]
        schema = _schema(shape)
        sampling = Sampling(self.settings.temperature, self.settings.max_reply_tokens, seed=sample)
        attempt = 1
        while True:
            key = exchange_key(self.model, messages, schema, sampling)
            outcome = self._outcome(_Question(key, stage, prompt, messages, schema, sampling), shape, check)
            if isinstance(outcome, Answer):
                return outcome
            if attempt == MOST_ATTEMPTS:
                raise ReplyError(self._given_up(stage, key, outcome.fault)) from outcome.fault
            messages = [*messages, *_asked_again(outcome)]
            attempt += 1

    def _outcome(self, question: _Question, shape: type[R], check: Callable[[R, str], T]) -> Answer[T] | _Faulty:
        """What the reply kept for a question, or else the model's, is worth. A new one is kept whatever it is."""
        kept = self.ledger.find(question.key)
        cost = 0.0
        if kept is None:
            self.budget.check()
            reply = self.model.complete(question.messages, question.schema, question.sampling)
            cost = self.budget.spend(reply)
        else:
            reply = kept.reply
        parsed: Parsed[R] | None = None
        fault: ReplyFault | None = None
        try:
            parsed = parse_reply(reply.text, reply.finish, shape, y_first=self._y_first)
            return Answer(check(parsed.value, question.key), question.key, parsed.repairs)
        except ReplyFault as error:
            fault = error
            return _Faulty(reply.text, error)
        finally:  # also where the check fails for another reason: the reply was paid for
            before = kept or self._exchange(question, reply, cost)
            exchange = replace(
                before,
                fault=_told(fault),
                repairs=parsed.repairs if parsed else (),
                parsed=parsed.value.model_dump(mode="json") if parsed else None,
            )
            if exchange != kept:  # new, or read otherwise than when it was kept
                self.ledger.save(exchange, [picture for turn in question.messages for picture in turn.pictures])

    def _exchange(self, question: _Question, reply: Reply, cost: float) -> Exchange:
        sampling = question.sampling
        return Exchange(
            key=question.key,
            figure_id=self.figure_id,
            stage=question.stage,
            prompt=question.prompt.name,
            prompt_sha256=question.prompt.sha256,
            provider=self.model.provider,
            model=self.model.name,
            settings={
                "temperature": sampling.temperature,
                "max_tokens": sampling.max_tokens,
                "seed": sampling.seed,
                "schema": True,
            },
            messages=messages_to_doc(question.messages),
            reply=reply,
            cost=cost,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )

    def _given_up(self, stage: str, key: str, fault: ReplyFault) -> str:
        mend = fault.mend or "another prompt, model or temperature asks anew"
        told = str(fault).rstrip(".")
        return (
            f"{self.model.name!r} gave no usable reply about the {stage} of figure {self.figure_id!r} in "
            f"{MOST_ATTEMPTS} attempts, at last: {told}. The raw reply is kept as exchange {key!r}; {mend}"
        )


@dataclass(frozen=True, slots=True)
class _Question:
    key: str
    stage: str
    prompt: Prompt
    messages: Sequence[Message]
    schema: Schema
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class _Faulty:
    text: str
    fault: ReplyFault


@cache
def _schema(shape: type[BaseModel]) -> Schema:
    return shape.model_json_schema()


def _told(fault: ReplyFault | None) -> str:
    """The fault for people: with what mends it."""
    return "; ".join(filter(None, (str(fault), fault.mend))) if fault else ""


def _listed(faults: Sequence[str]) -> str:
    """Faults for the model, the first ones in full."""
    more = len(faults) - _SHOWN_FAULTS
    told = "; ".join(faults[:_SHOWN_FAULTS])
    return f"{told}; and {more} more" if more > 0 else told


def _asked_again(faulty: _Faulty) -> tuple[Message, Message]:
    """The faulty reply and what is wrong with it, as the next turns."""
    shown = faulty.text.strip() or "(no answer)"  # some servers refuse a turn without text
    if len(shown) > _SHOWN_CHARACTERS:
        shown = f"{shown[:_SHOWN_CHARACTERS]} ..."
    fault = str(faulty.fault).rstrip(".")
    again = f"This reply cannot be used: {fault}. Answer the question again, completely, with JSON only."
    return Message("assistant", shown), Message("user", again)
