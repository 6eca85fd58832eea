"""Accepting figures without a person: which threshold, how many that takes, what it promises."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from curator.audit_sample import SHARE, AuditFigure, Statement, place_of, statement
from curator.errors import SettingsError, StoreError
from curator.guarantee import MAX_PANELS, Guarantee, Promised, guarantee
from data.store import Store
from data.store.auto import AutoBatch
from ui.learning.ranking import rerank

_MOST_PASSED_OVER = 0.1
"""Share of the sample's figures that may wait while later ones were reviewed. Above it, those reviewed were chosen and
not drawn, or new figures have come of which nothing is known. Guess."""
_AT_LEAST_PASSED_OVER = 3  # so many are no pattern yet


@dataclass(frozen=True, slots=True)
class Preview:
    """What accepting at an error rate would do."""

    guarantee: Guarantee
    figures: int
    """That would be accepted."""
    panels: int
    open_figures: int
    """That could be: assessed as they stand, untouched by persons."""
    max_panels: int
    """Figures of more always go to a person; ``guarantee`` may say fewer."""
    accepted_before: int
    """Figures that are accepted already. The promise is of them too: the surest are taken first, so that of the later
    ones alone more may be wrong."""
    skipped: int
    """Figures of the sample that persons skipped: nothing is known of others like them, which may be accepted."""
    assessor: int
    statement: Statement | None
    """How right the panels of the sample's reviewed figures from the threshold on were."""

    @property
    def text(self) -> str:
        if self.guarantee.threshold is None:
            return f"nothing can be accepted: {self.guarantee.text}"
        most = self.guarantee.max_panels
        size = f"at most {most} panel{'s' if most > 1 else ''} and " if most < self.max_panels else ""
        return (
            f"{self.figures:,} of {self.open_figures:,} open figures ({self.panels:,} panels) have {size}"
            f"a confidence of {self.guarantee.threshold:.3f} or more: {self.guarantee.text}"
            f"{'; what was accepted before is counted with it' if self.accepted_before else ''}"
            f"{self._silence if self.skipped else ''}"
        )

    @property
    def _silence(self) -> str:
        many = self.skipped != 1
        return (
            f"; it says nothing of figures like the {f'{self.skipped:,} ' if many else 'one '}of the audit sample that "
            f"{'were' if many else 'was'} skipped"
        )

    def to_doc(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **asdict(self.guarantee),
            "figures": self.figures,
            "panels": self.panels,
            "open_figures": self.open_figures,
            "assessor": self.assessor,
            "text": self.text,
            "right": statement_doc(self.statement),
        }


def preview(
    store: Store,
    error_rate: float,
    promised: Promised = "accepted",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Preview:
    """What would be accepted; changes nothing.

    Raises:
        SettingsError: the error rate does not lie between 0 and 0.5.
    """
    if not 0 < error_rate <= 0.5:
        raise SettingsError(f"an error rate of {error_rate!r} cannot be asked for; expected more than 0, at most 0.5")
    # asked first: where another comes into use meanwhile, the sample may go by the one and what waits by the other, and
    # ``apply`` refuses a threshold of any but the one in use
    assessor = store.auto.assessor()
    sample = store.audited.sample(progress)
    found = store.auto.candidates(time.time())
    max_panels = min(MAX_PANELS, int(found.panels.max(initial=0))) or MAX_PANELS
    waits = ~found.accepted
    # all that nobody has seen, in a batch or not: what was taken before must not change which thresholds are tried
    unseen = (found.panels <= max_panels) & ~found.audit & bool(waits.any())
    chosen = _passed_over(store, sample, error_rate, promised) or _with_what_is_lacking(
        store,
        guarantee(
            sample,
            found.confidences[unseen],
            error_rate,
            promised,
            max_panels=max_panels,
            open_panels=found.panels[unseen],
        ),
    )
    threshold = chosen.threshold
    sure = (found.panels <= chosen.max_panels) & (found.confidences >= (np.inf if threshold is None else threshold))
    taken = sure & waits
    like_it = [one for one in sample if threshold is not None and one.confidence >= threshold]
    return Preview(
        chosen,
        int(taken.sum()),
        int(found.panels[taken].sum()),
        int(waits.sum()),
        max_panels,
        int(found.accepted.sum()),
        store.audited.skipped(),
        assessor,
        statement([one for one in like_it if one.panels <= chosen.max_panels]),
    )


def accept(store: Store, error_rate: float, who: str, promised: Promised = "accepted") -> AutoBatch:
    """Accepts what the preview counts, as one batch.

    Raises:
        StoreError: no threshold can keep the promise (it says why), or nothing is left to accept.
    """
    seen = preview(store, error_rate, promised)
    if seen.guarantee.threshold is None:
        raise StoreError(f"nothing was accepted: {seen.guarantee.text}")
    return store.auto.apply(
        error_rate, seen.guarantee.threshold, seen.guarantee.max_panels, seen.to_doc(), who, time.time(), seen.assessor
    )


def take_back(store: Store, batch_id: int, who: str) -> int:
    """Takes a batch back: its figures wait for a person again. How many did.

    What waits is ranked anew: a ranking made meanwhile passed these figures over, and they would come after all others.

    Raises:
        StoreError: there is no such batch, or it was undone before.
    """
    figures = store.auto.undo(batch_id, who)
    if figures:
        rerank(store)
    return figures


def accepted_statement(store: Store) -> Statement | None:
    """How right the panels are that were accepted without a person: by those of them that are in the audit sample and
    that a person reviewed since. None before two of those were."""
    ever = store.auto.ever()
    return statement([one for one in store.audited.sample() if one.figure_id in ever])


def statement_doc(made: Statement | None) -> dict[str, Any] | None:
    """JSON-ready, with the sentence."""
    return None if made is None else {**asdict(made), "margin": made.margin, "text": str(made)}


def _passed_over(store: Store, sample: list[AuditFigure], error_rate: float, promised: Promised) -> Guarantee | None:
    """Why the reviewed figures are no random sample; None where they may be taken for one."""
    if not sample:
        return None
    last = place_of(sample[-1].figure_id)
    passed_over = sum(place_of(figure_id) < last for figure_id in store.audited.waiting())
    if passed_over <= max(_MOST_PASSED_OVER * (len(sample) + passed_over), _AT_LEAST_PASSED_OVER):
        return None
    return Guarantee(
        promised,
        error_rate,
        None,
        None,
        len(sample),
        0,
        0,
        0,
        f"{passed_over:,} figures of the audit sample wait that come before the last one reviewed: they are new or "
        'were passed over. Review them first; they come in the order "next"',
        passed_over,
    )


def _with_what_is_lacking(store: Store, found: Guarantee) -> Guarantee:
    """Says too where the project has fewer figures of the sample than would have to be reviewed: a small one may have
    none at all, and whoever went on reviewing would wait for them for ever."""
    if found.threshold is not None or found.more_reviews is None:
        return found
    waiting = len(store.audited.waiting())
    lacking = found.more_reviews - waiting
    if lacking <= 0:
        return found
    left = "none of those waits" if not waiting else f"only {waiting:,} of those wait{'s' if waiting == 1 else ''}"
    return replace(
        found,
        reason=f"{found.reason}. A twentieth of all figures are in the sample, and {left}: about "
        f"{round(lacking / SHARE):,} more figures would have to be mined first",
    )
