"""Batches of labelled DAGs as tensors.

Glossary of shapes: ``B`` graphs, ``N`` vertices (padded), ``K`` vertex types.

Vertices are numbered in topological order, so ``adjacency`` is strictly upper triangular for a
DAG. A graph with fewer than ``N`` vertices is padded at its end: type START, no edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from paper_nas.space import (
    END,
    MAX_LAYERS,
    NUM_VERTEX_TYPES,
    START,
    VERTEX_NAMES,
    Architecture,
    num_skip_bits,
)


@dataclass(frozen=True, eq=False)
class GraphBatch:
    """``B`` labelled DAGs of 2 to ``N`` vertices.

    Attributes:
        types: ``[B, N]`` int64, vertex types (:data:`paper_nas.space.VERTEX_NAMES`).
        adjacency: ``[B, N, N]`` float32, entry ``[b, u, v]`` is 1 for the edge ``u -> v``.
        num_vertices: ``[B]`` int64, in ``2 .. N``.

    Raises:
        ValueError: Shapes that do not fit, a type, vertex count or adjacency entry out of range or
            of the wrong kind, or an edge that does not go from a lower to a higher present vertex.
    """

    types: Tensor
    adjacency: Tensor
    num_vertices: Tensor

    def __post_init__(self) -> None:
        """Bring the tensors to their standard types, check them, and blank the padding."""
        types, counts = _whole(self.types, "types"), _whole(self.num_vertices, "num_vertices")
        adjacency = _exact(self.adjacency)
        _check(types, adjacency, counts)
        present = torch.arange(types.shape[1], device=types.device) < counts[:, None]
        object.__setattr__(self, "types", types.masked_fill(~present, START))
        object.__setattr__(self, "adjacency", adjacency)
        object.__setattr__(self, "num_vertices", counts)

    @classmethod
    def from_architectures(
        cls, architectures: Sequence[Architecture], max_vertices: int = 8
    ) -> GraphBatch:
        """The graphs of some architectures.

        Args:
            architectures: ``B`` architectures, of any mixture of numbers of layers.
            max_vertices: ``N``; an architecture has ``num_layers + 2`` vertices.

        Raises:
            ValueError: An architecture has more than ``max_vertices`` vertices, or these are less
                than the two of every graph.
        """
        if max_vertices < 2:
            raise ValueError(f"max_vertices must be at least 2, not {max_vertices}")
        layers = np.array([a.num_layers for a in architectures], dtype=np.int64)
        if layers.size and layers.max() + 2 > max_vertices:
            raise ValueError(
                f"{layers.max()} layers make {layers.max() + 2} vertices, more than "
                f"max_vertices={max_vertices}"
            )
        types = np.full((len(architectures), max_vertices), START, dtype=np.int64)
        adjacency = np.zeros((len(architectures), max_vertices, max_vertices), dtype=np.float32)
        for length in np.unique(layers):
            rows = np.flatnonzero(layers == length)
            chosen = [architectures[row] for row in rows.tolist()]
            operations = np.array([a.operations for a in chosen])
            skips = np.array([a.skips for a in chosen], dtype=np.float32)
            types[rows, 1 : length + 1] = operations + 2
            types[rows, length + 1] = END
            chain = np.arange(length + 1)
            adjacency[rows[:, None], chain, chain + 1] = 1.0
            sources, targets = skip_positions(int(length))
            adjacency[rows[:, None], sources, targets] = skips
        return cls(
            torch.from_numpy(types), torch.from_numpy(adjacency), torch.from_numpy(layers + 2)
        )

    @classmethod
    def concatenate(cls, batches: Sequence[GraphBatch]) -> GraphBatch:
        """One batch of the graphs of several, in order.

        Raises:
            ValueError: No batch, or batches of different ``N``.
        """
        if len({batch.max_vertices for batch in batches}) != 1:
            raise ValueError("batches to concatenate must be at least one and have the same N")
        return cls(
            torch.cat([batch.types for batch in batches]),
            torch.cat([batch.adjacency for batch in batches]),
            torch.cat([batch.num_vertices for batch in batches]),
        )

    def to_architectures(self) -> list[Architecture | None]:
        """The architectures, with ``None`` where a graph is no valid one of 1 to 12 layers."""
        usable = self.is_valid() & (self.num_vertices >= 3) & (self.num_vertices <= MAX_LAYERS + 2)
        types, adjacency = self.types.numpy(force=True), self.adjacency.numpy(force=True)
        result: list[Architecture | None] = []
        for row, (valid, count) in enumerate(
            zip(usable.tolist(), self.num_vertices.tolist(), strict=True)
        ):
            if not valid:
                result.append(None)
                continue
            sources, targets = skip_positions(count - 2)
            operations = (types[row, 1 : count - 1] - 2).tolist()
            skips = adjacency[row, sources, targets].astype(int).tolist()
            result.append(Architecture(tuple(operations), tuple(skips)))
        return result

    def to_networkx(self) -> list[nx.DiGraph]:
        """One :class:`networkx.DiGraph` per graph, with vertex names in ``"operation"``."""
        graphs = []
        for types, adjacency, count in zip(
            self.types.tolist(), self.adjacency.numpy(force=True), self.num_vertices, strict=True
        ):
            graph = nx.DiGraph()
            for vertex, kind in enumerate(types[: int(count)]):
                graph.add_node(vertex, operation=VERTEX_NAMES[kind])
            graph.add_edges_from(np.argwhere(adjacency > 0).tolist())
            graphs.append(graph)
        return graphs

    @property
    def present(self) -> Tensor:
        """``[B, N]`` bool: which vertices exist."""
        return (
            torch.arange(self.max_vertices, device=self.types.device) < self.num_vertices[:, None]
        )

    @property
    def max_vertices(self) -> int:
        """``N``."""
        return self.types.shape[1]

    def __len__(self) -> int:
        """``B``."""
        return self.types.shape[0]

    def __getitem__(self, index: Tensor | Sequence[int] | np.ndarray | slice | int) -> GraphBatch:
        """The graphs at ``index``; an integer gives a batch of one graph.

        Raises:
            IndexError: There is no such row, or the index is neither integers nor ``B`` booleans.
        """
        if not isinstance(index, slice):
            index = _rows(index).to(self.types.device)
        return GraphBatch(self.types[index], self.adjacency[index], self.num_vertices[index])

    def to(self, device: torch.device | str) -> GraphBatch:
        """The same graphs on another device."""
        return GraphBatch(
            self.types.to(device), self.adjacency.to(device), self.num_vertices.to(device)
        )

    def equals(self, other: GraphBatch) -> Tensor:
        """Graph by graph equality: same vertex count, types and edges at every index.

        There is no isomorphism test (released_code_spec section 7).

        Args:
            other: ``B`` graphs, or one graph to compare with all.

        Returns:
            ``[B]`` bool.

        Raises:
            ValueError: The batches have different ``N``, or numbers of graphs that do not fit.
        """
        if self.max_vertices != other.max_vertices:
            raise ValueError(f"max_vertices differ: {self.max_vertices}, {other.max_vertices}")
        if len(other) not in (1, len(self)):
            raise ValueError(f"{len(self)} graphs cannot be compared with {len(other)} graphs")
        same_count = self.num_vertices == other.num_vertices
        same_types = (self.types == other.types).all(dim=1)
        same_edges = (self.adjacency == other.adjacency).all(dim=2).all(dim=1)
        return same_count & same_types & same_edges

    def is_valid(self) -> Tensor:
        """Validity of every graph as an ENAS architecture (released_code_spec section 7).

        The same conditions as :func:`paper_nas.space.is_valid_graph`; acyclic is implied by the
        vertex order that every batch has.

        Returns:
            ``[B]`` bool.
        """
        present = self.present
        is_start = (self.types == START) & present
        is_end = (self.types == END) & present
        one_each = (is_start.sum(1) == 1) & (is_end.sum(1) == 1)
        in_degree, out_degree = self.adjacency.sum(1), self.adjacency.sum(2)
        fed = (~present | is_start | (in_degree > 0)).all(1)
        feeding = (~present | is_end | (out_degree > 0)).all(1)
        inner = torch.arange(self.max_vertices - 1, device=self.types.device)
        chain_edge = self.adjacency.diagonal(offset=1, dim1=1, dim2=2) > 0
        chain = (chain_edge | (inner >= self.num_vertices[:, None] - 2)).all(1)
        single = ((in_degree == 1) | ~is_end).all(1)
        return one_each & fed & feeding & chain & single


def skip_positions(num_layers: int) -> tuple[np.ndarray, np.ndarray]:
    """Source and target vertex of each free skip bit, in the order of ``Architecture.skips``.

    Returns:
        Two int arrays of ``num_layers (num_layers - 1) / 2`` entries.
    """
    pairs = [(u, v) for v in range(2, num_layers + 1) for u in range(v - 1)]
    assert len(pairs) == num_skip_bits(num_layers)
    sources = np.array([u for u, _ in pairs], dtype=np.int64)
    targets = np.array([v for _, v in pairs], dtype=np.int64)
    return sources, targets


def _whole(values: Tensor, what: str) -> Tensor:
    """Integers as int64; fractions would be cut off, so floats are refused."""
    tensor = torch.as_tensor(values)
    fractions = tensor.is_floating_point() or tensor.dtype.is_complex
    if tensor.dtype == torch.bool or (tensor.numel() and fractions):
        raise ValueError(f"{what} must be integers, not {tensor.dtype}")
    return tensor.long()


def _exact(adjacency: Tensor) -> Tensor:
    """An adjacency as float32, if that does not round it."""
    tensor = torch.as_tensor(adjacency)
    if tensor.dtype.is_complex:
        raise ValueError(f"adjacency entries must be 0 or 1, not {tensor.dtype}")
    single = tensor.to(torch.float32)
    if tensor.dtype == torch.float64 and not torch.equal(single.double(), tensor):
        raise ValueError("adjacency entries must be 0 or 1")
    return single


def _rows(index: Tensor | Sequence[int] | np.ndarray | int) -> Tensor:
    """An index as one row of int64, or of booleans."""
    array = index.numpy(force=True) if isinstance(index, Tensor) else np.asarray(index)
    if array.size == 0 and array.dtype.kind == "f":  # NumPy's idea of an empty list
        array = array.astype(np.int64)
    dimensions = (1,) if array.dtype == bool else (0, 1)
    if array.dtype.kind not in "iub" or array.ndim not in dimensions:
        raise IndexError(
            f"an index is an integer, a slice, or one row of integers or booleans; not "
            f"{array.dtype} of shape {list(array.shape)}"
        )
    rows = np.atleast_1d(array.astype(bool if array.dtype.kind == "b" else np.int64))
    if (rows != array).any():
        raise IndexError(f"no such rows: {array.max()}")
    return torch.from_numpy(rows)


def _check(types: Tensor, adjacency: Tensor, counts: Tensor) -> None:
    if types.dim() != 2 or types.shape[1] < 2:
        raise ValueError(f"types must be [B, N] with N >= 2, not {list(types.shape)}")
    batch, size = types.shape
    if adjacency.shape != (batch, size, size) or counts.shape != (batch,):
        raise ValueError(
            f"shapes do not fit: types {list(types.shape)}, adjacency {list(adjacency.shape)}, "
            f"num_vertices {list(counts.shape)}"
        )
    if batch == 0:
        return
    if counts.min() < 2 or counts.max() > size:
        raise ValueError(f"num_vertices must be in 2..{size}")
    present = torch.arange(size, device=types.device) < counts[:, None]
    outside = (types < 0) | (types >= NUM_VERTEX_TYPES)
    if (outside & present).any():
        raise ValueError(f"vertex types must be in 0..{NUM_VERTEX_TYPES - 1}")
    if not ((adjacency == 0) | (adjacency == 1)).all():
        raise ValueError("adjacency entries must be 0 or 1")
    if adjacency.tril().any() or (adjacency.any(dim=1) & ~present).any():
        raise ValueError("edges must go from a lower to a higher present vertex")
