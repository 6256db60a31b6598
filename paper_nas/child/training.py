"""Training of child networks: one architecture alone, the network that all share, or a path of it.

Everything random (weights, batch order, noise, augmentation, dropout, drawn architectures) follows
from the seed, each from a stream of its own and drawn on the CPU. Architectures trained alone with
one seed see the same batches and noise. Source: enas_child_network_spec.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from paper_nas.child.budgets import Budget, SharedConfig
from paper_nas.child.descent import StepRecord, fit
from paper_nas.child.images import ImageSet
from paper_nas.child.networks import FixedChildNetwork, SharedChildNetwork
from paper_nas.child.scoring import evaluate_network
from paper_nas.child.seeding import stream_seed
from paper_nas.child.structure import network_cost
from paper_nas.space import Architecture, EnasSpace

FINE_TUNING_RATE = 0.005
"""Constant rate of fine-tuning: a tenth of the rate that the presets start from."""


@dataclass(frozen=True)
class StandaloneResult:
    """Outcome of training one architecture alone.

    Attributes:
        architecture: The architecture.
        seed: The seed.
        validation_accuracy: In [0, 1]; NaN if the validation part is empty, like the next.
        validation_nll: Mean negative log-likelihood in nats.
        test_accuracy: In [0, 1].
        test_nll: Nats.
        history: Records of the training.
        seconds: Wall time of training and evaluation.
        cpu_seconds: Processor time of the same.
        parameters: Trainable numbers of the network.
        multiply_adds: Multiply-adds for one image.
    """

    architecture: Architecture
    seed: int
    validation_accuracy: float
    validation_nll: float
    test_accuracy: float
    test_nll: float
    history: tuple[StepRecord, ...]
    seconds: float
    cpu_seconds: float
    parameters: int
    multiply_adds: int

    def to_json_dict(self) -> dict[str, Any]:
        """All values, ready for JSON; the architecture as its 21 integers (for six layers)."""
        return {**asdict(self), "architecture": str(self.architecture)}


@dataclass(frozen=True, eq=False)
class SharedRun:
    """Outcome of training the shared network.

    Attributes:
        network: The network, in evaluation mode.
        config: How it was trained.
        seed: The seed.
        history: Records of the training.
        seconds: Wall time.
        cpu_seconds: Processor time.
    """

    network: SharedChildNetwork
    config: SharedConfig
    seed: int
    history: tuple[StepRecord, ...]
    seconds: float
    cpu_seconds: float


def train_standalone(
    architecture: Architecture,
    images: ImageSet,
    budget: Budget,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> StandaloneResult:
    """Train one architecture from scratch and evaluate it with moving averages.

    Args:
        architecture: The architecture.
        images: The images, with the noise of the budget or without noise (then it is added to the
            validation and test parts by :meth:`ImageSet.with_noise`, always the same).
        budget: How to train.
        seed: Decides weights, batch order, training noise, augmentation and dropout.
        device: Where to compute.
        progress: Show a progress bar.

    Raises:
        ValueError: The images have other noise than the budget, or a batch is larger than the
            training part.
        TrainingDiverged: The loss became NaN or infinite.

    Source: enas_child_network_spec, "Fixed-arc network" and "Final training".
    """
    start, cpu_start = time.perf_counter(), time.process_time()
    images = images.with_noise(budget.noise)
    network = _fixed_network(architecture, images, budget, seed).to(device)

    def forward(_step: int, batch: Tensor, generator: torch.Generator) -> Tensor:
        return network(batch, generator)

    watch = _watcher(network, images, budget)
    history = fit(network, forward, images, budget, seed, watch, progress)
    validation, test = (evaluate_network(network, p) for p in (images.validation, images.test))
    quirk = budget.released_quirk
    cost = network_cost(
        architecture, budget.channels, images.shape, images.num_classes, released_quirk=quirk
    )
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return StandaloneResult(
        architecture,
        seed,
        *validation,
        *test,
        history,
        seconds,
        cpu_seconds,
        cost.parameters,
        cost.multiply_adds,
    )


def train_shared(
    images: ImageSet,
    config: SharedConfig,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> SharedRun:
    """Train the shared network with uniform paths: each step draws an architecture.

    Weight decay and momentum act in each step on all weights, those of operations that were not
    drawn included, as the released code's loss does. Evaluate the network on
    ``images.with_noise(config.noise)``.

    Args:
        images: The images; only the training part is used.
        config: How to train.
        seed: Decides weights, architectures, batch order, noise, augmentation and dropout.
        device: Where to compute.
        progress: Show a progress bar.

    Raises:
        ValueError: The images have other noise than the configuration, or a batch is larger than
            the training part.
        TrainingDiverged: The loss became NaN or infinite.

    Source: enas_child_network_spec, "Shared network" and "Search training".
    """
    start, cpu_start = time.perf_counter(), time.process_time()
    images = images.with_noise(config.noise)
    network = SharedChildNetwork(
        config.num_layers,
        config.channels,
        images.shape[0],
        images.num_classes,
        config.keep_probability,
        seed,
    ).to(device)
    draws = np.random.default_rng(stream_seed(seed, "architectures"))
    space = EnasSpace(config.num_layers)

    def forward(_step: int, batch: Tensor, generator: torch.Generator) -> Tensor:
        return network(batch, space.sample(1, config.skip_probability, draws)[0], generator)

    history = fit(network, forward, images, config, seed, progress=progress)
    network.eval()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return SharedRun(network, config, seed, history, seconds, cpu_seconds)


def fine_tune(
    shared: SharedRun | SharedChildNetwork,
    architecture: Architecture,
    images: ImageSet,
    config: SharedConfig,
    steps: int,
    seed: int = 0,
    rate: float = FINE_TUNING_RATE,
) -> tuple[float, float]:
    """Train one architecture's path of the shared network a little, and evaluate that.

    The path is a copy; the shared network stays as it is. Evaluation is with moving averages, which
    the steps have carried on. Fine-tunings with one seed see the same batches and noise.

    Args:
        shared: The shared network, or the run that trained it.
        architecture: The architecture.
        images: As for :func:`train_shared`.
        config: How to train; its steps, rates and cycles are not used.
        steps: Gradient steps.
        seed: Decides batch order, noise, augmentation and dropout.
        rate: Constant learning rate.

    Returns:
        Accuracy in [0, 1] and mean negative log-likelihood in nats on the validation part.

    Raises:
        ValueError: As for :func:`train_shared`, or an architecture with another number of layers.
        TrainingDiverged: The loss became NaN or infinite.
    """
    whole = shared.network if isinstance(shared, SharedRun) else shared
    images = images.with_noise(config.noise)
    recipe = config.changed(
        steps=steps,
        learning_rate=rate,
        final_learning_rate=rate,
        cycle_steps=None,
        record_every=steps,
    )
    network = whole.path(architecture)

    def forward(_step: int, batch: Tensor, generator: torch.Generator) -> Tensor:
        return network(batch, architecture, generator)

    fit(network, forward, images, recipe, seed)
    scores = network.evaluate([architecture], images, method="one-by-one")
    return float(scores.accuracy[0]), float(scores.nll[0])


def _fixed_network(
    architecture: Architecture, images: ImageSet, budget: Budget, seed: int
) -> FixedChildNetwork:
    return FixedChildNetwork(
        architecture,
        budget.channels,
        images.shape[0],
        images.num_classes,
        budget.keep_probability,
        budget.released_quirk,
        seed,
    )


def _watcher(
    network: nn.Module, images: ImageSet, budget: Budget
) -> Callable[[], StepRecord] | None:
    """What evaluates the network at each record, if the budget wants that."""
    if not budget.watch:
        return None
    name = "validation" if len(images.validation) else "test"

    def watch() -> StepRecord:
        accuracy, nll = evaluate_network(network, images.part(name))
        return {"watched": name, "watched_accuracy": accuracy, "watched_nll": nll}

    return watch
