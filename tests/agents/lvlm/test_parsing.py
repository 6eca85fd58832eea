"""The table of malformed replies: each is mended by a stated rule or refused, none reads as "no boxes"."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.lvlm.asking import fitting, loose_json, parsing
from agents.lvlm.asking.parsing import ReplyFault, parse_reply
from agents.lvlm.asking.replies import (
    MAX_ITEMS,
    BoxedPanel,
    BoxedPanels,
    CaptionUnits,
    MarkedPanels,
    MarkerTargets,
    PanelTexts,
    TextRegions,
)
from curator.exchange import Finish
from curator.figure import MarkerKind, PanelKind

STEADY = settings(deadline=None, derandomize=True)
A = '{"label": "A", "box": [10, 20, 300, 400], "kind": "plot", "description": "a curve"}'
B = '{"label": "B", "box": [510, 20, 800, 400], "kind": "photo", "description": "a mouse"}'
PANEL_A = BoxedPanel(label="A", box=[10, 20, 300, 400], kind=PanelKind.PLOT, description="a curve")
PANEL_B = BoxedPanel(label="B", box=[510, 20, 800, 400], kind=PanelKind.PHOTO, description="a mouse")


def _a(**changed: str) -> str:
    """Panel A in a whole reply, some of its values as other JSON text."""
    values = {"label": '"A"', "box": "[10, 20, 300, 400]", "kind": '"plot"', "description": '"a curve"'} | changed
    return '{"panels": [{' + ", ".join(f'"{key}": {value}' for key, value in values.items() if value) + "}]}"


MENDED = {
    "clean": (f'{{"panels": [{A}]}}', ()),
    "code fence": (f'```json\n{{"panels": [{A}]}}\n```', (parsing.FENCE,)),
    "fence that is never closed": (f'```\n{{"panels": [{A}]}}', (parsing.FENCE,)),
    "prose around": (f'Panel [1] is here:\n{{"panels": [{A}]}}\nI hope {{this}} helps.', (parsing.PROSE,)),
    "prose around a fence": (f'Sure!\n```json\n{{"panels": [{A}]}}\n```', (parsing.FENCE, parsing.PROSE)),
    "thoughts": (f'<think>{{"panels": []}} or not?</think>{{"panels": [{A}]}}', (parsing.THOUGHTS,)),
    "thoughts opened by the template": (f'or not? </think>\n{{"panels": [{A}]}}', (parsing.THOUGHTS,)),
    "thoughts about tags": (f'<think>a <think> tag</think>{{"panels": [{A}]}}', (parsing.THOUGHTS,)),
    "end tokens": (f'{{"panels": [{A}]}}<|im_end|>', (parsing.PROSE,)),
    "said twice": (f'{{"panels": [{A}]}}\n{{"panels": [{A}]}}', (parsing.SAID_TWICE,)),
    "Python's notation": (
        "{'panels': [{'label': 'A', 'box': [10, 20, 300, 400], 'kind': 'plot', 'description': 'a curve'}]}",
        (loose_json.SINGLE_QUOTES,),
    ),
    "typographic quotes": (_a(label="\u201cA\u201d"), (loose_json.SINGLE_QUOTES,)),
    "trailing commas": (f'{{"panels": [{A},],}}', (loose_json.EXTRA_COMMAS,)),
    "keys without quotes": (_a().replace('"panels"', "panels"), (loose_json.BARE_KEYS,)),
    "comments": (_a(box="[10, 20, 300, 400] /* about */"), (loose_json.COMMENTS,)),
    "brackets left open after a whole item": (f'{{"panels": [{A}', (loose_json.UNCLOSED,)),
    "a list without its object": (f"[{A}]", (parsing.BARE_ITEMS,)),
    "an item without its list": (A, (parsing.BARE_ITEMS,)),
    "an answer in an answer": (f'{{"result": {{"panels": [{A}]}}}}', (parsing.WRAPPED,)),
    "an answer in a list": (f'[{{"panels": [{A}]}}]', (parsing.WRAPPED,)),
    "a list by another name": (f'{{"subfigures": [{A}]}}', (parsing.WRAPPED, parsing.BARE_ITEMS)),
    "one item where a list is due": (f'{{"panels": {A}}}', (fitting.ONE_AS_LIST,)),
    "numbers as strings": (_a(box='["10", "20px", "300", "400.0"]'), (fitting.NUMBERS_AS_TEXT,)),
    "box as a string": (_a(box='"10, 20, 300, 400"'), (fitting.BOX_AS_TEXT,)),
    "box as a string in brackets": (_a(box='"[10,20,300,400]"'), (fitting.BOX_AS_TEXT,)),
    "box as Qwen's tokens": (_a(box='"(10,20),(300,400)"'), (fitting.BOX_AS_TEXT,)),
    "box by sides": (_a(box='{"x0": 10, "y0": 20, "x1": 300, "y1": 400}'), (fitting.BOX_BY_NAME,)),
    "box by other sides": (_a(box='{"x1": 10, "y1": 20, "x2": 300, "y2": 400}'), (fitting.BOX_BY_NAME,)),
    "box by words": (_a(box='{"top": 20, "left": 10, "right": 300, "bottom": 400}'), (fitting.BOX_BY_NAME,)),
    "box as points": (_a(box="[[10, 20], [300, 400]]"), (fitting.BOX_AS_POINTS,)),
    "box in a list": (_a(box="[[10, 20, 300, 400]]"), (fitting.BOX_IN_LIST,)),
    "Qwen's key for boxes": (_a().replace('"box"', '"bbox_2d"'), ("key 'bbox_2d' read as the box",)),
    "Gemini's key for boxes": (_a().replace('"box"', '"box_2d"'), ("key 'box_2d' read as the box",)),
    "keys in capitals": (_a().replace('"label"', '"Label"'), ("key 'Label' read as 'label'",)),
    "unknown keys": (_a(score="0.9"), ("unknown key 'score' dropped",)),
    "kind in other letters": (_a(kind='"Plot"'), ("kind 'Plot' read as plot",)),
    "kind by another name": (_a(kind='"Bar Charts"'), ("kind 'Bar Charts' read as plot",)),
    "repeated items": (f'{{"panels": [{A}, {A}, {A}]}}', (fitting.REPEATED,)),
    "Cyrillic label": (_a(label='"\u0410"'), (fitting.LOOK_ALIKES,)),
    "Greek label": (_a(label='"\u0391"'), (fitting.LOOK_ALIKES,)),
    "full-width label": (_a(label='"\uff21"'), (fitting.LOOK_ALIKES,)),
    "circled label": (_a(label='"\u24b6"'), (fitting.LOOK_ALIKES,)),
    "bold label of mathematics": (_a(label='"\U0001d400"'), (fitting.LOOK_ALIKES,)),
    "finished at the very limit": (f'{{"panels": [{A}]}}', ()),
}


@pytest.mark.parametrize(("text", "repairs"), MENDED.values(), ids=MENDED)
def test_is_mended_by_a_stated_rule(text: str, repairs: tuple[str, ...]) -> None:
    finish = Finish.LENGTH if not repairs else Finish.STOP  # what is whole may end at the limit
    parsed = parse_reply(text, finish, BoxedPanels)
    assert parsed.value.panels == [PANEL_A]
    assert parsed.repairs == repairs


_INVALID = "its JSON is not as asked for: "
REFUSED = {
    "empty": ("", Finish.STOP, "it is empty"),
    "only spaces": (" \n\t", Finish.STOP, "it is empty"),
    "declined by the server": (A, Finish.REFUSED, "the request was declined"),
    "declined in words": (
        "I'm sorry, but I can't assist with medical images.",
        Finish.STOP,
        "it declines to answer, without JSON",
    ),
    "unable in words": (
        "As a language model I am unable to view this picture.",
        Finish.STOP,
        "it declines to answer, without JSON",
    ),
    "prose alone": ("The figure has two panels.", Finish.STOP, "it has no JSON"),
    "cut in an item": (
        f'{{"panels": [{A}, {{"label": "B", "box": [51',
        Finish.LENGTH,
        "it ends inside its JSON, at the token limit; use fewer words",
    ),
    "cut between items": (
        f'{{"panels": [{A},',
        Finish.LENGTH,
        "it ends inside its JSON, at the token limit; use fewer words",
    ),
    "cut without a reason": (f'{{"panels": [{A}, {{"label": "B', Finish.STOP, "it ends inside its JSON"),
    "cut in a number": ('{"panels": [{"label": "A", "box": [10, 2', Finish.STOP, "it ends inside its JSON"),
    "cut after the list begins": ('{"panels": [', Finish.STOP, "it ends inside its JSON"),
    "cut in prose": (
        "Let me look at the panels one by one. First",
        Finish.LENGTH,
        "it ends before any JSON, at the token limit; use fewer words",
    ),
    "thoughts alone": ("<think>two panels</think>\n", Finish.STOP, "it has thoughts but no answer"),
    "cut in thoughts": (
        "<think>I see two panels",
        Finish.LENGTH,
        "it has thoughts but no answer, at the token limit; use fewer words",
    ),
    "a loop of items": (
        '{"panels": [' + f"{A}, " * 40 + A[:30],
        Finish.LENGTH,
        "it repeats itself without end; give each item once",
    ),
    "a loop in a string": (
        '{"panels": [{"label": "A", "description": "a cell and ' + "another cell and " * 300,
        Finish.LENGTH,
        "it repeats itself without end; give each item once",
    ),
    "brackets to no end": ("[" * 4096, Finish.STOP, "it repeats itself without end; give each item once"),
    "a loop that ends": (
        '{"panels": [' + ", ".join(A.replace("10", str(n)) for n in range(MAX_ITEMS + 1)) + "]}",
        Finish.STOP,
        f"{_INVALID}panels: List should have at most 200 items after validation, not 201",
    ),
    "an empty object": ("{}", Finish.STOP, "its JSON has none of the keys ['panels']"),
    "an empty list without its object": ("[]", Finish.STOP, "its JSON has none of the keys ['panels']"),
    "null for the list": ('{"panels": null}', Finish.STOP, f"{_INVALID}panels: Input should be a valid list"),
    "a word for the list": ('{"panels": "none"}', Finish.STOP, None),
    "other answers": (
        f'{{"panels": [{A}]}} or rather {{"panels": [{B}]}}',
        Finish.STOP,
        "it gives 2 different answers; one JSON object is expected",
    ),
    "an empty answer before another": (
        f'{{"panels": []}} {{"panels": [{A}]}}',
        Finish.STOP,
        "it gives 2 different answers; one JSON object is expected",
    ),
    "one item that cannot be read": (f'{{"panels": [{A}, {{"label": B}}]}}', Finish.STOP, None),
    "a list whose object cannot be read": (f'{{"panels": [{A}], "not_panels": ...}}', Finish.STOP, None),
    "an empty answer after a broken one": ('{"panels": [{"label": A}]} {"panels": []}', Finish.STOP, None),
    "and so on": (f'{{"panels": [{A}, ...]}}', Finish.STOP, None),
    "the same key twice": (f'{{"panels": [{A}], "panels": []}}', Finish.STOP, None),
    "missing box": (_a(box=""), Finish.STOP, f"{_INVALID}panels.0.box: Field required"),
    "box of three": (_a(box="[1, 2, 3]"), Finish.STOP, None),
    "box of percent signs": (_a(box='["1%", "2%", "30%", "40%"]'), Finish.STOP, None),
    "box of unknown sides": (_a(box='{"x": 10, "y": 20, "width": 290, "height": 380}'), Finish.STOP, None),
    "box of words": (_a(box='"top left"'), Finish.STOP, None),
    "text as an object": (_a(description='{"en": "a curve"}'), Finish.STOP, None),
}


@pytest.mark.parametrize(("text", "finish", "fault"), REFUSED.values(), ids=REFUSED)
def test_is_refused_in_words_for_the_model(text: str, finish: Finish, fault: str | None) -> None:
    with pytest.raises(ReplyFault) as caught:
        parse_reply(text, finish, BoxedPanels)
    if fault is None:
        assert str(caught.value).startswith("its JSON ")
    else:
        assert str(caught.value) == fault


def test_an_empty_list_that_is_written_out_is_an_answer() -> None:
    parsed = parse_reply('{"panels": []}', Finish.STOP, BoxedPanels)
    assert parsed.value.panels == []
    assert parsed.repairs == ()


def test_an_answer_after_a_sketch_that_is_no_json_is_read() -> None:
    parsed = parse_reply(f'As {{"panels": [{{"label": ...}}]}}: {{"panels": [{A}]}}', Finish.STOP, BoxedPanels)
    assert parsed.value.panels == [PANEL_A]
    assert parsed.repairs == (parsing.PROSE,)


def test_items_one_after_another_are_one_list() -> None:
    parsed = parse_reply(f"{A}\n{B}", Finish.STOP, BoxedPanels)
    assert parsed.value.panels == [PANEL_A, PANEL_B]


def test_a_missing_comma_between_items_is_added() -> None:
    parsed = parse_reply(f'{{"panels": [{A} {B}]}}', Finish.STOP, BoxedPanels)
    assert parsed.value.panels == [PANEL_A, PANEL_B]
    assert parsed.repairs == (loose_json.NO_COMMAS,)


def test_qwens_own_list_is_read_with_what_it_lacks_left_open() -> None:
    text = '```json\n[{"bbox_2d": [10, 20, 300, 400], "label": "A"}]\n```'
    parsed = parse_reply(text, Finish.STOP, BoxedPanels)
    assert parsed.value.panels == [BoxedPanel(label="A", box=[10, 20, 300, 400], kind=PanelKind.OTHER, description="")]
    assert parsed.repairs == (
        parsing.FENCE,
        parsing.BARE_ITEMS,
        "key 'bbox_2d' read as the box",
        "missing key 'kind' read as other",
        fitting.NO_WORDS,
    )


def test_an_unknown_kind_of_panel_is_other_and_one_of_marker_is_refused() -> None:
    parsed = parse_reply(_a(kind='"hologram"'), Finish.STOP, BoxedPanels)
    assert parsed.value.panels[0].kind is PanelKind.OTHER
    target = '{"targets": [{"marker": 1, "kind": %s, "target": [1, 2, 3, 4], "label": "x", "sentence": "y"}]}'
    arrows = parse_reply(target % '"white arrowheads"', Finish.STOP, MarkerTargets)
    assert arrows.value.targets[0].kind is MarkerKind.ARROWHEAD
    with pytest.raises(ReplyFault, match=r"targets.0.kind: Input should be 'arrow', 'arrowhead'"):
        parse_reply(target % '"smiley"', Finish.STOP, MarkerTargets)


@pytest.mark.parametrize("said", ["null", '"null"', '""', '"None"', '"N/A"', "None"])
def test_no_label_is_null_whatever_it_is_called(said: str) -> None:
    assert parse_reply(_a(label=said), Finish.STOP, BoxedPanels).value.panels[0].label is None


def test_a_number_is_read_as_a_label() -> None:
    assert parse_reply(_a(label="1"), Finish.STOP, BoxedPanels).value.panels[0].label == "1"


@pytest.mark.parametrize(
    "label", ["a", "iv", "A1", "\u03b1", "\u03b2", "\u0394"], ids=["a", "iv", "A1", "alpha", "beta", "Delta"]
)
def test_labels_that_look_like_nothing_else_stay(label: str) -> None:
    parsed = parse_reply(_a(label=f'"{label}"'), Finish.STOP, BoxedPanels)
    assert parsed.value.panels[0].label == label
    assert parsed.repairs == ()


def test_letters_of_phrases_stay() -> None:
    text = '{"regions": [{"clause": "x", "box": [1, 2, 3, 4], "label": "\u0391-tubulin", "sentence": "x"}]}'
    parsed = parse_reply(text, Finish.STOP, TextRegions)
    assert parsed.value.regions[0].label == "\u0391-tubulin"


def test_sides_by_name_follow_the_order_that_the_model_counts_in() -> None:
    text = _a(box='{"ymin": 20, "xmin": 10, "ymax": 400, "xmax": 300}')
    assert parse_reply(text, Finish.STOP, BoxedPanels, y_first=True).value.panels[0].box == [20, 10, 400, 300]
    assert parse_reply(text, Finish.STOP, BoxedPanels).value.panels[0].box == [10, 20, 300, 400]


def test_marks_are_read_as_numbers_and_lists() -> None:
    text = '{"panels": [{"marks": "3", "label": "A", "kind": "gel", "description": ""}], "not_panels": null}'
    parsed = parse_reply(text, Finish.STOP, MarkedPanels)
    assert parsed.value.panels[0].marks == [3]
    assert parsed.value.panels[0].box is None
    assert parsed.value.not_panels == []


def test_words_that_were_asked_for_do_not_become_empty() -> None:
    with pytest.raises(ReplyFault, match=r"units.0.text: Field required"):
        parse_reply('{"shared": [], "units": [{"label": "A"}]}', Finish.STOP, CaptionUnits)
    region = '{"region": 1, "adjective": "dark", "term": "cell", "position": "left", "negatives": []}'
    with pytest.raises(ReplyFault, match=r"regions.0.description: Field required"):
        parse_reply(f'{{"summary": "A cell.", "regions": [{region}]}}', Finish.STOP, PanelTexts)


@STEADY
@given(cut=st.integers(0, len(f'{{"panels": [{A}, {B}]}}') - 1), finish=st.sampled_from([Finish.STOP, Finish.LENGTH]))
def test_a_reply_cut_anywhere_never_loses_an_item_in_silence(cut: int, finish: Finish) -> None:
    whole = f'{{"panels": [{A}, {B}]}}'
    try:
        parsed = parse_reply(whole[:cut], finish, BoxedPanels)
    except ReplyFault:
        return
    assert finish is Finish.STOP, "what ends at the limit without its last bracket is asked again"
    assert loose_json.UNCLOSED in parsed.repairs
    assert parsed.value.panels in ([PANEL_A], [PANEL_A, PANEL_B])
    assert whole[:cut].rstrip(" ,").endswith(("}", "]")), "only after a whole item"


@STEADY
@given(text=st.text(alphabet="{}[]\",:'\\ panels12.\n`<>think/#*\u201c", max_size=80), finish=st.sampled_from(Finish))
def test_any_text_is_an_answer_or_a_fault_and_nothing_else(text: str, finish: Finish) -> None:
    try:
        parsed = parse_reply(text, finish, BoxedPanels)
    except ReplyFault:
        return
    assert "panels" in text
    assert parsed.value.panels == []
