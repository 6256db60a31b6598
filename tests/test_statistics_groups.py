"""Bootstrap intervals of correlations, contributions of several quantities, groups of scores."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from paper_nas.datasets import load_dataset
from paper_nas.statistics import (
    contributions,
    correlate,
    correlation_intervals,
    equal_groups,
    graph_properties,
    released_groups,
)


def related(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two samples with a correlation, both with ties."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=count)
    return x.round(1), (x + rng.normal(size=count)).round(1)


def test_intervals_are_those_of_resampling_and_ranking_anew() -> None:
    x, y = related(80)
    found = correlation_intervals(x, y, repeats=300, level=0.9, seed=5)
    rng, slow = np.random.default_rng(5), []
    for _ in range(300):
        rows = rng.integers(80, size=80)
        slow.append(correlate(x[rows], y[rows]))
    for place, interval in enumerate(found):
        low, high = np.quantile(np.array(slow)[:, place], [0.05, 0.95])
        assert interval == pytest.approx((correlate(x, y)[place], low, high), abs=1e-12)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    truth = np.sqrt(0.5)
    covered = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=60)
        interval = correlation_intervals(x, x + rng.normal(size=60), repeats=150, level=0.8)
        covered += interval.pearson.low <= truth <= interval.pearson.high
    assert 0.68 < covered / 150 < 0.92


def test_rows_that_repeat_each_other_are_drawn_together() -> None:
    x, y = related(100)
    single = correlation_intervals(x, y, repeats=200)
    copies = [np.repeat(sample, 9) for sample in (x, y)]
    together = correlation_intervals(*copies, clusters=np.repeat(np.arange(100), 9), repeats=200)
    assert together.pearson == pytest.approx(single.pearson)
    assert together.spearman == pytest.approx(single.spearman, abs=1e-12)
    apart = correlation_intervals(*copies, repeats=200).pearson
    assert apart.high - apart.low < 0.5 * (single.pearson.high - single.pearson.low)
    with pytest.raises(ValueError, match="clusters"):
        correlation_intervals(x, y, clusters=[1, 2])


def test_a_resample_that_does_not_vary_is_left_out() -> None:
    found = correlation_intervals([0, 0, 1], [1, 2, 3], repeats=200)
    assert all(np.isfinite(interval).all() for interval in found)


def test_intervals_of_19020_rows_are_affordable() -> None:
    x, y = related(19_020)
    start = time.process_time()
    correlation_intervals(x, y, repeats=100)
    assert time.process_time() - start < 2.0


def test_contributions_follow_their_definitions() -> None:
    rng = np.random.default_rng(0)
    a, b, noise = rng.normal(size=(3, 4_000))
    c = a + 0.1 * rng.normal(size=4_000)  # nearly what a says already
    found = contributions({"a": a, "b": 100 * b, "c": c}, a - 0.5 * b + noise + 7)
    y = a - 0.5 * b + noise
    assert found["a"].alone == pytest.approx(correlate(a, y).pearson ** 2)
    assert found["b"].added == pytest.approx(0.25 / 2.25, abs=0.03)
    assert found["a"].alone > 0.4
    assert found["a"].added < 0.01
    others = np.column_stack([np.ones(4_000), a, c])
    rest = [t - others @ np.linalg.lstsq(others, t, rcond=None)[0] for t in (b, y)]
    assert found["b"].partial == pytest.approx(stats.pearsonr(*rest).statistic, abs=1e-9)
    assert found["b"].partial < -0.4


@pytest.mark.parametrize(
    ("quantities", "message"),
    [
        ({}, "one length"),
        ({"a": [1.0, 2.0]}, "one length"),
        ({"a": [1.0, 2.0, 4.0], "b": [3.0, 5.0, 9.0]}, "follows from the others"),
        ({"a": [1.0, 1.0, 1.0]}, "does not vary"),
    ],
)
def test_contributions_that_cannot_be_told_apart_are_refused(quantities, message) -> None:
    with pytest.raises(ValueError, match=message):
        contributions(quantities, [1.0, 0.0, 2.0])


def test_released_groups_end_with_the_first_score_above_their_bound() -> None:
    scores = [0.731, 0.705, 0.711, 0.712, 0.709, 0.7205]
    assert released_groups(scores).tolist() == [2, 0, 0, 1, 0, 1]


def test_equal_groups_have_equal_sizes_and_keep_equal_scores_together() -> None:
    scores = np.random.default_rng(0).normal(size=600)
    groups = equal_groups(scores, 6)
    assert np.bincount(groups).tolist() == [100] * 6
    means = [scores[groups == g].mean() for g in range(6)]
    assert means == sorted(means)
    assert len(set(equal_groups([1, 5, 5, 5, 5, 9], 3)[1:5])) == 1
    with pytest.raises(ValueError, match="at least one"):
        equal_groups(scores, 0)


def test_the_papers_groups_and_correlations(enas_cifar10_data: Path) -> None:
    """released_code_spec section 11; measured_facts section 1d."""
    dataset = load_dataset("enas-cifar10")
    found, y = graph_properties(dataset.architectures), dataset.accuracy
    assert correlate(found["mean_path_length"], y).pearson == pytest.approx(0.3185, abs=5e-5)
    assert correlate(found["transitivity"], y).pearson == pytest.approx(-0.3952, abs=5e-5)
    assert correlate(found["density"], y).pearson == pytest.approx(-0.442, abs=5e-4)
    train = dataset.train_index
    groups = released_groups(y[train])
    assert np.bincount(groups).tolist() == [22, 267, 2129, 10277, 4410, 13]
    means = {
        name: [found[name][train][groups == g].mean().round(3) for g in range(6)]
        for name in ("mean_path_length", "transitivity")
    }
    assert means["mean_path_length"] == [1.594, 1.659, 1.754, 1.912, 1.971, 1.887]
    assert means["transitivity"] == [0.659, 0.590, 0.469, 0.342, 0.296, 0.253]
