"""Oracles that answer with a fitted model: tree ensembles on features of an architecture.

That a model fitted to some labels can stand for a benchmark is the idea of NAS-Bench-301 (Zela,
Siems, Zimmer, Lukasik, Keuper and Hutter, "Surrogate NAS benchmarks", ICLR 2022), which also finds
gradient-boosted trees among the best models for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.model_selection import GroupKFold

from paper_nas.datasets import ArchitectureDataset, read_enas_file
from paper_nas.oracles.base import (
    UNITS,
    WEIGHT_SHARING_ACCURACY,
    Oracle,
    Scores,
    layers_of,
    recorded_labels,
    recorded_or,
)
from paper_nas.oracles.features import architecture_features, skip_bits
from paper_nas.oracles.winners import PublishedWinner, read_winners
from paper_nas.space import Architecture

REGRESSORS: dict[str, Callable[[int], Any]] = {
    "gradient-boosting": lambda seed: GradientBoostingRegressor(
        n_estimators=500, learning_rate=0.05, max_depth=4, subsample=0.5, max_features=0.3,
        random_state=seed,
    ),
    "hist-gradient-boosting": lambda seed: HistGradientBoostingRegressor(
        max_iter=500, learning_rate=0.05, max_leaf_nodes=15, max_features=0.3,
        early_stopping=False, random_state=seed,
    ),
    "extra-trees": lambda seed: ExtraTreesRegressor(
        300, min_samples_leaf=2, max_features=0.5, random_state=seed
    ),
    "random-forest": lambda seed: RandomForestRegressor(
        300, min_samples_leaf=2, max_features=0.3, random_state=seed
    ),
}  # fmt: skip
"""Models for :class:`SurrogateOracle`, made from a seed. The first is its default;
:func:`compare_regressors` ranks them on the labels at hand."""

HELD_OUT_SHARE = 10
"""One pattern in so many is held out by :class:`SkipPatternOracle`."""


@dataclass(frozen=True)
class HeldOut:
    """How well a model predicts labels that it was not fitted to.

    Attributes:
        rmse: Root mean squared error, in the units of the labels.
        r2: Share of the variance explained.
        spearman: Rank correlation.
        count: Labels that were predicted.
    """

    rmse: float
    r2: float
    spearman: float
    count: int


def held_out_figures(predicted: np.ndarray, labels: np.ndarray) -> HeldOut:
    """Compare predictions ``[n]`` with labels ``[n]``.

    Raises:
        ValueError: Fewer than two labels, or labels that do not vary.
    """
    if len(labels) < 2 or np.ptp(labels) == 0.0:
        raise ValueError(
            f"{len(labels)} held-out labels, {len(set(labels.tolist()))} of them different: a "
            f"model can only be judged on two that differ"
        )
    squared = float(np.mean((predicted - labels) ** 2))
    varies = np.ptp(predicted) > 0.0
    spearman = float(spearmanr(predicted, labels).statistic) if varies else 0.0
    return HeldOut(math.sqrt(squared), 1.0 - squared / float(labels.var()), spearman, len(labels))


class FittedOracle(Oracle):
    """An oracle with a fitted model, judged on labels that it was not fitted to.

    Attributes:
        seed: Of the fit.
        held_out: How well the model predicts what it has not seen.
    """

    seed: int
    held_out: HeldOut

    @property
    def error(self) -> float:
        """The model's held-out RMSE, in the oracle's units."""
        return self.held_out.rmse

    @property
    def r2(self) -> float:
        """Share of the variance of the held-out labels that the model explains."""
        return self.held_out.r2

    @property
    def spearman(self) -> float:
        """Rank correlation of predictions and held-out labels."""
        return self.held_out.spearman

    def _fitted(self, values: np.ndarray) -> Scores:
        """Scores that are all predictions."""
        return Scores(values, ("fitted",) * len(values), np.full(len(values), self.error))


class SurrogateOracle(FittedOracle):
    """The score that a model fitted to the labels of a data set predicts.

    The model is fitted to the labelled rows of the training part and judged on those of the test
    part. It answers everywhere, for labelled rows too: a recorded label carries the noise of one
    training and a prediction does not, so a search that saw both would take the luckiest training
    for the best architecture.

    Args:
        dataset: Labelled architectures. Its split should keep skip patterns apart, or ``error``
            is too small.
        seed: Of the fit.
        recorded: Answer with the recorded label, as exact, where there is one.
        regressor: One of :data:`REGRESSORS`.

    Attributes:
        regressor: As given.

    Raises:
        ValueError: An unknown regressor, or a part with too few labels.
    """

    def __init__(
        self,
        dataset: ArchitectureDataset,
        seed: int = 0,
        recorded: bool = False,
        regressor: str = "gradient-boosting",
    ) -> None:
        """Fit and judge the model."""
        units = UNITS.get(dataset.name, f"score of {dataset.name}")
        super().__init__("surrogate", units, layers_of(dataset))
        self.seed, self.regressor = seed, regressor
        self.records = recorded_labels(dataset) if recorded else {}
        self._model = _new_regressor(regressor, seed)
        train, test = (_labelled(dataset, r) for r in (dataset.train_index, dataset.test_index))
        if len(train) < 2:
            raise ValueError(f"{dataset.name} has {len(train)} labels for training; 2 are needed")
        self._model.fit(_features(dataset, train), dataset.accuracy[train])
        predicted = self._model.predict(_features(dataset, test)) if len(test) else np.zeros(0)
        self.held_out = held_out_figures(predicted, dataset.accuracy[test])

    def _score(self, architectures: list[Architecture]) -> Scores:
        unknown = [a for a in architectures if a not in self.records]
        predicted = self._model.predict(architecture_features(unknown)) if unknown else np.zeros(0)
        return recorded_or(architectures, self.records, self._fitted(predicted))


def compare_regressors(
    dataset: ArchitectureDataset,
    names: Sequence[str] = tuple(REGRESSORS),
    folds: int = 5,
    seed: int = 0,
) -> dict[str, HeldOut]:
    """Cross-validate models on the labelled rows of the training part.

    Rows with one skip pattern are in one fold. The test part is not looked at, so that it stays an
    honest judge of the model that is chosen here.

    Args:
        dataset: Labelled architectures.
        names: Some of :data:`REGRESSORS`.
        folds: Number of folds, at least 2 and at most the number of skip patterns.
        seed: Of each fit.

    Returns:
        For each name the figures over all folds together.

    Raises:
        ValueError: An unknown regressor, or too few labels or skip patterns.
    """
    rows = _labelled(dataset, dataset.train_index)
    features, labels = _features(dataset, rows), dataset.accuracy[rows]
    pattern = np.unique(dataset.skip_patterns()[rows], axis=0, return_inverse=True)[1].reshape(-1)
    figures = {}
    for name in names:
        predicted = np.empty(len(rows))
        for fit, judge in GroupKFold(folds).split(features, labels, pattern):
            model = _new_regressor(name, seed).fit(features[fit], labels[fit])
            predicted[judge] = model.predict(features[judge])
        figures[name] = held_out_figures(predicted, labels)
    return figures


def _new_regressor(name: str, seed: int) -> Any:
    if name not in REGRESSORS:
        raise ValueError(f"regressor must be one of {', '.join(REGRESSORS)}, not {name!r}")
    return REGRESSORS[name](seed)


def _labelled(dataset: ArchitectureDataset, rows: np.ndarray) -> np.ndarray:
    return rows[np.isfinite(dataset.accuracy[rows])]


def _features(dataset: ArchitectureDataset, rows: np.ndarray) -> np.ndarray:
    return architecture_features([dataset.architectures[row] for row in rows])


class SkipPatternOracle(FittedOracle):
    """Weight-sharing accuracy on CIFAR-10, of which operations are no part.

    In the published data every skip pattern has one accuracy, whatever the operations
    (measured_facts section 1a). So a pattern that is in the file (the 1,000 burn-in rows
    included) or among the published winners is looked up, and the rest is predicted from the bits
    by gradient boosting, within [0, 1]. A tenth of the patterns judges a model fitted to the
    others; the model that answers is then fitted to all.

    Predictions shrink towards the mean: an unseen pattern is hardly ever predicted to beat the
    best one on record (measured_facts section 1d).

    Args:
        dataset: ``enas-cifar10`` with any split, or any data set in which a label depends on the
            skip pattern only.
        seed: Decides which patterns are held out.
        winners: Winners to look up; by default the published ones.

    Attributes:
        accuracies: The accuracy of each known pattern.

    Raises:
        ValueError: A pattern has two accuracies, or there are too few patterns.
    """

    def __init__(
        self,
        dataset: ArchitectureDataset,
        seed: int = 0,
        winners: Sequence[PublishedWinner] | None = None,
    ) -> None:
        """Collect the known patterns; fit and judge the model."""
        super().__init__("skip-pattern", WEIGHT_SHARING_ACCURACY, layers_of(dataset))
        self.seed = seed
        self.accuracies = _known_patterns(dataset, read_winners() if winners is None else winners)
        bits = np.array(sorted(self.accuracies), dtype=np.float64)
        labels = np.array([self.accuracies[pattern] for pattern in sorted(self.accuracies)])
        order = np.random.default_rng(seed).permutation(len(labels))
        judge, fit = np.split(order, [len(labels) // HELD_OUT_SHARE])
        judged = self._new_model().fit(bits[fit], labels[fit])
        predicted = judged.predict(bits[judge]) if len(judge) else np.zeros(0)
        self.held_out = held_out_figures(np.clip(predicted, 0.0, 1.0), labels[judge])
        self._model = self._new_model().fit(bits, labels)

    def _new_model(self) -> HistGradientBoostingRegressor:
        """Of eight settings the one with the least error in five folds over the patterns."""
        return HistGradientBoostingRegressor(
            max_iter=500, early_stopping=False, random_state=self.seed
        )

    def _score(self, architectures: list[Architecture]) -> Scores:
        known = {a: self.accuracies[a.skips] for a in architectures if a.skips in self.accuracies}
        unknown = [a for a in architectures if a not in known]
        predicted = self._model.predict(skip_bits(unknown)) if unknown else np.zeros(0)
        return recorded_or(architectures, known, self._fitted(np.clip(predicted, 0.0, 1.0)))


def _known_patterns(
    dataset: ArchitectureDataset, winners: Sequence[PublishedWinner]
) -> Mapping[tuple[int, ...], float]:
    pairs = list(zip(dataset.architectures, dataset.accuracy.tolist(), strict=True))
    if dataset.name == "enas-cifar10":  # the file has 1,000 rows more
        architectures, accuracy = read_enas_file(dataset.path)
        pairs += zip(architectures, accuracy.tolist(), strict=True)
    pairs += [(winner.architecture, winner.weight_sharing_accuracy) for winner in winners]
    known: dict[tuple[int, ...], float] = {}
    for architecture, value in pairs:
        if math.isfinite(value) and known.setdefault(architecture.skips, value) != value:
            raise ValueError(
                f"the skip pattern {''.join(map(str, architecture.skips))} has accuracies "
                f"{known[architecture.skips]} and {value}: the labels of {dataset.name} depend on "
                f"more than skips, so use SurrogateOracle"
            )
    return known
