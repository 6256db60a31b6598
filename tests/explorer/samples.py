"""Small untrained models in a store of their own, and rows that stand in for a data set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.config import TrainingConfig
from paper_nas.datasets import ArchitectureDataset
from paper_nas.evaluation import encode_graphs
from paper_nas.explorer.prepare import Prepared, prepare_model
from paper_nas.models import GraphVae
from paper_nas.models.weights import model_weights
from paper_nas.regression import SparseGP
from paper_nas.training import fresh_model, load_trained
from tests.samples import tiny_dataset

CONFIG = TrainingConfig(hidden_size=20, latent_size=9, operation_scale=6.0, epochs=1, seed=2)
GAIN = 4.0
"""A decoder with initial weights times this makes graphs of all lengths, many of them valid."""


class UnprojectedResults(ResultStore):
    """The book's results but for the projections, which are of as many rows as the data have."""

    def names(self) -> list[str]:
        """Names of all results but those."""
        return [name for name in super().names() if not name.startswith("projections/")]


def scored_dataset(count: int = 320, unscored: int = 0) -> ArchitectureDataset:
    """Random architectures, the score of which is what a latent knows best, and some of the rest.

    Args:
        count: Rows.
        unscored: Of these, every so-manieth has no score (0: all have one).
    """
    dataset = tiny_dataset(count)
    operations, skips = dataset.operation_choices(), dataset.skip_patterns().sum(1)
    score = 0.7 + 0.02 * (operations[:, -1] % 2) + 0.02 * (operations[:, 0] > 2) + 0.001 * skips
    if unscored:
        score[::unscored] = np.nan
    return replace(dataset, accuracy=score)


def untrained_model(model_name: str, config: TrainingConfig = CONFIG) -> GraphVae:
    """A model whose decodes vary although nobody trained it."""
    model = fresh_model(model_name, config).eval()
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(GAIN)
    return model


def store_training(
    store: ResultStore,
    model_name: str,
    dataset: ArchitectureDataset,
    config: TrainingConfig = CONFIG,
) -> str:
    """Store an untrained model as a training; gives its name below `training/`."""
    name = f"{model_name}_tiny_seed-{config.seed}"
    model = untrained_model(model_name, config)
    weights = {k: v.half() for k, v in model_weights(model).items()}
    store.write(
        f"training/{name}",
        manifest({"model": model_name, **config.to_json_dict()}, dataset),
        tensor_files={"weights.safetensors": weights},
    )
    return name


def manifest(configuration: dict, dataset: ArchitectureDataset) -> Manifest:
    """A manifest of a result that nobody made by a command."""
    return Manifest(
        command="a test",
        configuration=configuration,
        seed=0,
        dataset={"name": dataset.name, "sha256": dataset.sha256},
        cpu_seconds=0.0,
        wall_seconds=0.0,
        package={},
        libraries={},
        machine={},
    )


def fitted_process(model: GraphVae, dataset: ArchitectureDataset, points: int = 40) -> SparseGP:
    """A small process on the latents of the training part."""
    rows = dataset.scored_by()
    train = rows.train_index
    latents = encode_graphs(model, rows.graphs(train))[0].numpy()
    gp = SparseGP(inducing_points=points, iterations=15, progress=False)
    return gp.fit(latents, rows.accuracy[train])


def store_prepared(
    store: ResultStore, training: str, dataset: ArchitectureDataset, grid_size: int = 9
) -> Prepared:
    """Prepare a stored training for the explorer, and store that too."""
    model = load_trained(store, f"training/{training}")
    prepared = prepare_model(model, dataset, fitted_process(model, dataset), grid_size)
    sums = store.manifest(f"training/{training}").files
    store.write(
        f"explorer/{training}",
        manifest({"weights_sha256": sums["weights.safetensors"]}, dataset),
        json_files={"explorer.json": prepared.numbers},
        array_files={"explorer.npz": prepared.arrays},
    )
    return prepared
