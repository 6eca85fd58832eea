"""What a panel shows and what its caption says of it: an artist's picture with the story's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from curator.figure import PanelKind
from curator.geometry import Box, Size
from data.demo import diagrams, gels, plots
from data.demo.electron import electron_picture
from data.demo.fields import Rgb, Rng
from data.demo.fluorescence import Culture, Stain, culture_picture, merge, neuron_picture
from data.demo.histology import tissue_picture
from data.demo.layout import Content
from data.demo.picture import Picture, Thing
from data.demo.radiology import brain_picture, chest_pictures, ultrasound_picture
from data.demo.story import Story, days, listed, one_of, some_of
from data.demo.symbols import PALETTE, outline, write

_STAINS: dict[Stain, tuple[str, ...]] = {
    "actin": ("phalloidin", "F-actin"),
    "tubulin": ("α-tubulin", "β-tubulin"),
    "puncta": ("LAMP1", "EEA1", "LC3", "p62"),
    "mitochondria": ("TOM20", "MitoTracker", "COX IV"),
    "membrane": ("E-cadherin", "ZO-1", "β-catenin"),
    "nuclear": ("Ki-67", "γH2AX", "p53"),
    "diffuse": ("GFP", "vimentin"),
}


@dataclass(frozen=True, slots=True)
class Style:
    """What all panels of one figure share beside the story."""

    text_px: float
    """Height of a capital letter of the small print."""
    plot: plots.PlotStyle
    stains: tuple[Stain, Stain]
    names: tuple[str, str]
    colors: tuple[str, str]
    spacing: float
    """px between cells of a culture."""
    cell: float
    """px between nuclei of a tissue."""
    brown: str | None
    """Antibody of a tissue section; None = haematoxylin and eosin."""
    stain_names: bool
    """Stain names are printed onto the micrographs."""

    @classmethod
    def sampled(cls, rng: Rng, story: Story, letter_px: float) -> Style:
        text_px = max(7.5, letter_px * float(rng.uniform(0.5, 0.7)))
        first, second = some_of(rng, tuple(_STAINS), 2)
        names = (story.protein if rng.random() < 0.4 else one_of(rng, _STAINS[first]), one_of(rng, _STAINS[second]))
        colors = one_of(rng, (("green", "red"), ("red", "green"), ("green", "magenta"), ("magenta", "cyan")))
        return cls(
            text_px, plots.PlotStyle.sampled(rng, text_px), (first, second), names, colors,
            float(rng.uniform(55, 130)), float(rng.uniform(11, 24)),
            one_of(rng, ("Ki-67", "CD31", "p53", "cleaved caspase-3", "CD8")) if rng.random() < 0.3 else None,
            bool(rng.random() < 0.4),
        )  # fmt: skip


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


def draw_scene(rng: Rng, content: Content, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    """One panel's content at ``wh`` px; ``turn``: how many panels of this content came before (picks the arm)."""
    return _ARTISTS[content](rng, wh, story, style, turn)


def _um(rng: Rng, story: Story, values: tuple[int, ...]) -> str:
    return f"{one_of(rng, values)} {story.micron}"


def _arm(story: Story, turn: int) -> str:
    return story.arms[turn % len(story.arms)]


