"""The last step of the paper's protocol: the best architectures found, trained from scratch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from paper_nas.benchmark import DIGITS_BENCHMARK
from paper_nas.cache import REVISION, Cache
from paper_nas.child import (
    CIFAR10_FINAL,
    Budget,
    ImageSet,
    StandaloneResult,
    load_images,
    train_standalone,
)
from paper_nas.search.trial import Evaluation


def full_training(dataset: str) -> tuple[ImageSet, Budget]:
    """Images and budget of the final training that belongs to a data set.

    For ``enas-cifar10`` these are CIFAR-10 and the released code's 310 epochs, with its separable
    convolutions that are plain ones: hours on a GPU, for each architecture.

    Raises:
        DatasetUnavailable: CIFAR-10 is not there.
    """
    if dataset == "enas-cifar10":
        budget = CIFAR10_FINAL.changed(released_quirk=True)
        return load_images("cifar10", split="final"), budget
    return DIGITS_BENCHMARK.load_images(), DIGITS_BENCHMARK.budget


def train_top(
    top: Mapping[str, Sequence[Evaluation]],
    images: ImageSet,
    budget: Budget,
    seeds: int,
    cache: str | Path,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> list[dict[str, Any]]:
    """Train the best architectures of each method with several seeds.

    Each training is kept in ``cache`` as soon as it is done, so a stopped run goes on from there.

    Args:
        top: Evaluations by method, best first.
        images: What to train on.
        budget: How.
        seeds: Trainings of each architecture.
        cache: Folder for results.
        device: Where to compute.
        progress: Show a progress bar.

    Returns:
        One row per method and rank, ready for JSON: ``method``, ``rank``, ``architecture``, the
        ``found`` score and its ``source``, and of each seed the accuracy on the test images and,
        where there are validation images, the negative logarithm of the log-loss on these
        (``None`` otherwise).
    """
    stored = Cache(cache)
    different = dict.fromkeys(e.architecture for members in top.values() for e in members)
    tasks = [(a, seed) for seed in range(seeds) for a in different if a is not None]
    results: dict[Any, dict[str, Any]] = {}
    for architecture, seed in tqdm(tasks, unit="training", disable=not progress):
        key = {
            "revision": REVISION,
            "architecture": str(architecture),
            "budget": budget.to_json_dict(),
            "images": images.sha256,
            "seed": seed,
        }
        value = stored.read_json(key)
        if value is None:
            value = _outcome(train_standalone(architecture, images, budget, seed, device))
            stored.write_json(key, value)
        results[architecture, seed] = value
    return [
        _row(method, rank, evaluation, [results[evaluation.architecture, s] for s in range(seeds)])
        for method, members in top.items()
        for rank, evaluation in enumerate(members, start=1)
    ]


def _outcome(result: StandaloneResult) -> dict[str, Any]:
    """What is kept of a training; the log-loss is ``None`` without validation images."""
    loss = result.validation_nll
    return {
        "test_accuracy": result.test_accuracy,
        "validation_nll": loss if math.isfinite(loss) else None,
        "parameters": result.parameters,
        "cpu_seconds": result.cpu_seconds,
    }


def _row(
    method: str, rank: int, evaluation: Evaluation, results: list[dict[str, Any]]
) -> dict[str, Any]:
    losses = [result["validation_nll"] for result in results]
    return {
        "method": method,
        "rank": rank,
        "architecture": str(evaluation.architecture),
        "found": evaluation.score,
        "source": evaluation.source,
        "parameters": results[0]["parameters"],
        "test_accuracy": [result["test_accuracy"] for result in results],
        "score": None if None in losses else [-math.log(loss) for loss in losses],
    }
