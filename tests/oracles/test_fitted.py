"""Oracles that fit, their features, and the published winners."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from paper_nas.child import network_cost
from paper_nas.datasets import MalformedRow, load_dataset, read_enas_file
from paper_nas.oracles import (
    REGRESSORS,
    SkipPatternOracle,
    SurrogateOracle,
    architecture_features,
    compare_regressors,
    read_winners,
)
from paper_nas.oracles.features import COST_CHANNELS, COST_IMAGE
from paper_nas.oracles.fitted import held_out_figures
from paper_nas.oracles.winners import WINNERS_FILE
from paper_nas.space import Architecture, EnasSpace
from tests.conftest import ROOT
from tests.oracles.samples import cifar_like, digits_like, pattern_score, true_score


def test_features_of_one_architecture() -> None:
    architecture = Architecture((0, 5, 2, 0), (1, 0, 1, 1, 1, 0))
    (row,) = architecture_features([architecture])
    ends = np.cumsum([24, 6, 6, 3, 3, 1, 1, 2])
    chosen, bits, counts, into, out_of, total, shortest, costs = np.split(row, ends[:-1])
    assert len(row) == ends[-1] == 8 * 4 + 6 + 8
    assert np.flatnonzero(chosen).tolist() == [0, 11, 14, 18]
    assert bits.tolist() == [1, 0, 1, 1, 1, 0]
    assert counts.tolist() == [2, 0, 1, 0, 0, 1]
    assert into.tolist() == [1, 1, 2]
    assert out_of.tolist() == [2, 2, 0]
    assert (total, shortest) == (4, 2)
    cost = network_cost(architecture, COST_CHANNELS, COST_IMAGE)
    assert np.allclose(np.exp(costs), [cost.parameters, cost.multiply_adds])


def test_the_shortest_path_is_that_of_the_graph() -> None:
    sample = EnasSpace().sample(60, skip_probability=0.2, seed=1)
    found = architecture_features(sample)[:, -3]
    expected = [nx.shortest_path_length(a.to_networkx(), 0, 7) for a in sample]
    assert found.tolist() == expected
    assert len(set(expected)) > 3


def test_the_surrogate_learns_operations_and_skips() -> None:
    oracle = SurrogateOracle(digits_like())
    sample = EnasSpace().sample(300, seed=77)
    scores = oracle.score(sample)
    truth = np.array([true_score(a) for a in sample])
    rmse = np.sqrt(np.mean((scores.values - truth) ** 2))
    assert rmse < 0.5 * truth.std()
    assert 0.5 * rmse < oracle.error < 2.0 * rmse
    assert oracle.r2 > 0.75
    assert oracle.spearman > 0.85


def test_the_error_is_that_on_labelled_test_rows() -> None:
    dataset = digits_like()
    oracle = SurrogateOracle(dataset)
    rows = dataset.test_index[np.isfinite(dataset.accuracy[dataset.test_index])]
    assert 0 < len(rows) < len(dataset.test_index)
    values = oracle.score([dataset.architectures[i] for i in rows]).values
    assert oracle.held_out == held_out_figures(values, dataset.accuracy[rows])
    assert oracle.held_out.count == len(rows)
    assert oracle.error == pytest.approx(np.sqrt(np.mean((values - dataset.accuracy[rows]) ** 2)))


def test_test_labels_do_not_enter_the_fit() -> None:
    dataset = digits_like()
    accuracy = dataset.accuracy.copy()
    accuracy[dataset.test_index] += np.linspace(0, 1, len(dataset.test_index))
    changed = SurrogateOracle(replace(dataset, accuracy=accuracy))
    plain = SurrogateOracle(dataset)
    assert np.array_equal(
        plain.score(dataset.architectures).values, changed.score(dataset.architectures).values
    )
    assert plain.error != changed.error


def test_the_surrogate_answers_for_labelled_rows_too_unless_told() -> None:
    dataset = digits_like()
    known = np.isfinite(dataset.accuracy)
    plain = SurrogateOracle(dataset).score(dataset.architectures)
    assert set(plain.provenance) == {"fitted"}
    mixed = SurrogateOracle(dataset, recorded=True).score(dataset.architectures)
    assert np.array_equal(np.array(mixed.provenance) == "exact", known)
    assert np.array_equal(mixed.values[known], dataset.accuracy[known])
    assert np.array_equal(mixed.values[~known], plain.values[~known])
    assert not np.array_equal(plain.values[known], dataset.accuracy[known])
    assert np.isnan(mixed.error[known]).all()


def test_the_seed_decides_the_fit() -> None:
    dataset, sample = digits_like(200), EnasSpace().sample(20, seed=1)
    first, again, other = (SurrogateOracle(dataset, seed).score(sample) for seed in (0, 0, 1))
    assert np.array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)


@pytest.mark.parametrize("name", sorted(REGRESSORS))
def test_every_regressor_beats_the_mean(name: str) -> None:
    dataset = digits_like(300)
    figures = compare_regressors(dataset, [name], folds=3)[name]
    rows = dataset.train_index
    assert figures.count == np.isfinite(dataset.accuracy[rows]).sum()
    assert 0.3 < figures.r2 < 1.0
    assert SurrogateOracle(dataset, regressor=name).r2 > 0.3


def test_comparing_does_not_look_at_the_test_part() -> None:
    dataset = digits_like(200)
    accuracy = dataset.accuracy.copy()
    accuracy[dataset.test_index] = 1e6
    names = ["gradient-boosting"]
    plain = compare_regressors(dataset, names, folds=2)
    assert compare_regressors(replace(dataset, accuracy=accuracy), names, folds=2) == plain


def test_too_few_labels_are_refused() -> None:
    dataset = digits_like(200)
    for part, reason in (("train_index", "0 labels for training"), ("test_index", "0 held-out")):
        accuracy = dataset.accuracy.copy()
        accuracy[getattr(dataset, part)] = np.nan
        with pytest.raises(ValueError, match=reason):
            SurrogateOracle(replace(dataset, accuracy=accuracy))
    with pytest.raises(ValueError, match="regressor must be one of"):
        SurrogateOracle(dataset, regressor="line")


def test_figures_of_known_predictions() -> None:
    labels = np.array([0.0, 1.0, 2.0, 3.0])
    figures = held_out_figures(labels[[1, 0, 2, 3]], labels)
    assert figures.rmse == pytest.approx(np.sqrt(0.5))
    assert figures.r2 == pytest.approx(1 - 0.5 / 1.25)
    assert figures.spearman == pytest.approx(0.8)
    constant = held_out_figures(np.full(4, 1.5), labels)
    assert (constant.r2, constant.spearman) == (0.0, 0.0)
    with pytest.raises(ValueError, match="two that differ"):
        held_out_figures(labels, np.ones(4))


def test_known_patterns_are_looked_up_whatever_the_operations() -> None:
    dataset = cifar_like()
    oracle = SkipPatternOracle(dataset, winners=())
    swapped = [Architecture((2, 0, 4, 1, 5, 3), a.skips) for a in dataset.architectures]
    scores = oracle.score(swapped)
    assert set(scores.provenance) == {"exact"}
    assert np.array_equal(scores.values, dataset.accuracy)


def test_unknown_patterns_are_predicted_from_the_bits() -> None:
    oracle = SkipPatternOracle(cifar_like(), winners=())
    sample = EnasSpace().sample(300, skip_probability=0.4, seed=8)
    sample = [a for a in sample if a.skips not in oracle.accuracies]
    scores = oracle.score(sample)
    assert set(scores.provenance) == {"fitted"}
    truth = np.array([pattern_score(a) for a in sample])
    assert 1 - np.mean((scores.values - truth) ** 2) / truth.var() > 0.7
    assert oracle.r2 > 0.7
    assert (oracle.seed, oracle.held_out.count) == (0, len(oracle.accuracies) // 10)
    other = SkipPatternOracle(cifar_like(), seed=1, winners=())
    assert other.held_out != oracle.held_out


def test_predictions_stay_between_0_and_1() -> None:
    dataset = cifar_like()
    steep = (dataset.accuracy - dataset.accuracy.min()) / np.ptp(dataset.accuracy)
    oracle = SkipPatternOracle(replace(dataset, accuracy=np.round(steep) * 1.0), winners=())
    raw = oracle._model.predict(
        np.array([a.skips for a in EnasSpace().sample(2000, seed=1)], float)
    )
    assert raw.min() < 0.0
    assert raw.max() > 1.0
    values = oracle.score(EnasSpace().sample(2000, seed=1)).values
    assert values.min() == 0.0
    assert values.max() == 1.0


def test_winners_are_looked_up() -> None:
    winners = read_winners()
    oracle = SkipPatternOracle(cifar_like())
    scores = oracle.score([winner.architecture for winner in winners])
    assert set(scores.provenance) == {"exact"}
    assert scores.values.tolist() == [winner.weight_sharing_accuracy for winner in winners]


def test_a_pattern_with_two_accuracies_is_refused() -> None:
    dataset = cifar_like()
    accuracy = dataset.accuracy.copy()
    accuracy[0] += 0.01
    with pytest.raises(ValueError, match=r"depend on more than skips, so use SurrogateOracle"):
        SkipPatternOracle(replace(dataset, accuracy=accuracy), winners=())


@pytest.fixture(scope="session")
def cifar_oracle(enas_cifar10_data: Path) -> SkipPatternOracle:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPER_NAS_DATA", str(enas_cifar10_data))
        return SkipPatternOracle(load_dataset("enas-cifar10"))


def test_the_file_is_reproduced_row_by_row(cifar_oracle: SkipPatternOracle) -> None:
    architectures, accuracy = read_enas_file(load_dataset("enas-cifar10").path)
    assert len(architectures) == 20_020
    by_pattern = defaultdict(set)
    for architecture, value in zip(architectures, accuracy.tolist(), strict=True):
        by_pattern[architecture.skips].add(value)
    assert {len(values) for values in by_pattern.values()} == {1}
    scores = cifar_oracle.score(architectures)
    assert np.array_equal(scores.values, accuracy)
    assert set(scores.provenance) == {"exact"}
    new = {w.architecture.skips for w in read_winners()} - by_pattern.keys()
    assert len(new) == 2
    assert cifar_oracle.accuracies.keys() == by_pattern.keys() | new


def test_patterns_that_were_held_out_are_predicted(cifar_oracle: SkipPatternOracle) -> None:
    accuracies = np.array(list(cifar_oracle.accuracies.values()))
    assert cifar_oracle.held_out.count == 876
    assert cifar_oracle.r2 > 0.96  # .975 with each of the seeds 0, 1 and 2
    assert cifar_oracle.spearman > 0.97  # .984
    assert cifar_oracle.error < 0.2 * accuracies.std()  # .16


def test_the_winners_of_the_package_are_the_published_ones() -> None:
    winners = read_winners()
    assert len(winners) == 14
    assert [w.model for w in winners] == ["D-VAE"] * 3 + ["DVAE-EMB"] * 11
    assert {w.weight_sharing_accuracy for w in winners} == {0.7516}
    best = max(winners, key=lambda w: w.full_training_accuracy or 0.0)
    assert (best.run, best.full_training_accuracy) == ("EMB5", 0.9546)
    assert sum(w.full_training_accuracy is None for w in winners) == 4
    assert len({w.architecture.skips for w in winners}) == 2
    assert WINNERS_FILE.is_relative_to(ROOT / "paper_nas")


HEADER = "model,run,architecture,weight_sharing_accuracy,full_training_accuracy"
ROW = "D-VAE,listed,5 4 0 2 0 1 5 1 0 0 5 1 0 1 0 2 0 0 0 1 0,0.7516,0.95"


def test_a_list_of_winners_is_read(tmp_path: Path) -> None:
    path = tmp_path / "winners.csv"
    path.write_text(f"# a comment\n{HEADER}\n{ROW}\n{ROW[:-4]}\n")
    first, second = read_winners(path)
    assert (first.full_training_accuracy, second.full_training_accuracy) == (0.95, None)
    assert str(first.architecture) == ROW.split(",")[2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{HEADER}\n{ROW}\n{ROW},1", "line 3: 6 cells"),
        (f"{HEADER}\n{ROW}\n\n", "line 3: 0 cells"),
        (f"{HEADER}\n" + ROW.replace("0.7516", "nan"), "line 2: 'nan' is no accuracy"),
        (f"{HEADER}\n" + ROW.replace("0.7516", "1.2"), "no accuracy"),
        (f"{HEADER}\n" + ROW.replace("0.7516", ""), "no accuracy"),
        (f"{HEADER}\n" + ROW.replace("5 4 0", "6 4 0"), "operation 6"),
        (
            f"{HEADER}\n" + ROW.replace("5 4 0 2 0 1 5 1 0 0 5 1 0 1 0 2 0 0 0 1 0", "5 4 0"),
            "2 layers",
        ),
        (f"{HEADER}\n" + ROW.replace("D-VAE", ""), "no name"),
        (f"{HEADER}\n" + ROW.replace("listed", '"listed'), "line 2"),
        (ROW, "line 1: the columns"),
        (HEADER, "lists no architecture"),
        ("", "lists no architecture"),
    ],
)
def test_a_malformed_list_of_winners_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "winners.csv"
    path.write_text(text)
    with pytest.raises(MalformedRow, match=reason) as caught:
        read_winners(path)
    assert str(path) in str(caught.value)
