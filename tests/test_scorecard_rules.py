"""A rule for every verdict of the scorecard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paper_nas.artifacts import ResultStore
from paper_nas.paper_numbers import PaperNumber, PaperNumbers, load_paper_numbers
from paper_nas.scorecard import TOLERANCES, Evidence
from paper_nas.scorecard.commands import more_of_scale, next_training
from paper_nas.scorecard.curves import _fall
from paper_nas.scorecard.evidence import PAIR, PUBLISHED
from paper_nas.scorecard.verdicts import (
    MISSING,
    MOST_PARTS,
    NOT,
    PARTLY,
    REPRODUCED,
    Part,
    gain_part,
    gains_part,
    judge_number,
    judge_parts,
    judged,
    used,
)
from tests.scorecard_samples import evaluate


@pytest.fixture(scope="module")
def paper() -> PaperNumbers:
    return load_paper_numbers()


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.42], REPRODUCED),  # within the tolerance of .05
        ([0.43], PARTLY),
        ([0.52], PARTLY),  # within three tolerances
        ([0.53], NOT),
        ([0.40, 0.48], REPRODUCED),  # off by .07, twice the spread is .11
        ([0.20, 0.90], NOT),  # off by .18: so wide a spread confirms nothing
        ([0.15, 0.87], REPRODUCED),  # off by .14, within three tolerances and twice the spread
        ([0.60, 0.61, 0.62], NOT),
    ],
)
def test_a_number_is_judged_by_tolerance_and_spread(values: list[float], verdict: str) -> None:
    assert judge_number(0.37, values, "rmse") == verdict
    assert judge_number(0.37, [0.74 - value for value in values], "rmse") == verdict


@pytest.mark.parametrize(
    ("holds", "whole", "verdict"),
    [
        ([True, True], True, REPRODUCED),
        ([True, True], False, PARTLY),
        ([True, False], True, PARTLY),
        ([False], True, NOT),
        ([False, False], False, NOT),
        ([True, None], True, MISSING),
        ([False, None], True, MISSING),
        ([True, False, None], True, PARTLY),  # whatever comes, it stays so
        ([], True, MISSING),
    ],
)
def test_a_claim_is_judged_when_nothing_can_change_it(
    holds: list[bool | None], whole: bool, verdict: str
) -> None:
    assert judge_parts(holds, whole) == verdict
    found = judged(*(Part("so", part, ("training/x",), 2) for part in holds), whole=whole)
    assert found.verdict == verdict


def test_one_training_is_admitted_and_judges_no_difference() -> None:
    alone = gain_part("new over old", [1.0], [3.0, 3.1])
    assert (alone.holds, alone.seeds) == (None, 1)
    several = gain_part("new over old", [1.0, 1.2], [3.0, 3.2], results=["training/x"])
    assert (several.holds, several.seeds, several.results) == (True, 2, ("training/x",))
    assert gain_part("new over old", [1.0, 1.2], [3.0, 3.2], less_is_better=True).holds is False
    assert gain_part("new over old", [], [1.0]).stored is False
    single = judged(Part("so", True, (), 1), Part("so", True, (), 3))
    assert single.in_words == f"{REPRODUCED}, one seed"
    assert judged(Part("so", True, (), 3)).in_words == REPRODUCED
    assert judged(Part("so", None, (), 1)).in_words == MISSING  # nothing is claimed yet


def test_a_gain_within_each_training_is_judged_by_its_own_spread() -> None:
    """Unlike two samples, pairs do not pay for what their trainings have in common."""
    found = gains_part("closer by", [0.2, 0.3, 0.4], results=["training/x"])
    error = 0.1 / 3**0.5
    assert (found.holds, found.seeds) == (True, 3)
    assert f"+0.30 ± {error:.2f}, better" in found.words
    assert gains_part("closer by", [-0.2, 0.3, 0.4]).holds is False  # 0.17 ± 0.19
    assert gains_part("closer by", [0.2]).holds is None
    assert gains_part("closer by", []).stored is False


def test_what_is_not_finished_is_not_judged() -> None:
    for old, new in (([1.0, 1.1], [3.0, 3.1]), ([3.0, 3.1], [1.0, 1.1])):  # in no direction
        found = gain_part("new over old", old, new, finished=False)
        assert found.holds is None
        assert "not finished" in found.words


@pytest.mark.parametrize(
    ("kl", "loss", "holds"),
    [
        ([1, 5, 5, 5, 4], [9, 3, 0.4, 0.3, 0.2], True),
        ([1, 5, 5, 5, 5], [9, 3, 0.4, 0.3, 0.2], False),  # does not fall
        ([1, 5, 4, 3, 2], [9, 3, 0.4, 0.3, 0.2], False),  # had fallen before
        ([1, 5, 4, 4, 4], [9, 3, 2.0, 1.9, 1.8], False),  # had fallen, and was never close
        ([1, 5, 5, 5, 5], [9, 3, 2.0, 1.9, 1.8], None),  # was never close: it may yet
        ([1, 5, 5, 5, 4], [9, 3, 2.0, 0.3, 0.2], None),  # too late to judge
    ],
)
def test_the_fall_of_kl_is_judged_as_in_chapter_3(
    kl: list[float], loss: list[float], holds: bool | None
) -> None:
    assert _fall(np.array(kl, dtype=float), np.array(loss))[1] is holds


def test_the_next_training_is_of_the_model_with_fewest(tmp_path: Path, paper: PaperNumbers) -> None:
    assert next_training({"dvae": [0, 1], "gcn": [1]}) == ("gcn", 0)
    store = ResultStore(tmp_path)
    evaluate(store, "dvae", 0, 0.9, preset="faithful-128")
    evidence = Evidence(store, paper)
    assert "train dvae-emb --preset faithful-128 --seed 0" in more_of_scale(
        evidence, PAIR, PUBLISHED
    )
    evaluate(store, "dvae-emb", 0, 0.9, preset="faithful-128")
    evidence = Evidence(store, paper)
    assert "train dvae --preset faithful-128 --seed 1" in more_of_scale(evidence, PAIR, PUBLISHED)


def test_a_setting_is_used_by_all_by_some_or_by_none() -> None:
    number = PaperNumber(300.0, "epochs", "section 4", "for 300 epochs")
    assert used(number, [300.0, 300.0]).verdict == REPRODUCED
    assert used(number, [300.0, 40.0]).verdict == PARTLY
    found = used(number, [40.0, 40.0])
    assert (found.verdict, found.ours, found.difference) == (NOT, "40", "-260")


def test_many_statements_are_counted_and_few_are_written_out() -> None:
    few = judged(Part("a", True), Part("b", False))
    assert few.ours == "yes: a; no: b"
    many = judged(*[Part("a", True)] * 3, *[Part("b", False)] * 3)
    assert MOST_PARTS < 6
    assert many.ours == "3 of 6 statements hold"
    unclear = judged(*[Part("a", True)] * 3, *[Part("b", None)] * 3)
    assert unclear.ours == "3 of 6 statements hold, 3 open"
    some = judged(Part("a", True), Part("b", None, stored=False))
    assert some.ours == "yes: a; 1 of 2 not stored yet"


def test_the_arguments_for_the_tolerances_quote_the_paper_rightly(paper: PaperNumbers) -> None:
    def gap(first: str, second: str, digits: int) -> str:
        value = abs(paper[first].value - paper[second].value)
        return f"{value:.{digits}f}".lstrip("0")

    accuracy = gap("table1.dvae.accuracy", "table1.gcn.accuracy", 2)
    assert accuracy in TOLERANCES["share"].why
    uniqueness = gap("table1.dvae_emb.uniqueness", "table1.dvae.uniqueness", 2)
    assert uniqueness in TOLERANCES["uniqueness"].why
    for kind in ("rmse", "pearson"):
        between = gap(f"table2.dvae.{kind}", f"table2.svae.{kind}", 3)
        assert between in TOLERANCES[kind].why
        assert TOLERANCES[kind].reach == pytest.approx(float(between) / 2, abs=0.005)
