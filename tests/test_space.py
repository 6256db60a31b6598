"""Architectures and the ENAS space."""

from __future__ import annotations

import dataclasses
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paper_nas.space import (
    OPERATION_NAMES,
    Architecture,
    EnasSpace,
    is_valid_graph,
    num_skip_bits,
)

EXAMPLE = Architecture.from_row([[0], [5, 1], [2, 0, 1]])


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    layers = draw(st.integers(1, 12))
    bits = num_skip_bits(layers)
    operations = draw(st.lists(st.integers(0, 5), min_size=layers, max_size=layers))
    skips = draw(st.lists(st.integers(0, 1), min_size=bits, max_size=bits))
    return Architecture(tuple(operations), tuple(skips))


@given(architectures())
def test_row_and_string_round_trips(architecture: Architecture) -> None:
    assert Architecture.from_row(architecture.to_row()) == architecture
    assert Architecture.from_string(str(architecture)) == architecture
    assert hash(Architecture.from_string(str(architecture))) == hash(architecture)


@given(architectures())
def test_every_architecture_is_a_valid_graph(architecture: Architecture) -> None:
    graph = architecture.to_networkx()
    assert is_valid_graph(graph)
    assert graph.number_of_nodes() == architecture.num_layers + 2
    assert graph.number_of_edges() == architecture.num_layers + 1 + sum(architecture.skips)


def test_the_parts_of_an_architecture() -> None:
    assert EXAMPLE.operations == (0, 5, 2)
    assert EXAMPLE.skips == (1, 0, 1)
    assert EXAMPLE.layer_skips(2) == (1,)
    assert EXAMPLE.layer_skips(3) == (0, 1)
    assert EXAMPLE.edges == ((0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 4))
    names = nx.get_node_attributes(EXAMPLE.to_networkx(), "operation")
    assert list(names.values()) == ["START", "conv3x3", "maxpool3x3", "conv5x5", "END"]
    assert repr(EXAMPLE) == "<Architecture conv3x3 maxpool3x3 conv5x5 | skips 0->2 1->3>"
    assert EXAMPLE._repr_svg_().startswith("<svg")
    assert "conv5x5" in EXAMPLE._repr_html_()


