"""Properties of graphs against networkx, correlations against their definitions."""

from __future__ import annotations

import itertools
import time

import networkx as nx
import numpy as np
import pytest

from paper_nas.space import Architecture, EnasSpace
from paper_nas.statistics import (
    PROPERTY_NAMES,
    adjacency_properties,
    bootstrap_interval,
    correlate,
    graph_properties,
    operation_effects,
)


def by_networkx(graph: nx.DiGraph) -> dict[str, float]:
    """The same properties, one graph at a time, from networkx."""
    lengths = [
        length
        for source, found in nx.all_pairs_shortest_path_length(graph)
        for target, length in found.items()
        if target != source
    ]
    skeleton = graph.to_undirected()
    last = graph.number_of_nodes() - 1
    connected = nx.has_path(graph, 0, last)
    paths = sum(1 for _ in nx.all_simple_paths(graph, 0, last))
    return {
        "skips": sum(v - u > 1 for u, v in graph.edges),
        "depth": nx.dag_longest_path_length(graph),
        "shortest_path": nx.shortest_path_length(graph, 0, last) if connected else np.inf,
        "paths": paths,
        "density": nx.density(graph),
        "mean_path_length": float(np.mean(lengths)) if lengths else 0.0,
        "transitivity": nx.transitivity(skeleton),
        "mean_clustering": nx.average_clustering(skeleton),
    }


@pytest.fixture(scope="module")
def mixed() -> list[Architecture]:
    """Architectures of 1 to 8 layers, sparse to full, in no order."""
    found = [
        architecture
        for layers, chance in itertools.product(range(1, 9), (0.0, 0.2, 0.5, 1.0))
        for architecture in EnasSpace(layers).sample(6, chance, seed=layers)
    ]
    order = np.random.default_rng(0).permutation(len(found))
    return [found[i] for i in order]


def test_architectures_of_all_sizes_agree_with_networkx(mixed):
    found = graph_properties(mixed)
    assert list(found) == list(PROPERTY_NAMES)
    expected = [by_networkx(architecture.to_networkx()) for architecture in mixed]
    for name, values in found.items():
        np.testing.assert_allclose(values, [e[name] for e in expected], rtol=1e-12, err_msg=name)


def test_graphs_without_a_chain_agree_with_networkx():
    rng = np.random.default_rng(1)
    adjacency = np.triu(rng.random((200, 6, 6)) < 0.3, k=1).astype(float)
    found = adjacency_properties(adjacency)
    assert np.isinf(found["shortest_path"]).any()
    assert len(set(found["depth"])) > 3
    expected = [
        by_networkx(nx.from_numpy_array(matrix, create_using=nx.DiGraph)) for matrix in adjacency
    ]
    for name, values in found.items():
        np.testing.assert_allclose(values, [e[name] for e in expected], rtol=1e-12, err_msg=name)


def test_every_skip_of_a_full_graph_doubles_the_paths_to_what_lies_behind_it():
    full = EnasSpace(6).sample(1, 1.0)
    assert graph_properties(full)["paths"].tolist() == [2.0**5]  # one way out of layer 6


def test_the_longest_path_of_an_architecture_is_its_chain():
    found = graph_properties(EnasSpace(6).sample(50, 0.5))
    assert set(found["depth"]) == {7.0}
    assert len(set(found["shortest_path"])) > 1


def test_a_triangle_by_hand():
    """0 -> 1 -> 2 and 0 -> 2: one triangle, three triples; path lengths 1, 1, 1."""
    (skips,), (length,), (closed,) = (
        adjacency_properties([[[0, 1, 1], [0, 0, 1], [0, 0, 0]]])[name]
        for name in ("skips", "mean_path_length", "transitivity")
    )
    assert (skips, length, closed) == (1, 1, 1)


def test_no_architectures_give_empty_arrays():
    assert all(values.shape == (0,) for values in graph_properties([]).values())


def test_19020_architectures_take_under_two_seconds():
    architectures = EnasSpace(6).sample(19_020, 0.3)
    start = time.process_time()
    graph_properties(architectures)
    assert time.process_time() - start < 2.0


@pytest.mark.parametrize(
    ("adjacency", "message"),
    [
        (np.zeros((4, 4)), "M, N, N"),
        (np.zeros((1, 2, 3)), "M, N, N"),
        (np.zeros((1, 1, 1)), "N >= 2"),
        (np.full((1, 2, 2), 0.5), "zeros and ones"),
        (np.tril(np.ones((1, 3, 3)), k=-1), "above the diagonal"),
        (np.eye(3)[None], "above the diagonal"),
    ],
)
def test_other_matrices_are_refused(adjacency, message):
    with pytest.raises(ValueError, match=message):
        adjacency_properties(adjacency)


def test_correlations_follow_their_definitions():
    rng = np.random.default_rng(2)
    x = rng.normal(size=300)
    y = x + rng.normal(size=300)
    found = correlate(x, y)
    assert found.pearson == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
    ranks = [np.argsort(np.argsort(values)) for values in (x, y)]
    assert found.spearman == pytest.approx(np.corrcoef(ranks[0], ranks[1])[0, 1], abs=1e-12)
    assert correlate(x, np.exp(x)).spearman == pytest.approx(1)
    assert correlate(x, -x) == pytest.approx((-1, -1))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2], [1, 2, 3], "equal length"),
        ([1], [1], "equal length"),
        ([1, 1, 1], [1, 2, 3], "does not vary"),
        ([1, 2, np.nan], [1, 2, 3], "not finite"),
    ],
)
def test_undefined_correlations_are_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        correlate(x, y)


def test_operation_effects_are_those_that_were_put_in() -> None:
    architectures = EnasSpace().sample(6_000, seed=0)
    worth = np.arange(6.0) - 2.5  # of the operation in layer 3, and of no other
    noise = np.random.default_rng(0).normal(size=len(architectures))
    scores = np.array([worth[a.operations[2]] for a in architectures]) + noise
    effects, errors = operation_effects(architectures, scores)
    expected = np.zeros((6, 6))
    expected[2] = worth
    assert effects.shape == errors.shape == (6, 6)
    assert (abs(effects - expected) < 5 * errors).all()
    assert abs((effects - expected) / errors).mean() < 1.5
    assert errors[2].max() < errors[0].min()  # what the operation explains is no error


def test_an_operation_that_does_not_occur_has_no_effect() -> None:
    architectures = [Architecture((0,), ()), Architecture((0,), ()), Architecture((1,), ())]
    effects, errors = operation_effects(architectures, [1.0, 2.0, 6.0])
    assert effects[0, :2].tolist() == [-1.5, 3.0]
    assert np.isfinite(errors[0]).tolist() == [True, False, False, False, False, False]
    assert np.isnan(effects[0, 2:]).all()
    with pytest.raises(ValueError, match="3 architectures"):
        operation_effects(architectures, [1.0])


def test_a_bootstrap_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    found = [
        bootstrap_interval(np.mean, rng.normal(size=60), repeats=200, level=0.8, seed=seed)
        for seed in range(200)
    ]
    covered = np.mean([interval.low <= 0 <= interval.high for interval in found])
    assert 0.7 < covered < 0.9
    assert all(interval.low <= interval.value <= interval.high for interval in found)


def test_a_bootstrap_keeps_pairs_together() -> None:
    x = np.random.default_rng(0).normal(size=50)
    same = bootstrap_interval(lambda a, b: float(abs(a - b).max()), x, x, repeats=50)
    assert same == (0.0, 0.0, 0.0)
