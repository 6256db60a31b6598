"""The files that the explorer reads in the browser.

Stored results (:mod:`paper_nas.explorer.prepare`, the weights of the training, projections) are
joined with the rows of the data set, which may not be stored: so the files are made when the site
is built, or when the widget is shown. ``index.json`` says what is in them.

Glossary of shapes: ``R`` rows, ``Z`` latent, ``K`` vertex types, ``E`` code width.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paper_nas.artifacts import ResultDamaged, ResultMissing, ResultStore, write_bytes
from paper_nas.datasets import ArchitectureDataset, load_dataset
from paper_nas.drawing import OPERATION_COLOURS, display_label
from paper_nas.evaluation import encode_graphs
from paper_nas.explorer.packing import Quantised, pack_architectures, pack_file, quantise
from paper_nas.explorer.prepare import GP_PREFIX, GRID_PREFIX, PCA_PREFIX, Prepared
from paper_nas.models import GraphVae
from paper_nas.models.weights import model_weights, weights_sha256
from paper_nas.reports import MODEL_LABELS
from paper_nas.space import OPERATION_NAMES
from paper_nas.training import load_trained

FORMAT = 1
INDEX = "index.json"
ARRAYS_FILE, NUMBERS_FILE = "explorer.npz", "explorer.json"
WEIGHTS_FILE = "weights.safetensors"
UNUSED_WEIGHTS = ("posterior_log_variance", "operations")
"""Not sent: nobody samples in the browser, and the table of codes comes scaled."""
TRAININGS = {
    "enas-cifar10": ("dvae_fast-128_seed-0", "dvae-emb_fast-128_seed-0"),
    "enas-digits": ("dvae-emb_fast-128_enas-digits_seed-0",),
}
"""The trainings that the explorer shows, by data set."""
TITLES = {
    "enas-cifar10": ("ENAS on CIFAR-10", "accuracy with shared weights (CIFAR-10)"),
    "enas-digits": ("ENAS on digits", "minus the logarithm of the log-loss (digits)"),
}
"""Of a data set and of its score."""
ACCURACY_STEP = 1e-4
"""The published accuracies are multiples of twice this."""

Arrays = dict[str, np.ndarray | Quantised]


@dataclass(frozen=True)
class Bundle:
    """The files of one data set.

    Attributes:
        index: What ``index.json`` holds.
        files: The other files, by name.
    """

    index: dict[str, Any]
    files: dict[str, bytes]

    def index_bytes(self) -> bytes:
        """The content of ``index.json``."""
        return json.dumps(self.index, allow_nan=False, ensure_ascii=False).encode()

    def first_bytes(self) -> int:
        """Bytes that a page needs before the first interaction: no weights, latents, process."""
        described = [self.index["points"]]
        for model in self.index["models"]:
            described += [model["coordinates"], model["grid"]]
        return len(self.index_bytes()) + sum(entry["bytes"] for entry in described)


def export_explorer(
    destination: str | Path,
    dataset: str | ArchitectureDataset = "enas-cifar10",
    trainings: Sequence[str] | None = None,
    store: ResultStore | None = None,
) -> Bundle:
    """Write the files of the explorer into a folder; :func:`build_bundle` with a destination.

    The index is written last, so a reader finds the old files or the new ones.
    """
    bundle = build_bundle(dataset, trainings, store)
    for name, content in bundle.files.items():
        write_bytes(Path(destination) / name, content)
    write_bytes(Path(destination) / INDEX, bundle.index_bytes())
    return bundle


def build_bundle(
    dataset: str | ArchitectureDataset = "enas-cifar10",
    trainings: Sequence[str] | None = None,
    store: ResultStore | None = None,
) -> Bundle:
    """The files of the explorer.

    Args:
        dataset: A data set or its name; rows without a score are left out.
        trainings: Names below ``training/`` in the store, one per model; by default those of
            :data:`TRAININGS` for the data set.
        store: Where the results are.

    Raises:
        ResultMissing: A training or what was prepared of it is not there.
        ResultDamaged: They do not belong together, or to this data set.
        DatasetUnavailable: The rows are nowhere.
        ValueError: No trainings for such a data set.
    """
    whole = load_dataset(dataset) if isinstance(dataset, str) else dataset
    store = store or ResultStore()
    if trainings is None and whole.name not in TRAININGS:
        raise ValueError(f"say which trainings to show of {whole.name}")
    rows = whole.scored_by()
    content, points = pack_file("points.bin", _points(rows))
    files, models = {points["file"]: content}, []
    for training in TRAININGS[whole.name] if trainings is None else trainings:
        entry, some = _model_files(store, training, whole)
        models.append(entry)
        files |= some
    title, accuracy_label = TITLES.get(rows.name, (rows.name, "score"))
    description = {"title": title, "rows": len(rows), "accuracy_label": accuracy_label}
    index = {
        "format": FORMAT,
        "dataset": {"name": rows.name, **description},
        "operations": _operations(),
        "points": points,
        "models": models,
    }
    return Bundle(index, files)


def _operations() -> list[dict[str, Any]]:
    return [
        {"code": code, "name": n, "label": display_label(n), "colour": OPERATION_COLOURS[n]}
        for code, n in enumerate(OPERATION_NAMES)
    ]


def _points(rows: ArchitectureDataset) -> Arrays:
    test = np.zeros(len(rows), dtype=bool)
    test[rows.test_index] = True
    minimum, step = (0.0, ACCURACY_STEP) if rows.name == "enas-cifar10" else (None, None)
    return {
        "architecture": pack_architectures(rows.architectures, test),
        "accuracy": quantise(rows.accuracy, np.uint16, minimum=minimum, step=step),
    }


def _model_files(
    store: ResultStore, training: str, whole: ArchitectureDataset
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The entry of one model in the index, and its files."""
    settings = store.manifest(f"training/{training}").configuration
    model, prepared = load_trained(store, f"training/{training}"), load_prepared(store, training)
    check_dataset(store, training, whole)
    name: str = settings["model"]
    arrays = _model_arrays(model, prepared, whole.scored_by())
    projection = f"projections/{training}_epoch-{settings['epochs']}"
    arrays["coordinates"] |= _projection(store, projection, model, whole)
    files, described = {}, {}
    for part, values in arrays.items():
        content, described[part] = pack_file(f"{name}-{part}.bin", values)
        files[described[part]["file"]] = content
    described["grid"] |= {"size": len(prepared.arrays[f"{GRID_PREFIX}types"])}
    described["grid"] |= prepared.numbers["grid"]
    described["gp"] |= prepared.numbers["gp"]
    entry = {
        "name": name,
        "label": MODEL_LABELS[name],
        "training": training,
        "latent_size": settings["latent_size"],
        "pca": {name: array.tolist() for name, array in prepared.under(PCA_PREFIX).items()},
        **described,
    }
    return entry, files


