"""A project whose every text is somebody's attempt to run a script in the curator's browser."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from PIL import Image

from curator.codec import node_to_doc
from curator.commands import parse_commands
from curator.exchange import Exchange, Finish, Picture, Reply
from curator.figure import (
    Article,
    Figure,
    Hierarchy,
    Marker,
    MarkerKind,
    Panel,
    PanelKind,
    Provenance,
    Region,
    Span,
)
from data.embeddings import Embeddings
from data.ingest import ingest
from data.sources import SourceSettings, read_sources
from data.store import Store
from data.store.syncs import save_conflicts
from tests.e2e.green_model import GreenModel
from ui.searching.indexing import index_project

PAYLOADS = (
    "<img data-evil src=x onerror=\"window.ran='img'\">",
    '"><svg data-evil onload="window.ran=\'svg\'"></svg>',
    "'><iframe data-evil srcdoc=\"<script>parent.ran='frame'</script>\"></iframe>",
    "<script data-evil>window.ran='script'</script>",
    "</script><script data-evil>window.ran='closed script'</script>",
    "</textarea></title></style><img data-evil src=x onerror=\"window.ran='closed element'\">",
    "${window.ran='template'}{{window.ran='mustache'}}#{window.ran='hash'}<%= window.ran='erb' %>",
    '" data-evil onfocus="window.ran=\'attribute\'" autofocus tabindex="0" x="',
    "' data-evil onmouseover='window.ran=1' style='position:fixed;inset:0' x='",
    "` data-evil onerror=`window.ran='backtick'`",
    "javascript:window.ran='address'//",
    "[x](javascript:window.ran='markdown') ![x](http://evil.example/m.png)",
    "<a data-evil href=http://evil.example/>x</a><style data-evil>@import 'http://evil.example/c.css';</style>",
    "<details data-evil open ontoggle=\"window.ran='details'\">x</details><base data-evil href=http://evil.example/>",
    "]]><x-evil data-evil onclick=\"window.ran='unknown element'\">x</x-evil>",
    "&lt;img data-evil src=x onerror=window.ran='entity'&gt; &#60;img data-evil src=x onerror=window.ran=2&#62;",
    "\\u003cimg data-evil src=x onerror=window.ran='escape'\\u003e \\x3cimg data-evil src=x onerror=window.ran=3\\x3e",
    "$$\\href{javascript:window.ran='math'}{x}$$ <math data-evil><mtext></mtext></math>",
    "\u2028<img data-evil src=x onerror=\"window.ran='line separator'\">\u202e",
    "__proto__",
    "constructor",
)
ALL = " ".join(PAYLOADS)
SHORT = PAYLOADS[0]
MODEL = "evil/" + SHORT
PICTURE = b"<html><script>window.ran='picture'</script>"
"""What stands in the place of a picture that a model was shown."""
FIRST = 'EVIL:F"><img data-evil src=x onerror=window.ran=4>'
"""The figure that has everything."""


def make_hostile(folder: Path) -> Store:
    """A store whose articles, figures, proposals, exchanges, problems, conflicts and runs hold the payloads."""
    store = Store(folder / "project")
    _ingested(store, folder / "sources")
    article = Article("EVIL", ALL, PAYLOADS[1], "10.1/" + SHORT, None, SHORT, "javascript:window.ran='source'")
    image_sha256, image_wh = _image_of(store)
    first = Figure(FIRST.partition(":")[2], "", SHORT + ".png", image_sha256, image_wh, SHORT, ALL, license=PAYLOADS[1])
    others = [
        Figure(f"P{number}", "", payload[:60] + ".png", image_sha256, image_wh, payload, f"{payload} (A) {payload}")
        for number, payload in enumerate(PAYLOADS)
    ]
    store.articles.save(article, [first, *others])
    for figure in (first, *others):
        store.reviews.mined(f"EVIL:{figure.id}", _hierarchy(figure.caption, figure.label), SHORT)
    skip = parse_commands([{"op": "judge_figure", "state": "skipped", "reason": ALL[:400]}])
    store.reviews.decide("EVIL:P0", 1, skip, "ada#1", 0.0)
    accepted = parse_commands([{"op": "judge", "id": "p1", "state": "accepted"}])
    store.reviews.decide(FIRST, 1, accepted, "ada#1", 0.0)
    store.reviews.release(FIRST, "ada#1")
    store.minings.save(FIRST, "lvlm", MODEL, _hierarchy(ALL, PAYLOADS[3]), cost=0.1)
    _exchanges(store)
    store.problems.add("ingest", SHORT, ALL)
    store.problems.add("mine", "EVIL:P1", ALL, "EVIL:P1")
    _synced(store)
    (store.project / "runs" / SHORT.replace("/", "_")).mkdir(parents=True)
    index_project(store, Embeddings(store.project), GreenModel(), "green")
    return store


def _ingested(store: Store, folder: Path) -> None:
    """What a person could be sent as a dataset: names of files, ids and captions are the attacker's."""
    pictures = folder / "x' onerror='window.ran=5"
    pictures.mkdir(parents=True)
    lines = []
    for number, payload in enumerate(PAYLOADS):
        name = f"{number} " + payload.replace("/", "_")[:80] + ".png"
        Image.new("RGB", (60, 40), (10 * number, 90, 90)).save(pictures / name)
        lines.append({"image": name, "caption": payload, "label": payload, "article": payload, "license": payload})
    (pictures / "captions.jsonl").write_text("\n".join(map(json.dumps, lines)) + '\n{"image": "<img data-evil>"}\n')
    report = ingest(store, read_sources(pictures, SourceSettings()))
    assert report.added == len(PAYLOADS)
    assert report.problems


