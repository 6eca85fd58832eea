"""The Dashboard tab: pace, progress, how good the proposals and their confidences were, agreement, what models took."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from curator.calibration import Tally, calibration_error, cross_validated, reliability
from curator.figure import FigureState
from data.store import Store
from data.store.queue import QueueFilter
from ui.learning.accepting import accepted_statement, statement_doc
from ui.learning.assessing import due

_FOLDER = Path(__file__).parent.parent / "dashboard"
_SCRIPTS = ("charts.js", "reliability.js", "dashboard.js")
DAYS_SHOWN = 30
VERSIONS_SHOWN = 8
_LEVELS = ("panel", "marker", "region")
_Z_95 = 1.959964  # standard normal quantile of 0.975


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share, 0 to 1 (Wilson 1927): it stays inside 0 to 1 and holds for few trials too.

    >>> wilson(9, 10)
    (0.5958..., 0.9821...)
    """
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, _Z_95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z_95 / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def accepted_by_day(counted: list[tuple[str, int]], today: date) -> list[tuple[str, int]]:
    """(ISO day, figures accepted) of the last ``DAYS_SHOWN`` days up to today, days without any included."""
    found = dict(counted)
    days = [(today - timedelta(days=ago)).isoformat() for ago in reversed(range(DAYS_SHOWN))]
    return [(day, found.get(day, 0)) for day in days]


def dashboard_document(store: Store, today: date) -> dict[str, Any]:
    """Everything that the tab shows, as JSON-ready types. Shares come with their 95 % interval and their number."""
    states = store.queue.states()
    seconds = store.dashboard.seconds_per_figure()
    agreement = store.dashboard.agreement()
    # for a person: not what was accepted without one
    left = store.queue.count(QueueFilter(states=(FigureState.PROPOSED, FigureState.UNMINED), auto=False))
    return {
        "states": {str(state): count for state, count in states.items()},
        "auto": _auto(store),
        "days": accepted_by_day(store.dashboard.verified_by_day(), today),
        "seconds_per_figure": seconds,
        "seconds_left": None if seconds is None else seconds * left,
        "outcomes": [
            {
                "level": outcome.level,
                "agent": outcome.agent,
                "accepted": outcome.accepted,
                "edited": outcome.edited,
                "rejected": outcome.rejected,
                **_share(outcome.accepted, outcome.accepted + outcome.edited + outcome.rejected),
            }
            for outcome in sorted(store.dashboard.outcomes(), key=lambda outcome: _LEVELS.index(outcome.level))
        ],
        "agreement": {"figures": agreement.figure_count, **_share(agreement.kept_count, agreement.node_count)},
        "reliability": _reliability(store),
        "assessor": _assessor(store),
        "models": [asdict(spent) for spent in store.exchanges.spent()],
    }


def _auto(store: Store) -> dict[str, Any]:
    """What was accepted without a person, and how right its panels are as far as the audit sample tells."""
    figures, panels = store.auto.count()
    right = accepted_statement(store) if store.auto.batches() else None
    return {"figures": figures, "panels": panels, "right": statement_doc(right)}


def _reliability(store: Store) -> list[dict[str, Any]]:
    """Per level and agent, how often proposals of some confidence were right: as said, and as others calibrate it."""
    found = sorted(
        store.outcomes.tallies().items(),
        key=lambda item: (_LEVELS.index(item[0].level), item[0].agent, item[0].model or ""),
    )
    return [
        {
            **source._asdict(),
            "n": sum(tally.count for tally in tallies),
            "said": _diagram(tallies),
            "calibrated": _diagram(cross_validated(tallies)),
        }
        for source, tallies in found
    ]


def _assessor(store: Store) -> dict[str, Any]:
    """How often proposals were right against what the latest assessor says of figures that it did not learn from, and
    against what agents said and isotonic regression alone makes of it; and the last versions, newest first."""
    versions = store.assessors.versions()
    fitted = [(version, store.assessors.version(version.id)) for version in versions[:VERSIONS_SHOWN]]
    latest = store.assessors.latest()
    said = store.outcomes.tallies()
    return {
        "decisions": store.decisions.count(),
        "due": due(latest),
        "diagram": None
        if latest is None
        else {
            "n": sum(tally.count for tally in latest.held_out),
            "said": _diagram([tally for tallies in said.values() for tally in tallies]),
            "calibrated": _diagram([tally for tallies in said.values() for tally in cross_validated(tallies)]),
            "assessed": _diagram(latest.held_out),
        },
        "versions": [
            {
                "id": version.id,
                "at": version.at,
                "decisions": version.decisions,
                "figures": assessor.figures if assessor else None,
                "error": assessor.error if assessor else None,
            }
            for version, assessor in fitted
        ],
        "older": max(0, len(versions) - VERSIONS_SHOWN),
    }


def _diagram(tallies: Sequence[Tally]) -> dict[str, Any]:
    bins = reliability(tallies)
    return {
        "error": calibration_error(bins),
        "bins": [{"expected": found.expected, **_share(found.right, found.count)} for found in bins],
    }


def _share(successes: int, trials: int) -> dict[str, Any]:
    low, high = wilson(successes, trials)
    return {"n": trials, "share": successes / trials if trials else None, "low": low, "high": high}


def dashboard_tab(store: Store) -> Any:
    """The tab's component, to be made inside ``gr.Tab``."""
    import gradio as gr

    return gr.HTML(
        html_template=(_FOLDER / "dashboard.html").read_text(encoding="utf-8"),
        css_template=(_FOLDER / "dashboard.css").read_text(encoding="utf-8"),
        js_on_load="\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS),
        server_functions=[_answer(store)],
        apply_default_css=False,
        elem_id="dashboard",
        elem_classes="c-fill",
    )


def _answer(store: Store) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def measure(_asked: dict[str, Any]) -> dict[str, Any]:
        return dashboard_document(store, datetime.now(UTC).date())

    return measure
