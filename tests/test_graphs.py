"""Batches of graphs."""

from __future__ import annotations

import networkx as nx
import pytest
import torch

from paper_nas.graphs import GraphBatch, skip_positions
from paper_nas.space import END, START, Architecture, EnasSpace, is_valid_graph
from tests.samples import mixed_architectures, random_dags


def test_round_trip_of_mixed_sizes() -> None:
    architectures = mixed_architectures(60)
    batch = GraphBatch.from_architectures(architectures)
    assert batch.types.shape == (60, 8)
    assert batch.adjacency.shape == (60, 8, 8)
    assert batch.num_vertices.tolist() == [a.num_layers + 2 for a in architectures]
    assert bool(batch.is_valid().all())
    assert batch.to_architectures() == architectures


def test_the_tensors_are_the_graph() -> None:
    architecture = EnasSpace(3).sample(1, seed=1)[0]
    batch = GraphBatch.from_architectures([architecture])
    expected = torch.zeros(8, 8)
    for source, target in architecture.edges:
        expected[source, target] = 1
    assert torch.equal(batch.adjacency[0], expected)
    assert batch.types[0, :5].tolist() == list(architecture.vertex_types)
    assert batch.types[0, 5:].tolist() == [START] * 3
    assert batch.present[0].tolist() == [True] * 5 + [False] * 3
    ours = batch.to_networkx()[0]
    assert nx.utils.graphs_equal(ours, architecture.to_networkx())


@pytest.mark.parametrize("density", [0.3, 0.9])
def test_validity_agrees_with_networkx(density: float) -> None:
    batch = random_dags(300, 4, density=density)
    candidates = [batch, GraphBatch.from_architectures(mixed_architectures(100, max_layers=2), 4)]
    verdicts = []
    for graphs in candidates:
        verdicts += graphs.is_valid().tolist()
        assert graphs.is_valid().tolist() == [is_valid_graph(g) for g in graphs.to_networkx()]
    assert True in verdicts
    assert False in verdicts


@pytest.mark.parametrize("change", ["chain", "type", "end", "loose"])
def test_one_flaw_makes_an_architecture_invalid(change: str) -> None:
    batch = GraphBatch.from_architectures([Architecture((1, 2, 3), (0, 1, 0))], 6)
    types, adjacency = batch.types.clone(), batch.adjacency.clone()
    if change == "chain":
        adjacency[0, 1, 2], adjacency[0, 0, 2], adjacency[0, 1, 3] = 0, 1, 1
    elif change == "type":
        types[0, 2] = START
    elif change == "end":
        adjacency[0, 2, 4] = 1
    else:
        adjacency[0, 3, 4], adjacency[0, 2, 4] = 0, 1
    changed = GraphBatch(types, adjacency, batch.num_vertices)
    assert batch.is_valid().tolist() == [True]
    assert changed.is_valid().tolist() == [False]
    assert changed.to_architectures() == [None]


def test_a_graph_without_layers_is_valid_but_no_architecture() -> None:
    adjacency = torch.zeros(1, 8, 8)
    adjacency[0, 0, 1] = 1
    batch = GraphBatch(torch.tensor([[START, END, 0, 0, 0, 0, 0, 0]]), adjacency, torch.tensor([2]))
    assert batch.is_valid().tolist() == [True]
    assert batch.to_architectures() == [None]


def test_equality_compares_count_types_and_edges() -> None:
    batch = random_dags(50, 6, seed=1)
    assert bool(batch.equals(batch[torch.arange(50)]).all())
    assert batch.equals(batch[[3]]).sum() >= 1
    types = batch.types.clone()
    types[:, 0] = (types[:, 0] + 1) % 8
    assert not batch.equals(GraphBatch(types, batch.adjacency, batch.num_vertices)).any()
    edges = batch.adjacency.clone()
    edges[:, 0, 1] = 1 - edges[:, 0, 1]
    assert not batch.equals(GraphBatch(batch.types, edges, batch.num_vertices)).any()
    longer = batch[batch.num_vertices < 6]
    grown = GraphBatch(longer.types, longer.adjacency, longer.num_vertices + 1)
    assert not longer.equals(grown).any()
    with pytest.raises(ValueError, match="max_vertices"):
        batch.equals(random_dags(50, 5))


def test_what_lies_in_the_padding_does_not_matter() -> None:
    types = torch.tensor([[START, 4, END, 7, 5]])
    adjacency = torch.zeros(1, 5, 5)
    adjacency[0, 0, 1] = adjacency[0, 1, 2] = 1
    batch = GraphBatch(types, adjacency, torch.tensor([3]))
    assert bool(batch.equals(GraphBatch.from_architectures([Architecture((2,), ())], 5)))


def test_concatenation_is_the_inverse_of_cutting() -> None:
    batch = random_dags(10, 5)
    again = GraphBatch.concatenate([batch[:3], batch[3:4], batch[4:]])
    assert len(again) == 10
    assert bool(again.equals(batch).all())
    with pytest.raises(ValueError, match="same N"):
        GraphBatch.concatenate([batch, random_dags(2, 6)])
    with pytest.raises(ValueError, match="at least one"):
        GraphBatch.concatenate([])


def test_indexing_keeps_a_batch() -> None:
    batch = random_dags(10, 5)
    assert len(batch[3]) == 1
    assert len(batch[2:7]) == 5
    assert bool(batch[[4, 4]].equals(batch[4]).all())
    assert len(batch[batch.num_vertices >= 2]) == 10
    assert batch.to("cpu").max_vertices == 5


@pytest.mark.parametrize(
    ("types", "edges", "counts", "message"),
    [
        ([[0, 1]], [[[0, 0], [1, 0]]], [2], "lower to a higher"),
        ([[0, 1]], [[[1, 0], [0, 0]]], [2], "lower to a higher"),
        ([[0, 1, 1]], [[[0, 1, 1], [0, 0, 0], [0, 0, 0]]], [2], "present"),
        ([[0, 9]], [[[0, 1], [0, 0]]], [2], "types"),
        ([[0, 1]], [[[0, 0.5], [0, 0]]], [2], "0 or 1"),
        ([[0, 1]], [[[0, 1], [0, 0]]], [3], "num_vertices"),
        ([[0, 1]], [[[0, 1], [0, 0]]], [1], "num_vertices"),
        ([[0, 1]], [[0, 1], [0, 0]], [2], "shapes"),
        ([0, 1], [[[0, 1], [0, 0]]], [2], r"\[B, N\]"),
    ],
)
def test_inconsistent_tensors_are_refused(
    types: list, edges: list, counts: list, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        GraphBatch(torch.tensor(types), torch.tensor(edges), torch.tensor(counts))


def test_too_many_layers_are_refused() -> None:
    with pytest.raises(ValueError, match="max_vertices=8"):
        GraphBatch.from_architectures(EnasSpace(7).sample(1))


def test_empty_batches_are_fine() -> None:
    batch = GraphBatch.from_architectures([])
    assert len(batch) == 0
    assert batch.to_architectures() == []
    assert batch.is_valid().tolist() == []


def test_skip_positions_follow_the_flat_bits() -> None:
    sources, targets = skip_positions(4)
    assert list(zip(sources.tolist(), targets.tolist(), strict=True)) == [
        (0, 2), (0, 3), (1, 3), (0, 4), (1, 4), (2, 4),
    ]  # fmt: skip