def test_an_architecture_is_frozen_and_plain() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EXAMPLE.skips = ()  # type: ignore[misc]
    from_numpy = Architecture(np.array([0, 5, 2]), np.array([1, 0, 1]))  # type: ignore[arg-type]
    assert from_numpy == EXAMPLE
    assert all(type(value) is int for value in from_numpy.operations + from_numpy.skips)


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ([], ValueError, "1 to 12 layers"),
        ([[0]] + [[0] * i for i in range(2, 14)], ValueError, "1 to 12 layers"),
        ([[6]], ValueError, "operation 6"),
        ([[-1]], ValueError, "operation -1"),
        ([[0], [1, 2]], ValueError, "not 2"),
        ([[0], [1]], ValueError, "layer 2 has 1 entries"),
        ([[0], [1, 0, 0]], ValueError, "layer 2 has 3 entries"),
        ([[0], 1], TypeError, "layer 2"),
        ([[0], "10"], TypeError, "layer 2"),
        ([[0.0]], TypeError, "integer"),
        ([[True]], TypeError, "integer"),
        ([["0"]], TypeError, "integer"),
    ],
)
def test_a_bad_row_is_refused(row: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Architecture.from_row(row)


@pytest.mark.parametrize("text", ["", "0 1", "0 1 1 2", "a", "0 1 0 0.5", "0 1 2"])
def test_a_bad_string_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Architecture.from_string(text)


def test_layer_numbers_are_checked() -> None:
    with pytest.raises(ValueError, match=r"not in 1\.\.3"):
        EXAMPLE.layer_skips(0)


@pytest.mark.parametrize("layers", [1, 2, 6])
def test_space_size_counts_its_architectures(layers: int) -> None:
    space = EnasSpace(layers)
    assert space.size == 6**layers * 2 ** num_skip_bits(layers)
    if layers <= 2:
        assert len(set(space.sample(2000, seed=1))) == space.size


def test_sampling_is_reproducible_and_follows_its_probability() -> None:
    space = EnasSpace()
    sample = space.sample(4000, skip_probability=0.3, seed=5)
    assert sample == space.sample(4000, skip_probability=0.3, seed=5)
    assert sample != space.sample(4000, skip_probability=0.3, seed=6)
    bits = np.array([a.skips for a in sample])
    operations = np.array([a.operations for a in sample])
    assert abs(bits.mean() - 0.3) < 0.01
    assert np.abs(np.bincount(operations.ravel()) / operations.size - 1 / 6).max() < 0.01
    assert all(sum(a.skips) == 15 for a in space.sample(3, skip_probability=1.0))
    generator = np.random.default_rng(0)
    assert space.sample(5, seed=generator) != space.sample(5, seed=generator)
    draws = [torch.Generator().manual_seed(s) for s in (0, 0, 1)]
    first, second, other = (space.sample(5, generator=g) for g in draws)
    assert first == second != other
    assert space.sample(5, generator=draws[0]) != first


def test_sampling_checks_its_arguments() -> None:
    with pytest.raises(ValueError, match="count"):
        EnasSpace().sample(-1)
    with pytest.raises(ValueError, match="skip_probability"):
        EnasSpace().sample(1, skip_probability=1.5)
    with pytest.raises(ValueError, match="num_layers"):
        EnasSpace(13)


def test_neighbours_differ_in_one_choice() -> None:
    space = EnasSpace()
    centre = space.sample(1, seed=2)[0]
    neighbours = list(space.neighbours(centre))
    assert len(set(neighbours)) == 6 * 5 + 15
    for other in neighbours:
        pairs = zip(centre.operations + centre.skips, other.operations + other.skips, strict=True)
        assert sum(a != b for a, b in pairs) == 1
    with pytest.raises(ValueError, match="layers"):
        list(space.neighbours(EXAMPLE))


def graph(names: list[str], edges: list[tuple[int, int]]) -> nx.DiGraph:
    result = nx.DiGraph()
    for vertex, name in enumerate(names):
        result.add_node(vertex, operation=name)
    result.add_edges_from(edges)
    return result


CHAIN = [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize(
    ("names", "edges", "valid"),
    [
        (["START", "conv3x3", "sep3x3", "END"], CHAIN, True),
        (["START", "END"], [(0, 1)], True),
        (["START", "conv3x3", "sep3x3", "END"], [*CHAIN, (0, 2)], True),
        (["START", "conv3x3", "sep3x3", "END"], [*CHAIN, (1, 3)], False),  # two edges into END
        (["START", "conv3x3", "sep3x3", "END"], [(0, 1), (0, 2), (2, 3)], False),  # loose end
        (["START", "conv3x3", "sep3x3", "END"], [(0, 1), (1, 3), (2, 3)], False),  # unfed
        (["START", "START", "sep3x3", "END"], CHAIN, False),
        (["START", "END", "sep3x3", "END"], CHAIN, False),
        (["START", "conv3x3", "sep3x3", "conv3x3"], CHAIN, False),
        (["START", "conv3x3", "sep3x3", "END"], [*CHAIN, (2, 1)], False),  # cycle
    ],
)
def test_validity(names: list[str], edges: list[tuple[int, int]], valid: bool) -> None:
    assert is_valid_graph(graph(names, edges)) is valid
    assert EnasSpace(2).is_valid(graph(names, edges)) is valid


def test_validity_needs_numbered_and_named_vertices() -> None:
    with pytest.raises(ValueError, match="no known operation"):
        is_valid_graph(graph(["START", "pool", "END"], [(0, 1), (1, 2)]))
    with pytest.raises(ValueError, match=r"must be 0\.\.1"):
        is_valid_graph(nx.DiGraph([(1, 2)]))


def test_operation_numbers_follow_the_data() -> None:
    assert OPERATION_NAMES[0] == "conv3x3"
    assert OPERATION_NAMES[3] == "sep5x5"
    assert OPERATION_NAMES[5] == "maxpool3x3"
