"""Every family's way to count boxes, both ways, and what is recognised as another one's."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents.lvlm.asking.coordinates import (
    QWEN2_5_FACTOR,
    QWEN2_5_LEAST_PIXELS,
    QWEN2_5_MOST_PIXELS,
    Frame,
    frame_of,
    from_replies,
    qwen2_5_input_wh,
    to_reply,
)
from agents.lvlm.asking.parsing import ReplyFault
from curator.errors import GeometryError, SettingsError
from curator.geometry import Box, Size
from curator.settings import ModelSettings

STEADY = settings(deadline=None, derandomize=True)
FRAMES = pytest.mark.parametrize("frame", Frame, ids=[frame.value for frame in Frame])
sides = st.integers(28, 4000)
sizes = st.tuples(sides, sides)


@st.composite
def boxes_in(draw: st.DrawFn, wh: Size) -> Box:
    width, height = wh
    x0, y0 = draw(st.floats(0, 0.99)), draw(st.floats(0, 0.99))
    x1, y1 = draw(st.floats(x0 + 0.001, 1)), draw(st.floats(y0 + 0.001, 1))
    return x0 * width, y0 * height, x1 * width, y1 * height


@FRAMES
@STEADY
@given(data=st.data(), wh=sizes)
def test_boxes_come_back_within_half_a_step_of_the_frame(frame: Frame, data: st.DataObject, wh: Size) -> None:
    whole = (0.0, 0.0, float(wh[0]), float(wh[1]))  # beside it, no frame can be taken for a smaller one
    box = data.draw(boxes_in(wh))
    extent, step = frame.extent(wh), 10**-frame.decimals
    back = from_replies([to_reply(box, frame, wh), to_reply(whole, frame, wh)], frame, wh)[0]
    for side, (was, now) in enumerate(zip(box, back, strict=True)):
        axis = side % 2
        unit = wh[axis] / extent[axis]
        thin = box[axis + 2] - box[axis] < step * unit
        assert abs(was - now) <= (step if thin else step / 2) * unit + 1e-6


@FRAMES
@pytest.mark.parametrize("wh", [(1568, 1568), (1567, 31), (29, 1201), (641, 479), (28, 28)], ids=str)
def test_the_whole_picture_is_the_whole_picture_at_odd_sizes_and_aspects(frame: Frame, wh: Size) -> None:
    whole = (0.0, 0.0, float(wh[0]), float(wh[1]))
    assert from_replies([to_reply(whole, frame, wh)], frame, wh) == [pytest.approx(whole)]


@FRAMES
def test_a_box_thinner_than_a_step_does_not_become_empty(frame: Frame) -> None:
    wh = (1568, 1200)
    whole = to_reply((0, 0, 1568, 1200), frame, wh)
    x0, y0, x1, y1 = from_replies([to_reply((700.2, 500.2, 700.4, 500.4), frame, wh), whole], frame, wh)[0]
    assert x0 <= 700.2 < 700.4 <= x1
    assert y0 <= 500.2 < 500.4 <= y1


@pytest.mark.parametrize(
    ("frame", "written"),
    [
        (Frame.QWEN2_5_PIXELS, [168, 98, 504, 392]),
        (Frame.PIXELS, [170, 100, 510, 400]),
        (Frame.THOUSAND, [200, 125, 600, 500]),
        (Frame.THOUSAND_YX, [125, 200, 500, 600]),
        (Frame.PERCENT, [20.0, 12.5, 60.0, 50.0]),
        (Frame.UNIT, [0.2, 0.125, 0.6, 0.5]),
    ],
    ids=str,
)
def test_one_box_in_the_words_of_each_family(frame: Frame, written: list[float]) -> None:
    wh = (850, 800)  # Qwen2.5-VL sees 840 x 812, 30 by 29 patches
    box = (170.0, 100.0, 510.0, 400.0)
    if frame is Frame.QWEN2_5_PIXELS:
        assert qwen2_5_input_wh(wh) == (840, 812)
        written = [168, round(100 * 812 / 800), 504, 406]
    assert to_reply(box, frame, wh) == written
    assert from_replies([written], frame, wh) == [pytest.approx(box, abs=1)]


@FRAMES
def test_the_prompts_sentence_tells_order_and_range(frame: Frame) -> None:
    sentence = frame.describe((850, 800))
    assert ("[y0, x0, y1, x1]" in sentence) == (frame is Frame.THOUSAND_YX)
    right, low = frame.extent((850, 800))
    assert re.search(rf"\b{right:g}\b", sentence)
    assert re.search(rf"\b{low:g}\b", sentence)


@STEADY
@given(wh=sizes)
@example(wh=(4000, 28))
@example(wh=(28, 28))
def test_qwens_input_is_a_multiple_of_28_within_its_pixels_and_keeps_the_aspect(wh: Size) -> None:
    width, height = qwen2_5_input_wh(wh)
    assert width % QWEN2_5_FACTOR == height % QWEN2_5_FACTOR == 0
    assert QWEN2_5_LEAST_PIXELS <= width * height <= QWEN2_5_MOST_PIXELS
    scale = ((width * height) / (wh[0] * wh[1])) ** 0.5
    assert abs(width - wh[0] * scale) <= QWEN2_5_FACTOR * max(1, width / height)
    assert abs(height - wh[1] * scale) <= QWEN2_5_FACTOR * max(1, height / width)
    assert qwen2_5_input_wh((width, height)) == (width, height)


def test_qwens_input_is_what_the_published_processor_makes() -> None:
    processor = pytest.importorskip("transformers.models.qwen2_vl.image_processing_qwen2_vl")
    made = 0
    for width in range(28, 4000, 97):
        for height in range(28, 4000, 89):
            for most in (28 * 28 * 256, 28 * 28 * 1280, QWEN2_5_MOST_PIXELS):
                resized = processor.smart_resize(height, width, QWEN2_5_FACTOR, QWEN2_5_LEAST_PIXELS, most)
                assert qwen2_5_input_wh((width, height), most_pixels=most) == resized[::-1]
                made += 1
    assert made > 5000


@STEADY
@given(wh=sizes, most=st.sampled_from([28 * 28 * 256, 28 * 28 * 1280]))
def test_qwens_input_has_at_most_the_pixels_that_are_set(wh: Size, most: int) -> None:
    width, height = qwen2_5_input_wh(wh, most_pixels=most)
    assert width * height <= most


def test_a_picture_too_long_for_qwen_is_refused() -> None:
    with pytest.raises(GeometryError, match=r"6000 x 28 px is too long"):
        qwen2_5_input_wh((6000, 28))


@pytest.mark.parametrize(
    ("model", "frame"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", Frame.QWEN2_5_PIXELS),
        ("qwen2.5vl:7b", Frame.QWEN2_5_PIXELS),
        ("/models/qwen2_5_vl_72b_awq", Frame.QWEN2_5_PIXELS),
        ("Qwen/Qwen2-VL-7B-Instruct", Frame.THOUSAND),
        ("Qwen/Qwen3-VL-8B-Instruct", Frame.THOUSAND),
        ("qwen3.5:35b", Frame.THOUSAND),
        ("gemini-3-flash", Frame.THOUSAND_YX),
        ("google/medgemma-27b-it", Frame.THOUSAND_YX),
        ("OpenGVLab/InternVL3-8B", Frame.THOUSAND),
        ("zai-org/GLM-4.5V", Frame.THOUSAND),
        ("llava-v1.6-34b", Frame.UNIT),
        ("allenai/Molmo-7B-D", Frame.PERCENT),
        ("gpt-5", Frame.PIXELS),
        ("claude-sonnet", Frame.PIXELS),
        ("a-lab's-own", Frame.THOUSAND),
    ],
)
def test_the_frame_is_told_by_the_models_name(model: str, frame: Frame) -> None:
    assert frame_of(ModelSettings(model=model)) is frame


def test_the_setting_comes_before_the_name() -> None:
    assert frame_of(ModelSettings(model="gemini-3-flash", coordinates="Pixels")) is Frame.PIXELS


def test_an_unknown_setting_is_refused_with_those_that_exist() -> None:
    with pytest.raises(SettingsError) as caught:
        frame_of(ModelSettings(coordinates="voxels"))
    assert str(caught.value) == (
        "model.coordinates is 'voxels'; expected one of qwen2.5-pixels, pixels, 0-1000, 0-1000-yx, percent, 0-1, "
        "or empty to tell it by the model's name"
    )


WH = (1500, 900)


@pytest.mark.parametrize(
    ("values", "box"),
    [
        ([600, 500, 200, 100], (300, 90, 900, 450)),
        ([0, 0, 1012, 1000], (0, 0, 1500, 900)),
        ([-15, 100, 500, 1004], (0, 90, 750, 900)),
    ],
    ids=["swapped corners are reordered", "a small overshoot is clipped", "on the near side too"],
)
def test_a_box_is_mended_by_a_stated_rule(values: list[float], box: Box) -> None:
    assert from_replies([values], Frame.THOUSAND, WH) == [pytest.approx(box)]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ([1, 2, 3], "box 1 is [1, 2, 3], which is not four finite numbers"),
        ([1, 2, float("nan"), 4], "box 1 is [1, 2, nan, 4], which is not four finite numbers"),
        ([1, 2, float("inf"), 4], "box 1 is [1, 2, inf, 4], which is not four finite numbers"),
        ([200, 300, 200, 500], "box 1 [200, 300, 200, 500]: no area inside the picture"),
        ([1001, 300, 1015, 500], "box 1 [1001, 300, 1015, 500]: no area inside the picture"),
        ([-900, -300, -200, -100], "the boxes' numbers run from -900 to -100, but the picture ends at x 1000 and y"),
        ([9000, 9000, 9999, 9999], "the boxes' numbers run from 9000 to 9999, but the picture ends at x 1000 and y"),
        ([500, 100, 200, 300], "some boxes end before they begin, and all would fit as a corner with a width and"),
    ],
    ids=["three numbers", "nan", "infinite", "no area", "outside by little", "negative", "far outside", "xywh"],
)
def test_a_box_that_no_rule_mends_is_refused_with_what_was_expected(values: list[float], fault: str) -> None:
    with pytest.raises(ReplyFault) as caught:
        from_replies([values], Frame.THOUSAND, WH)
    assert str(caught.value).startswith(fault)
    if len(values) == 4 and abs(values[2]) < 1e6:
        assert Frame.THOUSAND.describe(WH) in str(caught.value)
    assert caught.value.mend == ""


def test_all_empty_boxes_of_a_reply_are_named_at_once() -> None:
    with pytest.raises(ReplyFault, match=r"^box 1 \[5, 5, 5, 9\], box 3 \[7, 9, 800, 9\]: no area"):
        from_replies([[5, 5, 5, 9], [100, 100, 900, 900], [7, 9, 800, 9]], Frame.THOUSAND, WH)


def test_no_boxes_are_no_boxes() -> None:
    assert from_replies([], Frame.THOUSAND, WH) == []


PANELS: list[Box] = [(10, 10, 730, 430), (770, 10, 1490, 430), (10, 470, 730, 890), (770, 470, 1490, 890)]


def _same(a: Frame, b: Frame) -> bool:
    """Whether two frames count a figure's boxes nearly alike, or in ranges that no numbers tell apart."""
    pixels = {Frame.PIXELS, Frame.QWEN2_5_PIXELS}
    thousand = {Frame.THOUSAND, Frame.THOUSAND_YX}
    return a is b or {a, b} <= pixels or {a, b} <= thousand


