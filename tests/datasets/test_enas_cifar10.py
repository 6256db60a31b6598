"""Reading, checking and splitting the data of the paper."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import pooch
import pytest

from paper_nas.datasets import (
    ENAS_FILE,
    ENAS_URL,
    ChecksumMismatch,
    DatasetUnavailable,
    MalformedRow,
    enas_cifar10,
    load_dataset,
    read_enas_file,
    skip_pattern_split,
)
from paper_nas.space import EnasSpace


def rows(count: int = 1200) -> str:
    """A file in the published format, with made-up contents."""
    sample = EnasSpace().sample(count, skip_probability=0.05, seed=9)
    scores = np.random.default_rng(0).integers(3500, 3760, count) / 5000
    return "".join(f"{a.to_row()}, {s}\n" for a, s in zip(sample, scores.tolist(), strict=True))


@pytest.fixture
def made_up_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up file that passes for the published one."""
    path = tmp_path / ENAS_FILE
    path.write_text(rows())
    monkeypatch.setattr(enas_cifar10, "ENAS_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setenv("PAPER_NAS_DATA", str(tmp_path))
    return path


def test_loading_drops_the_burn_in_and_splits(made_up_file: Path) -> None:
    everything, accuracy = read_enas_file(made_up_file)
    dataset = load_dataset("enas-cifar10")
    assert dataset.architectures == everything[1000:]
    assert np.array_equal(dataset.accuracy, accuracy[1000:])
    assert len(dataset.train_index) == 180
    assert sorted([*dataset.train_index, *dataset.test_index]) == list(range(200))
    assert dataset.path == made_up_file
    assert list(dataset.labels) == ["weight_sharing_accuracy"]
    assert np.array_equal(dataset.labels["weight_sharing_accuracy"], dataset.accuracy)
    assert dataset.labelled.tolist() == list(range(200))
    graphs = dataset.graphs(dataset.test_index)
    assert graphs.to_architectures() == [dataset.architectures[i] for i in dataset.test_index]
    assert dataset.skip_patterns().shape == (200, 15)
    assert dataset.operation_choices().shape == (200, 6)


def test_the_variable_may_name_the_file_itself(
    made_up_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPER_NAS_DATA", str(made_up_file))
    assert len(load_dataset()) == 200


def test_no_skip_pattern_is_on_both_sides(made_up_file: Path) -> None:
    dataset = load_dataset(split="skip-pattern")
    patterns = [a.skips for a in dataset.architectures]
    train = {patterns[i] for i in dataset.train_index}
    test = {patterns[i] for i in dataset.test_index}
    assert train.isdisjoint(test)
    assert len(dataset.train_index) + len(dataset.test_index) == 200
    assert len(set(patterns)) < 200  # or the split would be no different from any other
    again = skip_pattern_split(dataset.architectures)
    assert np.array_equal(again[1], dataset.test_index)


GOOD_ROW = "[[1], [1, 0], [1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]], 0.7"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD_ROW.replace("[[1]", "[[6]"), "operation 6"),
        (GOOD_ROW.replace("[1, 0],", "[1, 2],"), "0 or 1"),
        (GOOD_ROW.replace("[1, 0],", "[1],"), "layer 2"),
        (GOOD_ROW.replace(", [1, 0, 0, 0, 0, 0]", ""), "5 layers"),
        (GOOD_ROW.replace("0.7", "1.7"), r"\[0, 1\]"),
        (GOOD_ROW.replace("0.7", "NaN"), "NaN"),
        (GOOD_ROW.replace("0.7", "true"), "number"),
        (GOOD_ROW.replace(", 0.7", ""), "pair"),
        (GOOD_ROW[:20], "not a list"),
        ("__import__('os').abort(), 0.7", "not a list"),
        ("", "pair"),
    ],
)
def test_a_malformed_row_names_file_line_and_reason(
    made_up_file: Path, line: str, reason: str
) -> None:
    lines = made_up_file.read_text().splitlines()
    lines[6] = line
    made_up_file.write_text("\n".join(lines) + "\n")
    with pytest.raises(MalformedRow, match=reason) as caught:
        load_dataset()
    assert f"{made_up_file}, line 7" in str(caught.value)
    assert ENAS_URL in str(caught.value)


