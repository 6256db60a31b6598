"""Start sets: which rows, and whose scores."""

from __future__ import annotations

import numpy as np
import pytest

from paper_nas.oracles import SkipPatternOracle, SurrogateOracle
from paper_nas.search import SETTINGS, Setting, load_setting, start_set
from tests.oracles.samples import cifar_like, digits_like


def test_all_training_rows_with_the_recorded_scores() -> None:
    dataset = cifar_like()
    oracle = SkipPatternOracle(dataset, winners=())
    start = start_set(SETTINGS["paper"], dataset, oracle)
    assert start.architectures == [dataset.architectures[i] for i in dataset.train_index]
    assert np.array_equal(start.scores, dataset.accuracy[dataset.train_index])
    assert start.rows is None


def test_rows_below_the_median_are_drawn_by_the_seed() -> None:
    dataset = cifar_like()
    oracle = SkipPatternOracle(dataset, winners=())
    setting = Setting("small", "small", "made-up", 50, True)
    start = start_set(setting, dataset, oracle, seed=3)
    assert len(start) == len(set(start.rows)) == 50
    assert set(start.rows) <= set(dataset.train_index)
    assert start.scores.max() < np.median(dataset.accuracy[dataset.train_index])
    assert start.architectures == [dataset.architectures[row] for row in start.rows]
    again, other = (start_set(setting, dataset, oracle, seed) for seed in (3, 4))
    assert start.to_json_dict() == again.to_json_dict() != other.to_json_dict()


def test_only_labelled_rows_count_and_the_oracle_scores_them() -> None:
    dataset = digits_like()
    oracle = SurrogateOracle(dataset)
    start = start_set(SETTINGS["digits"], dataset, oracle)
    labelled = [i for i in dataset.train_index if np.isfinite(dataset.accuracy[i])]
    assert start.architectures == [dataset.architectures[i] for i in labelled]
    assert np.array_equal(start.scores, oracle.score(start.architectures).values)


def test_a_setting_is_loaded() -> None:
    dataset, oracle, start = load_setting("digits-hard", seed=1)
    assert dataset.name == "enas-digits"
    assert oracle.name == "surrogate"
    assert len(start) == 1000
    with pytest.raises(ValueError, match="no setting"):
        load_setting("easy")


def test_the_paper_s_start_set_holds_the_best_of_its_data(
    enas_cifar10_data: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPER_NAS_DATA", str(enas_cifar10_data))
    dataset, oracle, start = load_setting("paper")
    assert len(start) == 17_118
    assert np.array_equal(start.scores, dataset.accuracy[dataset.train_index])
    assert start.scores.max() == dataset.accuracy.max() == 0.7502
    assert isinstance(oracle, SkipPatternOracle)
    assert max(oracle.accuracies.values()) == 0.7516
