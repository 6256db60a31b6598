"""Properties of architectures as graphs.

Glossary of shapes: ``M`` graphs of equal size, ``N`` vertices. START and END count as vertices
everywhere.

Source: paper section 4.4; released_code_spec section 11 for what the two properties of Figures 7
and 8 are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paper_nas.graphs import GraphBatch
from paper_nas.space import Architecture

Floats = NDArray[np.float64]

PROPERTY_NAMES: dict[str, str] = {
    "skips": "number of skips",
    "depth": "longest path",
    "shortest_path": "shortest path from START to END",
    "paths": "number of paths from START to END",
    "density": "density",
    "mean_path_length": "average path length",
    "transitivity": "clustering coefficient (global)",
    "mean_clustering": "clustering coefficient (mean of local)",
}
"""The properties that :func:`graph_properties` computes, and what a figure calls them."""


def graph_properties(architectures: Sequence[Architecture]) -> dict[str, Floats]:
    """Compute the properties of :data:`PROPERTY_NAMES` for each architecture.

    Args:
        architectures: Any number, of any mixture of sizes.

    Returns:
        For each property an array with one value per architecture, in their order.
    """
    layers = np.array([architecture.num_layers for architecture in architectures], dtype=int)
    result = {name: np.zeros(len(architectures)) for name in PROPERTY_NAMES}
    for size in np.unique(layers):
        rows = np.flatnonzero(layers == size)
        group = [architectures[row] for row in rows.tolist()]
        batch = GraphBatch.from_architectures(group, max_vertices=int(size) + 2)
        for name, values in adjacency_properties(batch.adjacency.numpy()).items():
            result[name][rows] = values
    return result


def adjacency_properties(adjacency: ArrayLike) -> dict[str, Floats]:
    """Compute the properties of graphs given by their adjacency matrices.

    - ``skips``: edges other than ``i -> i + 1``.
    - ``depth``: edges of the longest directed path. With the chain present, as in every ENAS
      architecture, this is ``N - 1`` whatever the skips; only graphs without a chain edge differ.
    - ``shortest_path``: edges of the shortest path from the first vertex to the last; what skips
      do change. ``inf`` without any path.
    - ``paths``: number of different directed paths from vertex 0 to the last.
    - ``density``: edges divided by ``N (N - 1)``.
    - ``mean_path_length``: mean over ordered pairs ``(u, v)``, ``u != v``, with a directed path
      from ``u`` to ``v``, of its least number of edges; 0 without edges.
    - ``transitivity``: 3 x triangles / connected triples of the undirected graph; 0 without
      triples.
    - ``mean_clustering``: mean over vertices of the share of pairs of neighbours that are
      themselves joined (undirected); 0 for a vertex with fewer than two neighbours.

    Args:
        adjacency: ``[M, N, N]``; entry ``[m, u, v]`` is 1 for an edge ``u -> v``, with ``u < v``.

    Returns:
        For each property an array ``[M]``.

    Raises:
        ValueError: Another shape, an entry that is not 0 or 1, or an edge against the order.
    """
    edges = np.asarray(adjacency, dtype=np.float64)
    if edges.ndim != 3 or edges.shape[1] != edges.shape[2] or edges.shape[1] < 2:
        raise ValueError(f"adjacency must be [M, N, N] with N >= 2, not {list(edges.shape)}")
    if not np.isin(edges, (0.0, 1.0)).all() or np.tril(edges).any():
        raise ValueError("adjacency must hold zeros and ones, the ones above the diagonal")
    size = edges.shape[1]
    count = edges.sum(axis=(1, 2))
    distance = _distances(edges)
    reachable = np.isfinite(distance)
    total = np.where(reachable, distance, 0.0).sum(axis=(1, 2))
    triangles, triples = _triangles_and_triples(edges + edges.swapaxes(1, 2))
    local = _ratio(triangles, triples)
    return {
        "skips": count - np.trace(edges, offset=1, axis1=1, axis2=2),
        "depth": _longest_path(edges),
        "shortest_path": distance[:, 0, -1],
        "paths": _count_paths(edges),
        "density": count / (size * (size - 1)),
        "mean_path_length": _ratio(total, reachable.sum(axis=(1, 2))),
        "transitivity": _ratio(triangles.sum(axis=1), triples.sum(axis=1)),
        "mean_clustering": local.mean(axis=1),
    }


def _ratio(numerator: Floats, denominator: NDArray[np.generic]) -> Floats:
    """Quotient, with 0 where the denominator is 0."""
    result: Floats = np.divide(
        numerator, denominator, out=np.zeros_like(numerator), where=denominator != 0
    )
    return result


def _distances(edges: Floats) -> Floats:
    """Edges of the shortest directed path ``[M, N, N]``; ``inf`` where there is none."""
    distance = np.full(edges.shape, np.inf)
    walks = edges
    for length in range(1, edges.shape[1]):
        distance[np.isinf(distance) & (walks > 0)] = length
        walks = walks @ edges
    return distance


def _longest_path(edges: Floats) -> Floats:
    """Edges ``[M]`` of the longest path, by one pass in topological order."""
    longest = np.zeros(edges.shape[:2])
    for vertex in range(1, edges.shape[1]):
        before = (longest[:, :vertex] + 1) * edges[:, :vertex, vertex]
        longest[:, vertex] = before.max(axis=1)
    result: Floats = longest.max(axis=1)
    return result


def _count_paths(edges: Floats) -> Floats:
    """Directed paths ``[M]`` from the first vertex to the last, by one pass in their order."""
    paths = np.zeros(edges.shape[:2])
    paths[:, 0] = 1
    for vertex in range(1, edges.shape[1]):
        paths[:, vertex] = (paths[:, :vertex] * edges[:, :vertex, vertex]).sum(axis=1)
    result: Floats = paths[:, -1]
    return result


def _triangles_and_triples(joined: Floats) -> tuple[Floats, Floats]:
    """Triangles at, and pairs of neighbours of, each vertex ``[M, N]`` of undirected graphs."""
    triangles = ((joined @ joined) * joined).sum(axis=2) / 2
    degree = joined.sum(axis=2)
    return triangles, degree * (degree - 1) / 2
