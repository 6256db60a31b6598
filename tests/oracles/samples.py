"""Made-up labels and tiny trainings for the tests of the oracles."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paper_nas.child import Budget, SharedConfig
from paper_nas.datasets import ArchitectureDataset, skip_pattern_split
from paper_nas.space import Architecture, EnasSpace

BUDGET = Budget(channels=2, steps=2, batch_size=8, noise=0.1)
CONFIG = SharedConfig(channels=2, steps=3, batch_size=8, noise=0.1)
GAIN = np.array([0.3, 0.1, 0.5, 0.2, -0.4, -0.7])


def true_score(architecture: Architecture) -> float:
    """Depends on operations, on bits, and on both together."""
    gain, skips = GAIN[list(architecture.operations)], np.array(architecture.skips)
    return float(-2.0 + gain.mean() + 0.05 * skips.sum() - 0.3 * skips[3] * (gain[2] < 0))


def pattern_score(architecture: Architecture) -> float:
    """Depends on the bits only, in [0, 1]."""
    skips = np.array(architecture.skips)
    return float(np.round(0.70 + 0.003 * skips.sum() - 0.004 * skips[2] * skips[7], 4))


def digits_like(
    count: int = 500, labelled: float = 0.8, noise: float = 0.02, name: str = "made-up"
) -> ArchitectureDataset:
    """A set like enas-digits: noisy labels on some rows of both parts, NaN on the others."""
    rng = np.random.default_rng(5)
    architectures = EnasSpace().sample(count, seed=rng)
    scores = np.array([true_score(a) for a in architectures]) + noise * rng.standard_normal(count)
    scores[rng.random(count) > labelled] = np.nan
    return _dataset(name, architectures, scores)


def cifar_like(count: int = 600, name: str = "made-up") -> ArchitectureDataset:
    """A set like enas-cifar10: the bits decide the label; most patterns are there twice."""
    first = EnasSpace().sample(count // 2, skip_probability=0.4, seed=3)
    others = EnasSpace().sample(count // 2, seed=4)
    again = [Architecture(b.operations, a.skips) for a, b in zip(first, others, strict=True)]
    architectures = [*first, *again]
    return _dataset(name, architectures, np.array([pattern_score(a) for a in architectures]))


def _dataset(
    name: str, architectures: list[Architecture], scores: np.ndarray
) -> ArchitectureDataset:
    return ArchitectureDataset(
        name=name,
        architectures=architectures,
        accuracy=scores,
        train_index=(parts := skip_pattern_split(architectures))[0],
        test_index=parts[1],
        split="skip-pattern",
        sha256="0" * 64,
        path=Path("nowhere"),
    )
