"""Which texts stand for panels and regions."""

from __future__ import annotations

from dataclasses import replace

from trainer.records import FindingRecord, Maker, PanelRecord, RegionRecord
from trainer.wording import negative_texts, own_text, panel_text, region_texts

MAKER = Maker("embedded")
REGION = RegionRecord("r1", (0, 0, 9, 9), "accepted", MAKER, "Cell", "A red cell.", "Arrow, a Cell (red)")
PANEL = PanelRecord("p1", (0, 0, 9, 9), "other", "accepted", MAKER, "Cells. (A) Red. Bar, 5 um.", "(A) Red.")


def test_a_region_has_the_authors_clause_and_what_was_written_of_its_crop() -> None:
    assert region_texts(REGION) == ("arrow a cell red", "a red cell")
    assert region_texts(replace(REGION, description="Round, red.")) == ("arrow a cell red", "round red")


def test_a_region_with_one_text_says_that_one_and_one_without_says_none() -> None:
    assert region_texts(replace(REGION, clause="")) == ("a red cell",)
    assert region_texts(replace(REGION, clause="", caption="")) == ("cell",)
    assert region_texts(replace(REGION, clause="A red cell!")) == ("a red cell",)
    assert region_texts(replace(REGION, clause="...", caption="", label="")) == ()


def test_a_panel_among_its_siblings_says_only_its_own_part() -> None:
    assert own_text(PANEL) == "a red"
    assert panel_text(PANEL) == "cells a red bar 5 um"


def test_what_a_model_wrote_stands_in_for_a_missing_caption() -> None:
    silent = replace(PANEL, caption="", own_caption="", description="Cells.", summary="Cells seen by light.")
    assert own_text(silent) == "cells"
    assert panel_text(silent) == "cells seen by light"
    assert own_text(replace(PANEL, own_caption="")) == ""


def test_at_most_five_negatives_and_none_that_says_nothing() -> None:
    many = FindingRecord(("One.", "", "Two", "three", "four", "five", "six"))
    assert negative_texts(replace(REGION, finding=many)) == ("one", "two", "three", "four", "five")
    assert negative_texts(REGION) == ()