def _image_of(store: Store) -> tuple[str, tuple[int, int]]:
    row = store.connections.row("select id from figures limit 1")
    assert row is not None
    figure = store.reviews.figure(row["id"])
    return figure.image_sha256, figure.image_wh


def _hierarchy(caption: str, label: str) -> Hierarchy:
    made = Provenance(SHORT, SHORT, "2026-01-01T00:00:00.000+00:00", 0.5, MODEL)
    words = Span(0, min(40, len(caption)))
    panel = Panel(
        "p1", (0, 0, 30, 40), made, label[:20], kind=PanelKind.PLOT, own_spans=(words,), own_text=ALL, summary=ALL
    )
    return Hierarchy(
        (panel, replace(panel, id="p2", box_xyxy=(30, 0, 60, 40), label=PAYLOADS[3][:20])),
        (Marker("m3", "p1", MarkerKind.ARROW, (5, 5, 12, 12), made, SHORT, (6.0, 6.0), words),),
        (Region("r4", "p1", (4, 4, 20, 20), made, SHORT, ALL, words, "m3"),),
    )


def _exchanges(store: Store) -> None:
    picture = Picture(PICTURE, "image/png", (8, 8))
    asked = Exchange(
        "a" * 64,
        FIRST,
        "panels",
        "panels_marks",
        "c" * 64,
        SHORT,
        MODEL,
        {SHORT: ALL},
        [{"role": "user", "text": ALL, "pictures": [picture.sha256]}],
        Reply(ALL, Finish.STOP, 1, 1, 0.1),
        repairs=(ALL,),
        parsed={SHORT: ALL},
    )
    store.exchanges.save(asked, [picture])
    store.exchanges.save(replace(asked, key="b" * 64, fault=ALL, repairs=(), parsed=None), [])


def _synced(store: Store) -> None:
    """A Label Studio that answers with payloads: texts of both versions of a node, names, and reasons of faults."""
    store.outbox.connect("http://127.0.0.1:9/" + SHORT, 1)
    store.syncs.note_fault("EVIL:P2", ALL, 0.0)
    hierarchy = store.reviews.load(FIRST, 0.0).review.hierarchy
    ours = node_to_doc(hierarchy.by_id()["r4"])
    theirs = {**ours, "label": PAYLOADS[1], "description": ALL}
    doc = {"base": ours, "ours": ours, "theirs": theirs, "who": SHORT}
    with store.connections.write() as conn:
        save_conflicts(conn, FIRST, {"r4": doc})
