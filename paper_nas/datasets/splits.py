"""Ways to split a set of architectures into a training and a test part."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from paper_nas.space import Architecture, num_skip_bits

TRAIN_FRACTION = 0.9


def released_split(architectures: Sequence[Architecture]) -> tuple[np.ndarray, np.ndarray]:
    """The split of the released code: Python's shuffle with seed 0, the first 90 % for training.

    Returns:
        Training and test rows (released_code_spec section 1).
    """
    order = list(range(len(architectures)))
    random.Random(0).shuffle(order)
    cut = int(TRAIN_FRACTION * len(order))
    return np.array(order[:cut]), np.array(order[cut:])


def random_split(
    architectures: Sequence[Architecture], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """A plain 90/10 split.

    Returns:
        Training and test rows, each in file order.
    """
    order = np.random.default_rng(seed).permutation(len(architectures))
    cut = int(TRAIN_FRACTION * len(order))
    return np.sort(order[:cut]), np.sort(order[cut:])


def skip_pattern_split(
    architectures: Sequence[Architecture], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """A 90/10 split in which all rows with one skip pattern are on the same side.

    Patterns are taken in random order into the test part until it holds a tenth of the rows.

    Returns:
        Training and test rows, each in file order.
    """
    bits = np.array([a.skips for a in architectures], dtype=np.uint8)
    assert bits.shape[1] == num_skip_bits(architectures[0].num_layers)
    _, pattern, counts = np.unique(bits, axis=0, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(counts))
    target = len(architectures) - int(TRAIN_FRACTION * len(architectures))
    taken = order[: int(np.searchsorted(np.cumsum(counts[order]), target)) + 1]
    in_test = np.isin(pattern.reshape(-1), taken)
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)
