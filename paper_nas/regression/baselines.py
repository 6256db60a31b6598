"""Regressions that need no trained encoder: what Table 2 must be compared with.

Glossary of shapes: ``Q`` architectures of ``L`` layers with ``b = L (L - 1) / 2`` skip bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.validation import check_is_fitted

from paper_nas.datasets import ArchitectureDataset
from paper_nas.regression.checks import checked_data, checked_inputs
from paper_nas.regression.performance import (
    SEEDS,
    AfterFit,
    PredictivePerformance,
    predictive_performance,
)
from paper_nas.regression.sparse_gp import SparseGP
from paper_nas.space import NUM_OPERATIONS, Architecture

Features = Callable[[Sequence[Architecture]], np.ndarray]

KEPT_VARIANCE = 0.9999
"""Principal components of the one-hot code that are kept: all that vary (45 for six layers)."""


def skip_bits(architectures: Sequence[Architecture]) -> np.ndarray:
    """The skip bits, ``[Q, b]`` float64."""
    return np.array([a.skips for a in architectures], dtype=np.float64)


def one_hot_operations(architectures: Sequence[Architecture]) -> np.ndarray:
    """Each layer's operation as six zeros and ones, ``[Q, 6 L]`` float64."""
    codes = np.eye(NUM_OPERATIONS)[[a.operations for a in architectures]]
    return codes.reshape(len(architectures), -1)


def one_hot_code(architectures: Sequence[Architecture]) -> np.ndarray:
    """Operations, then skip bits, ``[Q, 6 L + b]`` float64."""
    return np.hstack([one_hot_operations(architectures), skip_bits(architectures)])


def signs(architectures: Sequence[Architecture]) -> np.ndarray:
    """Skip bits as -1 (a skip) and 1 (none), ``[Q, b]``: products of them are parities."""
    return 1.0 - 2.0 * skip_bits(architectures)


class PatternLookup(RegressorMixin, BaseEstimator):
    """Predicts the mean target of the training rows that are exactly alike.

    Where there are none it predicts the mean of all.

    Attributes:
        means_: For each different row its mean target.
        mean_: The mean of all targets.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> PatternLookup:
        """Remember rows ``[P, D]`` and targets ``[P]``.

        Raises:
            InvalidInputs: Wrong shapes, or values that are not finite.
        """
        inputs, targets = checked_data(X, y)
        rows, place, counts = np.unique(inputs, axis=0, return_inverse=True, return_counts=True)
        means = np.bincount(place.reshape(-1), weights=targets) / counts
        self.means_ = {row.tobytes(): float(mean) for row, mean in zip(rows, means, strict=True)}
        self.mean_ = float(targets.mean())
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict ``[Q]`` for rows ``[Q, D]``."""
        check_is_fitted(self, "means_")
        return np.array([self.means_.get(r.tobytes(), self.mean_) for r in checked_inputs(X)])


@dataclass(frozen=True)
class Baseline:
    """A regression on features of an architecture.

    Attributes:
        label: What a table calls it.
        features: What the model sees.
        model: Gives an unfitted model for a seed.
        deviations: The model predicts standard deviations too.
        random: The seed matters.
        recalls: Its predictions are labels of training rows, so that they are not stored.
    """

    label: str
    features: Features
    model: Callable[[int], Any]
    deviations: bool = False
    random: bool = False
    recalls: bool = False


def _boosting(seed: int) -> HistGradientBoostingRegressor:
    # Chosen on a tenth of the training part of enas-cifar10. Nothing in it is random.
    return HistGradientBoostingRegressor(
        max_iter=1000, learning_rate=0.1, max_leaf_nodes=31, min_samples_leaf=5,
        early_stopping=False, random_state=seed,
    )  # fmt: skip


def _parities(seed: int) -> Any:
    products = PolynomialFeatures(degree=2, interaction_only=True, include_bias=False)
    return make_pipeline(products, Ridge(alpha=1.0))


def _process(seed: int) -> SparseGP:
    return SparseGP(seed=seed, progress=False)


def _process_on_components(seed: int) -> Any:
    return make_pipeline(PCA(KEPT_VARIANCE, svd_solver="full"), _process(seed))


BASELINES: dict[str, Baseline] = {
    "boosting-bits": Baseline("gradient boosting, skips", skip_bits, _boosting),
    "boosting-operations": Baseline(
        "gradient boosting, operations", one_hot_operations, _boosting
    ),
    "boosting-both": Baseline(
        "gradient boosting, skips and operations", one_hot_code, _boosting
    ),
    "lookup": Baseline(
        "look-up of the skip pattern", skip_bits, lambda _: PatternLookup(), recalls=True
    ),
    "parities": Baseline("ridge on pairwise parities of skips", signs, _parities),
    "gp-one-hot": Baseline(
        "sparse GP, one-hot code", one_hot_code, _process, deviations=True, random=True
    ),
    "gp-one-hot-pca": Baseline(
        "sparse GP, principal components of the one-hot code", one_hot_code,
        _process_on_components, deviations=True, random=True,
    ),
}  # fmt: skip
"""By name. One-hot operations and bits carry the whole architecture, in 45 dimensions; its
principal components are the same information with no coordinate that belongs to one choice."""


def baseline_performance(
    name: str,
    dataset: ArchitectureDataset,
    seeds: Sequence[int] = SEEDS,
    progress: bool = True,
    after: AfterFit | None = None,
) -> PredictivePerformance:
    """Fit a baseline to the training part of a data set and judge it on the test part.

    Args:
        name: A key of :data:`BASELINES`.
        dataset: Labelled architectures, all of one size.
        seeds: Of the fits; a baseline without randomness is fitted once, with the first.
        progress: Show a progress bar.
        after: See :func:`predictive_performance`.

    Raises:
        ValueError: An unknown name, no seed, or labels that cannot be used.
    """
    if name not in BASELINES:
        raise ValueError(f"no baseline {name!r}; there are {sorted(BASELINES)}")
    baseline = BASELINES[name]
    train, test = (
        baseline.features([dataset.architectures[i] for i in rows])
        for rows in (dataset.train_index, dataset.test_index)
    )
    return predictive_performance(
        train,
        dataset.accuracy[dataset.train_index],
        test,
        dataset.accuracy[dataset.test_index],
        seeds=seeds if baseline.random else seeds[:1],
        model=baseline.model,
        deviations=baseline.deviations,
        progress=progress,
        after=after,
    )
