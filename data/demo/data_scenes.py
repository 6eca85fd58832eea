"""Panels that a program or a draughtsman made - plots, diagrams, tables - and gels, with the words for them."""

# ruff: noqa: RUF001  (captions are printed with Greek letters, primes and dashes)
from __future__ import annotations

import numpy as np

from curator.geometry import Size
from data.demo import diagrams, gels, plots
from data.demo.fields import Rng
from data.demo.scene import Scene, Style
from data.demo.story import Story, listed, one_of, some_of


def blot_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
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
        picture,
        topic,
        f"Western blots of {story.cells} cells treated with {story.treatment}",
        (f"{loading} was used as a loading control",) if rng.random() < 0.6 else (),
    )


def agarose_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    lanes = int(rng.integers(4, 10))
    gene = one_of(rng, story.genes)
    picture = gels.agarose_picture(rng, wh, lanes, gene, min(style.text_px, wh[0] / 24))
    topic = f"Agarose gel electrophoresis of {gene} PCR products"
    return Scene(
        picture, topic, "Agarose gels", (f"Lane M, DNA ladder (bp); lanes 1{story.dash}{lanes}, independent clones",)
    )


def plot_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
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
        what = measured.split(" (")[0].lower()
        topic = f"{one_of(rng, ('Quantification of', 'Box plots of'))} {what} in {story.cells} cells"
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


def diagram_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
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
        effect = f"{story.verb} {story.spelled(story.process)}"
        topic = f"Proposed model of how {story.protein} {effect} downstream of {receptor}"
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
    picture = diagrams.flow_chart_picture(
        rng, wh, boxes, arms, f"Excluded (n = {n - n // 4 * 2})", min(cap, wh[0] / 54)
    )
    return Scene(
        picture, "Flow chart of participants through the trial", "Flow chart of participants through the trial"
    )


def table_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
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
