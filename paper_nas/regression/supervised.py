"""An encoder that is told the label: what the latents of the paper's models could be at best.

It has the shape of a model's encoder, with one linear output in place of the decoder, and is
trained to predict. The paper's models never see a label.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from paper_nas.config import TrainingConfig
from paper_nas.datasets import ArchitectureDataset
from paper_nas.evaluation import encode_graphs
from paper_nas.graphs import GraphBatch
from paper_nas.models import GraphVae
from paper_nas.regression.performance import (
    AfterFit,
    PredictivePerformance,
    judge_predictions,
    performance_of,
)
from paper_nas.training import batch_order, fresh_model

EPOCHS = 20
RATE = 4e-3
"""Adam's rate after a tenth of the steps; it rises to it and falls back to zero linearly."""


class SupervisedEncoder(nn.Module):
    """The encoder of a model, and a linear map from the posterior mean to the label.

    Args:
        model: Its operations, encoder and posterior mean are used.
        location: Mean of the targets.
        scale: Standard deviation of the targets.
    """

    def __init__(self, model: GraphVae, location: float, scale: float) -> None:
        """Add the output; it starts at zero, that is, at the mean of the targets."""
        super().__init__()
        self.model = model
        self.output = nn.utils.skip_init(nn.Linear, model.latent_size, 1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self.location, self.scale = location, scale

    def forward(self, batch: GraphBatch) -> Tensor:
        """Standardised predictions ``[B]``."""
        standardised: Tensor = self.output(self.model.encode(batch)[0])[:, 0]
        return standardised

    @torch.no_grad()
    def predict(self, graphs: GraphBatch) -> np.ndarray:
        """Predictions ``[B]`` in the units of the targets."""
        standardised = self.output(encode_graphs(self.model, graphs)[0])[:, 0]
        return self.location + self.scale * standardised.double().numpy()


def train_with_labels(
    name: str,
    dataset: ArchitectureDataset,
    config: TrainingConfig,
    epochs: int = EPOCHS,
    progress: bool = True,
) -> SupervisedEncoder:
    """Train a model's encoder to predict the score, by squared error.

    Args:
        name: Name of the model.
        dataset: Its training part is used; every row must have a score.
        config: Shape of the model, batch size, clipping and seed.
        epochs: Passes over the training part.
        progress: Show a progress bar.
    """
    graphs = dataset.graphs(dataset.train_index)
    targets = dataset.accuracy[dataset.train_index]
    encoder = SupervisedEncoder(
        fresh_model(name, config), float(targets.mean()), float(targets.std())
    )
    standardised = torch.from_numpy((targets - encoder.location) / encoder.scale).float()
    adam = torch.optim.Adam(encoder.parameters(), lr=RATE)  # the decoder's get no gradient
    steps = epochs * math.ceil(len(graphs) / config.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: _share(step, steps))
    for epoch in tqdm(range(epochs), unit="epoch", disable=not progress):
        for rows in batch_order(len(graphs), config.batch_size, 1000 * config.seed + epoch):
            adam.zero_grad()
            loss = (encoder(graphs[rows]) - standardised[rows]).square().mean()
            loss.backward()
            nn.utils.clip_grad_norm_(encoder.parameters(), config.clip or math.inf)
            adam.step()
            schedule.step()
    return encoder.eval()


def _share(step: int, steps: int) -> float:
    """The rate of a step as a share of the highest."""
    rise = max(1, steps // 10)
    return min((step + 1) / rise, (steps - step) / max(1, steps - rise))


def supervised_performance(
    name: str,
    dataset: ArchitectureDataset,
    config: TrainingConfig,
    seeds: Sequence[int],
    epochs: int = EPOCHS,
    progress: bool = True,
    after: AfterFit | None = None,
) -> PredictivePerformance:
    """Train a model's encoder with labels, once per seed, and judge it on the test part.

    Args:
        name: Name of the model.
        dataset: Both parts; every row must have a score.
        config: See :func:`train_with_labels`; its seed is replaced.
        seeds: Of the trainings.
        epochs: Passes over the training part.
        progress: Show progress bars.
        after: See :func:`paper_nas.regression.performance.predictive_performance`.

    Raises:
        ValueError: No seed.
    """
    if not seeds:
        raise ValueError("no seed, so there is nothing to average over")
    test, truth = dataset.graphs(dataset.test_index), dataset.accuracy[dataset.test_index]
    repeats, scale = [], 1.0
    for seed in seeds:
        encoder = train_with_labels(name, dataset, config.changed(seed=seed), epochs, progress)
        mean, scale = encoder.predict(test), encoder.scale
        repeats.append(judge_predictions(mean, truth, scale))
        if after:
            after(seed, encoder, mean, None)
    return performance_of(repeats, seeds, len(dataset.train_index), len(truth), scale)
