"""The latent space in two dimensions, and how smoothly accuracy varies over it.

Source: paper section 4.5; released_code_spec section 10 for the projection of Figures 9 and 10.
Whether a space is smooth is measured here by neighbours: how well those of a point predict its
score, how like its own they are (Moran's I), and whether the best are each other's neighbours.

Glossary of shapes: ``R`` rows, ``D`` dimensions, ``k`` neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from paper_nas.datasets import ArchitectureDataset

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

PERPLEXITY = 30.0
"""Of the released code, and scikit-learn's default."""

NEIGHBOURS = (1, 10, 100)
"""How many neighbours predict."""

BEST_SHARE = 0.05
"""Share of the rows that count as the best."""

PERMUTATIONS = 100


@dataclass(frozen=True)
class Projection:
    """Points in two dimensions.

    Attributes:
        tsne: ``[R, 2]`` float32, centred.
        pca: ``[R, 2]`` float32, the first two principal components.
        explained: Share of the variance along each of the two components.
        divergence: Kullback-Leibler divergence that t-SNE ended with, in nats.
    """

    tsne: NDArray[np.float32]
    pca: NDArray[np.float32]
    explained: tuple[float, float]
    divergence: float


@dataclass(frozen=True)
class Smoothness:
    """How a score varies from a point to its nearest neighbours.

    Attributes:
        neighbours: ``k``.
        pearson: Correlation of a point's score with the mean score of its neighbours.
        rmse: Root mean square error of that mean as a prediction, in standard deviations.
        moran: Moran's I: the slope of that mean on the score, 1 where neighbours are equal.
        best: Of the neighbours of the best rows, the share that is among the best.
        permuted_pearson: The largest correlation among permutations of the scores.
        permuted_moran: Likewise.
        permuted_best: Likewise.
    """

    neighbours: int
    pearson: float
    rmse: float
    moran: float
    best: float
    permuted_pearson: float
    permuted_moran: float
    permuted_best: float


def project_latents(
    latents: ArrayLike, seed: int = 0, perplexity: float = PERPLEXITY, iterations: int = 1_000
) -> Projection:
    """Project points to two dimensions, by t-SNE and by principal components.

    t-SNE starts from the principal components, so that two runs of one seed agree and the large
    picture has a meaning; the released code starts from noise, without a seed.

    Args:
        latents: ``[R, D]``.
        seed: Of both.
        perplexity: Of t-SNE, roughly the number of neighbours that it tries to keep.
        iterations: Of t-SNE.

    Raises:
        ValueError: Not more rows than the perplexity, or fewer than two dimensions.
    """
    points = np.asarray(latents, dtype=np.float32)
    if points.ndim != 2 or points.shape[1] < 2 or len(points) <= perplexity:
        raise ValueError(f"more than {perplexity:g} rows of at least 2 wanted, not {points.shape}")
    pca = PCA(n_components=2, random_state=seed)
    components = pca.fit_transform(points)
    tsne = TSNE(perplexity=perplexity, max_iter=iterations, init="pca", random_state=seed)
    embedded = tsne.fit_transform(points)
    first, second = (float(share) for share in pca.explained_variance_ratio_)
    return Projection(
        tsne=(embedded - embedded.mean(axis=0)).astype(np.float32),
        pca=components.astype(np.float32),
        explained=(first, second),
        divergence=float(tsne.kl_divergence_),
    )


def nearest_neighbours(points: ArrayLike, count: int, families: ArrayLike | None = None) -> Indices:
    """The nearest rows of each row, itself and its family left out.

    Args:
        points: ``[R, D]``.
        count: ``k``.
        families: ``[R]`` labels; rows with the label of a row are not counted as its neighbours.
            By default only the row itself is left out.

    Returns:
        ``[R, k]`` row numbers, the nearest first.

    Raises:
        ValueError: Some row has fewer than ``count`` others.
    """
    table = np.asarray(points, dtype=np.float64)
    labels = np.arange(len(table)) if families is None else np.asarray(families)
    _, family, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if count < 1 or len(family) != len(table) or len(table) - sizes.max() < count:
        raise ValueError(f"{count} neighbours of each of {len(table)} rows cannot be had")
    search = NearestNeighbors(n_neighbors=count + int(sizes.max())).fit(table)
    found = search.kneighbors(table, return_distance=False)
    related = family[found] == family[:, None]
    order = np.argsort(related, axis=1, kind="stable")[:, :count]
    nearest: Indices = np.take_along_axis(found, order, axis=1)
    return nearest


