"""Atomic files, manifests and the result store."""

from __future__ import annotations

import json
import math
from pathlib import Path

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
    read_tensors,
    sgemm_rate,
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


def test_the_sgemm_rate_is_plausible() -> None:
    assert 0.1 < sgemm_rate(2) < 10_000


def test_the_default_store_is_the_repository_s() -> None:
    assert ResultStore().root == Path(__file__).parents[1] / "results"
