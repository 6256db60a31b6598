"""The gate: can these labels tell one operation from another, and would a second seed agree?

Before thousands of architectures are trained, a few hundred are, under several settings. A setting
is fit for the benchmark if operations explain what neither the skips nor the size of the network
do, and if its labels come out again with another seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from paper_nas.benchmark.design import Task
from paper_nas.benchmark.labels import Label, Labels
from paper_nas.benchmark.settings import BenchmarkConfig
from paper_nas.child import ImageSet
from paper_nas.datasets import score_from_nll
from paper_nas.space import NUM_OPERATIONS, Architecture
from paper_nas.statistics import Interval, bootstrap_interval, correlate

FOLDS = 10
"""Of the cross-validation."""

REPEATS = 500
"""Resamplings of a bootstrap interval."""

SEED = 0
"""Of folds, trees and resamplings."""

WHOLE = "operations and skips"
"""Name of the largest set of features."""

CHOSEN = "chosen"
"""Name of the variant that is the benchmark itself: its labels are the first of the benchmark."""


@dataclass(frozen=True)
class Variant:
    """A setting that the gate tries.

    Attributes:
        name: Its name.
        why: What it asks, for a table.
        changes: Changes of the benchmark's budget.
        image_set: In place of the benchmark's (``None``: as there).
        image_size: In place of the benchmark's (``None``: as there).
        count: Architectures that are trained with seed 0.
        repeated: Of these, how many are trained with seed 1 too.
    """

    name: str
    why: str
    changes: dict[str, Any] = field(default_factory=dict)
    image_set: str | None = None
    image_size: int | None = None
    count: int = 50
    repeated: int = 30

    def config(self, benchmark: BenchmarkConfig) -> BenchmarkConfig:
        """The benchmark as it would be under this setting."""
        return benchmark.changed(
            budget=benchmark.budget.changed(**self.changes),
            image_set=self.image_set or benchmark.image_set,
            image_size=self.image_size or benchmark.image_size,
        )

    def tasks(self, architectures: Sequence[Architecture]) -> list[Task]:
        """The trainings, of the first architectures."""
        first = [Task(architecture, 0) for architecture in architectures[: self.count]]
        return first + [Task(task.architecture, 1) for task in first[: self.repeated]]


VARIANTS = (
    Variant(CHOSEN, "the benchmark", count=700, repeated=300),
    Variant(
        "small-images",
        "8x8 pixels, 16 channels, less noise",
        {"channels": 16, "noise": 0.2, "batch_size": 64},
        image_size=8,
    ),
    Variant("low-noise", "half the noise", {"noise": 0.2}),
    Variant("short", "half the steps", {"steps": 75}),
    Variant("mnist", "other images", {"noise": 0.2}, image_set="mnist-5k", image_size=14),
)
"""What was tried; the first is what came of it."""


def one_hot(architectures: Sequence[Architecture]) -> np.ndarray:
    """Operations as 0/1 columns, ``[M, 6 L]`` for ``L`` layers."""
    operations = np.array([a.operations for a in architectures])
    return np.eye(NUM_OPERATIONS)[operations].reshape(len(operations), -1)


def feature_sets(
    architectures: Sequence[Architecture], labels: Sequence[Label]
) -> dict[str, np.ndarray]:
    """What each regression may look at, by name: ``[M, features]``.

    Args:
        architectures: ``M`` of them.
        labels: Theirs; they hold the size of each network.
    """
    operations = one_hot(architectures)
    skips = np.array([a.skips for a in architectures], dtype=float)
    size = np.log([[label.parameters, label.multiply_adds] for label in labels])
    return {
        "operations": operations,
        "skips": skips,
        WHOLE: np.hstack([operations, skips]),
        "parameter count": size[:, :1],
        "parameters and multiply-adds": size,
    }


def regressors() -> dict[str, Any]:
    """The models that are asked: trees, which find interactions, and a line for small samples."""
    return {
        "gradient boosting": GradientBoostingRegressor(
            n_estimators=400, max_depth=4, learning_rate=0.05, subsample=0.5, random_state=SEED
        ),
        "ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))),
    }


def r_squared(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Share of the variance that is explained; 0 for the mean, negative for worse."""
    return float(1 - ((truth - predicted) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's r; 0 where one of the two does not vary, as in some resamplings of a few."""
    return correlate(first, second).pearson if _both_vary(first, second) else 0.0


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation; 0 where one of the two does not vary."""
    return correlate(first, second).spearman if _both_vary(first, second) else 0.0


def _both_vary(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.ptp(first) > 0 and np.ptp(second) > 0)


def variance_explained(
    features: dict[str, np.ndarray], scores: np.ndarray, regressor: Any
) -> dict[str, Any]:
    """How much of the scores a regressor explains on architectures it has not seen.

    Args:
        features: ``[M, features]`` by name, as :func:`feature_sets` gives them.
        scores: ``[M]``.
        regressor: Any of scikit-learn's.

    Returns:
        ``explained``: held-out R2 by :data:`FOLDS`-fold cross-validation, by name; ``margins``: by
        how much operations and skips together exceed each of the others, or the mean where that
        predicts better. All are intervals over resampled architectures.
    """
    folds = KFold(FOLDS, shuffle=True, random_state=SEED)
    predicted = {
        name: cross_val_predict(regressor, columns, scores, cv=folds)
        for name, columns in features.items()
    }
    whole = predicted[WHOLE]

    def margin(truth: np.ndarray, more: np.ndarray, less: np.ndarray) -> float:
        return r_squared(truth, more) - max(0.0, r_squared(truth, less))

    return {
        "explained": {
            name: bootstrap_interval(r_squared, scores, values, repeats=REPEATS, seed=SEED)
            for name, values in predicted.items()
        },
        "margins": {
            name: bootstrap_interval(margin, scores, whole, values, repeats=REPEATS, seed=SEED)
            for name, values in predicted.items()
            if name != WHOLE
        },
    }


def reliability(labels: Labels, images: ImageSet) -> dict[str, Interval | int]:
    """How well the labels of seed 0 and seed 1 agree, over architectures that have both.

    Args:
        labels: Labels of both seeds.
        images: Theirs.

    Returns:
        ``architectures``, and Pearson's r of the score, of the NLL itself and of the accuracy, and
        Spearman's of the score.
    """
    pairs = [
        (label, labels[Task(task.architecture, 1)])
        for task, label in labels.items()
        if task.seed == 0 and Task(task.architecture, 1) in labels
    ]
    nll = np.array([[label.validation_nll for label in pair] for pair in pairs]).T
    hits = np.array([[label.validation_hits for label in pair] for pair in pairs]).T

    def agreement(values: np.ndarray, measure: Callable[..., float]) -> Interval:
        return bootstrap_interval(measure, *values, repeats=REPEATS, seed=SEED)

    return {
        "architectures": len(pairs),
        "score": agreement(score_from_nll(nll), pearson),
        "score, ranks": agreement(nll, spearman),
        "nll": agreement(nll, pearson),
        "accuracy": agreement(hits / len(images.validation), pearson),
    }


def assess(labels: Labels, images: ImageSet) -> dict[str, Any]:
    """Everything that the gate asks of one set of labels, ready for JSON.

    Args:
        labels: Labels of seed 0, some of seed 1 too.
        images: Theirs.
    """
    first = {task.architecture: label for task, label in labels.items() if task.seed == 0}
    architectures, rows = list(first), list(first.values())
    nll = np.array([label.validation_nll for label in rows])
    accuracy = np.array([label.validation_hits for label in rows]) / len(images.validation)
    features, scores = feature_sets(architectures, rows), score_from_nll(nll)
    return {
        "architectures": len(rows),
        "trainings": len(labels),
        "cpu_seconds": sum(label.cpu_seconds for label in labels.values()),
        "accuracy": summary(accuracy),
        "nll": summary(nll),
        "score": summary(scores),
        "test_part": spearman(nll, np.array([label.test_nll for label in rows])),
        "reliability": reliability(labels, images),
        **{
            name: variance_explained(features, scores, regressor)
            for name, regressor in regressors().items()
        },
    }


def summary(values: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation and range."""
    return {
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
    }
