"""Charts: what is drawn lies where its numbers say."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from trainer.evaluate.charts import HEIGHT, WIDTH, Line, Whisker, dot_chart, line_chart, smoothed


def polyline(svg: str) -> list[tuple[float, float]]:
    (points,) = re.findall(r'points="([^"]+)"', svg)
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in points.split())]


def test_a_line_rises_with_its_values_inside_the_frame() -> None:
    svg = line_chart([Line("a <b>", [(0, 0.0), (5, 0.5), (10, 1.0)], "red")], x_label="step", title="t & u")
    ElementTree.fromstring(svg)
    points = polyline(svg)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert points[1][0] * 2 == points[0][0] + points[2][0]


def test_a_logarithmic_axis_gives_each_factor_the_same_room() -> None:
    svg = line_chart([Line("a", [(1, 0.0), (10, 0.5), (100, 1.0)], "red")], x_label="k", title="t", log_x=True)
    (x0, _), (x1, _), (x2, _) = polyline(svg)
    assert abs((x1 - x0) - (x2 - x1)) < 0.2


def test_one_point_and_equal_values_are_drawn_and_nothing_is_nothing() -> None:
    assert polyline(line_chart([Line("a", [(3, 2.0)], "red")], x_label="x", title="t"))
    assert line_chart([Line("a", [], "red")], x_label="x", title="t") == ""
    assert dot_chart([], title="t") == ""


def test_a_dot_lies_within_its_interval() -> None:
    svg = dot_chart([Whisker("R & D", 0.2, (0.1, 0.3), 0.05, None, 0.01)], title="t")
    root = ElementTree.fromstring(svg)
    line = next(item for item in root.iter("line") if item.get("class") == "model")
    dot = next(item for item in root.iter("circle") if item.get("class") == "model")
    start = next(item for item in root.iter("circle") if item.get("class") == "start")
    x0, x, x1 = float(line.get("x1", "")), float(dot.get("cx", "")), float(line.get("x2", ""))
    assert abs(x - (x0 + x1) / 2) < 0.2
    assert float(start.get("cx", "")) < x0


def test_long_curves_are_drawn_as_means_of_runs() -> None:
    points = [(float(step), float(step % 2)) for step in range(1000)]
    drawn = smoothed(points, most=100)
    assert len(drawn) == 100
    assert {y for _, y in drawn} == {0.5}
    assert smoothed(points[:5]) == points[:5]
