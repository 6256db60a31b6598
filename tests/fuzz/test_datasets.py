"""Rows and files of labels: an error that names file and line, or what stands there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from paper_nas.artifacts import ResultDamaged, ResultStore
from paper_nas.benchmark import LabelFile, LabelsMismatch
from paper_nas.datasets import DatasetError, MalformedRow, load_enas_digits, read_enas_file
from paper_nas.space import Architecture, EnasSpace
from tests.benchmark.samples import TINY
from tests.datasets.samples import digits_arrays
from tests.explorer.samples import manifest
from tests.fuzz.strategies import FUZZ, JSON, SCALARS, attempt, damaged, nearly_rows
from tests.samples import tiny_dataset

ROW = EnasSpace().sample(1, seed=3)[0].to_row()
LINE = f"{ROW}, 0.7212\n"
ARRAYS = digits_arrays(count=12, trained=6, twice=2)
IMAGES = TINY.load_images()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def check_rows(path: Path, content: bytes) -> None:
    """Read rows from a file of this content."""
    path.write_bytes(content)
    found, reason = attempt(lambda: read_enas_file(path), MalformedRow)
    if found is None:
        assert f"{path}, line " in str(reason)
        return
    lines = content.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    assert [[a.to_row(), x] for a, x in zip(*found, strict=True)] == [
        json.loads(f"[{line}]") for line in lines
    ]


@FUZZ
@given(content=damaged((LINE * 2).encode()) | st.binary(max_size=300))
@example(LINE.encode().replace(b"0.7", b"\xff"))
@example(b"[" * 100_000 + b"\n")
@example(LINE.replace("0.7212", "1" * 5_000).encode())
@example(LINE.replace("0.7212", "1e999").encode())
@example(LINE.replace("0.7212", "0.72], [0").encode())
@example(LINE.replace("\n", "\r\n").encode())
def test_rows_of_damaged_text(folder: Path, content: bytes) -> None:
    check_rows(folder / "rows.txt", content)


@FUZZ
@given(row=JSON | nearly_rows() | st.just(ROW), score=SCALARS | st.floats(-0.2, 1.2))
def test_rows_of_any_values(folder: Path, row: Any, score: Any) -> None:
    text = f"{json.dumps(row)}, {json.dumps(score)}\n" if score != 10**400 else LINE
    check_rows(folder / "rows.txt", text.encode())


@FUZZ
@given(data=st.data(), name=st.sampled_from(sorted(ARRAYS)))
def test_a_benchmark_with_another_array(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    """An array of any kind and shape in place of one that was written."""
    kind = data.draw(arrays.scalar_dtypes() | st.just(ARRAYS[name].dtype))
    shape = data.draw(st.just(ARRAYS[name].shape) | arrays.array_shapes(max_dims=3, max_side=12))
    usual = st.integers(0, 12).map(lambda value: np.array(value).astype(kind)[()])
    other = data.draw(
        arrays.arrays(kind, shape, elements=usual | arrays.from_dtype(kind))
        if kind.kind in "iuf"
        else arrays.arrays(kind, shape)
    )
    root = tmp_path_factory.getbasetemp() / "digits"
    files = {"labels.npz": {**ARRAYS, name: other}}
    described = manifest({}, tiny_dataset(8))
    ResultStore(root).write("enas-digits", described, array_files=files)
    path = root / "enas-digits" / "labels.npz"
    dataset, reason = attempt(lambda: load_enas_digits(root=root), DatasetError)
    if dataset is None:
        assert str(path) in str(reason)
        return
    kept = {**ARRAYS, name: other}
    assert dataset.operation_choices().tolist() == kept["operations"].tolist()
    assert np.array_equal(np.packbits(dataset.skip_patterns(), axis=1), kept["skips"])
    for label, values in dataset.labels.items():
        known = values[np.isfinite(values)]
        if "accuracy" in label:
            assert ((known >= 0) & (known <= 1)).all()
        elif "nll" in label:
            assert (known > 0).all()
    for number in np.flatnonzero(kept["standalone_seed"] == 0):
        row = int(kept["standalone_row"][number])
        found = dataset.labels["standalone_nll"][row]
        assert found == kept["standalone_validation_nll"][number]
    assert np.array_equal(np.sort(dataset.test_index), np.flatnonzero(kept["in_test"]))


HEADER = {"images": IMAGES.sha256, "budget": TINY.budget.to_json_dict()}
RECORD: dict[str, Any] = {
    "architecture": str(Architecture.from_row(ROW)), "seed": 1, "validation_nll": 0.5,
    "validation_hits": 200, "test_nll": 0.75, "test_hits": 190, "cpu_seconds": 1.5,
    "parameters": 1000, "multiply_adds": 10_000,
}  # fmt: skip
LABELS = "".join(json.dumps(line) + "\n" for line in (HEADER, RECORD, {**RECORD, "seed": 2}))


def check_labels(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    file = LabelFile(path, IMAGES, TINY.budget)
    found, reason = attempt(file.read, ResultDamaged, LabelsMismatch)
    if found is None:
        assert str(path) in str(reason)
        return
    records = [json.loads(line) for line in content.split(b"\n")[1:-1]]
    last = {(record["architecture"], record["seed"]): record for record in records}
    assert len(found) == len(last)
    for task, label in found.items():
        record = last[str(task.architecture), task.seed]
        assert label._asdict().items() <= record.items()


@FUZZ
@given(content=damaged(LABELS.encode()) | st.binary(max_size=300))
@example(LABELS.encode() + b"[" * 100_000 + b"\n")
def test_labels_of_damaged_text(folder: Path, content: bytes) -> None:
    check_labels(folder / "labels.jsonl", content)


@FUZZ
@given(record=JSON | st.dictionaries(st.sampled_from(sorted(RECORD)), SCALARS, min_size=1))
def test_labels_of_any_values(folder: Path, record: Any) -> None:
    changed = {**RECORD, **record} if isinstance(record, dict) else record
    text, _ = attempt(lambda: json.dumps(changed), ValueError)
    check_labels(folder / "labels.jsonl", f"{LABELS}{text}\n".encode())
