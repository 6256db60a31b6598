"""The benchmark that the package carries. These tests fail where its file is missing."""

from __future__ import annotations

import time

import numpy as np
import pytest

from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.benchmark import DIGITS_BENCHMARK
from paper_nas.datasets import ArchitectureDataset, load_dataset
from paper_nas.datasets.enas_digits import EMBEDDED


@pytest.fixture(scope="module")
def dataset() -> ArchitectureDataset:
    """The embedded set."""
    return load_dataset("enas-digits")


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """Where it comes from."""
    return ResultStore(EMBEDDED).manifest("enas-digits")


def test_the_file_is_small_and_says_where_it_comes_from(manifest: Manifest) -> None:
    assert manifest.command.startswith("python -m paper_nas benchmark digits")
    assert manifest.cpu_seconds > 0
    assert manifest.package["commit"]
    assert set(manifest.files) == {"labels.npz"}
    assert (EMBEDDED / "enas-digits" / "labels.npz").stat().st_size < 1e6


def test_it_loads_fast_enough_for_a_notebook() -> None:
    start = time.process_time()
    load_dataset("enas-digits")
    assert time.process_time() - start < 2


def test_its_architectures_are_distinct(dataset: ArchitectureDataset) -> None:
    assert len(dataset) == 19_020
    assert len(set(dataset.architectures)) == 19_020
    counts = np.bincount(dataset.operation_choices().ravel())
    assert counts.min() > 0.95 * counts.mean()  # operations are uniform


def test_no_skip_pattern_is_in_both_parts(dataset: ArchitectureDataset) -> None:
    train, test = (
        {dataset.architectures[i].skips for i in rows}
        for rows in (dataset.train_index, dataset.test_index)
    )
    assert train.isdisjoint(test)
    assert len(dataset.test_index) / len(dataset) == pytest.approx(0.1, abs=0.02)


def test_it_has_the_labels_that_were_promised(dataset: ArchitectureDataset) -> None:
    config = DIGITS_BENCHMARK
    assert len(dataset.labelled) == config.labelled_train + config.labelled_test
    for rows in (dataset.train_index, dataset.test_index):
        share = np.isin(rows, dataset.labelled).mean()
        assert share > 0.5 * len(dataset.labelled) / len(dataset)  # both parts have their share
    both = np.isfinite(dataset.labels["standalone_nll_seed_1"]) & np.isfinite(dataset.accuracy)
    assert both.sum() == config.repeated >= 300
    for name, values in dataset.labels.items():
        known = values[np.isfinite(values)]
        assert np.ptp(known) > 0, name
        assert known.min() >= 0, name
        assert "accuracy" not in name or known.max() <= 1
        assert "weight_sharing" not in name or len(known) == len(dataset)


def test_the_two_seeds_agree_and_accuracy_goes_with_the_loss(dataset: ArchitectureDataset) -> None:
    """A mix-up of rows or seeds would leave no correlation."""
    labels = dataset.labels
    first, second = labels["standalone_nll"], labels["standalone_nll_seed_1"]
    both = np.isfinite(first) & np.isfinite(second)
    assert np.corrcoef(first[both], second[both])[0, 1] > 0.5
    rows = dataset.labelled
    assert np.corrcoef(first[rows], labels["standalone_accuracy"][rows])[0, 1] < -0.5
