"""Plots with the words for them."""

from __future__ import annotations

from collections.abc import Callable

from curator.geometry import Size
from data.demo import plots
from data.demo.fields import Rng
from data.demo.picture import Picture
from data.demo.scene import Scene, Style
from data.demo.story import Story, listed, one_of


def plot_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    """A plot of a kind drawn by lot; ``turn`` picks the gene."""
    return one_of(rng, _KINDS)(rng, wh, story, style, turn)


def _scene(picture: Picture, topic: str, *details: str, statistics: bool = False) -> Scene:
    return Scene(picture, topic, topic, details, statistics=statistics)


def _arms(wh: Size, story: Story) -> list[str]:
    """As many groups as there is room for."""
    return list(story.arms[: 2 if wh[0] < 300 else 3])


def _gene(story: Story, turn: int) -> str:
    return story.genes[turn % len(story.genes)]


def _bars(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    gene = _gene(story, turn)
    picture = plots.bars(rng, wh, style.plot, _arms(wh, story), [gene], f"Relative {gene} mRNA")
    how = one_of(rng, ("RT-qPCR analysis", "Quantification"))
    return _scene(picture, f"{how} of {gene} mRNA in {story.cells} cells", statistics=True)


def _grouped_bars(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    picture = plots.bars(rng, wh, style.plot, _arms(wh, story), ["DMSO", story.treatment], "Cell viability (%)")
    topic = f"Viability of {story.cells} cells treated with DMSO or {story.treatment}"
    return _scene(
        picture, topic, f"Viability was measured {one_of(rng, (24, 48, 72))} h after treatment", statistics=True
    )


def _lines(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    measured, word = one_of(rng, (("Confluence (%)", "proliferation"), ("Wound closure (%)", "migration")))
    picture = plots.lines(rng, wh, style.plot, _arms(wh, story), "Time (h)", measured)
    topic = f"Time course of {word} of {story.cells} cells after addition of {story.treatment}"
    return _scene(picture, topic, f"Data are mean ± s.d. of {one_of(rng, ('three', 'four'))} wells")


def _scatter(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    gene, other = _gene(story, turn), _gene(story, turn + 1)
    picture = plots.correlation(rng, wh, style.plot, f"{gene} (log2 TPM)", f"{other} (log2 TPM)")
    topic = f"Correlation between {gene} and {other} expression in {story.tumour}s"
    return _scene(picture, topic, "Each dot represents one sample; r, Pearson correlation coefficient")


def _boxes(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    measured = one_of(
        rng, ("Puncta per cell", "Nuclear area (a.u.)", "Fluorescence (a.u.)", f"Length ({story.micron})")
    )
    picture = plots.boxes(rng, wh, style.plot, _arms(wh, story), measured)
    what = measured.split(" (")[0].lower()
    topic = f"{one_of(rng, ('Quantification of', 'Box plots of'))} {what} in {story.cells} cells"
    return _scene(picture, topic, "Boxes show the median and interquartile range", statistics=True)


def _survival(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    gene = _gene(story, turn)
    picture = plots.survival(rng, wh, style.plot, [f"{gene} low", f"{gene} high"], "Overall survival (%)")
    topic = f"Kaplan{story.dash}Meier curves of overall survival by {gene} expression"
    return _scene(picture, topic, *(("Ticks mark censored observations",) if rng.random() < 0.5 else ()))


def _flow(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    picture = plots.cytometry(rng, wh, style.plot, "Annexin V-FITC", "PI")
    topic = f"Flow cytometry of {story.cells} cells stained with annexin V and propidium iodide"
    details = ("Numbers are percentages of cells in each quadrant",)
    return Scene(picture, topic, topic, details, short={"PI": "propidium iodide"})


def _histogram(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    picture = plots.histogram(rng, wh, style.plot, f"Cell diameter ({story.micron})", story.arms)
    return _scene(picture, f"Distribution of cell diameters in {listed(story.arms[:2])} cultures")


def _heat_map(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    picture = plots.heat_map(rng, wh, style.plot, story.genes[: int(rng.integers(5, 9))], story.arms)
    topic = f"Heat map of differentially expressed genes in {story.arms[0]} and {story.arms[1]} {story.cells} cells"
    return _scene(picture, topic, "Colours show Z scores" if story.british else "Colors show Z scores")


_KINDS: tuple[Callable[[Rng, Size, Story, Style, int], Scene], ...] = (
    _bars, _bars, _grouped_bars, _lines, _scatter, _boxes, _boxes, _survival, _flow, _histogram, _heat_map,
)  # fmt: skip
"""Bars and boxes twice: they are the most common (guess)."""
