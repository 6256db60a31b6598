"""Pairs of a matrix under every order of its items; the share has its tests in test_teaching."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from paper_nas.statistics import relabelled


@pytest.mark.parametrize("count", [2, 3, 5])
def test_each_order_gives_the_pairs_of_the_renamed_matrix(count: int) -> None:
    values = np.random.default_rng(count).normal(size=(count, count))
    values = values + values.T
    found = relabelled(values)
    assert found.shape == (math.factorial(count), count * (count - 1) // 2)
    upper = np.triu_indices(count, 1)
    assert np.array_equal(found[0], values[upper])
    for row, order in zip(found, itertools.permutations(range(count)), strict=True):
        assert np.array_equal(row, values[np.ix_(order, order)][upper])


@pytest.mark.parametrize("shape", [(2, 3), (9, 9), (3,)])
def test_what_is_not_square_or_too_large_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at most 8 rows"):
        relabelled(np.zeros(shape))
