"""Figures of predictions, against values computed by hand, and their repetition."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from paper_nas.regression import (
    ConstantTarget,
    InvalidInputs,
    PredictionFigures,
    Spread,
    judge_predictions,
    predictive_performance,
    spread_of,
)
from tests.regression.samples import drawn, process


def test_figures_by_hand() -> None:
    """Errors 1, -1, 0, 4 in units of 2: .5, -.5, 0, 2; deviations 1 in the same units."""
    figures = judge_predictions([2, 1, 3, 8], [1, 2, 3, 4], 2.0, [2, 2, 2, 2])
    assert figures.rmse == pytest.approx(math.sqrt((0.25 + 0.25 + 0 + 4) / 4))
    assert figures.pearson == pytest.approx(10.0 / math.sqrt(29.0 * 5.0))
    assert figures.spearman == pytest.approx(0.8)
    assert figures.nlpd == pytest.approx(0.5 * math.log(2 * math.pi) + 4.5 / 8)
    assert figures.coverage == 0.75
    wide = judge_predictions([2, 1, 3, 8], [1, 2, 3, 4], 2.0, [2, 2, 2, 4 / 1.95])
    assert wide.coverage == 1.0


def test_predictions_that_are_all_equal_have_no_correlation() -> None:
    figures = judge_predictions([1, 1, 1], [0, 1, 2], 1.0)
    assert figures == PredictionFigures(pytest.approx(math.sqrt(2 / 3)), None, None, None, None)


def test_predictions_that_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="predictions for"):
        judge_predictions([1, 2], [1, 2, 3], 1.0)
    with pytest.raises(ValueError, match="not finite"):
        judge_predictions([1, np.nan], [1, 2], 1.0)


class Shifted:
    """Predicts the first column plus its seed, with a deviation of 2."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, inputs: np.ndarray, targets: np.ndarray) -> None:
        self.width = len(targets)

    def predict(self, inputs: np.ndarray, return_std: bool = False) -> object:
        mean = inputs[:, 0] + self.seed
        return (mean, np.full(len(mean), 2.0)) if return_std else mean


def test_repeats_are_averaged() -> None:
    inputs = np.arange(4.0)[:, None]
    targets = np.array([0.0, 4.0, 0.0, 4.0])  # population deviation 2
    new = np.array([[1.0], [5.0]])
    result = predictive_performance(
        inputs, targets, new, new[:, 0], seeds=[1, 3], model=Shifted, progress=False
    )
    assert [repeat.rmse for repeat in result.repeats] == [0.5, 1.5]
    assert result.rmse == Spread(1.0, 0.5)
    assert result.pearson == Spread(pytest.approx(1.0), pytest.approx(0.0))
    assert result.coverage == Spread(1.0, 0.0)
    nlpd = [0.5 * math.log(2 * math.pi) + 0.5 * e**2 for e in (0.5, 1.5)]
    assert result.nlpd == Spread(pytest.approx(np.mean(nlpd)), pytest.approx(np.std(nlpd)))
    assert (result.train, result.test, result.target_sd) == (4, 2, 2.0)
    assert result.seeds == (1, 3)


def test_each_fit_can_be_looked_at() -> None:
    inputs, seen = np.arange(4.0)[:, None], []
    predictive_performance(
        inputs, inputs[:, 0], inputs[:2], inputs[:2, 0], seeds=[1, 3], model=Shifted,
        progress=False, after=lambda *values: seen.append(values),
    )  # fmt: skip
    assert [(seed, fitted.seed, mean.tolist(), sd.tolist()) for seed, fitted, mean, sd in seen] == [
        (1, 1, [1.0, 2.0], [2.0, 2.0]), (3, 3, [3.0, 4.0], [2.0, 2.0]),
    ]  # fmt: skip


def test_a_model_without_deviations() -> None:
    inputs, targets = drawn(60)
    seen = []
    result = predictive_performance(
        inputs, targets, inputs, targets, seeds=[1], model=lambda _: LinearRegression(),
        deviations=False, progress=False, after=lambda *values: seen.append(values[3]),
    )  # fmt: skip
    assert seen == [None]
    assert result.nlpd is None
    assert result.coverage is None
    assert result.rmse is not None
    assert 0 < result.rmse.mean < 1
    stored = json.loads(json.dumps(asdict(result), allow_nan=False))
    assert stored["rmse"] == [result.rmse.mean, 0.0]
    assert stored["repeats"][0]["nlpd"] is None


def test_the_units_of_the_targets_do_not_matter() -> None:
    inputs, targets = drawn(120)
    one, other = (
        predictive_performance(
            inputs[:90], a + b * targets[:90], inputs[90:], a + b * targets[90:], seeds=[1],
            model=lambda seed: process(seed=seed, iterations=5), progress=False,
        ).repeats[0]
        for a, b in ((0.0, 1.0), (0.7, 0.01))
    )  # fmt: skip
    for name, value in asdict(one).items():
        assert getattr(other, name) == pytest.approx(value, rel=1e-4)


def test_runs_that_cannot_be_made() -> None:
    inputs, targets = drawn(40)
    with pytest.raises(ValueError, match="no seed"):
        predictive_performance(inputs, targets, inputs, targets, seeds=[])
    with pytest.raises(ConstantTarget):
        predictive_performance(inputs, np.ones(40), inputs, targets, seeds=[1])
    with pytest.raises(InvalidInputs):
        predictive_performance(inputs, targets, inputs, targets[1:], seeds=[1])


def test_a_spread_needs_all_its_values() -> None:
    assert spread_of([1.0, None]) is None
    assert spread_of([]) is None
    assert spread_of([2.0]) == Spread(2.0, 0.0)
