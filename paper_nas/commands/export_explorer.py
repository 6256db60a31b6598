"""``prepare-explorer``: what the explorer shows of one training, as a stored result.

``export-explorer`` joins such results with the rows of the data set, into the files that the
browser reads.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch

from paper_nas.artifacts import Clock, ResultDamaged, ResultMissing, ResultStore, file_sha256
from paper_nas.commands.options import add_folders, started
from paper_nas.datasets import DATASET_NAMES, load_dataset
from paper_nas.explorer.export import (
    ARRAYS_FILE,
    INDEX,
    NUMBERS_FILE,
    WEIGHTS_FILE,
    check_dataset,
    export_explorer,
)
from paper_nas.explorer.prepare import GRID_SIZE, prepare_model
from paper_nas.models import GraphVae
from paper_nas.models.weights import weights_sha256
from paper_nas.regression import SparseGP
from paper_nas.training import load_trained

GP_FILE = "gp.safetensors"


def add_parser(commands: Any) -> None:
    """Declare ``prepare-explorer`` and ``export-explorer``."""
    prepare = commands.add_parser("prepare-explorer", help="store what the explorer shows")
    prepare.set_defaults(run=_prepare)
    prepare.add_argument("training", help="name of a training with weights, below training/")
    prepare.add_argument("--gp", type=Path, help="fitted process (default: a stored one, or a fit)")
    prepare.add_argument("--grid-size", type=int, default=GRID_SIZE)
    prepare.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    add_folders(prepare)
    export = commands.add_parser("export-explorer", help="write the explorer's files")
    export.set_defaults(run=_export)
    export.add_argument("destination", type=Path, help="folder for the files")
    export.add_argument("--dataset", default="enas-cifar10", choices=DATASET_NAMES)
    export.add_argument("--training", action="append", help="to show (default: the book's)")
    add_folders(export)


def _prepare(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    store, training = ResultStore(options.results), f"training/{options.training}"
    trained = store.manifest(training)
    dataset = load_dataset(trained.dataset["name"])
    check_dataset(store, options.training, dataset)
    model = load_trained(store, training)
    path = options.gp or stored_process(store, options.training, model)
    configuration = {
        "training": options.training,
        "weights_sha256": trained.files[WEIGHTS_FILE],
        "grid_size": options.grid_size,
        "gp_sha256": None if path is None else file_sha256(path),
    }
    inputs = {f"{training}/{WEIGHTS_FILE}": trained.files[WEIGHTS_FILE]}
    if path is not None and options.gp is None:
        inputs[f"prediction/{options.training}/{GP_FILE}"] = file_sha256(path)
    manifest = started(dataset, trained.seed, configuration, "prepare-explorer", inputs)
    clock = Clock()
    prepared = prepare_model(
        model,
        dataset,
        None if path is None else SparseGP.load(path),
        options.grid_size,
        progress=not options.quiet,
    )
    manifest = clock.stop(manifest)
    store.write(
        f"explorer/{options.training}",
        manifest,
        json_files={NUMBERS_FILE: prepared.numbers},
        array_files={ARRAYS_FILE: prepared.arrays},
    )
    print(f"stored explorer/{options.training}")


def stored_process(store: ResultStore, training: str, model: GraphVae) -> Path | None:
    """The process that ``predict`` stored for a training, if there is one.

    Args:
        store: Where the results are.
        training: Name of the training.
        model: With its weights.

    Raises:
        ResultDamaged: It was fitted to the latents of other weights.
    """
    name = f"prediction/{training}"
    try:
        path = store.path(name, GP_FILE)
    except ResultMissing:
        return None
    manifest = store.manifest(name)
    if manifest.configuration["weights_sha256"] != weights_sha256(model):
        raise ResultDamaged(
            f"{name} belongs to other weights than training/{training}; make it again with: "
            f"{manifest.command} (or name a process with --gp)"
        )
    return path


def _export(options: argparse.Namespace) -> None:
    start = time.perf_counter()
    store = ResultStore(options.results)
    bundle = export_explorer(options.destination, options.dataset, options.training, store)
    total = sum(len(content) for content in bundle.files.values())
    print(
        f"wrote {options.destination / INDEX} and {len(bundle.files)} files in "
        f"{time.perf_counter() - start:.1f} s: {total / 1e6:.2f} MB, of which "
        f"{bundle.first_bytes() / 1e6:.2f} MB before the first interaction"
    )
