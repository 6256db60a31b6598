"""A training as a value: its configuration, its model, and the record of its epochs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import torch
from torch import nn

from paper_nas.config import TrainingConfig
from paper_nas.models import GraphVae, build_model
from paper_nas.training.schedule import stream_seed


class EpochRecord(TypedDict, total=False):
    """What is remembered of one epoch; losses are means per graph, in nats.

    ``score_loss``, where there is one, is the squared error in units of the scores' variance.
    """

    iteration: int
    epoch: int
    total: float
    reconstruction: float
    kl: float
    score_loss: float
    type_loss: list[float]
    edge_loss: list[float]
    learning_rate: float
    seconds: float
    cpu_seconds: float
    operation_table: list[list[float]]


@dataclass
class TrainingRun:
    """A training, finished or under way.

    Attributes:
        model_name: Name of the model.
        config: Its configuration.
        dataset: Name and SHA-256 of the data, and the split.
        model: The model with its current weights.
        history: One record per epoch done, over all iterations.
        directory: Where checkpoints go, if anywhere.
    """

    model_name: str
    config: TrainingConfig
    dataset: dict[str, str]
    model: GraphVae
    history: list[EpochRecord] = field(default_factory=list)
    directory: Path | None = None

    @property
    def finished(self) -> bool:
        """Whether all epochs of all iterations are done."""
        return len(self.history) == self.config.epochs * self.config.iterations

    def final_history(self) -> list[EpochRecord]:
        """The records of the last iteration."""
        return [row for row in self.history if row["iteration"] == self.history[-1]["iteration"]]


def fresh_model(model_name: str, config: TrainingConfig, iteration: int = 1) -> GraphVae:
    """A model with the initial weights of one iteration.

    Args:
        model_name: A name that :func:`paper_nas.models.build_model` knows.
        config: The configuration; its seed and the iteration decide the weights.
        iteration: From 1.
    """
    return build_model(
        model_name,
        hidden_size=config.hidden_size,
        latent_size=config.latent_size,
        embedding_size=config.embedding_size,
        operation_scale=config.operation_scale,
        initial_table=config.initial_table,
        given_table=config.given_table,
        learn_table=config.learn_table,
        score_head=config.label_weight > 0,
        decoder_state=config.decoder_state,
        max_vertices=config.num_layers + 2,
        seed=stream_seed(config.seed, iteration, 0, 0),
    )


def next_iteration(run: TrainingRun, iteration: int) -> GraphVae:
    """A fresh model that takes over only the operation table (paper section 3.3)."""
    model = fresh_model(run.model_name, run.config, iteration)
    model.operations.load_state_dict(run.model.operations.state_dict())
    return model


def new_optimizer(model: GraphVae, config: TrainingConfig) -> torch.optim.Adam:
    """Adam without moments, for what training changes."""
    parameters = [parameter for _, parameter in trained_parameters(model)]
    return torch.optim.Adam(parameters, lr=config.learning_rate, fused=True)


def trained_parameters(model: GraphVae) -> Iterator[tuple[str, nn.Parameter]]:
    """Names and values of what training changes."""
    return ((n, value) for n, value in model.named_parameters() if value.requires_grad)
