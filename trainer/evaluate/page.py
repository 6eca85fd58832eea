"""A report as one HTML file: no script, nothing loaded from elsewhere, light or dark as the reader's system is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from trainer.config import LEVELS
from trainer.evaluate.answers import Task
from trainer.evaluate.charts import Line, Whisker, dot_chart, line_chart, smoothed

_CSS = Path(__file__).with_name("report.css")
_TASKS = {
    "figure": "Figures",
    "panel": "Panels",
    "region": "Regions, cut out",
    "box": "Regions, as boxes in panels",
}
_SHORT = {"figure": "Figures", "panel": "Panels", "region": "Regions", "box": "Boxes"}
_WAYS = {"image_to_text": "image to text", "text_to_image": "text to image"}
_KEYS = '<span class="key" style="--key:var(--c-{0})">{1}</span>'


def render_page(document: Mapping[str, Any], pictures: Mapping[tuple[Task, str], str], heats: Mapping[str, str]) -> str:
    """The page of a report's document (``trainer.evaluate.report``), with a data URI for each image by task and id,
    and for each region that is pointed at."""
    results = document["results"]
    body = "".join(
        [
            _head(document),
            _retrieval(results["retrieval"], document["start"]),
            _others(results),
            _classes(results["classes"]),
            _curves(document["curves"]),
            _pointed(document["pointed"], heats),
            _examples(document["examples"], pictures),
        ]
    )
    title = escape(f"Evaluation of {document['model']}")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_CSS.read_text(encoding='utf-8')}</style>\n</head>\n"
        f"<body>\n{body}</body>\n</html>\n"
    )


def _head(document: Mapping[str, Any]) -> str:
    data = document["data"]
    pairs = ", ".join(f"{data['pairs'][level]} {name}" for level, name in LEVELS.items())
    beside = f", beside {escape(document['start'])}" if document["start"] else ""
    limit = f" (the first {data['limit']} of each level)" if data["limit"] else ""
    warnings = "".join(f'<p class="warning">{escape(text)}</p>' for text in data["warnings"])
    return (
        f"<h1>{escape(document['model'])}{beside}</h1>"
        f"<p>Split {escape(data['split'])}{limit} of {escape(data['export'])} ({data['sha256'][:12]}): {pairs} of "
        f"{data['articles']} articles. Ranges are 95 % intervals from {document['draws']} draws of whole articles; a "
        "gain is coloured where its own interval leaves out zero.</p>" + warnings
    )


def _retrieval(retrieval: Mapping[str, Any], start: str | None) -> str:
    if not retrieval:
        return ""
    rows, whiskers = [], []
    for task, ways in retrieval.items():
        for way, found in ways.items():
            median = found["median_rank"]
            before = "" if median["start"] is None else f"<small>start {median['start']}</small>"
            rows.append(
                f"<tr><td>{_TASKS[task]}<small>{_WAYS[way]}</small></td>"
                f"<td>{found['queries']} in {found['pool']}</td><td>{_percent(found['chance']['r1'])}</td>"
                + "".join(f"<td>{_number(found[f'r{k}']) if k < found['pool'] else ''}</td>" for k in (1, 5, 10))
                + f"<td>{median['value']}{before}</td></tr>"
            )
            whiskers.append(_whisker(f"{_SHORT[task]}, {_WAYS[way]}", found))
    keys = _KEYS.format("model", "this model") + (_KEYS.format("start", "start") if start else "")
    curves = [
        _figure(
            f"{_TASKS[task]}, {_WAYS[way]}",
            line_chart(
                _recall_lines(found["curve"]), x_label="k", title="R@k", log_x=True, y_range=(0, 1), percent=True
            ),
        )
        for task, ways in retrieval.items()
        for way, found in ways.items()
    ]
    return (
        "<h2>Retrieval</h2><p>R@k: how often a right one is among the k nearest of the pool. Equal texts count as one. "
        "Ties count against the model. Regions cut out are pictures of their own; as boxes they are read from their "
        "panel in the way that the model was made for (box-text retrieval).</p>"
        f'<div class="card">{_table(("", "queries", "chance R@1", "R@1", "R@5", "R@10", "median rank"), rows)}</div>'
        "<h3>R@1, its interval, and chance (dashed)</h3>"
        f'<div class="card">{dot_chart(whiskers, title="R@1")}{keys}</div>'
        f'<h3>R@k by k</h3><div class="card charts">{"".join(curves)}</div>'
    )


def _others(results: Mapping[str, Any]) -> str:
    rows = []
    if grounding := results["grounding"]:
        rows.append(
            _row(
                "Pointing game",
                "The most similar point of the panel lies in a box of the phrase",
                grounding["phrases"],
                grounding["chance"],
                grounding["pointing"],
            )
        )
        rows.append(
            _row(
                "Box overlap",
                "IoU of the box around the similar part with the region",
                grounding["phrases"],
                None,
                grounding["iou"],
            )
        )
    if negatives := results["negatives"]:
        rows.append(
            _row(
                "Hard negatives",
                "A region prefers its sentence to all with one attribute changed",
                negatives["regions"],
                negatives["chance"],
                negatives["accuracy"],
            )
        )
    if not rows:
        return ""
    table = _table(("", "items", "chance", "share"), rows)
    return f'<h2>Grounding and hard negatives</h2><div class="card">{table}</div>'


def _classes(classes: Mapping[str, Any] | None) -> str:
    if classes is None:
        return ""
    zero = classes["zero_shot"]
    chance = 1 / len(classes["names"])
    rows = [
        _row("Zero-shot", "The nearest class prompt", zero["accuracy"]["n"], chance, zero["accuracy"]),
        *(
            _row(
                f"{few['shots']} a class",
                f"Linear classifier, mean of {classes['draws']} draws",
                few["accuracy"]["n"],
                chance,
                few["accuracy"],
            )
            for few in classes["few_shot"]
        ),
    ]
    names = escape(", ".join(classes["names"]))
    return (
        f"<h2>Classification</h2><p>Classes: {names}.</p>"
        f'<div class="card">{_table(("", "images", "chance", "accuracy"), rows)}</div>'
    )


def _curves(curves: Mapping[str, Any] | None) -> str:
    if not curves:
        return ""
    loss = [
        Line(LEVELS[level], smoothed([(x, y) for x, y in points]), f"var(--c-{level.lower()})")
        for level, points in curves["loss"].items()
    ]
    recall = [
        Line(
            f"{LEVELS[level]}, {way}", [(x, y) for x, y in points], f"var(--c-{level.lower()})", way == "text to image"
        )
        for level, ways in curves["validation"].items()
        for way, points in ways.items()
    ]
    top = max((y for line in recall for _, y in line.points), default=1.0)
    keys = "".join(_KEYS.format(level.lower(), name) for level, name in LEVELS.items())
    charts = _figure("Loss of a step", line_chart(loss, x_label="step", title="Loss by step"))
    charts += _figure(
        "R@1 on the validation split (dashed: text to image)",
        line_chart(recall, x_label="step", title="R@1 by step", y_range=(0, top), percent=True),
    )
    return f'<h2>Training</h2><div class="card"><div class="charts">{charts}</div>{keys}</div>'


def _examples(examples: Iterable[Mapping[str, Any]], pictures: Mapping[tuple[Task, str], str]) -> str:
    parts = []
    groups: dict[tuple[str, str, str], list[str]] = {}
    for example in examples:
        key = (example["task"], example["direction"], example["kind"])
        groups.setdefault(key, []).append(_example(example, pictures))
    for (task, way, kind), cards in groups.items():
        parts.append(f'<h3>{_TASKS[task]}, {_WAYS[way]}: {kind}</h3><div class="examples">{"".join(cards)}</div>')
    return "<h2>Best and worst retrievals</h2>" + "".join(parts) if parts else ""


def _example(example: Mapping[str, Any], pictures: Mapping[tuple[Task, str], str]) -> str:
    task = example["task"]
    rank = f'<span class="muted">first right one at rank {example["rank"]}</span>'
    if example["direction"] == "image_to_text":
        found = "".join(f"<li{_right(item)}>{escape(_short(item['text']))}</li>" for item in example["found"])
        asked = _picture(pictures[task, example["query_id"]], example["query_id"])
        return (
            f'<div class="card example">{asked}{rank}<div>wanted: {escape(_short(example["query_text"]))}</div>'
            f"<ol>{found}</ol></div>"
        )
    found = "".join(
        f"<li{_right(item)}>{_picture(pictures[task, item['id']], item['id'])}</li>" for item in example["found"]
    )
    return (
        f'<div class="card example"><div>{escape(_short(example["query_text"]))}</div>{rank}'
        f'<ol class="found">{found}</ol></div>'
    )


def _pointed(pointed: Sequence[Mapping[str, Any]], heats: Mapping[str, str]) -> str:
    parts = []
    for kind in ("best", "worst"):
        cards = [
            f'<div class="card example">{_picture(heats[one["id"]], one["id"])}<div>{escape(_short(one["text"]))}</div>'
            f'<span class="muted">{"on it" if one["hit"] else "beside it"}, IoU {one["iou"]:.2f}</span></div>'
            for one in pointed
            if one["kind"] == kind
        ]
        if cards:
            parts.append(f'<h3>{kind.capitalize()}</h3><div class="examples">{"".join(cards)}</div>')
    return (
        "<h2>Where phrases point</h2><p>Red: similarity of the phrase with each place of the panel. Dot: the most "
        "similar point. Blue: where the phrase is true.</p>" + "".join(parts)
        if parts
        else ""
    )


def _right(item: Mapping[str, Any]) -> str:
    return ' class="right"' if item["right"] else ""


def _picture(source: str, name: str) -> str:
    return f'<img src="{source}" alt="{escape(name, quote=True)}" title="{escape(name, quote=True)}">'


def _short(text: str, most: int = 220) -> str:
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0] + " …"


def _figure(caption: str, chart: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{chart}</figure>" if chart else ""


def _recall_lines(curve: Mapping[str, Any]) -> list[Line]:
    lines = [Line("this model", list(zip(curve["k"], curve["value"], strict=True)), "var(--c-model)")]
    if curve["start"] is not None:
        lines.append(Line("start", list(zip(curve["k"], curve["start"], strict=True)), "var(--c-start)", dashed=True))
    return lines


def _whisker(label: str, found: Mapping[str, Any]) -> Whisker:
    number, start = found["r1"], found["r1"]["start"]
    return Whisker(
        label,
        number["value"],
        _interval(number),
        start and start["value"],
        start and _interval(start),
        found["chance"]["r1"],
    )


def _interval(number: Mapping[str, Any]) -> tuple[float, float] | None:
    return None if number["low"] is None else (number["low"], number["high"])


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(name: str, meaning: str, count: int, chance: float | None, number: Mapping[str, Any]) -> str:
    shown = "" if chance is None else _percent(chance)
    return (
        f"<tr><td>{escape(name)}<small>{escape(meaning)}</small></td><td>{count}</td><td>{shown}</td>"
        f"<td>{_number(number)}</td></tr>"
    )


def _number(number: Mapping[str, Any]) -> str:
    """The value with its interval; below it the start model's and the gain."""
    text = f"<strong>{_percent(number['value'])}</strong> {_range(number)}"
    if number["start"] is None:
        return text
    gain = number["gain"]
    kind = ("better" if gain["value"] > 0 else "worse") if gain["sure"] else "muted"
    return (
        f"{text}<small>start {_percent(number['start']['value'])}</small>"
        f'<small><span class="{kind}">{gain["value"] * 100:+.1f}</span> {_range(gain, sign="+")}</small>'
    )


def _range(number: Mapping[str, Any], sign: str = "") -> str:
    if number["low"] is None:
        return ""
    return f'<span class="muted range">({number["low"] * 100:{sign}.1f} to {number["high"] * 100:{sign}.1f})</span>'


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
