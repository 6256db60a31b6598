"""Atomic files, manifests and the result store."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from paper_nas.artifacts import (
    MANIFEST,
    Manifest,
    ResultDamaged,
    ResultMissing,
    ResultStore,
    atomic_path,
    file_sha256,
    read_arrays,
    read_tensors,
    sgemm_rate,
    write_arrays,
    write_json,
    write_tensors,
)


def manifest() -> Manifest:
    return Manifest(
        command="python -m paper_nas train dvae",
        configuration={"epochs": 1},
        seed=0,
        dataset={"name": "tiny", "sha256": "0" * 64},
        cpu_seconds=1.0,
        wall_seconds=2.0,
    )


def stored(root: Path) -> ResultStore:
    store = ResultStore(root)
    store.write(
        "training/dvae",
        manifest(),
        json_files={"history.json": [{"epoch": 1}]},
        tensor_files={"weights.safetensors": {"w": torch.arange(3.0)}},
    )
    return store


def test_a_result_comes_back(tmp_path: Path) -> None:
    store = stored(tmp_path)
    assert store.names() == ["training/dvae"]
    assert store.load_json("training/dvae", "history.json") == [{"epoch": 1}]
    assert store.load_tensors("training/dvae", "weights.safetensors")["w"].tolist() == [0, 1, 2]
    assert store.load_arrays("training/dvae", "weights.safetensors")["w"].sum() == 3
    found = store.manifest("training/dvae")
    assert found.configuration == {"epochs": 1}
    assert found.files == {
        name: file_sha256(tmp_path / "training/dvae" / name)
        for name in ("history.json", "weights.safetensors")
    }
    assert found.libraries["torch"].startswith("2.")
    assert found.package["version"]
    assert found.machine["sgemm_gflops"] > 0


def test_a_missing_result_names_what_there_is(tmp_path: Path) -> None:
    store = stored(tmp_path)
    with pytest.raises(ResultMissing, match=r"there are \['training/dvae'\]"):
        store.load_json("training/gcn", "history.json")
    with pytest.raises(ResultMissing, match="made by: python -m paper_nas train dvae"):
        store.load_json("training/dvae", "latents.safetensors")
    (tmp_path / "training/dvae/history.json").unlink()
    with pytest.raises(ResultMissing, match=r"history\.json"):
        store.load_json("training/dvae", "history.json")


def test_a_changed_file_is_found_out_and_kept(tmp_path: Path) -> None:
    store = stored(tmp_path)
    path = tmp_path / "training/dvae/history.json"
    path.write_text("[]")
    with pytest.raises(ResultDamaged, match="Nothing was deleted"):
        store.load_json("training/dvae", "history.json")
    assert path.read_text() == "[]"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"command": 1}', '{"unknown": 1}'])
def test_a_damaged_manifest_is_reported(tmp_path: Path, content: str) -> None:
    store = stored(tmp_path)
    (tmp_path / "training/dvae" / MANIFEST).write_text(content)
    with pytest.raises(ResultDamaged, match=r"manifest\.json cannot be read"):
        store.manifest("training/dvae")


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    write_json(path, 1)

    def interrupted() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert json.loads(path.read_text()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["value.json"]


def test_json_has_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "value.json", math.nan)
    assert not (tmp_path / "value.json").exists()


def test_tensors_carry_a_header_and_damage_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"x": torch.ones(2, 3).T}, {"note": "hello"})
    tensors, header = read_tensors(path)
    assert tensors["x"].shape == (3, 2)
    assert header == {"note": "hello"}
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ResultDamaged, match="truncated"):
        read_tensors(path)
    with pytest.raises(ResultMissing, match="no file at"):
        read_tensors(tmp_path / "y.safetensors")


ARRAYS = {
    "b": np.arange(6, dtype=np.uint16).reshape(2, 3),
    "a": np.array([0.5, np.nan], dtype=np.float32),
    "empty": np.zeros((0, 3), dtype=np.int32),
}


def test_arrays_come_back_through_the_store(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    written = store.write("labels", manifest(), array_files={"labels.npz": ARRAYS})
    assert written.files == {"labels.npz": file_sha256(tmp_path / "labels/labels.npz")}
    found = store.load_arrays("labels", "labels.npz")
    assert set(found) == set(ARRAYS)
    for name, array in found.items():
        assert array.dtype == ARRAYS[name].dtype
        assert np.array_equal(array, ARRAYS[name], equal_nan=array.dtype.kind == "f")
    with np.load(tmp_path / "labels/labels.npz", allow_pickle=False) as by_numpy:
        assert np.array_equal(by_numpy["b"], ARRAYS["b"])
    with pytest.raises(ValueError, match=r"must end in \.npz: \['labels'\]"):
        store.write("other", manifest(), array_files={"labels": ARRAYS})


def test_equal_arrays_give_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_arrays(tmp_path / "first.npz", ARRAYS)
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_arrays(tmp_path / "second.npz", dict(reversed(ARRAYS.items())))
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.npz") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_DEFLATED}


def test_python_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        write_arrays(path, {"x": np.array([{}, {}])})
    assert not path.exists()
    np.savez(path, x=np.array([{}, {}]))
    with pytest.raises(ResultDamaged, match="allow_pickle=False"):
        read_arrays(path)


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text"])
def test_a_damaged_npz_file_is_reported(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "x.npz"
    write_arrays(path, {"x": np.random.default_rng(0).random(500)})
    content = path.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
    choices = {"empty": b"", "cut": content[:-40], "flipped": flipped, "text": b"no archive\n"}
    path.write_bytes(choices[damage])
    with pytest.raises(ResultDamaged, match=r"x\.npz cannot be read"):
        read_arrays(path)
    with pytest.raises(ResultMissing, match="no file at"):
        read_arrays(tmp_path / "y.npz")


def test_the_sgemm_rate_is_plausible() -> None:
    assert 0.1 < sgemm_rate(2) < 10_000


def test_the_default_store_is_the_repository_s() -> None:
    assert ResultStore().root == Path(__file__).parents[1] / "results"
