"""What of a training follows from its configuration alone: seeds, batch order, learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from paper_nas.config import TrainingConfig

PLATEAU_FACTOR, PLATEAU_PATIENCE, PLATEAU_THRESHOLD = 0.1, 10, 1e-4


def stream_seed(*numbers: int) -> int:
    """A seed for torch from a tuple of small integers; different tuples give unrelated streams."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint32)[0])


def batch_order(count: int, batch_size: int, seed: int) -> Iterator[Tensor]:
    """The rows ``0 .. count - 1`` in random order, cut into batches (the last may be smaller)."""
    generator = torch.Generator().manual_seed(seed)
    yield from torch.randperm(count, generator=generator).split(batch_size)


def learning_rate(config: TrainingConfig, totals: list[float], step: int, steps: int) -> float:
    """The rate of one step.

    Args:
        config: The configuration.
        totals: Total loss of the earlier epochs of this iteration.
        step: Step number in this iteration, from 0.
        steps: Steps per epoch.
    """
    if config.schedule == "plateau":
        return config.learning_rate * PLATEAU_FACTOR ** plateau_reductions(totals)
    last = steps * config.epochs
    held = config.hold * last
    if step < held:
        return config.learning_rate
    return config.learning_rate * (last - step) / (last - held)


def plateau_reductions(totals: list[float]) -> int:
    """How often torch's ``ReduceLROnPlateau`` with its defaults would have lowered the rate.

    Args:
        totals: The loss of each epoch so far.
    """
    best, bad, reductions = math.inf, 0, 0
    for loss in totals:
        if loss < best * (1 - PLATEAU_THRESHOLD):
            best, bad = loss, 0
        else:
            bad += 1
        if bad > PLATEAU_PATIENCE:
            bad, reductions = 0, reductions + 1
    return reductions
