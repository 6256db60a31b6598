"""Tests of the tests: what they find where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from paper_nas.arms import epochs_to, holm, match_distances, paired_difference, verdict


def test_the_paired_test_is_scipys() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.3, 0.02, 10), rng.normal(0.29, 0.02, 10)
    found = paired_difference(first, second)
    theirs = stats.ttest_rel(second, first)
    assert found.p_difference == pytest.approx(theirs.pvalue)
    interval = theirs.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    lower = stats.ttest_1samp(second - first, -0.013, alternative="greater").pvalue
    upper = stats.ttest_1samp(second - first, 0.013, alternative="less").pvalue
    assert found.p_equivalence == pytest.approx(max(lower, upper))
    assert found.pairs == 10


@pytest.mark.parametrize(
    ("shift", "noise", "expected"),
    [
        (0.0, 0.004, "equivalent"),
        (0.05, 0.004, "worse"),
        (-0.05, 0.004, "better"),
        (0.006, 0.001, "different, but within the margin"),
        (0.0, 0.1, "undecided"),
    ],
)
def test_the_verdict_is_the_known_one(shift: float, noise: float, expected: str) -> None:
    verdicts = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        first = rng.normal(0.5, 0.03, 10)  # what a seed does to both codes cancels
        gap = paired_difference(first, first + rng.normal(shift, noise, 10))
        verdicts.append(verdict(gap.p_difference, gap.p_equivalence, gap.mean))
    assert verdicts.count(expected) >= 16


def test_bad_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="two pairs"):
        paired_difference([1.0], [2.0])
    with pytest.raises(ValueError, match="margin"):
        paired_difference([1.0, 2.0], [2.0, 3.0], margin=0.0)
    same = paired_difference([1.0, 2.0], [1.0, 2.0])
    assert (same.p_difference, same.p_equivalence) == (1.0, 0.0)


def test_holm_is_monotone_and_bounded() -> None:
    assert holm({"a": 0.5, "b": 0.9}) == {"a": 1.0, "b": 1.0}
    assert holm({"b": 0.02, "a": 0.001, "c": 0.02}) == {"b": 0.04, "a": 0.003, "c": 0.04}


def test_epochs_to_a_loss() -> None:
    assert epochs_to([5.0, 3.0, 2.0, 3.5], 3.0) == 2
    assert epochs_to([5.0], 3.0) is None


def test_codes_that_mirror_the_effects_match_and_others_do_not() -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(size=(6, 3))
    effects = np.linalg.norm(points[:, None] - points[None], axis=2)
    turned = points @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    codes = np.linalg.norm(turned[:, None] - turned[None], axis=2)
    found = match_distances(codes, effects)
    assert found.spearman == pytest.approx(1.0)
    assert found.p <= 2 / 720
    p_values = []
    for seed in range(40):
        other = np.random.default_rng(100 + seed).normal(size=(6, 3))
        unlike = np.linalg.norm(other[:, None] - other[None], axis=2)
        p_values.append(match_distances(unlike, effects).p)
    assert 0.3 < np.mean(p_values) < 0.7
    assert np.mean(np.array(p_values) <= 0.05) < 0.2
    assert match_distances(1 - np.eye(6), effects).p == 1.0
