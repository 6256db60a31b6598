"""``evaluate``: Table 1 of one training, and what stands beside it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from paper_nas.artifacts import Clock, ResultStore
from paper_nas.commands.options import (
    add_folders,
    add_training,
    evaluated_epoch,
    evaluated_model,
    run_name,
    started,
    training_config,
    training_inputs,
)
from paper_nas.datasets import ArchitectureDataset, load_dataset
from paper_nas.evaluation import (
    DECODES,
    collisions,
    encode_graphs,
    prior_generation,
    reconstruction_accuracy,
)
from paper_nas.graphs import GraphBatch
from paper_nas.models import GraphVae


def add_parser(commands: Any) -> None:
    """Declare ``evaluate``; it takes the options of the training that it evaluates."""
    parser = commands.add_parser("evaluate", help="Table 1 of a finished training")
    add_training(parser, evaluate, "fast")
    add_folders(parser)
    parser.add_argument("--iteration", type=int, help="of T (default: the last)")
    parser.add_argument("--epoch", type=int, help="a snapshot (default: the last epoch)")
    parser.add_argument("--decodes", type=int, default=DECODES, help="of each test graph")


def evaluation_name(options: argparse.Namespace) -> str:
    """Name of the result."""
    config = training_config(options)
    iteration, epoch, last = evaluated_epoch(options, config)
    return f"evaluation/{run_name(options, config)}" + ("" if last else f"_t-{iteration}_e-{epoch}")


def evaluate(options: argparse.Namespace) -> None:
    """Evaluate and store."""
    torch.set_num_threads(options.threads)
    config, dataset = training_config(options), load_dataset(options.dataset)
    iteration, epoch, _ = evaluated_epoch(options, config)
    name = evaluation_name(options)
    configuration = {
        "model": options.model,
        **config.to_json_dict(),
        "preset": options.preset,
        "evaluated_iteration": iteration,
        "evaluated_epoch": epoch,
        "decodes": options.decodes,
    }
    store = ResultStore(options.results)
    inputs = training_inputs(store, run_name(options, config) if epoch else None)
    manifest = started(dataset, config.seed, configuration, "evaluate", inputs)
    model = evaluated_model(options, store, config, iteration, epoch)
    clock = Clock()
    figures, latents = table1(model, dataset, options.decodes, not options.quiet)
    manifest = clock.stop(manifest)
    store.write(
        name,
        manifest,
        json_files={"evaluation.json": figures},
        tensor_files={"latents.safetensors": {"test": latents.half()}},
    )
    print(f"stored {name}")


def table1(
    model: GraphVae, dataset: ArchitectureDataset, decodes: int = DECODES, progress: bool = False
) -> tuple[dict[str, Any], Tensor]:
    """All figures of one model, ready for JSON, and the latents of the test part ``[B, Z]``.

    Args:
        model: The model.
        dataset: Training and test part.
        decodes: Sampled decodes of each test graph.
        progress: Show a progress bar.
    """
    train, test = dataset.graphs(dataset.train_index), dataset.graphs(dataset.test_index)
    known, latents = encode_graphs(model, train)[0], encode_graphs(model, test)[0]
    generated = [
        prior_generation(model, train, match, train_latents=known if match else None)
        for match in (True, False)
    ]
    figures = {
        "reconstruction": asdict(reconstruction_accuracy(model, test, decodes, progress=progress)),
        "generation": asdict(generated[0]),
        "generation_standard_normal": asdict(generated[1]),
        "collisions": asdict(collisions(model, GraphBatch.concatenate([train, test]))),
    }
    return figures, latents
