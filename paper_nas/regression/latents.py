"""Latents as inputs of a regression: of a trained model, and of one that was never trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paper_nas.config import TrainingConfig
from paper_nas.datasets import ArchitectureDataset
from paper_nas.evaluation import encode_graphs
from paper_nas.graphs import GraphBatch
from paper_nas.models import GraphVae
from paper_nas.regression.performance import (
    AfterFit,
    PredictivePerformance,
    performance_of,
    predictive_performance,
)
from paper_nas.space import Architecture
from paper_nas.training import fresh_model


def latents_of(model: GraphVae, architectures: Sequence[Architecture]) -> np.ndarray:
    """Posterior means of architectures, ``[M, Z]`` float64: what Table 2 predicts from."""
    graphs = GraphBatch.from_architectures(architectures, model.max_vertices)
    means: np.ndarray = encode_graphs(model, graphs)[0].double().numpy()
    return means


def untrained_performance(
    name: str,
    dataset: ArchitectureDataset,
    config: TrainingConfig,
    seeds: Sequence[int],
    progress: bool = True,
    after: AfterFit | None = None,
) -> PredictivePerformance:
    """Predict from the latents of a model with its initial weights.

    Args:
        name: Name of the model.
        dataset: Both parts; every row must have a score.
        config: Shape of the model; its seed is replaced.
        seeds: Each is the seed of one set of initial weights, and of the one fit to its latents.
        progress: Show progress bars.
        after: See :func:`paper_nas.regression.performance.predictive_performance`.

    Raises:
        ValueError: No seed.
    """
    if not seeds:
        raise ValueError("no seed, so there is nothing to average over")
    train, test = dataset.train_index, dataset.test_index
    parts = []
    for seed in seeds:
        model = fresh_model(name, config.changed(seed=seed)).eval()
        latents = latents_of(model, dataset.architectures)
        part = predictive_performance(
            latents[train],
            dataset.accuracy[train],
            latents[test],
            dataset.accuracy[test],
            seeds=[seed],
            progress=progress,
            after=after,
        )
        parts.append(part)
    repeats = [part.repeats[0] for part in parts]
    return performance_of(repeats, seeds, parts[0].train, parts[0].test, parts[0].target_sd)
