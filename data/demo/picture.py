"""A picture as its artist hands it over: pixels, and the things in it that a marker may point at."""

from __future__ import annotations

from dataclasses import dataclass

from curator.figure import PanelKind
from curator.geometry import Box
from data.demo.fields import Rgb


@dataclass(frozen=True, slots=True)
class Thing:
    """Something worth pointing at."""

    box_xyxy: Box
    """In pixels of the picture."""
    name: str
    """Singular, without article: "mitotic cell"."""
    plural: str

    def moved(self, dx: float, dy: float) -> Thing:
        x0, y0, x1, y1 = self.box_xyxy
        return Thing((x0 + dx, y0 + dy, x1 + dx, y1 + dy), self.name, self.plural)


@dataclass(frozen=True, slots=True)
class Picture:
    """What an artist drew."""

    rgb: Rgb
    kind: PanelKind
    things: tuple[Thing, ...] = ()

    @property
    def dark(self) -> bool:
        """Signs on it must be light to be seen."""
        return float(self.rgb.mean()) < 110

    @property
    def pale(self) -> bool:
        """Signs on it must be dark to be seen."""
        return float(self.rgb.mean()) > 145


def around(x: float, y: float, radius: float, wh: tuple[int, int]) -> Box | None:
    """The square of half side ``radius`` about a point, or None where it would leave the picture."""
    if x - radius < 1 or y - radius < 1 or x + radius > wh[0] - 1 or y + radius > wh[1] - 1:
        return None
    return (x - radius, y - radius, x + radius, y + radius)
