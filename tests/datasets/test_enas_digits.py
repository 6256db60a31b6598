"""The embedded benchmark: reading it, on a small file with made-up labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paper_nas.artifacts import ResultDamaged, file_sha256
from paper_nas.datasets import (
    ArchitectureDataset,
    DatasetError,
    DatasetUnavailable,
    load_dataset,
    load_enas_digits,
    primary_score,
)
from tests.datasets.samples import IMAGES, digits_arrays, distinct_architectures, write_digits

LABELS = {
    *(f"standalone_{kind}{seed}" for kind in ("nll", "accuracy") for seed in ("", "_seed_1")),
    *(f"standalone_test_{kind}{seed}" for kind in ("nll", "accuracy") for seed in ("", "_seed_1")),
    *(f"weight_sharing_{kind}_seed_{k}" for kind in ("nll", "accuracy") for k in range(3)),
}


def patterns(dataset: ArchitectureDataset, rows: np.ndarray) -> set[tuple[int, ...]]:
    return {dataset.architectures[i].skips for i in rows}


def test_the_file_comes_back_as_a_labelled_set(made_up_digits: Path) -> None:
    dataset = load_dataset("enas-digits")
    assert dataset.architectures == distinct_architectures(300)
    assert (dataset.name, dataset.split, dataset.path) == (
        "enas-digits", "skip-pattern", made_up_digits,
    )  # fmt: skip
    assert dataset.sha256 == file_sha256(made_up_digits)
    assert set(dataset.labels) == LABELS | {"standalone_cpu_seconds"}
    for name, values in dataset.labels.items():
        assert (values.shape, values.dtype) == ((300,), np.float64), name
        trained = 300 if name.startswith("weight") else 12 if name.endswith("seed_1") else 60
        assert np.isfinite(values).sum() == trained, name
    assert len(dataset.graphs(dataset.test_index)) == len(dataset.test_index)
    assert dataset.skip_patterns().shape == (300, 15)
    assert dataset.operation_choices().shape == (300, 6)


@pytest.mark.parametrize(("seed", "suffix"), [(0, ""), (1, "_seed_1")])
def test_labels_are_those_of_the_row_and_seed(tmp_path: Path, seed: int, suffix: str) -> None:
    arrays = digits_arrays()
    write_digits(tmp_path, arrays)
    labels = load_enas_digits(root=tmp_path).labels
    for number in np.flatnonzero(arrays["standalone_seed"] == seed):
        row = arrays["standalone_row"][number]
        for part, name, count in zip(
            ("validation", "test"), ("standalone", "standalone_test"), IMAGES, strict=True
        ):
            nll, hits = (arrays[f"standalone_{part}_{kind}"][number] for kind in ("nll", "hits"))
            assert labels[f"{name}_nll{suffix}"][row] == nll
            assert labels[f"{name}_accuracy{suffix}"][row] == int(hits) / count
    shared = arrays["weight_sharing_hits"][2]
    assert np.array_equal(labels["weight_sharing_accuracy_seed_2"], shared / IMAGES[0])
    assert np.array_equal(labels["weight_sharing_nll_seed_2"], arrays["weight_sharing_nll"][2])


@pytest.mark.usefixtures("made_up_digits")
def test_the_score_is_higher_where_the_loss_is_lower() -> None:
    dataset = load_dataset("enas-digits")
    loss = dataset.labels["standalone_nll"]
    assert np.array_equal(dataset.accuracy, primary_score(dataset.labels), equal_nan=True)
    assert len(dataset.labelled) == 60
    assert np.isfinite(dataset.accuracy[dataset.labelled]).all()
    assert np.nanargmax(dataset.accuracy) == np.nanargmin(loss)


@pytest.mark.usefixtures("made_up_digits")
def test_the_splits() -> None:
    grouped, plain = (load_dataset("enas-digits", split) for split in ("skip-pattern", "random"))
    for dataset in (grouped, plain):
        assert sorted([*dataset.train_index, *dataset.test_index]) == list(range(300))
    assert patterns(grouped, grouped.train_index).isdisjoint(patterns(grouped, grouped.test_index))
    assert len(plain.test_index) == 30
    assert patterns(plain, plain.train_index) & patterns(plain, plain.test_index)
    again = load_dataset("enas-digits", "random")
    assert np.array_equal(again.test_index, plain.test_index)


@pytest.mark.usefixtures("made_up_digits")
@pytest.mark.parametrize(("label", "rows"), [(None, 60), ("standalone_accuracy_seed_1", 12)])
def test_rows_without_a_label_can_be_left_out(label: str | None, rows: int) -> None:
    dataset = load_dataset("enas-digits")
    scored = dataset.scored_by(label)
    expected = dataset.accuracy if label is None else dataset.labels[label]
    assert len(scored) == len(scored.labelled) == rows
    assert sorted([*scored.train_index, *scored.test_index]) == list(range(rows))
    for part, before in zip(
        (scored.train_index, scored.test_index),
        (dataset.train_index, dataset.test_index), strict=True,
    ):  # fmt: skip
        kept = [i for i in before if np.isfinite(expected[i])]
        assert [scored.architectures[i] for i in part] == [dataset.architectures[i] for i in kept]
        assert np.array_equal(scored.accuracy[part], expected[kept])
        ours, theirs = scored.labels["weight_sharing_nll_seed_0"], dataset.labels
        assert np.array_equal(ours[part], theirs["weight_sharing_nll_seed_0"][kept])


@pytest.mark.usefixtures("made_up_digits")
def test_an_unknown_label_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no label 'nll'; .*'standalone_nll'"):
        load_dataset("enas-digits").scored_by("nll")


def test_a_missing_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnavailable, match="python -m paper_nas benchmark digits") as caught:
        load_enas_digits(root=tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_changed_file_is_refused_and_kept(made_up_digits: Path) -> None:
    content = made_up_digits.read_bytes()[:-1]
    made_up_digits.write_bytes(content)
    with pytest.raises(ResultDamaged, match="Nothing was deleted"):
        load_dataset("enas-digits")
    assert made_up_digits.read_bytes() == content


def without(name: str) -> dict[str, np.ndarray]:
    return {key: value for key, value in digits_arrays().items() if key != name}


def changed(name: str, value: np.ndarray) -> dict[str, np.ndarray]:
    return {**digits_arrays(), name: value}


ROWS = digits_arrays()["standalone_row"]


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        (without("in_test"), "no array 'in_test'"),
        (changed("in_test", np.zeros(299, np.uint8)), r"in_test has shape \(299,\), not \[M\]"),
        (changed("operations", np.zeros((300, 5), np.uint8)), r"not \[M6\]"),
        (changed("weight_sharing_nll", np.zeros(300)), r"not \[SM\]"),
        (changed("image_counts", np.ones((2, 1))), r"not \[2\]"),
        (changed("standalone_row", ROWS + 299), "rows that are not there"),
        (changed("standalone_row", ROWS * 0), "trained twice"),
    ],
)
def test_what_is_no_benchmark_is_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], reason: str
) -> None:
    write_digits(tmp_path, arrays)
    with pytest.raises(DatasetError, match=reason):
        load_enas_digits(root=tmp_path)
