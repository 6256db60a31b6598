"""What the models of the arms are trained on: architectures drawn with a tilt, scored by a model.

The scores are those of the surrogate of ``enas-digits``, which answers for any architecture and
without the noise of a single training; in it, unlike in the data of the paper, operations matter.
"""

from __future__ import annotations

import functools
import hashlib

import numpy as np
from numpy.typing import NDArray

from paper_nas.datasets import ArchitectureDataset, load_dataset
from paper_nas.datasets.splits import skip_pattern_split
from paper_nas.oracles import Oracle, SurrogateOracle
from paper_nas.space import NUM_OPERATIONS, Architecture, EnasSpace

POOL, COUNT, DATA_SEED = 100_000, 6_000, 0
ARM_DATA = "enas-digits, surrogate, tilt "
"""Names of the sets of architectures begin so."""
PROBES = 2_000
"""Architectures in which one operation is put in the place of another."""


@functools.cache
def surrogate() -> Oracle:
    """The oracle that scores the arms' architectures."""
    return SurrogateOracle(load_dataset("enas-digits"))


def tilted_sample(
    scores: NDArray[np.float64], count: int, tilt: float, seed: int
) -> NDArray[np.int64]:
    """Draw rows one after another, without repetition, with odds proportional to ``exp(tilt * z)``.

    The Gumbel top-k trick: the ``count`` largest of ``tilt * z`` plus Gumbel noise are such a
    draw. With ``tilt = 0`` it is uniform; a strong tilt takes nearly all of the best rows.

    Args:
        scores: ``[P]``; ``z`` are these, standardised.
        count: Rows to draw.
        tilt: Strength; with 2, a row two standard deviations above the mean is 55 times as likely
            to be drawn first as one at the mean.
        seed: Of the noise, so that two tilts of one seed share what they can.

    Returns:
        ``[count]`` row numbers, ascending.

    Raises:
        ValueError: Fewer rows than are to be drawn.
    """
    if count > len(scores):
        raise ValueError(f"{count} of {len(scores)} rows cannot be drawn")
    keys = tilt * (scores - scores.mean()) / scores.std()
    keys = keys + np.random.default_rng(seed).gumbel(size=len(scores))
    drawn: NDArray[np.int64] = np.sort(np.argpartition(-keys, count - 1)[:count])
    return drawn


@functools.cache
def arm_dataset(
    tilt: float, count: int = COUNT, pool: int = POOL, seed: int = DATA_SEED
) -> ArchitectureDataset:
    """Architectures drawn with a tilt from a uniform pool, with surrogate scores.

    No skip pattern is in both the training and the test part.

    Args:
        tilt: See :func:`tilted_sample`.
        count: Architectures.
        pool: Uniformly drawn architectures that they are drawn from.
        seed: Of everything.
    """
    drawn, scores = _pool(pool, seed)
    rows = tilted_sample(scores, count, tilt, seed)
    architectures = [drawn[row] for row in rows]
    train, test = skip_pattern_split(architectures, seed)
    return ArchitectureDataset(
        name=f"{ARM_DATA}{tilt:g}",
        architectures=architectures,
        accuracy=scores[rows],
        train_index=train,
        test_index=test,
        split="skip-pattern",
        sha256=_checksum(architectures, scores[rows], labels_sha256()),
        path=load_dataset("enas-digits").path,
    )


@functools.cache
def _pool(size: int, seed: int) -> tuple[list[Architecture], NDArray[np.float64]]:
    """Uniformly drawn architectures and their scores."""
    drawn = EnasSpace().sample(size, seed=seed)
    return drawn, surrogate().score(drawn).values


@functools.cache
def labels_sha256() -> str:
    """Checksum of the labels that the surrogate is fitted to."""
    return load_dataset("enas-digits").sha256


def _checksum(architectures: list[Architecture], scores: NDArray[np.float64], origin: str) -> str:
    """Of the architectures, their scores to six digits, and the labels these come from."""
    text = "\n".join([origin, *map(str, architectures), *(f"{score:.6f}" for score in scores)])
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def operation_distances(probes: int = PROBES, seed: int = DATA_SEED) -> NDArray[np.float64]:
    """How much a score changes when one operation takes the place of another.

    Args:
        probes: Uniformly drawn architectures; in each, one layer goes through all operations.
        seed: Of the draw.

    Returns:
        ``[6, 6]`` root mean square differences, in standard deviations of uniform scores.
    """
    architectures = EnasSpace().sample(probes, seed=seed + 1)
    layers = np.random.default_rng(seed).integers(architectures[0].num_layers, size=probes)
    swapped = [
        Architecture((*a.operations[:layer], operation, *a.operations[layer + 1 :]), a.skips)
        for a, layer in zip(architectures, layers.tolist(), strict=True)
        for operation in range(NUM_OPERATIONS)
    ]
    scores = surrogate().score(swapped).values.reshape(probes, NUM_OPERATIONS)
    spread = surrogate().score(architectures).values.std()
    gaps = scores[:, :, None] - scores[:, None, :]
    distances: NDArray[np.float64] = np.sqrt((gaps**2).mean(axis=0)) / spread
    return distances
