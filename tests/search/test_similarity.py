"""Measures of likeness, and their tests."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from paper_nas.search import (
    MEASURES,
    against_random_subsets,
    compare_trials,
    similarity_figures,
)
from paper_nas.space import Architecture, EnasSpace

AGREEMENT = MEASURES["agreement of skips"]


def test_measures_of_two_architectures() -> None:
    pair = [Architecture((2, 2, 3), (1, 0, 0)), Architecture((4, 0, 5), (1, 1, 0))]
    figures = similarity_figures(pair)
    shares = np.array([2, 1, 1, 1, 1]) / 6
    assert figures["entropy of operations (bits)"] == pytest.approx(
        -(shares * np.log2(shares)).sum()
    )
    assert figures["different operations in one architecture"] == 2.5
    assert figures["neighbouring layers alike"] == 0.25
    assert figures["share of 5×5 convolutions"] == 0.5
    assert figures["share of convolutions"] == pytest.approx(4 / 6)
    assert figures["agreement of skips"] == pytest.approx(2 / 3)


def test_agreement_is_the_mean_over_pairs() -> None:
    sample = EnasSpace().sample(9, seed=0)
    pairs = [
        np.mean(np.array(a.skips) == np.array(b.skips))
        for a, b in itertools.combinations(sample, 2)
    ]
    assert AGREEMENT(sample) == pytest.approx(np.mean(pairs))
    assert math.isnan(AGREEMENT(sample[:1]))


def test_uniform_architectures_have_the_values_of_coins_and_dice() -> None:
    figures = similarity_figures(EnasSpace().sample(4000, seed=1))
    assert figures["entropy of operations (bits)"] == pytest.approx(np.log2(6), abs=0.01)
    assert figures["neighbouring layers alike"] == pytest.approx(1 / 6, abs=0.01)
    assert figures["agreement of skips"] == pytest.approx(0.5, abs=0.01)


def test_permuting_trials_gives_the_exact_share() -> None:
    # Of the 20 ways to choose 3 of 6, the observed one and its mirror image are as extreme.
    found = compare_trials([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    assert found == pytest.approx((2.0, 5.0, 2 / 20))
    assert compare_trials([1.0, 2.0], [1.0, 2.0]).p == 1.0
    assert math.isnan(compare_trials([], [1.0]).p)
    assert compare_trials([2.0], [1.0, 3.0])[:2] == (2.0, 2.0)
    assert math.isnan(compare_trials([2.0], [1.0, 3.0]).p)


def test_the_test_holds_its_level() -> None:
    draws = np.random.default_rng(0)
    p = [compare_trials(*draws.normal(size=(2, 6))).p for _ in range(200)]
    assert np.mean(np.array(p) < 0.1) == pytest.approx(0.1, abs=0.06)


def test_a_family_stands_out_of_random_subsets() -> None:
    space = EnasSpace()
    family = list(space.neighbours(space.sample(1, seed=3)[0]))[:20]
    others = space.sample(200, seed=4)
    found = against_random_subsets(family, others, AGREEMENT, draws=199)
    assert found.first > 0.9 > 0.6 > found.second
    assert found.p == pytest.approx(2 / 200)
    plain = against_random_subsets(others[:20], others[20:], AGREEMENT, draws=199)
    assert plain.p > 0.05


def test_nothing_has_no_measure() -> None:
    with pytest.raises(ValueError, match="no architecture"):
        similarity_figures([])