def test_a_file_cut_within_a_line_is_called_truncated(made_up_file: Path) -> None:
    made_up_file.write_text(made_up_file.read_text()[:-4])
    with pytest.raises(MalformedRow, match=r"line 1200: .*truncated"):
        load_dataset()


def test_another_file_is_refused_and_kept(made_up_file: Path) -> None:
    text = "".join(made_up_file.read_text().splitlines(keepends=True)[:-1])
    made_up_file.write_text(text)
    with pytest.raises(ChecksumMismatch, match="1,199 rows") as caught:
        load_dataset()
    assert made_up_file.read_text() == text
    assert enas_cifar10.ENAS_SHA256 in str(caught.value)
    assert hashlib.sha256(text.encode()).hexdigest() in str(caught.value)


def test_an_empty_folder_is_reported_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPER_NAS_DATA", str(tmp_path))
    with pytest.raises(DatasetUnavailable) as caught:
        load_dataset()
    for word in (ENAS_FILE, str(tmp_path), "PAPER_NAS_DATA", ENAS_URL):
        assert word in str(caught.value)


def test_cache_then_download(
    tmp_path: Path, made_up_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PAPER_NAS_DATA")
    cache = tmp_path / "cache"
    monkeypatch.setattr(pooch, "os_cache", lambda name: cache)
    monkeypatch.setattr(enas_cifar10, "ENAS_URL", "http://127.0.0.1:9/final_structures6.txt")
    with pytest.raises(DatasetUnavailable, match="could not be downloaded") as caught:
        load_dataset()
    assert "PAPER_NAS_DATA" in str(caught.value)
    cache.mkdir(exist_ok=True)
    (cache / ENAS_FILE).write_bytes(made_up_file.read_bytes())
    assert load_dataset().path == cache / ENAS_FILE


def test_a_wrong_download_is_a_checksum_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(url: str, output_file: str, _pooch: object) -> None:
        Path(output_file).write_text("something else\n")

    monkeypatch.delenv("PAPER_NAS_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")
    monkeypatch.setattr(pooch, "HTTPDownloader", lambda **_: wrong)
    with pytest.raises(ChecksumMismatch, match="not the published file"):
        load_dataset()


def test_the_published_data(enas_cifar10_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check values of released_code_spec section 1."""
    monkeypatch.setenv("PAPER_NAS_DATA", str(enas_cifar10_data))
    start = time.process_time()
    dataset = load_dataset("enas-cifar10")
    assert time.process_time() - start < 2
    assert len(dataset) == 19_020
    assert (len(dataset.train_index), len(dataset.test_index)) == (17_118, 1_902)
    first, test = dataset.train_index[0], dataset.test_index[0]
    assert dataset.accuracy[first] == 0.737
    assert str(dataset.architectures[first]) == "0 0 0 1 0 0 0 0 0 0 4 0 0 0 0 3 0 0 0 0 1"
    assert dataset.accuracy[test] == 0.7402
    assert str(dataset.architectures[test]) == "5 1 0 5 0 0 5 0 0 0 5 1 0 1 0 5 1 0 0 0 1"
    assert dataset.accuracy.min() == 0.702
    assert dataset.accuracy.max() == 0.7502
    assert dataset.accuracy.mean() == pytest.approx(0.73630, abs=5e-6)
    assert dataset.accuracy.std() == pytest.approx(0.006120, abs=5e-7)
    assert dataset.accuracy[dataset.train_index].std() == pytest.approx(0.006135, abs=5e-7)
    assert dataset.skip_patterns().mean() == pytest.approx(0.300, abs=5e-4)
    counts = np.bincount(dataset.operation_choices().ravel())
    assert counts.tolist() == [20960, 18470, 17346, 18175, 17822, 21347]
    assert len(set(dataset.architectures)) == 19_015