@pytest.mark.parametrize(
    ("said", "meant"), [(said, meant) for said in Frame for meant in Frame if not _same(said, meant)], ids=str
)
def test_a_figures_boxes_in_another_frame_are_recognised_and_the_setting_is_named(said: Frame, meant: Frame) -> None:
    written = [to_reply(box, said, WH) for box in PANELS]
    with pytest.raises(ReplyFault) as caught:
        from_replies(written, meant, WH)
    assert "make sense only as " in str(caught.value)
    assert repr(said.value) in str(caught.value)
    assert meant.describe(WH) in str(caught.value)
    assert repr(said.value) in caught.value.mend
    assert caught.value.mend.startswith("if the model always counts so, set model.coordinates to ")


@pytest.mark.parametrize(
    ("wh", "said", "meant"),
    [((700, 500), Frame.PIXELS, Frame.THOUSAND), ((1568, 1300), Frame.THOUSAND, Frame.PIXELS)],
    ids=["pixels of a small picture as 0-1000", "0-1000 as pixels of a large picture"],
)
def test_panels_that_fill_another_frames_picture_are_recognised_though_they_fit(
    wh: Size, said: Frame, meant: Frame
) -> None:
    panels = [(x0 * wh[0] / 1500, y0 * wh[1] / 900, x1 * wh[0] / 1500, y1 * wh[1] / 900) for x0, y0, x1, y1 in PANELS]
    written = [to_reply(box, said, wh) for box in panels]
    with pytest.raises(ReplyFault, match=f"they would fill it and make sense only as .*{said.value!r}"):
        from_replies(written, meant, wh)
    assert from_replies(written[:1], meant, wh), "one of them alone may well be a thing in the corner"


