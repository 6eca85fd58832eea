"""Sentences that captions add to what a panel shows: how it was done, how much of it, what to see."""

# ruff: noqa: RUF001  (captions are printed with Greek letters and dashes)
from __future__ import annotations

from data.demo.fields import Rng
from data.demo.layout import Content
from data.demo.story import Story, one_of, some_of, with_article

_FEW = (0.3, 0.35, 0.25, 0.1)
"""Shares of panels with 0, 1, 2, 3 remarks; chosen so that captions have about 80 words (measured: 83 to 124)."""


def sample_remarks(rng: Rng, content: Content, story: Story, replicated: bool) -> list[str]:
    """Up to three sentences without full stop; ``replicated``: the panel shows means of repeated experiments."""
    pool = _pool(rng, content, story, replicated)
    return some_of(rng, pool, min(len(pool), int(rng.choice(4, p=_FEW))))


def _pool(rng: Rng, content: Content, story: Story, replicated: bool) -> list[str]:
    hours = one_of(rng, (6, 12, 16, 24, 36, 48, 72))
    dose = f"{one_of(rng, (1, 2, 5, 10, 20, 50, 100))} {one_of(rng, ('nM', 'μM', 'ng/ml'))}"
    n = int(rng.integers(3, 9))
    many = int(rng.integers(20, 400))
    colour = "colour" if story.british else "color"
    labelled = "labelled" if story.british else "labeled"
    if content in (Content.CULTURE, Content.CHANNELS):
        return [
            f"Cells were treated with {story.treatment} ({dose}) for {hours} h, fixed and imaged",
            f"Images are maximum-intensity projections of {int(rng.integers(8, 40))} optical sections",
            f"At least {many} cells were examined in each of {n} independent experiments",
            f"Note the altered distribution of {story.protein} after treatment with {story.treatment}",
            f"Single planes acquired with {with_article(str(one_of(rng, (40, 60, 63, 100))))}× oil-immersion objective",
            f"Nuclei are {labelled} in blue",
            f"Similar results were obtained with a second siRNA against {story.protein}",
        ]
    if content == Content.NEURONS:
        return [
            f"Neurons were transfected at {one_of(rng, (5, 7, 9))} days in vitro and fixed {hours} h later",
            f"Processes of {story.protein}-deficient neurons are shorter and less branched",
            f"n = {n} cultures from {one_of(rng, ('E17', 'E18', 'P0'))} embryos",
        ]
    if content in (Content.TISSUE, Content.MAGNIFIED) and story.clinical:
        return [
            "The specimen was fixed in formalin and embedded in paraffin",
            "The cells show moderate nuclear atypia",
            "There was no evidence of vascular invasion",
        ]
    if content in (Content.TISSUE, Content.MAGNIFIED):
        return [
            f"Sections of {one_of(rng, (3, 4, 5))} {story.micron} were cut from paraffin-embedded tissue",
            f"Animals were killed {int(rng.integers(2, 13))} weeks after the first injection of {story.treatment}",
            f"Representative of n = {n} mice per group",
            "Note the preserved architecture",
            f"Inflammation was scored by two pathologists who were blinded to the groups (n = {n})",
        ]
    if content == Content.ELECTRON:
        return [
            "Ultrathin sections were contrasted with uranyl acetate and lead citrate",
            f"Cells were fixed {hours} h after addition of {story.treatment} ({dose})",
            f"{many} profiles were examined in {n} preparations",
            "Note the loss of cristae",
        ]
    if content in (Content.CHEST, Content.BRAIN, Content.ULTRASOUND):
        return [
            "The adjacent structures are normal",
            f"The finding measures {int(rng.integers(4, 40))} mm in its largest diameter",
            "No lymphadenopathy or effusion was seen",
            "The appearance is typical but not specific",
            f"Follow-up after {int(rng.integers(2, 18))} months showed no change",
        ]
    if content == Content.PLATE:
        return [
            f"{many} cells were seeded per dish and grown for {int(rng.integers(7, 15))} days",
            f"Representative of {n} independent experiments",
        ]
    if content in (Content.BLOT, Content.QUANTIFIED, Content.AGAROSE):
        return [
            f"Cells were serum-starved for {hours} h and stimulated with {story.treatment} ({dose})",
            "Numbers on the left are sizes in kDa"
            if content != Content.AGAROSE
            else "Numbers on the left are fragment lengths in base pairs",
            f"One of {n} independent experiments is shown",
            f"Lysates ({one_of(rng, (10, 20, 30, 40))} μg per lane) were probed with the indicated antibodies"
            if content != Content.AGAROSE
            else "Products were separated on a 2% agarose gel and stained with ethidium bromide",
        ]
    if content in (Content.PLOT, Content.PLOTS) and not replicated:
        return [f"{many} samples were analyzed", "Source data are provided as a supplementary file"]
    if content in (Content.PLOT, Content.PLOTS):
        return [
            f"Values are normalized to the {story.arms[0]} group",
            f"Cells were analysed {hours} h after treatment"
            if story.british
            else f"Cells were analyzed {hours} h later",
            f"n = {many} cells from {n} independent experiments",
            f"Each symbol represents one of {n} biological replicates",
            f"Groups are {colour}-coded as indicated",
            f"Expression was measured relative to {one_of(rng, ('GAPDH', 'ACTB', '18S rRNA'))}",
        ]
    return []


def sample_background(rng: Rng, story: Story) -> str:
    """A second sentence for the whole figure, after its title."""
    hours = one_of(rng, (24, 48, 72))
    if story.clinical:
        age = int(rng.integers(3, 9)) * 10  # a decade, of nobody in particular
        return one_of(
            rng,
            (
                f"Images of a patient in their {age}s with cough and fever",
                f"A patient in their {age}s presented with headache and weight loss",
                "The patient gave consent to publication",
            ),
        )
    return one_of(
        rng,
        (
            f"{story.cells} cells were transfected as indicated for {hours} h and treated with {story.treatment}",
            f"{story.cells} cells stably expressing {story.protein} were cultured with or without {story.treatment}",
            f"{story.protein}-deficient mice and littermates received {story.treatment} for {hours // 12} weeks",
        ),
    )
