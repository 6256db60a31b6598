"""The loop of gradient descent that all trainings of child networks run, and its batches."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from paper_nas.child.budgets import Recipe, learning_rate
from paper_nas.child.images import ImagePart, ImageSet, pad_crop_flip
from paper_nas.child.seeding import stream
from paper_nas.training import TrainingDiverged

Forward = Callable[[int, Tensor, torch.Generator], Tensor]
"""Step (from 0), images ``[B, C, H, W]`` and generator for dropout to logits ``[B, classes]``."""
CLIP_EPSILON = 1e-6
"""Added to the gradient's norm before the largest norm is divided by it, as PyTorch does."""


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


def fit(
    network: nn.Module,
    forward: Forward,
    images: ImageSet,
    recipe: Recipe,
    seed: int,
    watch: Callable[[], StepRecord] | None = None,
    progress: bool = False,
) -> tuple[StepRecord, ...]:
    """Train a network on the training part.

    Args:
        network: The network; left in training mode.
        forward: Its logits in a step.
        images: The images.
        recipe: How to train.
        seed: Decides batch order, noise, augmentation and dropout.
        watch: Called at each record, for what to add to it.
        progress: Show a progress bar.

    Returns:
        The records.

    Raises:
        ValueError: A batch is larger than the training part.
        TrainingDiverged: The loss became NaN or infinite.
    """
    device = next(network.parameters()).device
    gradient = _one_gradient(network)
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
        loss_sum += _descend(network, gradient, optimizer, loss, rate, recipe, step)
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


def _one_gradient(network: nn.Module) -> Tensor:
    """A flat tensor of zeros of which the gradients of all parameters become views.

    So one call clears them all and one call shrinks them; parameters that a step does not use have
    a gradient of zero.
    """
    parameters = list(network.parameters())
    gradient = torch.zeros(sum(p.numel() for p in parameters), device=parameters[0].device)
    pieces = gradient.split([p.numel() for p in parameters])
    for parameter, piece in zip(parameters, pieces, strict=True):
        parameter.grad = piece.view_as(parameter)
    return gradient


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.SGD:
    """Nesterov descent on all parameters, those with a gradient of zero included."""
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
    gradient: Tensor,
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
    gradient.zero_()
    loss.backward()
    if recipe.clip is not None:
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        gradient.mul_((recipe.clip / (norm + CLIP_EPSILON)).clamp(max=1.0))
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
