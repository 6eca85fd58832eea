"""Texts of panels and regions: checked by code, asked again, and never stored where they stay wrong."""

from __future__ import annotations

from typing import Any

import pytest

from agents.lvlm.regions.texts import SUMMARY_WORDS, WrittenTexts, write_texts
from curator.figure import Finding, Hierarchy, Marker, MarkerKind, Panel, PanelKind, Region, Shared, Span
from tests.agents.lvlm.looks import PROPOSED, Scripted, look_at, panel

CAPTION = "(A) Liver. Arrows: calcified nodules. (B) Weight."
CLAUSE = Span(CAPTION.index("Arrows"), CAPTION.index(" (B)"))
A = panel("p1", (0.0, 0.0, 500.0, 500.0), "A", (Span(0, CLAUSE.end),))
B = panel("p2", (500.0, 0.0, 1000.0, 500.0), "B", (), PanelKind.PLOT)
FIRST = Region("r1", "p1", (100.0, 100.0, 160.0, 160.0), PROPOSED, "nodule", "A nodule of the liver.", CLAUSE, "m1")
SECOND = Region("r2", "p1", (300.0, 300.0, 360.0, 360.0), PROPOSED, "nodule", "A spiculated nodule.")
SUMMARY = "A section of the liver shows two nodules that differ in size and border."
DESCRIPTION = "A small nodule with a smooth border lies in the left lobe."
OTHERS = ("large", "branching", "flat", "hollow", "fatty")


def negatives(*adjectives: str, of: str = DESCRIPTION) -> list[str]:
    return [of.replace("small", adjective) for adjective in adjectives]


def texts(number: int = 1, **changed: Any) -> dict[str, Any]:
    said = {"adjective": "small", "term": "nodule", "position": "left lobe", "negatives": negatives(*OTHERS)}
    return {"region": number, "description": DESCRIPTION} | said | changed


def reply(*regions: dict[str, Any], summary: str = SUMMARY) -> dict[str, Any]:
    return {"summary": summary, "regions": list(regions)}


def write(model: Scripted, regions: tuple[Region, ...] = (FIRST,), panels: tuple[Panel, ...] = (A,)) -> WrittenTexts:
    arrow = Marker("m1", "p1", MarkerKind.ARROW, (50.0, 100.0, 90.0, 110.0), PROPOSED)
    shared = Shared((Span(0, 3),), (), ("A", "B"))
    return write_texts(look_at(model, CAPTION), Hierarchy(panels, (arrow,), regions, shared))


def test_a_panel_gets_its_summary_and_a_region_its_description_and_finding() -> None:
    written = write(Scripted(reply(texts())))
    (told,), (region,) = written.hierarchy.panels, written.hierarchy.regions
    assert told.summary == SUMMARY
    assert region.description == DESCRIPTION
    assert region.finding == Finding("small", "nodule", "left lobe", tuple(negatives(*OTHERS)))
    assert (region.caption, region.clause_span, region.marker_id) == ("A nodule of the liver.", CLAUSE, "m1")
    assert written.hierarchy.shared.promised_labels == ("A", "B")
    assert len(written.hierarchy.markers) == 1
    assert written.faults == ()
    assert told.provenance.exchanges == region.provenance.exchanges != ()


def test_the_model_sees_the_numbered_regions_and_each_crop() -> None:
    model = Scripted(reply(texts(), texts(2)))
    write(model, (FIRST, SECOND))
    facts = model.facts()
    assert facts["marks"] == {"1": [200, 200, 320, 320], "2": [600, 600, 720, 720]}
    assert facts["regions"] == {
        "1": {"label": "nodule", "clause": "Arrows: calcified nodules."},
        "2": {"label": "nodule", "clause": ""},
    }
    assert (facts["caption"], facts["panel"], facts["part_percent"]) == (CAPTION, "A", [0, 0, 50, 100])
    assert [picture.wh for picture in model.asked[0][0].pictures] == [(500, 500), (60, 60), (60, 60)]


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (reply(texts(), summary="A liver with nodules."), "the summary has 4 words; write one sentence of 10 to 15"),
        (reply(texts(), summary=""), "the summary has 0 words; write one sentence of 10 to 15"),
        (
            reply(texts(), summary="A section of the liver is shown. Two nodules differ in size."),
            "the summary has more than one sentence; write one",
        ),
        (reply(texts(), texts(4)), "there is no region 4; the picture has 1"),
        (reply(texts(), texts(description="Another nodule.")), "region 1 is described twice"),
        (reply(), "region 1 is not described"),
        (reply(texts(description=" ...")), "region 1 has no description"),
        (
            reply(texts(adjective="tiny", position="right lobe")),
            "region 1: the description does not hold its adjective and position word for word",
        ),
        (
            reply(texts(negatives=negatives(*OTHERS[:4], "calcified"))),
            "region 1: the negative 'A calcified nodule with a smooth border lies in the left lobe.': 'calcified' is "
            "said in the caption's clause; region 1: it has 4 valid negatives, and 5 are wanted",
        ),
        (reply(texts(negatives=[])), "region 1: it has 0 valid negatives, and 5 are wanted"),
    ],
)
def test_what_is_wrong_is_shown_to_the_model(bad: dict[str, Any], fault: str) -> None:
    model = Scripted(bad, reply(texts()))
    written = write(model)
    assert f"cannot be used: {fault}" in model.told(1) or f"; {fault}" in model.told(1)
    assert written.faults == ()
    assert written.hierarchy.regions[0].finding is not None


