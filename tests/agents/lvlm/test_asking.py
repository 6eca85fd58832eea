"""Nothing is asked twice, every reply is kept, and a faulty one goes back to the model with its fault."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from agents.lvlm.asking.asker import MOST_ATTEMPTS, Asker
from agents.lvlm.asking.budget import Budget
from agents.lvlm.asking.coordinates import Frame, from_replies
from agents.lvlm.asking.parsing import PROSE, ReplyFault
from agents.lvlm.asking.prompts import Prompt
from agents.lvlm.asking.replies import BoxedPanels
from agents.lvlm.model import Message, Sampling, Schema
from curator.errors import BudgetError, MiningError, ModelError, ReplyError
from curator.exchange import Finish, MemoryLedger, Picture, Reply
from curator.geometry import Box
from curator.settings import ModelSettings

PROMPT = Prompt("panels_letters", "Box the panels.\n{{facts}}", "ab" * 32)
PICTURE = Picture(b"not really a JPEG", "image/jpeg", (1500, 900))
SETTINGS = ModelSettings(model="qwen3-vl", temperature=0.3, max_reply_tokens=777, price_in=2.0, price_out=10.0)


def _panels(*boxes: Sequence[float]) -> str:
    panels = [{"label": None, "box": [*box], "kind": "plot", "description": "x"} for box in boxes]
    return json.dumps({"panels": panels})


GOOD = _panels([0, 0, 500, 1000])
PIXELS = _panels([0, 0, 1490, 890], [10, 20, 700, 440])


class ScriptedModel:
    """Answers from a queue and keeps what it was asked; an error in the queue is raised."""

    provider = "scripted"
    name = "qwen3-vl"

    def __init__(self, *answers: str | Reply | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[list[Message], Schema | None, Sampling]] = []

    def complete(self, messages: Sequence[Message], schema: Schema | None, sampling: Sampling) -> Reply:
        self.asked.append((list(messages), schema, sampling))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(answer, tokens_in=1000, tokens_out=100, seconds=1.5)


def _asker(model: ScriptedModel, ledger: MemoryLedger, settings: ModelSettings = SETTINGS) -> Asker:
    return Asker(model, ledger, Budget(settings), settings, "PMC1/f1")


def _boxes(reply: BoxedPanels) -> list[Box]:
    return from_replies([panel.box for panel in reply.panels], Frame.THOUSAND, PICTURE.wh)


def _ask(asker: Asker, **given: Any) -> Any:
    return asker.ask("panels", PROMPT, {"facts": "{}"}, [PICTURE], BoxedPanels, given.pop("check", _boxes), **given)


def test_the_answer_is_what_the_check_makes_and_names_its_exchange() -> None:
    model, ledger = ScriptedModel(f"Here: {GOOD}"), MemoryLedger()
    answer = _ask(_asker(model, ledger))
    assert answer.value == [(0, 0, 750, 900)]
    assert answer.repairs == (PROSE,)
    assert list(ledger.exchanges) == [answer.exchange]


def test_everything_about_the_question_and_the_reply_is_kept() -> None:
    model, ledger = ScriptedModel(GOOD), MemoryLedger()
    exchange = ledger.exchanges[_ask(_asker(model, ledger), sample=2).exchange]
    assert (exchange.figure_id, exchange.stage) == ("PMC1/f1", "panels")
    assert (exchange.prompt, exchange.prompt_sha256) == ("panels_letters", "ab" * 32)
    assert (exchange.provider, exchange.model) == ("scripted", "qwen3-vl")
    assert exchange.settings == {"temperature": 0.3, "max_tokens": 777, "seed": 2, "schema": True}
    assert exchange.messages == [{"role": "user", "text": "Box the panels.\n{}", "pictures": [PICTURE.sha256]}]
    assert exchange.reply.text == GOOD
    assert (exchange.fault, exchange.repairs) == ("", ())
    assert exchange.parsed == json.loads(GOOD)
    assert exchange.cost == pytest.approx(1000 * 2e-6 + 100 * 10e-6)
    assert exchange.at.endswith("+00:00")
    assert ledger.pictures == {PICTURE.sha256: PICTURE}


def test_the_model_gets_examples_first_the_schema_and_the_sampling() -> None:
    model = ScriptedModel(GOOD)
    examples = [Message("user", "one like this"), Message("assistant", "like that")]
    _ask(_asker(model, MemoryLedger()), examples=examples, sample=1)
    ((messages, schema, sampling),) = model.asked
    assert messages == [*examples, Message("user", "Box the panels.\n{}", (PICTURE,))]
    assert schema == BoxedPanels.model_json_schema()
    assert sampling == Sampling(0.3, 777, 1)


def test_the_same_question_is_never_sent_again() -> None:
    model, ledger = ScriptedModel(GOOD), MemoryLedger()
    first = _ask(_asker(model, ledger))
    assert _ask(_asker(model, ledger)) == first
    assert len(model.asked) == 1


def test_a_kept_reply_needs_no_budget() -> None:
    ledger = MemoryLedger()
    settings = replace(SETTINGS, max_requests=1)
    asker = _asker(ScriptedModel(GOOD, GOOD), ledger, settings)
    _ask(asker)
    _ask(asker)
    with pytest.raises(BudgetError):
        _ask(asker, sample=1)
    assert len(ledger.exchanges) == 1


def test_another_sample_setting_or_picture_is_another_question() -> None:
    model, ledger = ScriptedModel(*[GOOD] * 4), MemoryLedger()
    _ask(_asker(model, ledger))
    _ask(_asker(model, ledger), sample=1)
    _ask(_asker(model, ledger, replace(SETTINGS, temperature=0.9)))
    other = Picture(b"another", "image/png", (1500, 900))
    _asker(model, ledger).ask("panels", PROMPT, {"facts": "{}"}, [other], BoxedPanels, _boxes)
    assert len(ledger.exchanges) == 4


def test_a_faulty_reply_is_shown_to_the_model_with_its_fault() -> None:
    model, ledger = ScriptedModel("There are two panels.", GOOD), MemoryLedger()
    assert _ask(_asker(model, ledger)).value == [(0, 0, 750, 900)]
    first, second = (messages for messages, _, _ in model.asked)
    assert second[: len(first)] == first
    assert second[len(first) :] == [
        Message("assistant", "There are two panels."),
        Message(
            "user",
            "This reply cannot be used: it has no JSON. Answer the question again, completely, with JSON only.",
        ),
    ]
    kept = list(ledger.exchanges.values())
    assert [exchange.fault for exchange in kept] == ["it has no JSON", ""]
    assert [exchange.reply.text for exchange in kept] == ["There are two panels.", GOOD]
    assert kept[0].parsed is None


def test_boxes_in_another_frame_go_back_to_the_model_and_the_setting_is_told_to_the_person() -> None:
    model, ledger = ScriptedModel(PIXELS, GOOD), MemoryLedger()
    assert _ask(_asker(model, ledger)).value == [(0, 0, 750, 900)]
    shown = model.asked[1][0][-1].text
    assert "make sense only as 'qwen2.5-pixels' or 'pixels'" in shown
    assert Frame.THOUSAND.describe(PICTURE.wh) in shown
    assert ".." not in shown
    assert "model.coordinates" not in shown
    assert "set model.coordinates to 'qwen2.5-pixels' or 'pixels'" in next(iter(ledger.exchanges.values())).fault


def test_after_two_more_attempts_the_failure_says_everything_and_all_replies_are_kept() -> None:
    model, ledger = ScriptedModel("", Reply("{", Finish.LENGTH), PIXELS), MemoryLedger()
    with pytest.raises(ReplyError) as caught:
        _ask(_asker(model, ledger))
    assert not isinstance(caught.value, ReplyFault)
    assert len(model.asked) == len(ledger.exchanges) == MOST_ATTEMPTS == 3
    last = list(ledger.exchanges)[-1]
    message = str(caught.value)
    assert message.startswith(
        "'qwen3-vl' gave no usable reply about the panels of figure 'PMC1/f1' in 3 attempts, at last: the boxes"
    )
    assert message.endswith(
        f"The raw reply is kept as exchange {last!r}; if the model always counts so, set model.coordinates to "
        "'qwen2.5-pixels' or 'pixels'"
    )
    assert [exchange.reply.text for exchange in ledger.exchanges.values()] == ["", "{", PIXELS]
    assert all(exchange.fault for exchange in ledger.exchanges.values())
    assert model.asked[1][0][-2] == Message("assistant", "(no answer)"), "servers refuse a turn without text"


def test_a_failure_is_not_asked_again_either() -> None:
    model, ledger = ScriptedModel("", "", ""), MemoryLedger()
    for _ in range(2):
        with pytest.raises(ReplyError, match="in 3 attempts, at last: it is empty"):
            _ask(_asker(model, ledger))
    assert len(model.asked) == 3


def test_a_long_faulty_reply_is_shown_in_part() -> None:
    model = ScriptedModel(Reply("[" * 50_000, Finish.LENGTH), GOOD)
    _ask(_asker(model, MemoryLedger()))
    assert len(model.asked[1][0][-2].text) < 5_000


def test_a_refusal_by_the_server_is_a_fault_and_one_to_connect_is_not() -> None:
    model, ledger = ScriptedModel(Reply("", Finish.REFUSED), ModelError("no route to the server")), MemoryLedger()
    with pytest.raises(ModelError, match="no route to the server"):
        _ask(_asker(model, ledger))
    assert [exchange.fault for exchange in ledger.exchanges.values()] == [
        "the request was declined; another model may answer; some servers filter medical images"
    ]


def test_what_a_kill_or_a_lost_server_left_is_gone_on_with() -> None:
    ledger = MemoryLedger()
    with pytest.raises(ModelError):
        _ask(_asker(ScriptedModel("nothing", ModelError("gone")), ledger))
    model = ScriptedModel(GOOD)
    assert _ask(_asker(model, ledger)).value == [(0, 0, 750, 900)]
    assert len(model.asked) == 1, "the first reply was kept; only the second question is sent"
    assert model.asked[0][0][-2] == Message("assistant", "nothing")


def test_a_reply_that_was_paid_for_is_kept_when_the_check_itself_fails() -> None:
    def broken(reply: BoxedPanels) -> None:
        raise ZeroDivisionError

    model, ledger = ScriptedModel(GOOD), MemoryLedger()
    with pytest.raises(ZeroDivisionError):
        _ask(_asker(model, ledger), check=broken)
    assert _ask(_asker(model, ledger)).value == [(0, 0, 750, 900)]
    assert len(model.asked) == 1


def test_a_kept_reply_that_is_read_otherwise_now_is_kept_as_it_is_read_now() -> None:
    def strict(reply: BoxedPanels) -> None:
        raise ReplyFault("not good enough")

    model, ledger = ScriptedModel(GOOD, GOOD, GOOD), MemoryLedger()
    with pytest.raises(ReplyError, match="not good enough"):
        _ask(_asker(model, ledger), check=strict)
    answer = _ask(_asker(model, ledger))
    assert ledger.exchanges[answer.exchange].fault == ""
    assert ledger.exchanges[answer.exchange].parsed == json.loads(GOOD)
    assert ledger.exchanges[answer.exchange].cost > 0
    assert len(model.asked) == 3


def test_sides_by_name_are_ordered_as_the_model_counts() -> None:
    named = GOOD.replace("[0, 0, 500, 1000]", '{"xmin": 0, "ymin": 100, "xmax": 500, "ymax": 900}')
    asker = _asker(ScriptedModel(named), MemoryLedger(), replace(SETTINGS, coordinates="0-1000-yx"))
    answer = _ask(asker, check=lambda reply: from_replies([reply.panels[0].box], Frame.THOUSAND_YX, PICTURE.wh))
    assert answer.value == [(0, 90, 750, 810)]


def test_fields_that_do_not_fit_the_prompt_cost_nothing() -> None:
    model = ScriptedModel()
    with pytest.raises(MiningError, match="nothing given for 'facts'"):
        _asker(model, MemoryLedger()).ask("panels", PROMPT, {}, [PICTURE], BoxedPanels, _boxes)
    assert model.asked == []
