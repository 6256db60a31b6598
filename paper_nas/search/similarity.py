"""How alike good architectures are: operations and wiring, with permutation tests.

The paper's second and third observation (section 4.3) are read off ten drawings. Here they are
numbers over the best 50 of each trial, and the unit that is permuted is the trial: architectures of
one trial descend from each other, so they are no independent draws.

Glossary of shapes: ``n`` architectures of ``L`` layers with ``b`` skip bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import entropy, permutation_test

from paper_nas.space import NUM_OPERATIONS, OPERATION_NAMES, Architecture

RESAMPLES = 9_999
"""Permutations drawn where there are more than that."""
LARGE = ("conv5x5", "sep5x5")
"""The operations that the paper finds in the architectures of DVAE-EMB."""
CONVOLUTIONS = ("conv3x3", "sep3x3", *LARGE)


class Comparison(NamedTuple):
    """A difference, and how often chance alone gives one as large.

    Attributes:
        first: Mean of the first sample.
        second: Mean of the second sample.
        p: Two-sided share of permutations with a difference at least as large; NaN where a sample
            has fewer than two values.
    """

    first: float
    second: float
    p: float


def _operations(architectures: Sequence[Architecture]) -> np.ndarray:
    """``[n, L]``."""
    return np.array([a.operations for a in architectures])


def _share(names: Sequence[str]) -> Callable[[Sequence[Architecture]], float]:
    numbers = [OPERATION_NAMES.index(name) for name in names]
    return lambda architectures: float(np.isin(_operations(architectures), numbers).mean())


def pooled_entropy(architectures: Sequence[Architecture]) -> float:
    """Entropy, in bits, of the operations of all layers together; at most log2 of 6."""
    counts = np.bincount(_operations(architectures).ravel(), minlength=NUM_OPERATIONS)
    return float(entropy(counts, base=2))


def own_operations(architectures: Sequence[Architecture]) -> float:
    """Different operations within one architecture, in the mean: what a drawing shows."""
    return float(np.mean([len(set(a.operations)) for a in architectures]))


def repeated_operations(architectures: Sequence[Architecture]) -> float:
    """Share of neighbouring layers with the same operation: a smooth transition."""
    operations = _operations(architectures)
    return float((operations[:, 1:] == operations[:, :-1]).mean())


def pattern_agreement(architectures: Sequence[Architecture]) -> float:
    """Share of skip bits that two architectures have in common, over all pairs; 1/2 for coins."""
    bits = np.array([a.skips for a in architectures], dtype=float)
    count = len(bits)
    if count < 2:
        return math.nan
    ones = bits.sum(axis=0)
    agreeing = (ones * (ones - 1) + (count - ones) * (count - ones - 1)).mean()
    return float(agreeing / (count * (count - 1)))


MEASURES: dict[str, Callable[[Sequence[Architecture]], float]] = {
    "entropy of operations (bits)": pooled_entropy,
    "different operations in one architecture": own_operations,
    "neighbouring layers alike": repeated_operations,
    "share of 5×5 convolutions": _share(LARGE),
    "share of convolutions": _share(CONVOLUTIONS),
    "agreement of skips": pattern_agreement,
}
"""What is measured of a set of architectures, by name. The first five are about operations (the
paper's second observation), the last is about wiring (its third)."""


def similarity_figures(architectures: Sequence[Architecture]) -> dict[str, float]:
    """All of :data:`MEASURES`.

    Raises:
        ValueError: No architecture.
    """
    if not architectures:
        raise ValueError("no architecture to measure")
    return {name: measure(architectures) for name, measure in MEASURES.items()}


def compare_trials(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Comparison:
    """Compare the means of two samples, one value per trial, by permuting trials.

    Args:
        first: Values of the first method.
        second: Values of the second method.
        seed: Of the permutations, if not all are tried.
    """
    if min(len(first), len(second)) < 2:
        means = [float(np.mean(x)) if len(x) else math.nan for x in (first, second)]
        return Comparison(means[0], means[1], math.nan)
    found = permutation_test(
        (np.asarray(first, dtype=float), np.asarray(second, dtype=float)),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(seed),
    )
    return Comparison(float(np.mean(first)), float(np.mean(second)), float(found.pvalue))


def against_random_subsets(
    chosen: Sequence[Architecture],
    others: Sequence[Architecture],
    measure: Callable[[Sequence[Architecture]], float],
    draws: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare a set with random subsets, as large as it, of all architectures.

    Args:
        chosen: The set, for example the best 50.
        others: What else there was to choose from; the two together are drawn from.
        measure: One of :data:`MEASURES`.
        draws: Random subsets.
        seed: Of the draws.

    Returns:
        The measure of the set, its mean over the subsets, and the two-sided p-value: twice the
        smaller tail, the set itself counted as a draw.
    """
    pool, generator = [*chosen, *others], np.random.default_rng(seed)
    value = measure(chosen)
    drawn = np.array(
        [
            measure([pool[i] for i in generator.choice(len(pool), len(chosen), replace=False)])
            for _ in range(draws)
        ]
    )
    tails = [1 + (drawn >= value - 1e-12).sum(), 1 + (drawn <= value + 1e-12).sum()]
    return Comparison(value, float(drawn.mean()), float(min(1.0, 2 * min(tails) / (1 + draws))))
