"""How far one quantity follows others: correlations, their intervals, what each of several adds.

Glossary of shapes: ``M`` rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


class Correlation(NamedTuple):
    """Two measures of how far one quantity follows another, both in [-1, 1]."""

    pearson: float
    spearman: float


class Interval(NamedTuple):
    """A figure with an interval that a repetition would fall into."""

    value: float
    low: float
    high: float


class CorrelationIntervals(NamedTuple):
    """Both correlations, each with its interval."""

    pearson: Interval
    spearman: Interval


class Contribution(NamedTuple):
    """What one of several quantities says about a target, in a linear fit.

    Attributes:
        alone: R² of the target on this quantity alone.
        added: R² on all of them less R² on all but this one.
        partial: Correlation with the target of what the others leave of both, in [-1, 1].
    """

    alone: float
    added: float
    partial: float


def correlate(x: ArrayLike, y: ArrayLike) -> Correlation:
    """Pearson's r and Spearman's rank correlation of two samples.

    Args:
        x: ``[M]`` numbers.
        y: ``[M]`` numbers.

    Raises:
        ValueError: Fewer than two values, unequal lengths, a value that is not finite, or a sample
            that does not vary (its correlation is undefined).

    >>> correlate([1, 2, 3], [1, 4, 9])
    Correlation(pearson=0.9897..., spearman=1.0)
    """
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape or len(first) < 2:
        raise ValueError(f"two samples of equal length wanted, not {first.shape}, {second.shape}")
    for sample in (first, second):
        if not np.isfinite(sample).all():
            raise ValueError("a sample holds a value that is not finite")
        if np.ptp(sample) == 0:
            raise ValueError("a sample that does not vary has no correlation")
    pearson = stats.pearsonr(first, second).statistic
    return Correlation(float(pearson), float(stats.spearmanr(first, second).statistic))


def bootstrap_interval(
    statistic: Callable[..., float],
    *samples: ArrayLike,
    repeats: int = 1_000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """A statistic of paired samples, with its percentile bootstrap interval.

    Args:
        statistic: Takes as many arrays ``[M]`` as there are samples.
        samples: ``[M]`` each; their values belong together by position and are drawn together.
        repeats: Resamplings.
        level: Coverage of the interval, in (0, 1).
        seed: Of the resampling.

    >>> bootstrap_interval(np.mean, [1.0, 2.0, 3.0, 4.0]).value
    2.5
    """
    arrays = tuple(np.asarray(sample) for sample in samples)
    found = stats.bootstrap(
        arrays,
        statistic,
        paired=True,
        vectorized=False,
        n_resamples=repeats,
        confidence_level=level,
        method="percentile",
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(float(statistic(*arrays)), float(found.low), float(found.high))


def correlation_intervals(
    x: ArrayLike,
    y: ArrayLike,
    clusters: ArrayLike | None = None,
    repeats: int = 1_000,
    level: float = 0.95,
    seed: int = 0,
) -> CorrelationIntervals:
    """Pearson's r and Spearman's rho with percentile bootstrap intervals.

    A resample is a weight per row, and weighted ranks follow from cumulative sums, so nothing is
    sorted again: 1,000 resamples of 19,020 rows take about two seconds.

    Args:
        x: ``[M]`` numbers.
        y: ``[M]`` numbers.
        clusters: ``[M]`` labels; rows with one label are drawn together, as rows should be that
            repeat each other. By default each row is drawn on its own.
        repeats: Resamplings; one in which ``x`` or ``y`` does not vary is left out.
        level: Coverage of the interval, in (0, 1).
        seed: Of the resampling.

    Raises:
        ValueError: As :func:`correlate` does, or not one cluster per row.
    """
    value = correlate(x, y)
    samples = [np.asarray(sample, dtype=np.float64) for sample in (x, y)]
    members = np.arange(len(samples[0])) if clusters is None else np.asarray(clusters)
    if members.shape != samples[0].shape:
        raise ValueError(f"{len(samples[0])} rows and clusters {members.shape}")
    names, cluster = np.unique(members, return_inverse=True)
    ties = [np.unique(sample, return_inverse=True)[1] for sample in samples]
    rng = np.random.default_rng(seed)
    found = np.empty((repeats, 2))
    for repeat in range(repeats):
        drawn = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        weights = drawn[cluster].astype(np.float64)
        ranks = [_weighted_ranks(tie, weights) for tie in ties]
        for place, (first, second) in enumerate((samples, ranks)):
            found[repeat, place] = _weighted_pearson(first, second, weights)
    low, high = np.nanquantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return CorrelationIntervals(
        Interval(value.pearson, float(low[0]), float(high[0])),
        Interval(value.spearman, float(low[1]), float(high[1])),
    )


def contributions(
    quantities: Mapping[str, ArrayLike], target: ArrayLike
) -> dict[str, Contribution]:
    """What each of several quantities says about a target, alone and beside the others.

    Args:
        quantities: ``[M]`` numbers by name, at least one.
        target: ``[M]`` numbers.

    Raises:
        ValueError: Unequal lengths, a target that does not vary, or a quantity that follows
            linearly from the others, so that none can be told from them.
    """
    columns = {name: np.asarray(x, dtype=np.float64) for name, x in quantities.items()}
    y = np.asarray(target, dtype=np.float64)
    if not columns or {x.shape for x in columns.values()} != {y.shape} or y.ndim != 1:
        raise ValueError(f"quantities and a target of one length wanted, not {y.shape}")
    table = np.column_stack([x - x.mean() for x in columns.values()])  # [M, quantities]
    spread = table.std(axis=0)
    if y.std() == 0 or not spread.all() or _rank(table / spread) < table.shape[1]:
        raise ValueError(f"one of {list(columns)} follows from the others, or does not vary")
    table, y = table / spread, (y - y.mean()) / y.std()
    slopes, full = _least_squares(table, y)
    result = {}
    for place, name in enumerate(columns):
        alone = _least_squares(table[:, [place]], y)[1]
        without = _least_squares(np.delete(table, place, axis=1), y)[1]
        added = max(full - without, 0.0)
        partial = np.sqrt(added / (1 - without)) if without < 1 else 0.0
        result[name] = Contribution(alone, added, float(np.copysign(partial, slopes[place])))
    return result


def _rank(table: Floats) -> int:
    return int(np.linalg.matrix_rank(table))


def _least_squares(table: Floats, y: Floats) -> tuple[Floats, float]:
    """Slopes and R² of centred quantities ``[M, quantities]`` for a standardised target."""
    slopes: Floats = np.linalg.lstsq(table, y, rcond=None)[0].astype(np.float64)
    return slopes, float(1 - np.mean((y - table @ slopes) ** 2))


def _weighted_ranks(tie: NDArray[np.int64], weights: Floats) -> Floats:
    """Rank of each row among all, where a row stands for as many as its weight; ties share one."""
    sizes = np.bincount(tie, weights)
    ranks: Floats = (np.cumsum(sizes) - sizes / 2)[tie]
    return ranks


def _weighted_pearson(x: Floats, y: Floats, weights: Floats) -> float:
    """Correlation of rows that count as often as their weight; NaN where one does not vary."""
    x, y = (sample - np.average(sample, weights=weights) for sample in (x, y))
    variances = np.sum(weights * x**2) * np.sum(weights * y**2)
    return float(np.sum(weights * x * y) / np.sqrt(variances)) if variances > 0 else float("nan")