def latent_smoothness(
    points: ArrayLike,
    scores: ArrayLike,
    neighbours: Sequence[int] = NEIGHBOURS,
    families: ArrayLike | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> list[Smoothness]:
    """How smoothly a score varies over a set of points.

    Args:
        points: ``[R, D]``, in a latent space or a projection of it.
        scores: ``[R]``.
        neighbours: Values of ``k``.
        families: As for :func:`nearest_neighbours`. With the skip patterns of ``enas-cifar10``,
            whose rows with one pattern have one score, looking a score up counts for nothing.
        permutations: Random reassignments of the scores to the points, for comparison.
        seed: Of the permutations.

    Raises:
        ValueError: As :func:`nearest_neighbours` does, or scores that do not vary.
    """
    y = np.asarray(scores, dtype=np.float64)
    nearest = nearest_neighbours(points, max(neighbours), families)
    if y.shape != (len(nearest),) or not y.std() > 0:
        raise ValueError(f"{len(nearest)} rows and scores {y.shape} that must vary")
    y = (y - y.mean()) / y.std()
    rng = np.random.default_rng(seed)
    orders = [np.arange(len(y)), *(rng.permutation(len(y)) for _ in range(permutations))]
    found = np.array([[_measure(y[order], nearest[:, :k]) for k in neighbours] for order in orders])
    true, chance = found[0], found[1:].max(axis=0, initial=-1.0)
    return [
        Smoothness(k, *map(float, true[i]), *(float(chance[i, j]) for j in (0, 2, 3)))
        for i, k in enumerate(neighbours)
    ]


def _measure(y: Floats, nearest: Indices) -> tuple[float, float, float, float]:
    """Correlation, error, Moran's I and share of the best, for standardised scores."""
    mean = y[nearest].mean(axis=1)
    moran = float(np.mean(y * mean))  # the mean of y is 0, its variance 1
    spread = mean.std()
    best = y >= np.quantile(y, 1 - BEST_SHARE)
    return (
        moran / spread if spread > 0 else 0.0,
        float(np.sqrt(np.mean((y - mean) ** 2))),
        moran,
        float(best[nearest[best]].mean()),
    )


@dataclass(frozen=True)
class Alikeness:
    """What an architecture and its nearest neighbours have in common.

    Attributes:
        operations: Mean share of the layers with the same operation.
        skips: Mean share of the free bits that agree.
        operations_by_chance: Share for two rows drawn at random.
        skips_by_chance: Likewise.
    """

    operations: float
    skips: float
    operations_by_chance: float
    skips_by_chance: float


def neighbours_alike(points: ArrayLike, dataset: ArchitectureDataset, count: int = 10) -> Alikeness:
    """What a space is arranged by: what neighbours have in common.

    Args:
        points: ``[R, D]``, one per row of the data set.
        dataset: ``R`` architectures.
        count: Neighbours of each.
    """
    nearest = nearest_neighbours(points, count)
    shares = []
    for table in (dataset.operation_choices(), dataset.skip_patterns()):
        same = np.mean([table == table[nearest[:, i]] for i in range(count)])
        counts = [np.bincount(column) / len(table) for column in table.T]
        shares.append((float(same), float(np.mean([(c**2).sum() for c in counts]))))
    (operations, chance), (skips, skips_chance) = shares
    return Alikeness(operations, skips, chance, skips_chance)


def pattern_families(dataset: ArchitectureDataset) -> Indices:
    """A number per skip pattern, ``[R]``, equal for rows that have the same."""
    families: Indices = np.unique(dataset.skip_patterns(), axis=0, return_inverse=True)[1]
    return families.reshape(-1)
