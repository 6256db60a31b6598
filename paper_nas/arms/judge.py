"""What the arms say: paired differences over seeds, their tests, and tables against scores.

The primary outcome, the margin and the tests were written down beforehand:
``book/preregistration.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from paper_nas.statistics import relabelled

MARGIN = 0.013
"""The paper's gap in RMSE between DVAE-EMB and D-VAE (its Table 2)."""

LEVEL = 0.05


@dataclass(frozen=True)
class PairedDifference:
    """A difference between two codes over seeds that both were trained with.

    Attributes:
        pairs: Number of seeds.
        mean: Of the differences, second less first.
        low: Lower end of the 95 % interval of the mean (Student's t).
        high: Upper end.
        p_difference: Two-sided paired t test of no difference.
        p_equivalence: The larger of two one-sided paired t tests: that the mean difference is at
            most ``-margin``, and that it is at least ``margin``.
    """

    pairs: int
    mean: float
    low: float
    high: float
    p_difference: float
    p_equivalence: float


def paired_difference(
    first: ArrayLike, second: ArrayLike, margin: float = MARGIN
) -> PairedDifference:
    """Compare two codes.

    Args:
        first: ``[seeds]``, the outcome of one.
        second: ``[seeds]``, of the other, in the same order.
        margin: Differences within it count as none.

    Raises:
        ValueError: Unequal lengths, fewer than two pairs, or a margin that is not positive.

    >>> found = paired_difference([0.50, 0.52, 0.51], [0.51, 0.53, 0.521])
    >>> round(found.mean, 4), found.p_difference < 0.01
    (0.0103, True)
    """
    gaps = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    if gaps.ndim != 1 or len(gaps) < 2 or not margin > 0:
        raise ValueError(f"at least two pairs and a positive margin are wanted, not {gaps.shape}")
    error = gaps.std(ddof=1) / math.sqrt(len(gaps))
    freedom, mean = len(gaps) - 1, float(gaps.mean())
    if error == 0:
        return PairedDifference(
            len(gaps), mean, mean, mean, float(mean == 0), float(abs(mean) >= margin)
        )
    reach = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * error
    return PairedDifference(
        pairs=len(gaps),
        mean=mean,
        low=mean - reach,
        high=mean + reach,
        p_difference=float(2 * stats.t.sf(abs(mean) / error, freedom)),
        p_equivalence=float(stats.t.sf((margin - abs(mean)) / error, freedom)),
    )


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p values of a family of tests, by Holm's step-down method.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    order = sorted(p_values, key=lambda name: p_values[name])
    adjusted, largest = {}, 0.0
    for place, name in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - place) * p_values[name]))
        adjusted[name] = round(largest, 12)
    return {name: adjusted[name] for name in p_values}


def verdict(difference: float, equivalence: float, mean: float, level: float = LEVEL) -> str:
    """What two adjusted p values say of a paired difference in an error.

    Args:
        difference: Of the test of no difference.
        equivalence: Of the test of equivalence.
        mean: Second less first; less is better.
        level: Of significance.
    """
    if equivalence <= level:
        return "equivalent" if difference > level else "different, but within the margin"
    if difference <= level:
        return "better" if mean < 0 else "worse"
    return "undecided"


def epochs_to(losses: Sequence[float], level: float) -> int | None:
    """The first epoch, from 1, whose loss is at most ``level``; ``None`` if there is none."""
    return next((epoch for epoch, loss in enumerate(losses, 1) if loss <= level), None)


@dataclass(frozen=True)
class Match:
    """How well distances between codes follow distances between effects.

    Attributes:
        spearman: Rank correlation over the pairs of operations; 0 where all distances are equal.
        p: Share of all renamings of the operations whose correlation is at least as large.
    """

    spearman: float
    p: float


def match_distances(codes: ArrayLike, effects: ArrayLike) -> Match:
    """Mantel's test over all renamings of the operations.

    Args:
        codes: ``[n, n]`` symmetric distances between codes, ``n`` at most 8.
        effects: ``[n, n]`` symmetric distances between what the operations do.

    Raises:
        ValueError: Shapes that do not fit.
    """
    first, second = np.asarray(codes, dtype=float), np.asarray(effects, dtype=float)
    if second.shape != first.shape:
        raise ValueError(f"two matrices of one shape wanted, not {first.shape}, {second.shape}")
    renamed = _ranks(relabelled(first))
    wanted = _ranks(second[np.triu_indices(len(second), 1)][None])
    found = (renamed * wanted).sum(axis=1)
    return Match(float(found[0]), float((found >= found[0] - 1e-9).mean()))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks along the last axis, centred and of length one; zeros where all are equal."""
    ranks = stats.rankdata(values, axis=1)
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    length = np.linalg.norm(ranks, axis=1, keepdims=True)
    centred: NDArray[np.float64] = ranks / np.where(length > 0, length, 1.0)
    return centred
