"""Training of child networks: one architecture alone, or the network that all share.

Everything random (weights, batch order, noise, augmentation, dropout, drawn architectures) follows
from the seed, each from a stream of its own and drawn on the CPU. Architectures trained alone with
one seed see the same batches and noise. Source: enas_child_network_spec.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from paper_nas.child.budgets import Budget, Recipe, SharedConfig, learning_rate
from paper_nas.child.images import ImagePart, ImageSet, pad_crop_flip
from paper_nas.child.networks import FixedChildNetwork, SharedChildNetwork
from paper_nas.child.scoring import evaluate_network
from paper_nas.child.seeding import stream, stream_seed
from paper_nas.child.structure import network_cost
from paper_nas.space import Architecture, EnasSpace
from paper_nas.training import TrainingDiverged

Forward = Callable[[int, Tensor, torch.Generator], Tensor]
"""Step (from 0), images ``[B, C, H, W]`` and generator for dropout to logits ``[B, classes]``."""


class StepRecord(TypedDict, total=False):
    """What is remembered of some steps in a row.

    ``step`` is the number of steps done and ``learning_rate`` the last one's; ``loss`` (nats) and
    ``accuracy`` are means over the training images of these steps; ``seconds`` count from the
    start. ``watched_accuracy`` and ``watched_nll`` are those of the part ``watched``.
    """

    step: int
    learning_rate: float
    loss: float
    accuracy: float
    seconds: float
    watched: str
    watched_accuracy: float
    watched_nll: float


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
    history = _fit(network, forward, images, budget, seed, watch, progress)
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

    history = _fit(network, forward, images, config, seed, None, progress)
    network.eval()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return SharedRun(network, config, seed, history, seconds, cpu_seconds)


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


def _fit(
    network: nn.Module,
    forward: Forward,
    images: ImageSet,
    recipe: Recipe,
    seed: int,
    watch: Callable[[], StepRecord] | None,
    progress: bool,
) -> tuple[StepRecord, ...]:
    """The loop of both kinds of training."""
    device = next(network.parameters()).device
    optimizer = _optimizer(network, recipe)
    dropout = stream(seed, "dropout")
    batches = training_batches(images.train, recipe, seed)
    network.train()
    history: list[StepRecord] = []
    loss_sum, hits, since, start = 0.0, 0, 0, time.perf_counter()
    for step in tqdm(range(recipe.steps), disable=not progress, unit="step"):
        batch, labels = (tensor.to(device) for tensor in next(batches))
        rate = learning_rate(recipe, step)
        logits = forward(step, batch, dropout)
        loss = F.cross_entropy(logits, labels)
        loss_sum += _descend(network, optimizer, loss, rate, recipe, step)
        hits += int((logits.detach().argmax(1) == labels).sum())
        since += 1
        if (step + 1) % recipe.record_every == 0 or step + 1 == recipe.steps:
            record = StepRecord(
                step=step + 1,
                learning_rate=rate,
                loss=loss_sum / since,
                accuracy=hits / (since * recipe.batch_size),
                seconds=time.perf_counter() - start,
            )
            history.append(record if watch is None else {**record, **watch()})
            loss_sum, hits, since = 0.0, 0, 0
    return tuple(history)


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.SGD:
    """Nesterov descent on all parameters; zero gradients make it act on unused ones too."""
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    return torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.momentum > 0.0,
        fused=True,
    )


def _descend(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Tensor,
    rate: float,
    recipe: Recipe,
    step: int,
) -> float:
    """One gradient step; returns the loss before it."""
    value = loss.item()
    if not math.isfinite(value):
        raise TrainingDiverged(
            f"the loss is {value} in step {step + 1} at rate {rate:g}; lower learning_rate or set "
            f"clip"
        )
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=False)
    loss.backward()
    if recipe.clip is not None:
        nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
    optimizer.step()
    return value


def training_batches(part: ImagePart, recipe: Recipe, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless training batches, shuffled anew each epoch, augmented and with fresh noise.

    Args:
        part: ``n`` images.
        recipe: Batch size ``B``, augmentation and noise.
        seed: The seed.

    Yields:
        Images ``[B, C, H, W]`` and labels ``[B]``; the last ``n mod B`` of an epoch are left out.

    Raises:
        ValueError: ``B`` is larger than ``n``.
    """
    size = recipe.batch_size
    if size > len(part):
        raise ValueError(f"a batch of {size} is larger than the training part of {len(part)}")
    order = stream(seed, "order")
    augmentation, noise = stream(seed, "augmentation"), stream(seed, "noise")
    while True:
        for rows in torch.randperm(len(part), generator=order).split(size):
            if len(rows) < size:
                break
            images = part.images[rows]
            if recipe.augment:
                images = pad_crop_flip(images, augmentation)
            if recipe.noise > 0.0:
                images = images + recipe.noise * torch.randn(images.shape, generator=noise)
            yield images, part.labels[rows]
