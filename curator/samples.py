"""How far several looks of one mining agreed."""

from __future__ import annotations

from dataclasses import dataclass

from curator.errors import HierarchyError


@dataclass(frozen=True, slots=True)
class Samples:
    """How far the samples of one mining agreed on a proposal.

    A sample is one of the looks that a mining pools: a picture of the figure that a model is shown, its question about
    a panel's markers or words, a scale of the embedded agent, or a mining that a consensus is made of.

    Raises:
        HierarchyError: counts that cannot be.
    """

    asked: int
    """Samples that could have proposed it, 1 or more."""
    found: int
    """How many of them did; 0 where only another agent's word stands for it."""
    label: int | None = None
    """How many of those that found it gave it its label; None where it is not known, as of the next two."""
    kind: int | None = None
    text: int | None = None
    """How many had the same words of the caption."""

    def __post_init__(self) -> None:
        alike = (0 if count is None else count for count in (self.label, self.kind, self.text))
        if not (self.asked >= 1 and 0 <= self.found <= self.asked and all(0 <= n <= self.found for n in alike)):
            raise HierarchyError(
                f"{self!r} cannot be: at least one sample is asked, of which some find a proposal, of which some agree"
            )