def test_an_invalid_negative_is_never_stored() -> None:
    bad = reply(texts(negatives=[*negatives("large", "tiny", "calcified"), DESCRIPTION]))
    written = write(Scripted(bad, bad, bad))
    region = written.hierarchy.regions[0]
    assert region.description == DESCRIPTION
    assert region.finding == Finding("small", "nodule", "left lobe", tuple(negatives("large")))
    assert [fault.rsplit(": ")[-1] for fault in written.faults] == [
        "'tiny' may be as true of the region as 'small'",
        "'calcified' is said in the caption's clause",
        "it is the description itself",
        "it has 1 valid negatives, and 5 are wanted",
    ]


def test_without_its_attributes_in_the_description_a_region_has_no_finding() -> None:
    bad = reply(texts(term="cyst"), summary="Short.")
    written = write(Scripted(bad, bad, bad))
    assert (written.hierarchy.regions[0].description, written.hierarchy.regions[0].finding) == (DESCRIPTION, None)
    assert written.hierarchy.panels[0].summary == ""
    assert written.faults == (
        "p1: the summary has 1 words; write one sentence of 10 to 15",
        "p1: region 1: the description does not hold its term word for word",
    )


def test_what_is_said_of_a_like_region_is_no_negative() -> None:
    other = "A spiculated nodule with a smooth border lies in the left lobe."
    bad = reply(texts(negatives=[*negatives(*OTHERS[:4]), other]), texts(2))
    model = Scripted(bad, reply(texts(), texts(2)))
    write(model, (FIRST, SECOND))
    assert f"the negative {other!r}: 'spiculated' is said in the words about region 2, another nodule" in model.told(1)


def test_more_than_five_valid_negatives_are_cut_to_five_without_asking_again() -> None:
    given = negatives(*OTHERS, "tiny", "lobed")
    written = write(Scripted(reply(texts(negatives=given))))
    finding = written.hierarchy.regions[0].finding
    assert finding is not None
    assert finding.negatives == tuple(given[:5])


def test_many_regions_are_asked_about_in_groups_and_the_summary_once() -> None:
    regions = tuple(Region(f"r{n}", "p1", (40.0 * n, 10.0, 40.0 * n + 30, 40.0), PROPOSED) for n in range(1, 11))
    model = Scripted(reply(*(texts(n) for n in range(1, 9))), reply(texts(1), texts(2), summary="Another."))
    written = write(model, regions)
    assert [len(asked[0].pictures) for asked in model.asked] == [9, 3]
    assert all(region.finding for region in written.hierarchy.regions)
    assert [region.id for region in written.hierarchy.regions] == [f"r{n}" for n in range(1, 11)]
    assert written.hierarchy.panels[0].summary == SUMMARY


def test_a_picture_without_regions_gets_a_summary_and_a_plot_is_not_asked_about() -> None:
    model = Scripted(reply())
    written = write(model, (), (A, B))
    assert [told.summary for told in written.hierarchy.panels] == [SUMMARY, ""]
    assert len(model.asked) == 1


def test_one_panels_failure_loses_nothing_of_the_others() -> None:
    inside = Region("r9", "p2", (600.0, 100.0, 660.0, 160.0), PROPOSED, "bar")
    written = write(Scripted("?", "?", "?", reply(texts())), (FIRST, inside), (A, B))
    first, second = written.hierarchy.regions
    assert first == FIRST
    assert second.description == DESCRIPTION
    assert len(written.faults) == 1
    assert written.faults[0].startswith("p1: no texts: 'scripted-1' gave no usable reply about the texts")


@pytest.mark.parametrize("words", SUMMARY_WORDS)
def test_a_summary_has_ten_to_fifteen_words(words: int) -> None:
    summary = " ".join(["liver"] * words) + "."
    assert write(Scripted(reply(summary=summary)), ()).hierarchy.panels[0].summary == summary
