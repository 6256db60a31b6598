"""``train``: a model on the training part of a data set; ``trial``: the same to compare schedules.

A trial trains on the first nine tenths of the training part and is judged on the rest, so that a
choice between schedules does not look at the test part.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import torch

from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.commands.options import (
    add_folders,
    add_training,
    run_name,
    runs_folder,
    started,
    training_config,
)
from paper_nas.config import TrainingConfig
from paper_nas.datasets import ArchitectureDataset, load_dataset
from paper_nas.evaluation import encode_graphs, reconstruction_probability
from paper_nas.models.weights import model_weights
from paper_nas.training import TrainingRun, train_model

TRIAL_SHARE = 0.9
"""Share of the training part that a trial trains on; the rest is its validation slice."""


def add_parser(commands: Any) -> None:
    """Declare ``train`` and ``trial``."""
    parser = commands.add_parser("train", help="train a model and store its result")
    add_training(parser, train, "fast")
    add_folders(parser)
    parser.add_argument("--keep-weights", action="store_true", help="store fp16 weights too")
    parser = commands.add_parser("trial", help="try a schedule on a validation slice")
    add_training(parser, trial, "paper")
    add_folders(parser)


def train(options: argparse.Namespace) -> None:
    """Train and store."""
    config, dataset = training_config(options), load_dataset(options.dataset)
    name = run_name(options, config)
    run, manifest = _run(options, config, dataset, f"training/{name}")
    store_training(ResultStore(options.results), f"training/{name}", run, manifest, options)
    print(f"stored training/{name}")


def trial(options: argparse.Namespace) -> None:
    """Train on a part, judge on the rest, and store."""
    dataset = load_dataset(options.dataset)
    config = training_config(options).changed(snapshots=())
    name = f"trials/{run_name(options, config)}"
    limit = config.train_limit or int(TRIAL_SHARE * len(dataset.train_index))
    run, manifest = _run(options, config.changed(train_limit=limit), dataset, name)
    rows = dataset.train_index[limit:]
    ResultStore(options.results).write(
        name,
        manifest,
        json_files={
            "trial.json": {"history": run.history, "validation": _validation(run, dataset, rows)}
        },
    )
    print(f"stored {name}")


def _validation(run: TrainingRun, dataset: ArchitectureDataset, rows: Any) -> dict[str, float]:
    graphs = dataset.graphs(rows)
    latents, _ = encode_graphs(run.model, graphs)
    return {
        "graphs": len(graphs),
        "expected": float(reconstruction_probability(run.model, graphs, latents).mean()),
        "greedy": float(run.model.decode(latents).equals(graphs).double().mean()),
    }


def _run(
    options: argparse.Namespace, config: TrainingConfig, dataset: ArchitectureDataset, name: str
) -> tuple[TrainingRun, Manifest]:
    """Train, with checkpoints; also returns the manifest, dated from the start of the command."""
    torch.set_num_threads(options.threads)
    step = "train" if name.startswith("training/") else "trial"
    configuration = {"model": options.model, **config.to_json_dict()}
    manifest = started(dataset, config.seed, configuration, step)
    folder = runs_folder(options, step) / name.removeprefix("training/")
    run = train_model(options.model, dataset, config, folder, options.resume, not options.quiet)
    return run, replace(
        manifest,
        cpu_seconds=sum(row["cpu_seconds"] for row in run.history),
        wall_seconds=sum(row["seconds"] for row in run.history),
    )


def store_training(
    store: ResultStore,
    name: str,
    run: TrainingRun,
    manifest: Manifest,
    options: argparse.Namespace,
) -> None:
    """Write a finished training as a result: history, and weights in fp16 if wanted."""
    weights = {key: value.half() for key, value in model_weights(run.model).items()}
    store.write(
        name,
        manifest,
        json_files={"history.json": run.history},
        tensor_files={"weights.safetensors": weights} if options.keep_weights else None,
    )
