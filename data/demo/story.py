"""What a figure is about: one protein, one model, one treatment, one organ; the words all its panels share."""

# ruff: noqa: RUF001  (captions are printed with Greek letters and dashes)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from data.demo.fields import Rng
from data.demo.histology import Tissue

T = TypeVar("T")

_PROTEINS = (
    "ATG7", "RIPK3", "YAP1", "SIRT3", "KLF4", "NRF2", "PINK1", "TFEB", "CDK12", "MFN2", "GSDMD", "BRD4", "STING",
    "SEC61B", "FOXO3", "PLK1", "TRPM7", "SOX9", "HDAC6", "VPS35", "DRP1", "NLRP3", "AURKB", "CAV1", "TAZ", "OPTN",
)  # fmt: skip
_CELLS = ("HeLa", "MCF7", "U2OS", "HEK293T", "A549", "HCT116", "RPE-1", "NIH/3T3", "HUVEC", "Huh7", "C2C12", "COS-7")
_TREATMENTS = (
    "rapamycin", "cisplatin", "TGF-β1", "bafilomycin A1", "nocodazole", "tunicamycin", "TNF-α", "metformin",
    "doxorubicin", "LPS", "palmitate", "rotenone", "olaparib", "IL-6",
)  # fmt: skip
_ORGANS: dict[Tissue, tuple[str, ...]] = {
    "glands": ("colon", "duodenum", "prostate", "endometrium", "stomach"),
    "muscle": ("tibialis anterior muscle", "left ventricle", "gastrocnemius muscle", "diaphragm"),
    "tumour": ("xenograft tumour", "mammary tumour", "lung metastasis", "primary tumour"),
    "liver": ("liver",),
}
_GENES = (
    "MYC",
    "CDKN1A",
    "CCND1",
    "IL1B",
    "CXCL10",
    "VIM",
    "CDH1",
    "SNAI1",
    "BAX",
    "HMOX1",
    "COL1A1",
    "ACTA2",
    "GDF15",
)
_DAYS = ("day 3", "day 7", "day 14", "day 21", "day 28")
_VERBS = ("impairs", "promotes", "is required for", "restrains", "controls", "drives", "alters")
_PROCESSES = (
    "autophagic flux", "mitochondrial fission", "cytokinesis", "epithelial repair", "lysosomal positioning",
    "actin remodelling", "tumour growth", "DNA damage signalling", "inflammatory cell death", "lipid accumulation",
    "centrosome duplication", "collective migration", "endosomal sorting", "nuclear import",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """The words that the panels of one figure share."""

    protein: str
    other: str
    """A second protein."""
    cells: str
    treatment: str
    process: str
    verb: str
    tissue: Tissue
    organ: str
    genes: tuple[str, ...]
    arms: tuple[str, ...]
    """Groups compared, as axis or lane names."""
    spelling: str
    """"um" with the Greek letter µ or μ: both occur in print."""
    dash: str
    """Of ranges: en dash or hyphen."""
    british: bool
    clinical: bool
    """About a patient, not an experiment."""
    subject: int
    """Seed of the anatomy that all slices of the figure's patient share."""
    examined: str
    """Organ that ultrasound shows."""

    @property
    def micron(self) -> str:
        return self.spelling + "m"

    @property
    def tumour(self) -> str:
        return "tumour" if self.british else "tumor"

    def spelled(self, text: str) -> str:
        """The text in the article's spelling."""
        if self.british:
            return text
        for ours, theirs in (
            ("tumour", "tumor"),
            ("haemato", "hemato"),
            ("remodelling", "remodeling"),
            ("signalling", "signaling"),
        ):
            text = text.replace(ours, theirs).replace(ours.capitalize(), theirs.capitalize())
        return text


def one_of(rng: Rng, items: Sequence[T]) -> T:
    return items[int(rng.integers(len(items)))]


def some_of(rng: Rng, items: Sequence[T], n: int) -> list[T]:
    """``n`` different items, in random order."""
    return [items[int(i)] for i in rng.permutation(len(items))[:n]]


def sample_story(rng: Rng, clinical: bool = False) -> Story:
    protein, other = some_of(rng, _PROTEINS, 2)
    treatment = one_of(rng, _TREATMENTS)
    tissue = one_of(rng, tuple(_ORGANS))
    arms = one_of(
        rng,
        (
            ("WT", f"{protein} KO", "Rescue"),
            ("siCtrl", f"si{protein} #1", f"si{protein} #2"),
            ("Vehicle", treatment, f"{treatment} + {protein}i"),
            ("Sham", "Day 7", "Day 21"),
            ("0 h", "6 h", "24 h"),
            ("Control", "Low dose", "High dose"),
            ("EV", f"{protein}-WT", f"{protein}-ΔC"),
        ),
    )
    return Story(
        protein, other, one_of(rng, _CELLS), treatment, one_of(rng, _PROCESSES), one_of(rng, _VERBS), tissue,
        one_of(rng, _ORGANS[tissue]), tuple(some_of(rng, _GENES, 8)), arms, one_of(rng, ("µ", "μ")),
        one_of(rng, ("–", "-")), bool(rng.random() < 0.4), clinical, int(rng.integers(1 << 30)),
        one_of(rng, ("liver", "left kidney", "thyroid", "right ovary", "breast")),
    )  # fmt: skip


def days(rng: Rng, n: int) -> list[str]:
    """``n`` time points in order."""
    chosen = sorted(rng.permutation(len(_DAYS))[:n].tolist())
    return [_DAYS[i] for i in chosen]


def listed(items: Sequence[str], oxford: bool = False) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    comma = "," if oxford and len(items) > 2 else ""
    return f"{', '.join(items[:-1])}{comma} and {items[-1]}"


def with_article(noun: str) -> str:
    """ "an autophagosome", "a nodule"."""
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"
