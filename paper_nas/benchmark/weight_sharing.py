"""Weight-sharing scores, and what they say about stand-alone training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from paper_nas.benchmark.gate import spearman
from paper_nas.benchmark.settings import BenchmarkConfig
from paper_nas.cache import REVISION, Cache, default_cache
from paper_nas.child import (
    STATISTICS,
    ImageSet,
    SharedChildNetwork,
    SharedConfig,
    SharedScores,
    fine_tune,
    train_shared,
)
from paper_nas.space import Architecture
from paper_nas.statistics import bootstrap_interval

REPEATS = 500
FINE_TUNING_STEPS = (5, 20)
COMPARED = 1_000
"""Architectures, trained alone, that the ways of scoring are compared on."""

FINE_TUNED = 100
"""Of these, how many are fine-tuned, one after another."""


def supernet(
    config: SharedConfig,
    images: ImageSet,
    seed: int,
    folder: str | Path | None = None,
    progress: bool = False,
) -> SharedChildNetwork:
    """The shared network of one seed: from a cache if an equal training is there, else trained.

    Args:
        config: How to train.
        images: The images.
        seed: The seed.
        folder: The cache; by default :func:`paper_nas.cache.default_cache`.
        progress: Show a progress bar.

    Returns:
        The network, in evaluation mode.

    Raises:
        ValueError: The images have other noise than the configuration, or a batch is larger than
            the training part.
        TrainingDiverged: The loss became NaN or infinite.
    """
    images = images.with_noise(config.noise)
    key = {
        "revision": REVISION,
        "config": config.to_json_dict(),
        "images": images.sha256,
        "seed": seed,
    }

    def train() -> dict[str, Tensor]:
        return dict(train_shared(images, config, seed, progress=progress).network.state_dict())

    weights = Cache(Path(folder or default_cache()) / "shared").tensors(key, train)
    channels, classes = images.shape[0], images.num_classes
    network = SharedChildNetwork(
        config.num_layers, config.channels, channels, classes, config.keep_probability, seed
    )
    network.load_state_dict(weights)
    return network.eval()


def supernets(
    config: BenchmarkConfig, images: ImageSet, folder: Path, progress: bool = False
) -> list[SharedChildNetwork]:
    """The shared networks of a benchmark, one per seed; see :func:`supernet`."""
    return [
        supernet(config.shared, images, seed, folder, progress) for seed in range(config.supernets)
    ]


def score_all(
    config: BenchmarkConfig,
    networks: Sequence[SharedChildNetwork],
    architectures: Sequence[Architecture],
    images: ImageSet,
    folder: Path,
    progress: bool = False,
) -> list[SharedScores]:
    """Scores of all architectures in each shared network, from the folder if they are there.

    Args:
        config: The benchmark.
        networks: Its shared networks, as :func:`supernets` gives them.
        architectures: ``M`` of them.
        images: The images.
        folder: Where scores are kept.
        progress: Show a progress bar.
    """
    listing = "\n".join(str(architecture) for architecture in architectures)
    key = {
        "revision": REVISION,
        "config": config.shared.to_json_dict(),
        "statistics": config.statistics,
        "images": images.sha256,
        "architectures": hashlib.sha256(listing.encode()).hexdigest(),
    }
    cache, found = Cache(folder / "scores"), []
    for seed, network in enumerate(networks):

        def score(network: SharedChildNetwork = network) -> dict[str, Tensor]:
            scores = network.evaluate(
                architectures, images, statistics=config.statistics, progress=progress
            )
            return {name: torch.from_numpy(values) for name, values in scores._asdict().items()}

        tensors = cache.tensors({**key, "seed": seed}, score)
        found.append(SharedScores(**{name: tensors[name].numpy() for name in SharedScores._fields}))
    return found


def agreement(
    networks: Sequence[SharedChildNetwork],
    architectures: Sequence[Architecture],
    alone: np.ndarray,
    images: ImageSet,
    config: BenchmarkConfig,
) -> dict[str, Any]:
    """How weight-sharing scores order architectures that were trained alone.

    Args:
        networks: The shared networks.
        architectures: ``M`` of them; only the first :data:`COMPARED` are used.
        alone: ``[M]``, their NLL when trained alone.
        images: The images, with noise.
        config: The benchmark.

    Returns:
        Ready for JSON. ``ways``: for each way of scoring, Spearman's correlation with ``alone``
        (intervals over architectures) by each network and by the networks' mean NLL, and the
        accuracy of the architectures in the networks. For the benchmark's own way, too:
        ``between``, the correlation of two networks' scores with one another; and ``skips``, that
        of the number of skips with the scores and with ``alone``.
    """
    architectures, alone = architectures[:COMPARED], alone[:COMPARED]
    few = architectures[:FINE_TUNED]
    ways = {
        f"{statistics} statistics": np.array(
            [n.evaluate(architectures, images, statistics=statistics) for n in networks]
        )
        for statistics in STATISTICS
    }
    own = ways[f"{config.statistics} statistics"]
    ways[f"the same, {len(few)} of them"] = own[:, :, : len(few)]
    for steps in FINE_TUNING_STEPS:
        tuned = [[fine_tune(n, a, images, config.shared, steps) for a in few] for n in networks]
        ways[f"fine-tuned {steps} steps"] = np.array(tuned).swapaxes(1, 2)
    nll = own[:, 1]
    pairs = [(i, j) for i in range(len(networks)) for j in range(i)]
    skips = np.array([sum(architecture.skips) for architecture in architectures])
    return {
        "architectures": len(architectures),
        "ways": {name: _orderings(scores, alone) for name, scores in ways.items()},
        "between": [_spearman(nll[i], nll[j]) for i, j in pairs],
        "skips": {
            "weight sharing": [_spearman(skips, -row) for row in nll],
            "alone": _spearman(skips, -alone),
        },
    }


def _orderings(scores: np.ndarray, alone: np.ndarray) -> dict[str, Any]:
    """Correlations of accuracies and NLL ``[S, 2, M]``, and of their means, with ``[M]``."""
    alone = alone[: scores.shape[2]]
    return {
        "architectures": len(alone),
        "accuracy": float(scores[:, 0].mean()),
        "by network": [_spearman(row, alone) for row in scores[:, 1]],
        "by their mean": _spearman(scores[:, 1].mean(axis=0), alone),
    }


def _spearman(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    return bootstrap_interval(spearman, first, second, repeats=REPEATS)
