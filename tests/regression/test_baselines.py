"""Baselines on a data set whose labels are known functions of the architecture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paper_nas.datasets import ArchitectureDataset
from paper_nas.regression import (
    BASELINES,
    PatternLookup,
    SparseGP,
    baseline_performance,
    one_hot_code,
    one_hot_operations,
    skip_bits,
)
from paper_nas.regression.baselines import Baseline, signs
from paper_nas.space import Architecture, EnasSpace

ROWS = 1200


def labelled(scores: np.ndarray, architectures: list[Architecture]) -> ArchitectureDataset:
    cut = int(0.8 * len(scores))
    rows = np.arange(len(scores))
    return ArchitectureDataset(
        "sample", architectures, scores, rows[:cut], rows[cut:], "sample", "", Path()
    )


@pytest.fixture(scope="module")
def architectures() -> list[Architecture]:
    return EnasSpace(4).sample(ROWS, seed=0)


@pytest.fixture(scope="module")
def wired(architectures: list[Architecture]) -> ArchitectureDataset:
    """The label is a product of two signs plus a third: no operation matters."""
    code = signs(architectures)
    return labelled(code[:, 0] * code[:, 3] + 0.5 * code[:, 5], architectures)


def test_features() -> None:
    both = [Architecture((0, 5), (1,)), Architecture((2, 2), (0,))]
    assert skip_bits(both).tolist() == [[1], [0]]
    assert signs(both).tolist() == [[-1], [1]]
    operations = one_hot_operations(both)
    assert operations.shape == (2, 12)
    assert np.argwhere(operations).tolist() == [[0, 0], [0, 11], [1, 2], [1, 8]]
    assert one_hot_code(both).tolist() == np.hstack([operations, skip_bits(both)]).tolist()


def test_lookup_by_hand() -> None:
    model = PatternLookup().fit([[0, 1], [0, 1], [1, 1]], [1.0, 2.0, 6.0])
    assert model.predict([[1, 1], [0, 1], [0, 0]]).tolist() == [6.0, 1.5, 3.0]


@pytest.mark.parametrize(
    ("name", "error"),
    [("boosting-bits", 0.1), ("boosting-both", 0.4), ("lookup", 0.01), ("parities", 0.01)],
)
def test_those_that_see_the_wiring_find_the_rule(
    name: str, error: float, wired: ArchitectureDataset
) -> None:
    result = baseline_performance(name, wired, seeds=[1], progress=False)
    assert result.rmse is not None
    assert result.rmse.mean < error
    assert result.nlpd is None


def test_operations_alone_say_nothing(wired: ArchitectureDataset) -> None:
    result = baseline_performance("boosting-operations", wired, seeds=[1], progress=False)
    assert result.rmse is not None
    assert result.rmse.mean > 0.9


def test_operations_are_found_where_they_matter(architectures: list[Architecture]) -> None:
    scores = np.array([a.operations[1] in (0, 3) for a in architectures], dtype=float)
    dataset = labelled(scores, architectures)
    seen = baseline_performance("boosting-operations", dataset, seeds=[1], progress=False)
    unseen = baseline_performance("parities", dataset, seeds=[1], progress=False)
    assert seen.rmse is not None
    assert unseen.rmse is not None
    assert seen.rmse.mean < 0.1 < 0.9 < unseen.rmse.mean


@pytest.mark.parametrize("name", ["gp-one-hot", "gp-one-hot-pca"])
def test_the_processes(
    name: str, wired: ArchitectureDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"inducing_points": 100, "iterations": 20, "subset": 0, "progress": False}
    monkeypatch.setattr(
        "paper_nas.regression.baselines.SparseGP", lambda seed, **_: SparseGP(seed=seed, **settings)
    )
    result = baseline_performance(name, wired, seeds=[1], progress=False)
    assert result.rmse is not None
    assert result.rmse.mean < 0.5
    assert result.nlpd is not None
    code = one_hot_code(wired.architectures)
    model = BASELINES[name].model(1).fit(code, wired.accuracy)
    width = model.n_features_in_ if name == "gp-one-hot" else model[-1].n_features_in_
    assert width == (30 if name == "gp-one-hot" else 4 * 5 + 6)


def test_only_random_baselines_are_repeated(
    wired: ArchitectureDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert baseline_performance("lookup", wired, seeds=[4, 5], progress=False).seeds == (4,)
    random = Baseline("", skip_bits, lambda _: PatternLookup(), random=True)
    monkeypatch.setitem(BASELINES, "random", random)
    assert baseline_performance("random", wired, seeds=[4, 5], progress=False).seeds == (4, 5)


def test_parts_and_labels_are_those_of_the_data_set(wired: ArchitectureDataset) -> None:
    turned = replace(wired, train_index=wired.test_index, test_index=wired.train_index)
    result = baseline_performance("lookup", turned, progress=False)
    assert (result.train, result.test) == (240, 960)
    assert result.target_sd == wired.accuracy[wired.test_index].std()


def test_baselines_that_cannot_be_run(wired: ArchitectureDataset) -> None:
    with pytest.raises(ValueError, match=r"no baseline 'x'; there are .*lookup"):
        baseline_performance("x", wired)
    with pytest.raises(ValueError, match="no seed"):
        baseline_performance("lookup", wired, seeds=[])
