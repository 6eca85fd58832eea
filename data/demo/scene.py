"""What a panel shows with the words for it, and the style that the panels of one figure share."""

# ruff: noqa: RUF001  (captions are printed with Greek letters, primes and dashes)
from __future__ import annotations

from dataclasses import dataclass, field, replace

from curator.geometry import Box, Size
from data.demo.fields import Rng
from data.demo.fluorescence import Stain
from data.demo.picture import Picture
from data.demo.plots import PlotStyle
from data.demo.pointers import DrawnMarker
from data.demo.story import Story, one_of, some_of

STAINS: dict[Stain, tuple[str, ...]] = {
    "actin": ("phalloidin", "F-actin"),
    "tubulin": ("α-tubulin", "β-tubulin"),
    "puncta": ("LAMP1", "EEA1", "LC3", "p62"),
    "mitochondria": ("TOM20", "MitoTracker", "COX IV"),
    "membrane": ("E-cadherin", "ZO-1", "β-catenin"),
    "nuclear": ("Ki-67", "γH2AX", "p53"),
    "diffuse": ("GFP", "vimentin"),
}
"""What each kind of stain may be called."""


@dataclass(frozen=True, slots=True)
class Style:
    """What all panels of one figure share beside the story."""

    text_px: float
    """Height of a capital letter of the small print, in panels of usual size."""
    plot: PlotStyle
    stains: tuple[Stain, Stain]
    names: tuple[str, str]
    """Of the stains, as printed."""
    colors: tuple[str, str]
    cells_across: float
    """Cells of a culture along the shorter side of a panel."""
    nuclei_across: float
    """Nuclei of a tissue along the shorter side of a panel."""
    brown: str | None
    """Antibody of a tissue section; None = haematoxylin and eosin."""
    stain_names: bool
    """Stain names are printed onto the micrographs."""
    inset: bool
    """A part of each micrograph of a culture is boxed and shown enlarged in its corner."""

    @classmethod
    def sampled(cls, rng: Rng, story: Story, letter_px: float) -> Style:
        text_px = max(7.5, letter_px * float(rng.uniform(0.5, 0.7)))
        first, second = some_of(rng, tuple(STAINS), 2)
        names = (story.protein if rng.random() < 0.4 else one_of(rng, STAINS[first]), one_of(rng, STAINS[second]))
        colors = one_of(rng, (("green", "red"), ("red", "green"), ("green", "magenta"), ("magenta", "cyan")))
        antibodies = ("Ki-67", "CD31", "p53", "cleaved caspase-3", "CD8")
        return cls(
            text_px,
            PlotStyle.sampled(rng, text_px),
            (first, second),
            names,
            colors,
            float(rng.uniform(3.2, 9.0)),
            float(rng.uniform(14, 36)),
            one_of(rng, antibodies) if rng.random() < 0.3 else None,
            bool(rng.random() < 0.4),
            bool(rng.random() < 0.2),
        )

    def fitted(self, wh: Size) -> Style:
        """The style for a panel of ``wh`` px: small print grows with large panels and shrinks with small ones."""
        text_px = min(max(self.text_px, min(wh) / 42), max(5.5, min(wh) / 18))
        return replace(self, text_px=text_px, plot=replace(self.plot, text_px=text_px))

    def spacing_px(self, wh: Size) -> float:
        """px between the cells of a culture."""
        return min(190.0, max(34.0, min(wh) / self.cells_across))

    def nuclei_px(self, wh: Size) -> float:
        """px between the nuclei of a tissue."""
        return min(42.0, max(8.5, min(wh) / self.nuclei_across))


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture, and the words of its own."""

    picture: Picture
    topic: str
    """A noun phrase with a capital, without full stop."""
    shared_topic: str
    """The same in the plural without what is special to this panel; panels that agree in it may share a sentence."""
    details: tuple[str, ...] = ()
    """Sentences without full stop."""
    scale: str = ""
    """What the scale bar stands for, such as "20 µm"."""
    statistics: bool = False
    """The caption should say what bars and asterisks are."""
    short: dict[str, str] = field(default_factory=dict)
    """Abbreviations."""
    drawn: tuple[DrawnMarker, ...] = ()
    """Signs that are part of the picture already, in its pixels; explained by the last of the details."""
    busy: tuple[Box, ...] = ()
    """Parts of the picture where no further sign can go."""


def length_text(rng: Rng, story: Story, values: tuple[int, ...]) -> str:
    """A scale bar's length in micrometres, in the article's spelling."""
    return f"{one_of(rng, values)} {story.micron}"


def arm(story: Story, turn: int) -> str:
    """The group that the panel number ``turn`` of its kind shows; later rounds add an inhibitor."""
    rounds, place = divmod(turn, len(story.arms))
    return story.arms[place] + ("", " + NAC", " + z-VAD", " + CHX", " + BafA1")[rounds % 5]
