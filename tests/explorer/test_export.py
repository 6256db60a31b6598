"""The files for the browser: what the index says, what they hold, what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from paper_nas.artifacts import ResultDamaged, ResultMissing, ResultStore
from paper_nas.evaluation import encode_graphs
from paper_nas.explorer import TRAININGS, Bundle, build_bundle, export_explorer
from paper_nas.explorer.export import load_prepared
from paper_nas.explorer.packing import pack_graphs
from paper_nas.explorer.prepare import grid_latents
from paper_nas.models.weights import model_weights, weights_sha256
from paper_nas.training import load_trained
from tests.explorer.samples import manifest, scored_dataset, store_prepared, store_training

DATASET = scored_dataset(unscored=3)
ROWS = DATASET.scored_by()
NAMES = ("dvae", "dvae-emb")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    store = ResultStore(tmp_path_factory.mktemp("results"))
    for name in NAMES:
        store_prepared(store, store_training(store, name, DATASET), DATASET)
    return store


@pytest.fixture(scope="module")
def bundle(store: ResultStore) -> Bundle:
    return build_bundle(DATASET, [f"{name}_tiny_seed-2" for name in NAMES], store)


@pytest.fixture
def own_store(store: ResultStore, tmp_path: Path) -> ResultStore:
    """A copy of the store, to write into."""
    shutil.copytree(store.root, tmp_path / "copy")
    return ResultStore(tmp_path / "copy")


def stored(bundle: Bundle, entry: dict, name: str) -> np.ndarray:
    """An array of the bundle, quantised ones as numbers."""
    described = entry["arrays"][name]
    count = int(np.prod(described["shape"]))
    content = bundle.files[entry["file"]]
    codes = np.frombuffer(content, described["dtype"], count, described["offset"])
    codes = codes.reshape(described["shape"])
    if "step" not in described:
        return codes
    return np.asarray(described["minimum"]) + np.asarray(described["step"]) * codes


def test_points_are_the_rows_with_a_score(bundle: Bundle) -> None:
    index, points = bundle.index, bundle.index["points"]
    assert index["format"] == 1
    assert index["dataset"]["rows"] == len(ROWS) == 213
    assert stored(bundle, points, "accuracy") == pytest.approx(ROWS.accuracy, abs=1e-6)
    words = stored(bundle, points, "architecture")
    assert np.flatnonzero(words >> 31).tolist() == sorted(ROWS.test_index.tolist())
    assert (words[7] >> 15 & 0xFFFF) % 6 == ROWS.architectures[7].operations[0]


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_a_model_is_described_as_it_is(bundle: Bundle, store: ResultStore, number: int) -> None:
    entry = bundle.index["models"][number]
    name = f"{NAMES[number]}_tiny_seed-2"
    assert (entry["name"], entry["training"]) == (NAMES[number], name)
    assert entry["latent_size"] == 9
    model = load_trained(store, f"training/{name}")
    for key, value in model_weights(model).items():
        if key in entry["weights"]["arrays"]:
            wanted = value.detach().half().numpy()
            assert (stored(bundle, entry["weights"], key) == wanted).all()
        else:
            assert key.startswith(("posterior_log_variance", "operations."))
    codes = model.operations.table().detach().numpy()
    assert (stored(bundle, entry["weights"], "codes") == codes).all()

    latents = encode_graphs(model, ROWS.graphs())[0].numpy()
    reach = np.ptp(latents, axis=0)
    kept = stored(bundle, entry["latents"], "latents")
    assert (np.abs(kept - latents) <= reach / 255 / 2 + 1e-6).all()
    axes, mean = np.array(entry["pca"]["axes"]), np.array(entry["pca"]["mean"])
    plane = stored(bundle, entry["coordinates"], "pca")
    assert plane == pytest.approx((latents - mean) @ axes[:2].T, abs=1e-3)
    assert "tsne" not in entry["coordinates"]["arrays"]


def test_process_and_grid_come_as_prepared(bundle: Bundle, store: ResultStore) -> None:
    entry = bundle.index["models"][0]
    prepared = load_prepared(store, entry["training"])
    for name, value in prepared.under("gp/").items():
        assert (stored(bundle, entry["gp"], name) == value).all()
    assert {k: entry["gp"][k] for k in prepared.numbers["gp"]} == prepared.numbers["gp"]
    grid = prepared.under("grid/")
    assert entry["grid"]["size"] == 9
    assert entry["grid"]["x"] == prepared.numbers["grid"]["x"]
    assert (stored(bundle, entry["grid"], "edges") == grid["edges"]).all()
    assert stored(bundle, entry["grid"], "mean") == pytest.approx(grid["mean"], abs=1e-5)


def store_projection(store: ResultStore, rows: int, weights: str | None = None) -> np.ndarray:
    """A projection of the first model, by default of its weights; gives the points."""
    training = "dvae_tiny_seed-2"
    weights = weights or weights_sha256(load_trained(store, f"training/{training}"))
    tsne = np.random.default_rng(0).normal(size=(rows, 2)).astype("f4")
    store.write(
        f"projections/{training}_epoch-1", manifest({"weights_sha256": weights}, DATASET),
        array_files={"projection.npz": {"tsne": tsne, "pca": tsne}},
    )  # fmt: skip
    return tsne


def test_a_stored_projection_is_joined(own_store: ResultStore) -> None:
    tsne = store_projection(own_store, len(DATASET))
    bundle = build_bundle(DATASET, ["dvae_tiny_seed-2"], own_store)
    entry = bundle.index["models"][0]
    assert stored(bundle, entry["coordinates"], "tsne") == pytest.approx(
        tsne[DATASET.labelled], abs=1e-3
    )


@pytest.mark.parametrize(
    ("rows", "weights", "complaint"),
    [
        (len(DATASET), "of others", "other weights than those of the training"),
        (len(ROWS), None, "has 213 rows, the data have 320"),
    ],
)
def test_a_projection_of_something_else_is_refused(
    own_store: ResultStore, rows: int, weights: str | None, complaint: str
) -> None:
    store_projection(own_store, rows, weights)
    with pytest.raises(ResultDamaged, match=f"{complaint}; make it again with: a test"):
        build_bundle(DATASET, ["dvae_tiny_seed-2"], own_store)


def test_the_folder_holds_the_bundle(bundle: Bundle, store: ResultStore, tmp_path: Path) -> None:
    written = export_explorer(tmp_path, DATASET, ["dvae_tiny_seed-2"], store)
    assert {p.name for p in tmp_path.iterdir()} == {"index.json", *written.files}
    index = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))
    assert index == written.index
    parts = ["points.bin", "dvae-coordinates.bin", "dvae-grid.bin", "index.json"]
    first = sum((tmp_path / name).stat().st_size for name in parts)
    assert written.first_bytes() == first


def test_what_was_made_of_other_weights_is_refused(own_store: ResultStore) -> None:
    training = "dvae-emb_tiny_seed-2"
    path = f"training/{training}"
    weights = own_store.load_tensors(path, "weights.safetensors")
    changed = {k: v + torch.ones_like(v) for k, v in weights.items()}
    own_store.write(path, own_store.manifest(path), tensor_files={"weights.safetensors": changed})
    with pytest.raises(ResultDamaged, match=f"prepare-explorer {training}"):
        build_bundle(DATASET, [training], own_store)


def test_what_is_missing_or_of_other_data_is_refused(own_store: ResultStore) -> None:
    with pytest.raises(ResultMissing, match="training/nothing"):
        build_bundle(DATASET, ["nothing"], own_store)
    unprepared = store_training(own_store, "gcn", DATASET)
    with pytest.raises(ResultMissing, match=f"prepare-explorer {unprepared}"):
        build_bundle(DATASET, [unprepared], own_store)
    other = replace(DATASET, sha256="1" * 64)
    with pytest.raises(ResultDamaged, match="not of tiny"):
        build_bundle(other, ["dvae_tiny_seed-2"], own_store)
    with pytest.raises(ValueError, match="which trainings"):
        build_bundle(DATASET, store=own_store)


SHOWN = [name for names in TRAININGS.values() for name in names]


@pytest.mark.parametrize("training", SHOWN)
def test_the_book_s_trainings_are_prepared(training: str) -> None:
    """Fails when weights were trained again and `prepare-explorer` was not run again."""
    store = ResultStore()
    prepared = load_prepared(store, training)
    model = load_trained(store, f"training/{training}")
    grid, pca = prepared.under("grid/"), prepared.under("pca/")
    assert pca["axes"].shape == (8, model.latent_size)
    assert grid["types"].shape == (64, 64)
    assert prepared.numbers["test"]["rmse"] < 0.95

    limits, cells = prepared.numbers["grid"], slice(None, None, 97)
    latents = grid_latents(pca["mean"], pca["axes"], limits, 64)[cells]
    types, edges = pack_graphs(model.decode(torch.from_numpy(latents).float()))
    kept = {name: value.ravel()[cells] for name, value in grid.items()}
    assert ((kept["types"] == types) & (kept["edges"] == edges)).mean() > 0.95
    mean, sd = prepared.process.predict(latents, return_std=True)
    assert (np.abs(kept["mean"] - mean) < 1e-3 * sd).all()
