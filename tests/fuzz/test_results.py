"""Stored results with damage of every kind: an error that names the file, or what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paper_nas.artifacts import (
    MANIFEST,
    Manifest,
    ResultDamaged,
    ResultError,
    ResultStore,
    read_arrays,
    read_tensors,
)
from tests.fuzz.strategies import FUZZ, JSON, attempt, damaged

NAME = "training/some"
JSON_FILE, TENSORS_FILE, ARRAYS_FILE = "history.json", "weights.safetensors", "labels.npz"
HISTORY = [{"epoch": 1, "total": 0.25}, {"epoch": 2, "total": 0.125}]
TENSORS = {"w": torch.arange(6.0).reshape(2, 3), "half": torch.ones(3).half()}
ARRAYS = {"b": np.arange(5, dtype=np.uint16), "a": np.array([0.5, np.nan], dtype=np.float32)}


def written(root: Path) -> ResultStore:
    store = ResultStore(root)
    manifest = Manifest(
        command="python -m paper_nas train some",
        configuration={"epochs": 2, "rate": 0.001},
        seed=3,
        dataset={"name": "tiny", "sha256": "0" * 64},
        cpu_seconds=1.5,
        wall_seconds=2.0,
        package={"version": "0", "commit": None, "modified": None},
        libraries={"torch": "2"},
        machine={"cores": 2},
        created="2026-01-01T00:00:00+00:00",
    )
    store.write(
        NAME,
        manifest,
        json_files={JSON_FILE: HISTORY},
        tensor_files={TENSORS_FILE: TENSORS},
        array_files={ARRAYS_FILE: ARRAYS},
        headers={TENSORS_FILE: {"note": "said"}},
    )
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    return written(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def contents(store: ResultStore) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (store.root / NAME).iterdir()}


def same_tensors(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == TENSORS.keys() and all(
        torch.equal(found[name], TENSORS[name]) and found[name].dtype == TENSORS[name].dtype
        for name in TENSORS
    )


def same_arrays(found: dict[str, np.ndarray]) -> bool:
    return found.keys() == ARRAYS.keys() and all(
        np.array_equal(found[name], ARRAYS[name], equal_nan=name == "a")
        and found[name].dtype == ARRAYS[name].dtype
        for name in ARRAYS
    )


def check(store: ResultStore, file: str, manifest: Manifest) -> None:
    """Read everything: what is read is what was written, an error names the file."""
    checks = {
        JSON_FILE: lambda: store.load_json(NAME, JSON_FILE) == HISTORY,
        TENSORS_FILE: lambda: same_tensors(store.load_tensors(NAME, TENSORS_FILE)),
        ARRAYS_FILE: lambda: same_arrays(store.load_arrays(NAME, ARRAYS_FILE)),
        MANIFEST: lambda: store.manifest(NAME) == manifest,
    }
    whole = True
    for name, right in checks.items():
        verdict, reason = attempt(right, ResultError)
        assert verdict or reason is not None
        if reason is not None:
            assert name in str(reason) or file in str(reason)
        assert verdict or file in (name, MANIFEST)
        whole &= reason is None
    assert store.is_current(NAME, manifest.configuration, manifest.version) == whole


@pytest.mark.parametrize("file", [MANIFEST, JSON_FILE, TENSORS_FILE, ARRAYS_FILE])
def test_damage_to_any_file(store: ResultStore, contents: dict[str, bytes], file: str) -> None:
    path, manifest = store.root / NAME / file, store.manifest(NAME)

    @FUZZ
    @given(damaged(contents[file]))
    def one(content: bytes) -> None:
        path.write_bytes(content)
        check(store, file, manifest)

    try:
        one()
    finally:
        path.write_bytes(contents[file])


@pytest.mark.parametrize("file", [MANIFEST, ARRAYS_FILE])
def test_every_single_bit(tmp_path: Path, file: str) -> None:
    """Flipped in a manifest, or in an npz file that is read by itself."""
    store = written(tmp_path)
    path, manifest = tmp_path / NAME / file, store.manifest(NAME)
    content = path.read_bytes()
    read = (
        (lambda: store.manifest(NAME) == manifest)
        if file == MANIFEST
        else (lambda: same_arrays(read_arrays(path)))
    )
    for place in range(len(content)):
        bits = range(8) if file == ARRAYS_FILE else [place % 8]
        for bit in bits:
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            path.write_bytes(flipped)
            verdict, reason = attempt(read, ResultDamaged)
            assert verdict or file in str(reason), (place, bit)


@FUZZ
@given(value=JSON | st.dictionaries(st.sampled_from([*Manifest.__annotations__, "other"]), JSON))
def test_a_manifest_of_any_json(store: ResultStore, contents: dict[str, bytes], value: Any) -> None:
    path = store.root / NAME / MANIFEST
    whole = json.loads(contents[MANIFEST])
    del whole["sha256"]  # as in manifests from before there was one
    changed = {**whole, **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(changed), encoding="utf-8")
    try:
        found, reason = attempt(lambda: store.manifest(NAME), ResultDamaged)
        assert found is not None or "manifest.json cannot be read" in str(reason)
        if found is not None:
            assert vars(found).items() >= changed.items()
            assert found.origin()["command"] == found.command
            read, reason = attempt(lambda: store.load_json(NAME, JSON_FILE), ResultError)
            assert read == HISTORY or JSON_FILE in str(reason)
        assert store.is_current(NAME, whole["configuration"], 1) in (True, False)
    finally:
        path.write_bytes(contents[MANIFEST])


def test_a_manifest_too_deep_to_read(store: ResultStore, contents: dict[str, bytes]) -> None:
    path = store.root / NAME / MANIFEST
    path.write_text("[" * 200_000)
    try:
        with pytest.raises(ResultDamaged, match=r"manifest\.json cannot be read"):
            store.manifest(NAME)
    finally:
        path.write_bytes(contents[MANIFEST])


@FUZZ
@given(data=st.data())
def test_files_that_are_read_without_a_manifest(
    tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes], data: st.DataObject
) -> None:
    """Nothing but the documented error; what an npz file gives is what was written."""
    path = tmp_path_factory.getbasetemp() / "damaged.bin"
    path.write_bytes(data.draw(damaged(contents[ARRAYS_FILE]) | st.binary(max_size=200)))
    found, reason = attempt(lambda: read_arrays(path), ResultDamaged)
    assert (found is not None and same_arrays(found)) or path.name in str(reason)
    path.write_bytes(data.draw(damaged(contents[TENSORS_FILE]) | st.binary(max_size=200)))
    tensors, reason = attempt(lambda: read_tensors(path), ResultDamaged)
    assert tensors is not None or path.name in str(reason)
