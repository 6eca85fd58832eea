"""Prompts are files with a hash; what is filled in is exactly what they have places for."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import get_args

import pytest

import agents.lvlm
from agents.lvlm.asking.prompts import Prompt, load_prompt
from curator.doubts import Question
from curator.errors import MiningError

FOLDER = Path(agents.lvlm.__file__).parent / "prompts"
PARTS = sorted(path.stem for path in FOLDER.glob("doubts_*.md"))
NAMES = sorted({path.stem for path in FOLDER.glob("*.md")} - set(PARTS))
KNOWN_FIELDS = {
    "facts",  # one JSON object: what Curator knows about the picture
    "boxes",  # a sentence: how the model counts boxes
}
PROMPT = Prompt("panels", "How: {{boxes}}\n{{ facts }}\n{{facts}}", "0" * 64)


def test_there_are_prompts_to_load() -> None:
    assert {"panels_marks", "panels_letters", "caption", "regions_markers", "regions_text", "texts"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_prompt_loads_with_known_fields_and_the_facts_at_its_end(name: str) -> None:
    prompt = load_prompt(name)
    assert prompt.name == name
    assert prompt.sha256 == hashlib.sha256((FOLDER / f"{name}.md").read_bytes()).hexdigest()
    assert "facts" in prompt.fields
    assert prompt.fields <= KNOWN_FIELDS
    assert prompt.text.count("{{") == prompt.text.count("}}") == len(prompt.fields)
    assert "```json\n{{facts}}\n```" in prompt.text[-40:]


@pytest.mark.parametrize("name", PARTS)
def test_what_is_said_of_doubts_stands_before_the_facts_under_both_names(name: str) -> None:
    whole, part = load_prompt("caption"), load_prompt(name)
    both = whole.with_part(part)
    assert both.name == f"caption+{name}"
    assert both.text == whole.text.replace("```json\n", f"{part.text}\n```json\n")
    assert (both.fields, part.fields) == (whole.fields, frozenset())
    assert both.sha256 == hashlib.sha256(both.text.encode()).hexdigest() != whole.sha256


def test_each_question_with_doubts_has_its_words() -> None:
    assert [f"doubts_{question}" for question in sorted(get_args(Question))] == PARTS


def test_every_place_is_filled_and_what_is_filled_in_stays_as_it_is() -> None:
    assert PROMPT.fill(boxes="{{facts}}", facts=r"\1 {{boxes}}") == "How: {{facts}}\n\\1 {{boxes}}\n\\1 {{boxes}}"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"facts": "x"}, "nothing given for 'boxes'"),
        ({"facts": "x", "boxes": "y", "box": "z"}, "no place for 'box'"),
        ({"fact": "x", "boxes": "y"}, "no place for 'fact', nothing given for 'facts'"),
    ],
    ids=["missing", "unknown", "both"],
)
def test_other_fields_than_those_of_the_prompt_are_refused(fields: dict[str, str], wrong: str) -> None:
    with pytest.raises(MiningError) as caught:
        PROMPT.fill(**fields)
    assert str(caught.value) == (f"prompt 'panels' cannot be filled: {wrong}; it has places for ['boxes', 'facts']")


def test_an_unknown_prompt_is_refused_with_those_that_exist() -> None:
    with pytest.raises(MiningError, match=r"^there is no prompt '../secrets'; those that exist: \['caption', "):
        load_prompt("../secrets")
