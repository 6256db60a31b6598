"""The gate on made-up labels whose causes are known."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import RidgeCV

from paper_nas.benchmark import VARIANTS, Labels, Task, Variant, assess, gate
from paper_nas.benchmark.gate import CHOSEN, feature_sets, r_squared
from paper_nas.child import load_images
from paper_nas.space import EnasSpace
from tests.benchmark.samples import TINY, made_up_label

IMAGES = load_images("digits")
ARCHITECTURES = EnasSpace().sample(160, seed=0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few resamplings, folds and trees."""
    monkeypatch.setattr(gate, "REPEATS", 30)
    monkeypatch.setattr(gate, "FOLDS", 4)
    trees = GradientBoostingRegressor(n_estimators=100, random_state=0)
    monkeypatch.setattr(
        gate, "regressors", lambda: {"gradient boosting": trees, "ridge": RidgeCV()}
    )


def labels_by(cause: Callable[[Task], float], noise: float = 0.02) -> Labels:
    """Losses ``exp`` of a cause plus noise, with both seeds for half of the architectures."""
    rng = np.random.default_rng(0)
    tasks = [Task(a, 0) for a in ARCHITECTURES] + [Task(a, 1) for a in ARCHITECTURES[::2]]
    return {
        task: made_up_label(float(np.exp(cause(task) + noise * rng.normal())), rng.integers(1, 9))
        for task in tasks
    }


def operations(task: Task) -> float:
    return -0.1 * sum(operation in (4, 5) for operation in task.architecture.operations) - 0.5


def skips(task: Task) -> float:
    return -0.05 * sum(task.architecture.skips) - 0.5


@pytest.mark.parametrize("model", ["gradient boosting", "ridge"])
def test_the_cause_is_found(model: str) -> None:
    by_operations = assess(labels_by(operations), IMAGES)[model]
    assert by_operations["explained"]["operations"].value > 0.7
    assert by_operations["explained"]["skips"].value < 0.1
    assert by_operations["margins"]["skips"].low > 0.15
    gain = by_operations["margins"]["skips"].value
    assert gain <= by_operations["explained"]["operations and skips"].value
    by_skips = assess(labels_by(skips), IMAGES)[model]
    assert by_skips["explained"]["skips"].value > 0.7
    assert by_skips["margins"]["skips"].value < 0.05


def test_reliability_falls_with_noise() -> None:
    quiet, loud = (assess(labels_by(operations, noise), IMAGES) for noise in (0.01, 0.3))
    assert quiet["reliability"]["score"].value > 0.95
    assert loud["reliability"]["score"].value < 0.5
    assert quiet["reliability"]["architectures"] == 80


def test_an_assessment_is_ready_for_json() -> None:
    found = assess(labels_by(operations), IMAGES)
    assert json.loads(json.dumps(found, allow_nan=False))["architectures"] == 160


def test_r_squared() -> None:
    truth = np.array([1.0, 2.0, 3.0])
    assert r_squared(truth, truth) == 1.0
    assert r_squared(truth, np.full(3, 2.0)) == 0.0
    assert r_squared(truth, truth[::-1]) < 0.0


def test_feature_sets_tell_architectures_apart() -> None:
    labels = [made_up_label(0.5) for _ in ARCHITECTURES]
    features = feature_sets(ARCHITECTURES, labels)
    assert {name: columns.shape[1] for name, columns in features.items()} == {
        "operations": 36,
        "skips": 15,
        "operations and skips": 51,
        "parameter count": 1,
        "parameters and multiply-adds": 2,
    }
    assert len(np.unique(features["operations and skips"], axis=0)) == len(ARCHITECTURES)


def test_variants_change_what_they_say() -> None:
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    for variant in VARIANTS:
        changed = variant.config(TINY)
        assert (changed == TINY) == (variant.name == CHOSEN)


def test_a_variant_trains_its_first_architectures() -> None:
    tasks = Variant("x", "", count=5, repeated=2).tasks(ARCHITECTURES)
    assert [(ARCHITECTURES.index(task.architecture), task.seed) for task in tasks] == [
        (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (0, 1), (1, 1),
    ]  # fmt: skip
