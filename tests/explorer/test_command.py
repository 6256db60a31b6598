"""`prepare-explorer` and `export-explorer`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paper_nas import __main__ as cli
from paper_nas.artifacts import ResultStore, file_sha256
from paper_nas.commands import export_explorer as command
from paper_nas.explorer import export
from paper_nas.explorer.export import load_prepared
from paper_nas.models.weights import weights_sha256
from paper_nas.training import load_trained
from tests.explorer.samples import fitted_process, manifest, scored_dataset, store_training

DATASET = scored_dataset(unscored=4)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultStore:
    """A store with one training, and commands that load the rows above."""
    for module in (command, export):
        monkeypatch.setattr(module, "load_dataset", lambda name: DATASET)
    store = ResultStore(tmp_path / "results")
    store_training(store, "dvae-emb", DATASET)
    return store


TRAINING = "dvae-emb_tiny_seed-2"


def prepare(store: ResultStore, *words: str) -> int:
    options = ["--quiet", "--grid-size", "5", "--results", str(store.root)]
    return cli.main(["prepare-explorer", TRAINING, *options, *words])


def store_process(store: ResultStore, weights: str) -> Path:
    """A process as `predict` stores it, said to be of weights with a checksum."""
    gp = fitted_process(load_trained(store, f"training/{TRAINING}"), DATASET)
    tensors, header = gp.contents(compact=True)
    name = f"prediction/{TRAINING}"
    store.write(
        name,
        manifest({"weights_sha256": weights}, DATASET),
        tensor_files={"gp.safetensors": tensors},
        headers={"gp.safetensors": header},
    )
    return store.path(name, "gp.safetensors")


def test_it_takes_the_stored_process(store: ResultStore, tmp_path: Path) -> None:
    model = load_trained(store, f"training/{TRAINING}")
    path = store_process(store, weights_sha256(model))
    assert prepare(store) == 0
    made = store.manifest(f"explorer/{TRAINING}")
    weights = store.manifest(f"training/{TRAINING}").files["weights.safetensors"]
    assert made.configuration == {
        "training": TRAINING,
        "weights_sha256": weights,
        "grid_size": 5,
        "gp_sha256": file_sha256(path),
    }
    assert (made.dataset["name"], made.cpu_seconds > 0) == ("tiny", True)
    prepared = load_prepared(store, TRAINING)
    assert prepared.arrays["grid/types"].shape == (5, 5)
    assert len(prepared.arrays["gp/mean"]) == 40

    words = [str(tmp_path / "bundle"), "--training", TRAINING, "--results", str(store.root)]
    assert cli.main(["export-explorer", *words]) == 0
    index = json.loads((tmp_path / "bundle" / "index.json").read_text(encoding="utf-8"))
    assert [model["training"] for model in index["models"]] == [TRAINING]
    assert index["models"][0]["grid"]["size"] == 5


def test_it_takes_the_process_that_is_named(store: ResultStore, tmp_path: Path) -> None:
    gp = fitted_process(load_trained(store, f"training/{TRAINING}"), DATASET, points=30)
    gp.save(tmp_path / "own.safetensors")
    store_process(store, "of others")
    assert prepare(store, "--gp", str(tmp_path / "own.safetensors")) == 0
    assert len(load_prepared(store, TRAINING).arrays["gp/mean"]) == 30


def test_a_process_of_other_weights_stops_it(
    store: ResultStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store_process(store, "of others")
    assert prepare(store) == 1
    assert "belongs to other weights" in capsys.readouterr().err
    assert f"explorer/{TRAINING}" not in store.names()


def test_export_says_what_to_prepare(
    store: ResultStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tmp_path / "bundle"), "--training", TRAINING, "--results", str(store.root)]
    assert cli.main(["export-explorer", *words]) == 1
    assert f"python -m paper_nas prepare-explorer {TRAINING}" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()
