"""Gels, diagrams and tables, with the words for them."""

# ruff: noqa: RUF001  (captions are printed with Greek letters, primes and dashes)
from __future__ import annotations

import numpy as np

from curator.geometry import Size
from data.demo import diagrams, gels
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