def _model_arrays(
    model: GraphVae, prepared: Prepared, rows: ArchitectureDataset
) -> dict[str, Arrays]:
    """The arrays of one model, by file."""
    latents = encode_graphs(model, rows.graphs())[0].numpy().astype(np.float64)
    pca, grid = prepared.under(PCA_PREFIX), prepared.under(GRID_PREFIX)
    plane = (latents - pca["mean"]) @ pca["axes"][:2].T
    predicted = {name: quantise(grid[name], np.uint16) for name in ("mean", "sd")}
    return {
        "coordinates": {"pca": quantise(plane, np.uint16, by_column=True)},
        "grid": {**grid, **predicted},
        "weights": browser_weights(model),
        "latents": {"latents": quantise(latents, np.uint8, by_column=True)},
        "gp": {**prepared.under(GP_PREFIX)},
    }


def browser_weights(model: GraphVae) -> Arrays:
    """The weights that the browser needs, float16, and the scaled codes ``[K, E]`` float32.

    Args:
        model: A trained D-VAE or DVAE-EMB, bidirectional.
    """
    codes = model.operations.table().detach().numpy()
    return {
        "codes": codes.astype(np.float32),
        **{
            name: value.detach().half().numpy()
            for name, value in sorted(model_weights(model).items())
            if not name.startswith(UNUSED_WEIGHTS)
        },
    }


def load_prepared(store: ResultStore, training: str) -> Prepared:
    """What was prepared of a training.

    Args:
        store: Where the results are.
        training: Its name below ``training/``.

    Raises:
        ResultMissing: Nothing was prepared.
        ResultDamaged: It was prepared of other weights than those in the store.
    """
    name = f"explorer/{training}"
    command = f"python -m paper_nas prepare-explorer {training}"
    try:
        made_of = store.manifest(name).configuration["weights_sha256"]
    except ResultMissing as reason:
        raise ResultMissing(f"{reason}; make it with: {command}") from reason
    weights = store.manifest(f"training/{training}").files.get(WEIGHTS_FILE)
    if made_of != weights:
        raise ResultDamaged(
            f"{name} was made of other weights than those of training/{training}; make it again "
            f"with: {command}"
        )
    return Prepared(store.load_arrays(name, ARRAYS_FILE), store.load_json(name, NUMBERS_FILE))


def check_dataset(store: ResultStore, training: str, dataset: ArchitectureDataset) -> None:
    """Make sure that a training saw these data.

    Raises:
        ResultDamaged: It saw others.
    """
    seen = store.manifest(f"training/{training}").dataset
    if (seen["name"], seen["sha256"]) != (dataset.name, dataset.sha256):
        raise ResultDamaged(
            f"training/{training} is of {seen['name']} (SHA-256 {seen['sha256']}), not of "
            f"{dataset.name} ({dataset.sha256})"
        )


def _projection(
    store: ResultStore, name: str, model: GraphVae, whole: ArchitectureDataset
) -> Arrays:
    """The stored t-SNE of the rows with a score, if there is one.

    Raises:
        ResultDamaged: It is of other weights than the model's, or of other rows.
    """
    if name not in store.names():
        return {}
    manifest = store.manifest(name)
    again = f"make it again with: {manifest.command}"
    if manifest.configuration.get("weights_sha256") != weights_sha256(model):
        raise ResultDamaged(f"{name} is of other weights than those of the training; {again}")
    tsne = store.load_arrays(name, "projection.npz")["tsne"]
    if len(tsne) != len(whole):
        raise ResultDamaged(f"{name} has {len(tsne)} rows, the data have {len(whole)}; {again}")
    tsne = tsne[whole.labelled].astype(np.float64)
    return {"tsne": quantise(tsne, np.uint16, by_column=True)}
