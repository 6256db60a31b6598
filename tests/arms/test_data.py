"""What the arms are trained on: the tilt, the scores, and what an operation does."""

from __future__ import annotations

import numpy as np
import pytest

from paper_nas.arms import arm_dataset, operation_distances, tilted_sample
from paper_nas.datasets import ArchitectureDataset
from paper_nas.space import NUM_OPERATIONS


def test_a_tilted_draw_has_the_odds_that_it_says() -> None:
    scores = np.repeat([-1.0, 1.0], 50_000)  # z is the score itself
    rows = tilted_sample(scores, 2_000, tilt=1.0, seed=3)
    assert len(np.unique(rows)) == 2_000
    odds = (scores[rows] > 0).sum() / (scores[rows] < 0).sum()
    assert odds == pytest.approx(np.exp(2.0), rel=0.2)
    even = tilted_sample(scores, 2_000, tilt=0.0, seed=3)
    assert (scores[even] > 0).mean() == pytest.approx(0.5, abs=0.05)
    assert tilted_sample(scores, 2_000, 1.0, 3).tolist() == rows.tolist()
    few = tilted_sample(np.random.default_rng(0).normal(size=1_000), 300, tilt=6.0, seed=0)
    best = np.argsort(-np.random.default_rng(0).normal(size=1_000))[:200]
    assert np.isin(best, few).mean() > 0.95  # without repetition: a strong tilt runs out of them
    with pytest.raises(ValueError, match="5 of 3"):
        tilted_sample(np.arange(3.0), 5, 1.0, 0)


def test_the_data_are_uniform_or_tilted_and_keep_patterns_apart() -> None:
    plain, tilted = (arm_dataset(tilt, count=1_500, pool=8_000) for tilt in (0.0, 2.0))
    assert tilted.accuracy.mean() > plain.accuracy.mean() + plain.accuracy.std()
    assert plain.sha256 != tilted.sha256
    for dataset in (plain, tilted):
        patterns = dataset.skip_patterns()
        train, test = (set(map(bytes, patterns[i])) for i in (dataset.train_index,
                                                              dataset.test_index))  # fmt: skip
        assert len(test) > 100
        assert not train & test

    def shares(dataset: ArchitectureDataset) -> np.ndarray:
        counts = np.bincount(dataset.operation_choices().ravel(), minlength=NUM_OPERATIONS)
        return counts / counts.sum()

    assert np.ptp(shares(plain)) < 0.03
    assert np.ptp(shares(tilted)) > 0.1


def test_distances_between_operations_are_distances() -> None:
    distances = operation_distances(probes=300)
    assert distances.shape == (NUM_OPERATIONS, NUM_OPERATIONS)
    assert np.array_equal(distances, distances.T)
    assert np.array_equal(np.diag(distances), np.zeros(NUM_OPERATIONS))
    off = distances[np.triu_indices(NUM_OPERATIONS, 1)]
    assert off.min() > 0
    assert off.max() > 1.5 * off.min()