def _culture(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    field_of_view = Culture(rng, wh, style.spacing, int(rng.integers(0, 4)), int(rng.integers(0, 3)))
    two = rng.random() < 0.3
    stains: list[Stain] = ["nuclei", *style.stains[: 2 if two else 1]]
    colors = ["blue", *style.colors[: 2 if two else 1]]
    picture = culture_picture(rng, field_of_view, stains, colors)
    names = [f"{name} ({color})" for name, color in zip(style.names, colors[1:], strict=False)]
    if style.stain_names:
        _stain_names(
            picture.rgb, [*style.names[: len(names)], "DAPI"], [*colors[1:], "blue"], style.text_px, (0, 0), wh
        )
    stained = f"stained for {listed(names)} and with DAPI (blue)"
    arm = _arm(story, turn)
    topic = f"{one_of(rng, ('Representative confocal image', 'Immunofluorescence', 'Confocal microscopy'))} of {story.cells} cells ({arm}) {stained}"  # noqa: E501
    return Scene(
        picture, topic, f"Representative confocal images of {story.cells} cells stained for {style.names[0]} and DAPI",
        scale=_um(rng, story, (10, 20, 25, 50)), short={"DAPI": "4′,6-diamidino-2-phenylindole"},
    )  # fmt: skip


def _stain_names(
    rgb: Rgb, names: list[str], colors: list[str], cap_px: float, corner: tuple[int, int], wh: Size
) -> None:
    """Writes the stains in their colours along the upper right of a tile whose corner is given."""
    x = corner[0] + wh[0] - cap_px * 0.8
    for name, color in zip(reversed(names), reversed(colors), strict=True):
        shade = {"blue": (110, 140, 255)}.get(color, PALETTE.get(color, (255, 255, 255)))
        if color == "grey":
            shade = (255, 255, 255)
        box = write(rgb, name, (x, corner[1] + cap_px * 0.8), cap_px, shade, "rt")
        x = box[0] - cap_px * 0.8
        if x < corner[0] + wh[0] * 0.35:
            return


def _channels(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    """One field in single channels and merged, side by side under one letter; now and then two rows of conditions."""
    width, height = wh
    rows = 2 if height > 360 and rng.random() < 0.5 else 1
    tiles = 4 if width * rows / height > 3.4 else 3
    gap = int(rng.choice([0, 2, 3, 4]))
    tile = ((width - gap * (tiles - 1)) // tiles, (height - gap * (rows - 1)) // rows)
    canvas = np.full((height, width, 3), 255, np.uint8)
    things: list[Thing] = []
    stains: list[Stain] = [*style.stains[: tiles - 2], "nuclei"]
    colors = [*style.colors[: tiles - 2], "blue"]
    names = [*style.names[: tiles - 2], "DAPI"]
    grey = rng.random() < 0.3
    for row in range(rows):
        view = Culture(rng, tile, style.spacing * 0.8, int(rng.integers(0, 3)), int(rng.integers(0, 2)))
        lights = [view.light(stain) for stain in stains]
        y = row * (tile[1] + gap)
        for k in range(tiles):
            x = k * (tile[0] + gap)
            whole = k == tiles - 1
            shown = lights if whole else lights[k : k + 1]
            painted = colors if whole else ["grey"] if grey else colors[k : k + 1]
            canvas[y : y + tile[1], x : x + tile[0]] = merge(rng, shown, painted)
            if row == 0:
                write(
                    canvas,
                    "Merge" if whole else names[k],
                    (x + tile[0] - style.text_px * 0.7, style.text_px * 0.7),
                    style.text_px,
                    (255, 255, 255),
                    "rt",
                )
            if whole:
                things += [thing.moved(x, y) for thing in view.things()]
    arms = [_arm(story, row) for row in range(rows)]
    who = f"{story.cells} cells" + (f" ({listed(arms)})" if rows > 1 else "")
    stained = listed([f"{name} ({color})" for name, color in zip(names[:-1], colors[:-1], strict=True)])
    topic = f"{story.cells} cells were fixed and stained for {stained} and DAPI (blue)"
    if rng.random() < 0.5:
        topic = f"Immunostaining of {who} for {stained}; nuclei were counterstained with DAPI (blue)"
    return Scene(
        Picture(canvas, PanelKind.MICROSCOPY, tuple(things)), topic,
        f"Single channels and merged images of {story.cells} cells",
        details=("Merged images are shown on the right",) if rng.random() < 0.4 else (),
        scale=_um(rng, story, (5, 10, 20)),
    )  # fmt: skip


def _neurons(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    name = one_of(rng, ("MAP2", "TUJ1", "GFP"))
    color = style.colors[0]
    picture = neuron_picture(rng, wh, color)
    arm = _arm(story, turn)
    topic = f"Cultured hippocampal neurons ({arm}) stained for {name} ({color}) and DAPI (blue) at {one_of(rng, (7, 10, 14))} days in vitro"  # noqa: E501
    return Scene(
        picture, topic, f"Cultured hippocampal neurons stained for {name} and DAPI", scale=_um(rng, story, (50, 100))
    )


def _tissue(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    share = float(rng.uniform(0.1, 0.7)) if style.brown else None
    picture = tissue_picture(rng, wh, story.tissue, style.cell, share)  # type: ignore[arg-type]
    arm = _arm(story, turn)
    organ = story.spelled(story.organ)
    stain = f"{style.brown} immunohistochemistry" if style.brown else story.spelled("haematoxylin and eosin")
    topic = one_of(
        rng,
        (
            f"{organ.capitalize()} of the {arm} group ({stain}, original magnification ×{one_of(rng, (100, 200, 400))})",
            f"Representative section of the {organ} ({arm}), {stain}",
            f"Histology of the {organ} in the {arm} group",
        ),
    )
    extra = (f"Brown, {style.brown}-positive cells",) if style.brown and rng.random() < 0.5 else ()
    return Scene(
        picture,
        topic,
        f"Representative sections of the {organ} ({stain})",
        extra,
        scale=_um(rng, story, (50, 100, 200)),
    )


def _electron(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    topic = f"Transmission electron micrograph of {with_cell(story)} ({_arm(story, turn)})"
    return Scene(
        electron_picture(rng, wh), topic, f"Transmission electron micrographs of {story.cells} cells",
        scale=one_of(rng, (f"1 {story.micron}", "500 nm", f"2 {story.micron}")),
    )  # fmt: skip


def with_cell(story: Story) -> str:
    return f"{'an' if story.cells[0] in 'AEHU' and story.cells != 'U2OS' else 'a'} {story.cells} cell"


def _chest(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    window = "lung" if rng.random() < 0.7 else "mediastinal"
    picture = chest_pictures(rng, wh, ("lung",) if window == "lung" else ("mediastinal",))[0]
    when = days(rng, 2)[turn % 2]
    contrast = one_of(rng, ("unenhanced", "contrast-enhanced", "thin-section"))
    article = "An" if contrast == "unenhanced" else "A"
    topic = one_of(
        rng,
        (
            f"Axial {contrast} chest CT ({window} window) at {when}",
            f"{article} {contrast} CT image of the chest in the {window} window obtained at {when}",
        ),
    )
    return Scene(picture, topic, f"Axial chest CT images ({window} window)", short={"CT": "computed tomography"})


def _brain(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    sequence = ("T1", "T2", "FLAIR")[turn % 3]
    picture = brain_picture(rng, wh, sequence)  # type: ignore[arg-type]
    topic = f"Axial {sequence}{'' if sequence == 'FLAIR' else '-weighted'} magnetic resonance image of the brain"
    return Scene(
        picture,
        topic,
        "Axial magnetic resonance images of the brain",
        short={"FLAIR": "fluid-attenuated inversion recovery"},
    )


def _ultrasound(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    organ = one_of(rng, ("liver", "kidney", "thyroid", "ovary", "breast"))
    picture = ultrasound_picture(rng, wh)
    return Scene(picture, f"Transverse ultrasound image of the {organ}", "Transverse ultrasound images")


def _plate(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    light = bool(rng.random() < 0.5)
    picture = diagrams.plate_picture(rng, wh, int(rng.integers(15, 240)), light)
    arm = _arm(story, turn)
    stain = "Crystal violet-stained colonies" if light else "Colonies on agar"
    return Scene(picture, f"{stain} formed by {story.cells} cells ({arm})", f"{stain} formed by {story.cells} cells")


def _blot(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    width, height = wh
    lanes = int(rng.choice([2, 3, 4, 6, 8])) if width > 260 else int(rng.choice([2, 3, 4]))
    cap = min(style.text_px, width / 26)
    count = max(1, min(4, int((height - cap * 5) / (cap * 3.2))) - 1)
    proteins = some_of(
        rng, (story.protein, f"p-{story.other}", story.other, "LC3-II", "cleaved PARP", "Cyclin D1"), count
    )
    rows: list[tuple[str, str, list[float]]] = []
    for name in proteins:
        shape = one_of(rng, ("rise", "knockout", "alternate"))
        ramp = np.linspace(rng.uniform(0, 0.3), 1, lanes)
        amounts = {
            "rise": ramp,
            "knockout": np.where(np.arange(lanes) >= lanes / 2, 0.04, 0.9),
            "alternate": np.where(np.arange(lanes) % 2, 0.95, 0.2),
        }[shape] * rng.uniform(0.75, 1.1, lanes)
        rows.append((name, str(one_of(rng, (17, 25, 37, 50, 60, 75, 100, 150))), np.clip(amounts, 0, 1).tolist()))
    loading, size = one_of(rng, (("GAPDH", "37"), ("β-actin", "42"), ("α-tubulin", "55"), ("HSP90", "90")))
    rows.append((loading, size, rng.uniform(0.8, 1.0, lanes).tolist()))
    signs = ["+" if k % 2 else "−" for k in range(lanes)]
    hours = [str(h) for h in (0, 1, 2, 4, 8, 12, 24, 48)][:lanes]
    conditions: list[tuple[str, list[str]]] = [(story.treatment, signs)]
    if rng.random() < 0.4:
        conditions = [("Time (h)", hours)]
    elif lanes > 3:
        conditions.append((f"si{story.protein}", ["−" if k < lanes / 2 else "+" for k in range(lanes)]))
    picture = gels.blot_picture(rng, wh, rows, conditions, cap)
    timed = conditions[0][0] == "Time (h)"
    treated = (
        f"treated with {story.treatment} for the indicated times"
        if timed
        else f"treated with or without {story.treatment}"
    )
    topic = one_of(
        rng,
        (
            f"Western blot analysis of {listed(proteins)} in {story.cells} cells {treated}",
            f"Immunoblotting of total lysates from {story.cells} cells {treated}",
        ),
    )
    return Scene(
        picture, topic, "Western blots", (f"{loading} was used as a loading control",) if rng.random() < 0.6 else ()
    )


def _agarose(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    lanes = int(rng.integers(4, 10))
    gene = one_of(rng, story.genes)
    picture = gels.agarose_picture(rng, wh, lanes, gene, min(style.text_px, wh[0] / 24))
    topic = f"Agarose gel electrophoresis of {gene} PCR products"
    return Scene(
        picture, topic, "Agarose gels", (f"Lane M, DNA ladder (bp); lanes 1{story.dash}{lanes}, independent clones",)
    )


def _plot(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    narrow = wh[0] < 300
    arms = list(story.arms[:2] if narrow else story.arms)
    gene = story.genes[turn % len(story.genes)]
    look = style.plot
    kind = one_of(
        rng, ("bars", "bars", "grouped", "lines", "scatter", "boxes", "boxes", "survival", "flow", "histogram", "heat")
    )
    if kind == "bars":
        picture = plots.bars(rng, wh, look, arms, [gene], f"Relative {gene} mRNA")
        topic = f"{one_of(rng, ('RT-qPCR analysis', 'Quantification'))} of {gene} mRNA in {story.cells} cells"
        return Scene(picture, topic, topic, statistics=True)
    if kind == "grouped":
        series = ["DMSO", story.treatment]
        picture = plots.bars(rng, wh, look, arms, series, "Cell viability (%)")
        topic = f"Viability of {story.cells} cells treated with DMSO or {story.treatment}"
        return Scene(
            picture,
            topic,
            topic,
            (f"Viability was measured {one_of(rng, (24, 48, 72))} h after treatment",),
            statistics=True,
        )
    if kind == "lines":
        picture = plots.lines(rng, wh, look, arms, "Time (h)", one_of(rng, ("Confluence (%)", "Wound closure (%)")))
        topic = f"Time course of {one_of(rng, ('proliferation', 'migration'))} of {story.cells} cells after addition of {story.treatment}"  # noqa: E501
        return Scene(picture, topic, topic, (f"Data are mean ± s.d. of {one_of(rng, ('three', 'four'))} wells",))
    if kind == "scatter":
        other = story.genes[(turn + 1) % len(story.genes)]
        picture = plots.correlation(rng, wh, look, f"{gene} (log2 TPM)", f"{other} (log2 TPM)")
        topic = f"Correlation between {gene} and {other} expression in {story.tumour}s"
        return Scene(picture, topic, topic, ("Each dot represents one sample; r, Pearson correlation coefficient",))
    if kind == "boxes":
        measured = one_of(
            rng, ("Puncta per cell", "Nuclear area (a.u.)", "Fluorescence (a.u.)", f"Length ({story.micron})")
        )
        picture = plots.boxes(rng, wh, look, arms, measured)
        topic = f"{one_of(rng, ('Quantification of', 'Box plots of'))} {measured.split(' (')[0].lower()} in {story.cells} cells"
        return Scene(picture, topic, topic, ("Boxes show the median and interquartile range",), statistics=True)
    if kind == "survival":
        picture = plots.survival(rng, wh, look, [f"{gene} low", f"{gene} high"], "Overall survival (%)")
        topic = f"Kaplan{story.dash}Meier curves of overall survival by {gene} expression"
        return Scene(picture, topic, topic, ("Ticks mark censored observations",) if rng.random() < 0.5 else ())
    if kind == "flow":
        picture = plots.cytometry(rng, wh, look, "Annexin V-FITC", "PI")
        topic = f"Flow cytometry of {story.cells} cells stained with annexin V and propidium iodide"
        return Scene(
            picture,
            topic,
            topic,
            ("Numbers are percentages of cells in each quadrant",),
            short={"PI": "propidium iodide"},
        )
    if kind == "histogram":
        picture = plots.histogram(rng, wh, look, f"Cell diameter ({story.micron})", arms)
        topic = f"Distribution of cell diameters in {listed(arms[:2])} cultures"
        return Scene(picture, topic, topic)
    picture = plots.heat_map(rng, wh, look, story.genes[: int(rng.integers(5, 9))], arms)
    topic = f"Heat map of differentially expressed genes in {arms[0]} and {arms[1]} {story.cells} cells"
    return Scene(picture, topic, topic, ("Colours show Z scores" if story.british else "Colors show Z scores",))


def _diagram(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    cap = min(style.text_px, wh[0] / 42, wh[1] / 26)
    kind = one_of(rng, ("pathway", "timeline", "domains", "flow"))
    if wh[1] / cap < 22 and kind == "pathway":
        kind = "timeline"
    if kind == "pathway":
        receptor = one_of(rng, ("EGFR", "TGFBR2", "TNFR1", "IL-6R", "TLR4"))
        ligand = {"EGFR": "EGF", "TGFBR2": "TGF-β1", "TNFR1": "TNF-α", "IL-6R": "IL-6", "TLR4": "LPS"}[receptor]
        chain = [
            *some_of(rng, ("PI3K", "AKT", "mTORC1", "SRC", "MEK", "TAK1", "JNK"), int(rng.integers(1, 3))),
            story.other,
            story.protein,
        ]
        picture = diagrams.pathway_picture(rng, wh, ligand, receptor, chain, cap)
        topic = f"Proposed model of how {story.protein} {story.verb} {story.spelled(story.process)} downstream of {receptor}"
        return Scene(picture, topic, topic, ("P, phosphorylation",) if rng.random() < 0.4 else ())
    if kind == "timeline":
        events = ["Seeding", "Transfection", story.treatment, "Imaging", "Harvest"]
        steps = list(zip(("Day 0", "Day 1", "Day 3", "Day 7", "Day 14"), events, strict=True))
        picture = diagrams.timeline_picture(rng, wh, steps[: 5 if wh[0] > cap * 45 else 3], cap)
        topic = one_of(
            rng, ("Experimental timeline", "Schematic of the experimental design", "Outline of the protocol")
        )
        return Scene(picture, topic, topic)
    if kind == "domains":
        domains = some_of(rng, ("SH2", "SH3", "Kinase", "PH", "RING", "CARD", "TM", "LIR"), int(rng.integers(2, 5)))
        rows = ["WT", "ΔC", "ΔN", "K50A"][: int(rng.integers(2, 5))]
        picture = diagrams.domains_picture(rng, wh, rows, domains, cap)
        topic = f"Domain organization of {story.protein} and the constructs used in this study"
        return Scene(picture, topic, topic, ("Numbers are amino acid residues",) if rng.random() < 0.5 else ())
    n = int(rng.integers(180, 900))
    boxes = [f"Assessed for eligibility (n = {n})", f"Randomized (n = {n // 4 * 2})"]
    arms = [f"Placebo (n = {n // 4})", f"{story.treatment} (n = {n // 4})"]
    picture = diagrams.flow_chart_picture(rng, wh, boxes, arms, min(cap, wh[0] / 60))
    return Scene(
        picture, "Flow chart of participants through the trial", "Flow chart of participants through the trial"
    )


def _table(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    head = ["Characteristic", "Control", story.treatment, "P"]
    names = some_of(
        rng,
        ("Age (years)", "Weight (g)", "Glucose (mM)", "Heart rate (bpm)", "ALT (U/l)", "CRP (mg/l)", "LVEF (%)"),
        max(3, min(6, int(wh[1] / (style.text_px * 2.6)) - 1)),
    )
    rows = []
    for name in names:
        mean = float(rng.uniform(5, 90))
        cells = [f"{mean * rng.uniform(0.8, 1.2):.1f} ± {mean * rng.uniform(0.05, 0.2):.1f}" for _ in range(2)]
        rows.append([name, *cells, f"{rng.uniform(0.001, 0.7):.3f}"])
    picture = diagrams.table_picture(rng, wh, head, rows, min(style.text_px, wh[0] / 48))
    return Scene(
        picture,
        "Characteristics of the study groups",
        "Characteristics of the study groups",
        ("Values are mean ± s.d",),
    )


_ARTISTS: dict[Content, Callable[[Rng, Size, Story, Style, int], Scene]] = {
    Content.CULTURE: _culture,
    Content.CHANNELS: _channels,
    Content.NEURONS: _neurons,
    Content.TISSUE: _tissue,
    Content.ELECTRON: _electron,
    Content.CHEST: _chest,
    Content.BRAIN: _brain,
    Content.ULTRASOUND: _ultrasound,
    Content.PLATE: _plate,
    Content.BLOT: _blot,
    Content.AGAROSE: _agarose,
    Content.PLOT: _plot,
    Content.DIAGRAM: _diagram,
    Content.TABLE: _table,
}


def add_inset(rng: Rng, picture: Picture) -> tuple[Picture, Thing, Box] | None:
    """The picture with a part shown enlarged in a lower corner: the new picture, the part, the inset's box.

    None where the picture is too small, or the part that was drawn would lie under the inset.
    """
    height, width = picture.rgb.shape[:2]
    if min(height, width) < 220:
        return None
    zoom, side = 2.5, round(min(height, width) * 0.36)
    part = round(side / zoom)
    x = int(rng.integers(round(width * 0.1), width - part - 8))
    y = int(rng.integers(round(height * 0.15), round(height * 0.6) - part)) if height * 0.45 > part else 8
    inset = (4.0, float(height - side - 4), float(side + 4), float(height - 4))
    if y + part > inset[1] and x < inset[2] + 4:
        return None
    rgb = picture.rgb.copy()
    import cv2

    crop = cv2.resize(rgb[y : y + part, x : x + part], (side, side), interpolation=cv2.INTER_CUBIC)
    rgb[height - side - 4 : height - 4, 4 : side + 4] = crop
    outline(rgb, inset, (255, 255, 255), 2)
    kept = tuple(t for t in picture.things if t.box_xyxy[3] < inset[1] or t.box_xyxy[0] > inset[2])
    thing = Thing((float(x), float(y), float(x + part), float(y + part)), "boxed area", "boxed areas")
    return Picture(rgb, picture.kind, kept), thing, inset
