"""The assessor, fitted on decisions whose causes are known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from curator.assessor import Assessor, Decided, Reviewed, assess, from_doc, overlaid, to_doc
from curator.calibration import Source
from curator.evidence import SIGNALS, Evidence, Lacking, logit
from curator.figure import Hierarchy
from curator.reasons import why
from tests.curator.test_evidence import FIGURE, OURS, THEIRS, WHOLE, A, B, by

PANELS = Source("panel", "embedded", None)
PLAIN = Evidence(PANELS, "plot", **{**dict.fromkeys(SIGNALS, 0.0), "confidence": logit(0.8), "raw": logit(0.8)})


def decisions(count: int, seed: int = 0) -> list[Decided]:
    """Agents say 0.8 of everything; in truth 0.9 are right where nothing overlaps and 0.2 where something does."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        overlaps = float(rng.random() < 0.4)
        right = bool(rng.random() < (0.2 if overlaps else 0.9))
        found.append(Decided(f"f{number // 4}", replace(PLAIN, overlapped=overlaps), right))
    return found


def test_before_any_decision_the_agent_s_word_stands_and_faults_speak_against_it() -> None:
    prior = Assessor.prior()
    assert prior(PLAIN) == pytest.approx(0.8)
    assert prior(replace(PLAIN, overlapped=1.0)) < 0.6
    assert prior(replace(PLAIN, confirmed=1.0)) > 0.85
    assert Assessor.fit([]) == prior


def test_many_decisions_outweigh_the_prior() -> None:
    fitted = Assessor.fit(decisions(1000))
    assert fitted(PLAIN) == pytest.approx(0.9, abs=0.03)
    assert fitted(replace(PLAIN, overlapped=1.0)) == pytest.approx(0.2, abs=0.06)
    assert fitted.error < 0.04
    assert (fitted.decisions, fitted.figures) == (1000, 250)


def test_decisions_that_were_held_out_are_all_counted() -> None:
    made = decisions(300)
    held_out = Assessor.fit(made).held_out
    assert sum(tally.count for tally in held_out) == 300
    assert sum(tally.right for tally in held_out) == sum(one.right for one in made)


@pytest.mark.parametrize("right", [True, False], ids=["all right", "all wrong"])
@pytest.mark.parametrize("count", [1, 3, 40])
def test_few_decisions_of_one_kind_move_the_prior_and_do_not_replace_it(right: bool, count: int) -> None:
    fitted = Assessor.fit([replace(one, right=right) for one in decisions(count)])
    assert 0.005 <= fitted(PLAIN) <= 0.995
    if count == 40:
        assert (fitted(PLAIN) > 0.8) == right
    else:
        assert fitted(PLAIN) == pytest.approx(0.8, abs=0.3)


def test_an_agent_that_was_never_decided_on_gets_what_holds_for_all() -> None:
    fitted = Assessor.fit(decisions(1000))
    stranger = replace(PLAIN, source=Source("panel", "openai", "big"))
    assert fitted(replace(stranger, overlapped=1.0)) < 0.4 < 0.7 < fitted(stranger)


def test_the_same_decisions_make_the_same_assessor_and_json_keeps_it() -> None:
    fitted = Assessor.fit(decisions(200))
    assert Assessor.fit(decisions(200)) == fitted
    kept = from_doc(json.loads(json.dumps(to_doc(fitted))))
    assert kept == fitted
    assert kept is not None
    assert kept(PLAIN) == fitted(PLAIN)


def test_decisions_tell_what_samples_that_differ_are_worth() -> None:
    rng = np.random.default_rng(4)
    steady, unsteady = (replace(PLAIN, sampled=1.0, unsteady=share) for share in (0.0, 0.5))
    made = [
        Decided(f"f{number // 4}", one, bool(rng.random() < right))
        for number in range(600)
        for one, right in [((steady, 0.95), (unsteady, 0.5))[number % 2]]
    ]
    fitted = Assessor.fit(made)
    assert Assessor.prior()(steady) == Assessor.prior()(unsteady)
    assert fitted(unsteady) < 0.6 < 0.85 < fitted(steady)
    assert "not all samples of its agent have it" in why(fitted, unsteady, fitted(unsteady))
    assert "all samples of its agent have it" in why(fitted, steady, fitted(steady))


def test_one_of_another_version_s_evidence_is_not_used() -> None:
    assert from_doc({**to_doc(Assessor.prior()), "signals": ["confidence"]}) is None


def test_a_better_score_never_gets_a_lower_confidence() -> None:
    fitted = Assessor.fit(decisions(400))
    more = [replace(PLAIN, overlapped=share) for share in np.linspace(1, 0, 50)]
    assert np.all(np.diff(fitted.scores(more)) > 0)
    assert np.all(np.diff(fitted.confidences(more)) >= 0)


def test_a_figure_is_expected_to_have_its_open_errors_and_what_is_missing() -> None:
    other = by(WHOLE, THEIRS)
    good = assess(Assessor.prior(), FIGURE, WHOLE, [other], {})
    poor = assess(Assessor.prior(), FIGURE, replace(WHOLE, panels=(A,), markers=(), regions=()), [other], {})
    assert set(good.nodes) == {"p1", "p2", "m3", "r4"}
    assert good.disagreement == 0.0 < poor.disagreement
    assert good.expected_errors < 1 < poor.expected_errors + 0.5
    assert poor.expected_errors > Assessor.prior().missing.promised
    assert good.confidence is not None
    assert poor.confidence is not None
    assert poor.confidence < good.confidence


def test_panels_that_curators_had_to_draw_are_expected_of_the_next_figures() -> None:
    lacking = Lacking(promised=2, panels=4, unmarked=0, markers=0)
    drawn = [Reviewed(f"f{n}", lacking, 2, 0) for n in range(30)]
    not_drawn = [Reviewed(f"f{n}", lacking, 0, 0) for n in range(30)]
    made = decisions(50)
    always, never = (Assessor.fit(made, reviewed).missing.of(lacking) for reviewed in (drawn, not_drawn))
    assert always == pytest.approx(2.0, abs=0.2)
    assert never < 0.3


def test_confidences_are_laid_over_open_proposals_only_where_there_are_any() -> None:
    shown = overlaid(Hierarchy((A, B)), {"p1": 0.25})
    assert [panel.provenance.confidence for panel in shown.panels] == [0.25, OURS.confidence]


def test_the_reason_names_what_is_missing_and_what_overlaps() -> None:
    prior = Assessor.prior()
    doubted = replace(PLAIN, overlapped=1.0, missing=0.5)
    assert why(prior, doubted, prior(doubted), ("C",)) == "it overlaps another one; letter C is promised but missing"
    several = replace(PLAIN, missing=1.0)
    assert why(prior, several, 0.5, ("A", "B", "C", "D")) == "letters A, B, C ... are promised but missing"
    trusted = replace(PLAIN, confirmed=1.6, unseen=0.0, confidence=logit(0.95), raw=logit(0.95))
    assert why(prior, trusted, prior(trusted)) == "its agent is sure; other agents say the same"
    assert why(prior, replace(PLAIN, confidence=0.0), 0.5) == ""