def test_pixels_with_y_first_are_recognised_where_the_picture_ends_sooner() -> None:
    turned = [[y0, x0, y1, x1] for x0, y0, x1, y1 in PANELS]
    with pytest.raises(ReplyFault, match="they make sense only with y before x"):
        from_replies(turned, Frame.PIXELS, WH)


@pytest.mark.parametrize("frame", [Frame.THOUSAND, Frame.THOUSAND_YX, Frame.PIXELS], ids=str)
def test_small_things_in_the_corner_are_believed(frame: Frame) -> None:
    assert from_replies([[12, 20, 40, 44]], frame, WH)
    assert from_replies([[12, 20, 40, 44], [50, 30, 70, 60]], frame, WH)


@FRAMES
@STEADY
@given(data=st.data(), wh=st.tuples(st.integers(200, 1568), st.integers(200, 1568)))
def test_a_right_reply_about_a_whole_figure_is_never_refused(frame: Frame, data: st.DataObject, wh: Size) -> None:
    columns, rows = data.draw(st.tuples(st.integers(1, 8), st.integers(1, 8)))
    grid = [
        (wh[0] * c / columns, wh[1] * r / rows, wh[0] * (c + 1) / columns, wh[1] * (r + 1) / rows)
        for c in range(columns)
        for r in range(rows)
    ]
    boxes = from_replies([to_reply(box, frame, wh) for box in grid], frame, wh)
    assert len(boxes) == columns * rows
