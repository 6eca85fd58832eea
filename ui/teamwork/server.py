"""Server functions about several curators: who reviews what, second readings, agreement, and settling differences."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from curator.agreement import LevelAgreement
from curator.codec import Level, node_to_doc, to_doc
from curator.figure import FigureState
from data.store import Store
from data.store.readings import STATE, Pair
from ui.accounts.identity import current_user, permit
from ui.editor.answers import Answer, saying
from ui.editor.requests import MAX_PAGE, FigureId, FilterRequest, Request, RowId, parse_request
from ui.teamwork.deal import ALL, deal_out, matching, settle_agreeing

Person = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^#\s]+$")]


class AssignRequest(Request):
    """Deal figures out among people. ``overlap``: share of them that the next one reads too, blind."""

    people: list[Person] = Field(min_length=1, max_length=100)
    overlap: float = Field(default=0.0, ge=0, le=1)
    seed: int = 0
    filter: FilterRequest = FilterRequest()
    again: bool = False
    """Also figures that somebody has already."""
    count: int = Field(default=0, ge=0, le=ALL)
    """The first so many of the queue; 0: all."""


class OverviewRequest(Request):
    agreement: bool = True
    """Also how far readers agree: the first time after a start some milliseconds for each figure that two have read."""


class FigureIdRequest(Request):
    figure_id: FigureId


class ReadingsRequest(Request):
    settled: bool = False
    offset: RowId = 0
    limit: int = Field(default=MAX_PAGE, ge=1, le=MAX_PAGE)


class SettleRequest(Request):
    """Whom to follow in each difference, by its key."""

    figure_id: FigureId
    revision: int = Field(ge=0)
    choices: dict[str, Literal["first", "second"]] = Field(default_factory=dict, max_length=2000)


class TeamServer:
    """Functions take one JSON object and give one; what cannot be done is ``{"error": why and what mends it}``."""

    def __init__(self, store: Store, now_s: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now_s = now_s

    def functions(self) -> list[Callable[..., Answer]]:
        """What the page can call, by name."""
        return [
            saying(self.overview, "team_overview"),
            saying(self.assign, "team_assign"),
            saying(self.unassign, "team_unassign"),
            saying(self.begin_second, "team_begin_second"),
            saying(self.cancel_second, "team_cancel_second"),
            saying(self.readings, "team_readings"),
            saying(self.differences, "team_differences"),
            saying(self.settle, "team_settle"),
            saying(self.settle_agreeing, "team_settle_agreeing"),
        ]

    def overview(self, raw: Any) -> Answer:
        """Who has what, how far readers agree, and what waits for whom."""
        request = parse_request(OverviewRequest, raw)
        readings, me = self._store.readings, current_user().name
        users = [account.user.name for account in self._store.users.listed() if account.disabled_at is None]
        workloads = readings.workloads()
        return {
            "you": me,
            "people": sorted({*users, *(work.who for work in workloads), me}),
            "workloads": [to_doc(work) for work in workloads],
            "second": [to_doc(one) for one in readings.to_read_second(me)],
            "to_settle": readings.count(),
            "settled": readings.count(settled=True),
            "agreement": agreement_doc(self._store) if request.agreement else [],
            "open": self._store.queue.states()[FigureState.PROPOSED],
        }

    def assign(self, raw: Any) -> Answer:
        """How many figures were dealt out, and how many of them are read twice."""
        permit("team")
        request = parse_request(AssignRequest, raw)
        figures, second = deal_out(
            self._store,
            request.filter.to_filter(),
            request.people,
            current_user().name,
            overlap=request.overlap,
            seed=request.seed,
            again=request.again,
            count=request.count,
        )
        self._store.audit.add(current_user().name, "team.assign", "", {"people": request.people, "figures": figures})
        return {"figures": figures, "second": second}

    def unassign(self, raw: Any) -> Answer:
        """Takes back what matches; how many figures."""
        permit("team")
        request = parse_request(FilterRequest, raw)
        figure_ids = matching(self._store, request.to_filter(), True, ALL)
        self._store.readings.unassign(figure_ids)
        self._store.audit.add(current_user().name, "team.unassign", "", {"figures": len(figure_ids)})
        return {"figures": len(figure_ids)}

    def begin_second(self, raw: Any) -> Answer:
        """Opens the figure for the second reading of whoever asks."""
        request = parse_request(FigureIdRequest, raw)
        self._store.readings.begin_second(request.figure_id, current_user().name, self._now_s())
        return {}

    def cancel_second(self, raw: Any) -> Answer:
        """Ends a second reading; the first stands again. One's own, or with the right "team" anybody's."""
        request = parse_request(FigureIdRequest, raw)
        if self._store.readings.second_reader(request.figure_id) != current_user().name:
            permit("team")
        self._store.readings.cancel_second(request.figure_id, current_user().name, self._now_s())
        return {}

    def readings(self, raw: Any) -> Answer:
        """Figures that two have read, with the number of differences, and how many such figures there are."""
        request = parse_request(ReadingsRequest, raw)
        pairs = self._store.readings.pairs(request.settled, request.offset, request.limit)
        return {
            "readings": [self._head(pair) for pair in pairs],
            "total": self._store.readings.count(request.settled),
        }

    def differences(self, raw: Any) -> Answer:
        """Both versions of what the readers of a figure see differently; until it is settled, only for whoever may
        settle it, so that no reader changes a mind over the other's version."""
        figure_id = parse_request(FigureIdRequest, raw).figure_id
        both = self._store.readings.both(figure_id)
        if both.settled_at is None:
            permit("team")
        compared = self._store.readings.differences(both)
        figure = self._store.reviews.figure(figure_id)
        return {
            "figure_id": figure_id,
            "label": figure.label,
            "first_who": both.first_who,
            "second_who": both.second_who,
            "first_state": both.first_state,
            "second_state": both.second_state,
            "first_reason": both.first_reason,
            "second_reason": both.second_reason,
            "state_key": _state_key(both.first_state, both.second_state),
            "settled_at": both.settled_at,
            "revision": both.revision,
            "image_wh": list(figure.image_wh),
            "caption": figure.caption,
            "agreed": [[node_to_doc(first), node_to_doc(second)] for first, second in compared.agreed],
            "differences": [
                {
                    "key": difference.key,
                    "level": difference.level,
                    "fields": list(difference.fields),
                    "first": difference.first and node_to_doc(difference.first),
                    "second": difference.second and node_to_doc(difference.second),
                }
                for difference in compared.differences
            ],
        }

    def settle(self, raw: Any) -> Answer:
        """Makes one of both readings by the choices."""
        permit("team")
        request = parse_request(SettleRequest, raw)
        who = current_user().name
        self._store.readings.settle(request.figure_id, request.revision, request.choices, who, self._now_s())
        return {}

    def settle_agreeing(self, raw: Any) -> Answer:
        """Settles all figures on which both readers agree; how many, and how many somebody edits now."""
        permit("team")
        parse_request(Request, raw)
        settled, busy = settle_agreeing(self._store, current_user().name, self._now_s())
        return {"settled": settled, "busy": busy}

    def _head(self, pair: Pair) -> Answer:
        return {
            **to_doc(pair),
            "state_key": _state_key(pair.first_state, pair.second_state),
            "count": self._store.comparisons.of(pair).differences,
        }


def agreement_doc(store: Store) -> list[Answer]:
    """How far readers agree, a row for each pair of them that read the same figures."""
    return [
        {"first": first, "second": second, "figures": figures, "levels": _levels(levels)}
        for (first, second), (figures, levels) in store.comparisons.agreement().items()
    ]


def _state_key(first: FigureState, second: FigureState) -> str | None:
    return STATE if first != second else None


def _levels(levels: Mapping[Level, LevelAgreement]) -> Answer:
    return {
        level: {
            "kinds": sum(found.kinds.values()),
            "texts": found.texts,
            "first": found.first,
            "second": found.second,
            "matched": found.matched,
            "f1": found.f1,
            "kappa": found.kappa,
            "text": found.text,
        }
        for level, found in levels.items()
    }
