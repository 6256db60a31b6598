"""How well a regression predicts what it has not seen (paper Table 2).

The paper reports RMSE and Pearson's r of one trained model, over ten seeds of the Gaussian process
(released_code_spec section 8). The rest is added here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm
from tqdm.auto import tqdm

from paper_nas.regression.checks import checked_data
from paper_nas.regression.errors import ConstantTarget
from paper_nas.regression.sparse_gp import SparseGP
from paper_nas.statistics import correlate

SEEDS = tuple(range(1, 11))
"""The paper's seeds."""
LEVEL = 0.95
"""Of the interval whose coverage is measured."""


@dataclass(frozen=True)
class PredictionFigures:
    """One prediction against the truth, in units of the train targets' standard deviation.

    Attributes:
        rmse: Root mean squared error.
        pearson: Correlation of predictions and targets; ``None`` where all predictions are equal.
        spearman: Rank correlation, likewise.
        nlpd: Mean negative log predictive density of a target, in nats; ``None`` for a model that
            predicts no standard deviation.
        coverage: Share of the targets in the central 95 % of their predictions, likewise.
    """

    rmse: float
    pearson: float | None
    spearman: float | None
    nlpd: float | None
    coverage: float | None


class Spread(NamedTuple):
    """Mean and population standard deviation over repeats."""

    mean: float
    sd: float


@dataclass(frozen=True)
class PredictivePerformance:
    """Repeated fits on one training part. Means and spreads are over the repeats.

    Attributes:
        rmse: See :class:`PredictionFigures`, as for the next four.
        pearson: ``None`` where it is undefined in a repeat.
        spearman: Likewise.
        nlpd: Likewise.
        coverage: Likewise.
        repeats: The figures of each seed.
        seeds: The seeds.
        train: Training points.
        test: Test points.
        target_sd: Population standard deviation of the training targets: the unit of ``rmse``.
    """

    rmse: Spread | None
    pearson: Spread | None
    spearman: Spread | None
    nlpd: Spread | None
    coverage: Spread | None
    repeats: tuple[PredictionFigures, ...]
    seeds: tuple[int, ...]
    train: int
    test: int
    target_sd: float


FIGURES = ("rmse", "pearson", "spearman", "nlpd", "coverage")

AfterFit = Callable[[int, Any, np.ndarray, np.ndarray | None], None]


def judge_predictions(
    mean: ArrayLike, targets: ArrayLike, target_sd: float, sd: ArrayLike | None = None
) -> PredictionFigures:
    """Compare predictions with targets.

    Args:
        mean: ``[Q]``, the predictions.
        targets: ``[Q]``, the truth.
        target_sd: The unit: standard deviation of the training targets.
        sd: ``[Q]``, standard deviations of the predictions, noise included.

    Raises:
        ValueError: Unequal lengths, values that are not finite, or targets that do not vary.
    """
    predicted, truth = np.asarray(mean, dtype=float), np.asarray(targets, dtype=float)
    if predicted.shape != truth.shape:
        raise ValueError(f"{predicted.shape} predictions for {truth.shape} targets")
    if not (np.isfinite(predicted).all() and np.isfinite(truth).all()):
        raise ValueError("a prediction or a target is not finite")
    error = (predicted - truth) / target_sd
    varies = bool(np.ptp(predicted) > 0)
    both = correlate(predicted, truth) if varies else None
    nlpd = coverage = None
    if sd is not None:
        width = np.asarray(sd, dtype=float) / target_sd
        nlpd = float(-norm.logpdf(error, scale=width).mean())
        coverage = float((np.abs(error) <= norm.ppf(0.5 + LEVEL / 2) * width).mean())
    return PredictionFigures(
        rmse=float(np.sqrt(np.mean(error**2))),
        pearson=both.pearson if both else None,
        spearman=both.spearman if both else None,
        nlpd=nlpd,
        coverage=coverage,
    )


def predictive_performance(
    train_inputs: ArrayLike,
    train_targets: ArrayLike,
    test_inputs: ArrayLike,
    test_targets: ArrayLike,
    seeds: Sequence[int] = SEEDS,
    model: Callable[[int], Any] | None = None,
    deviations: bool = True,
    progress: bool = True,
    after: AfterFit | None = None,
) -> PredictivePerformance:
    """Fit once per seed and judge on the test part.

    Args:
        train_inputs: ``[P, D]``, latents or features.
        train_targets: ``[P]``.
        test_inputs: ``[Q, D]``.
        test_targets: ``[Q]``.
        seeds: Of the fits; the paper's are 1 to 10.
        model: Gives an unfitted model for a seed; by default :class:`SparseGP` as it comes.
        deviations: The model can ``predict(..., return_std=True)``.
        progress: Show progress bars.
        after: Called after each fit with its seed, the fitted model, and the means and standard
            deviations ``[Q]`` that it predicts (``None`` without ``deviations``).

    Raises:
        ValueError: No seed, or data that cannot be used (:class:`InvalidInputs`,
            :class:`ConstantTarget`, and what the model raises).
    """
    if not seeds:
        raise ValueError("no seed, so there is nothing to average over")
    inputs, targets = checked_data(train_inputs, train_targets)
    new_inputs, new_targets = checked_data(test_inputs, test_targets)
    target_sd = float(targets.std())
    if np.ptp(targets) == 0:
        raise ConstantTarget(f"all {len(targets)} training targets are {targets[0]:g}")
    repeats = []
    for seed in tqdm(seeds, unit="fit", disable=not progress):
        fitted = model(seed) if model else SparseGP(seed=seed, progress=progress)
        fitted.fit(inputs, targets)
        mean, sd = (
            fitted.predict(new_inputs, return_std=True)
            if deviations
            else (fitted.predict(new_inputs), None)
        )
        repeats.append(judge_predictions(mean, new_targets, target_sd, sd))
        if after:
            after(seed, fitted, mean, sd)
    return performance_of(repeats, seeds, len(targets), len(new_targets), target_sd)


def performance_of(
    repeats: Sequence[PredictionFigures],
    seeds: Sequence[int],
    train: int,
    test: int,
    target_sd: float,
) -> PredictivePerformance:
    """Put repeats together; arguments as the attributes of :class:`PredictivePerformance`."""
    return PredictivePerformance(
        **{name: spread_of([getattr(repeat, name) for repeat in repeats]) for name in FIGURES},
        repeats=tuple(repeats),
        seeds=tuple(seeds),
        train=train,
        test=test,
        target_sd=target_sd,
    )


def spread_of(values: Sequence[float | None]) -> Spread | None:
    """Mean and population standard deviation; ``None`` if there is no value, or one is ``None``.

    >>> spread_of([1.0, 3.0])
    Spread(mean=2.0, sd=1.0)
    """
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    return Spread(float(np.mean(known)), float(np.std(known)))
