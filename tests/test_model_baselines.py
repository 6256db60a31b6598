"""The GCN, S-VAE and GraphRNN models beyond the common contract, and the options of all models."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.train_step import benchmark_model
from paper_nas.artifacts import ResultStore
from paper_nas.graphs import GraphBatch
from paper_nas.models import build_model, to_released_weights
from paper_nas.models.convolution import GraphConvolutionEncoder, convolution_weights
from paper_nas.models.sequence import equal_neighbours, graph_rows
from paper_nas.operations import OneHotOperations, OperationEmbedding
from paper_nas.space import Architecture
from tests.samples import mixed_architectures

SMALL: dict[str, Any] = {"hidden_size": 12, "latent_size": 6}


def loop_convolution(
    encoder: GraphConvolutionEncoder, batch: GraphBatch, codes: torch.Tensor
) -> torch.Tensor:
    """The convolution of one graph, vertex by vertex, from the equation."""
    edges, count = batch.adjacency[0], int(batch.num_vertices[0])
    neighbours = edges + edges.T if encoder.bidirectional else edges
    into, out = neighbours.sum(0), neighbours.sum(1)
    states = [codes[kind] for kind in batch.types[0, :count]]
    for level, linear in enumerate(encoder.levels):
        read = states if level > 0 and not encoder.simultaneous else list(states)
        for v in range(count):
            gathered = read[v] / (into[v] + 1)
            for u in range(count):
                if neighbours[u, v]:
                    gathered = gathered + read[u] / ((out[u] + 1) * (into[v] + 1)).sqrt()
            states[v] = torch.relu(linear(gathered))
    return torch.stack(states[1:-1]).sum(0)


@pytest.mark.parametrize("simultaneous", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_convolutions_are_those_of_the_equation(simultaneous: bool, bidirectional: bool) -> None:
    encoder = GraphConvolutionEncoder(
        8, 16, bidirectional=bidirectional, simultaneous=simultaneous
    ).double()
    codes = OneHotOperations(3.0).double().table()
    batch = GraphBatch.from_architectures(mixed_architectures(12))
    vectors = encoder(batch, codes)
    for i in range(len(batch)):
        torch.testing.assert_close(vectors[i], loop_convolution(encoder, batch[i], codes))


def test_the_two_convolutions_differ() -> None:
    batch = GraphBatch.from_architectures(mixed_architectures(6, max_layers=6)[-1:])
    plain, other = (
        build_model("gcn", **SMALL, simultaneous_convolution=simultaneous)
        for simultaneous in (False, True)
    )
    assert not torch.allclose(plain.encode(batch)[0], other.encode(batch)[0])


def test_convolution_weights_of_a_chain_with_a_skip() -> None:
    batch = GraphBatch.from_architectures([Architecture((0, 1), (1,))], 5)
    directed, undirected = convolution_weights(batch)[0], convolution_weights(batch, True)[0]
    # START -> 1 -> 2 -> END and START -> 2; vertex 4 is absent
    assert directed[2].tolist() == pytest.approx([1 / 3, 1 / math.sqrt(6), 1 / 3, 0, 0])
    third = 1 / math.sqrt(12)
    assert undirected[2].tolist() == pytest.approx([third, third, 1 / 4, 1 / math.sqrt(8), 0])
    assert directed[4].tolist() == [0, 0, 0, 0, 1]


def test_the_gcn_models_differ_in_the_operation_encoding_only() -> None:
    one_hot, embedding = (build_model(name, **SMALL) for name in ("gcn", "gcn-emb"))
    assert isinstance(one_hot.operations, OneHotOperations)
    assert isinstance(embedding.operations, OperationEmbedding)
    shapes = [{n: p.shape for n, p in m.named_parameters()} for m in (one_hot, embedding)]
    assert shapes[1].keys() - shapes[0].keys() == {"operations.weight"}
    different = {name for name, shape in shapes[0].items() if shapes[1][name] != shape}
    assert different == {"encoder.levels.0.weight", "decoder.gru.weight_ih"}


def test_rows_of_a_small_graph() -> None:
    batch = GraphBatch.from_architectures([Architecture((0, 1), (1,))], 5)
    rows = graph_rows(batch, OneHotOperations(5.0).table())[:, 0]
    assert rows[:, 8:].tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert rows[:, :8].argmax(1).tolist() == [2, 3, 1, 0]
    assert rows[:, :8].sum(1).tolist() == [5.0] * 4


def test_equal_neighbours_share_a_group() -> None:
    latents = torch.tensor([[1.0, 2.0], [1.0, 2.0], [1.0, 3.0], [1.0, 2.0]])
    group, first = equal_neighbours(latents)
    assert group.tolist() == [0, 0, 1, 2]
    assert first.tolist() == [0, 2, 3]


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("dvae", {"simultaneous_convolution": True}),
        ("svae", {"simultaneous_convolution": True}),
        ("svae", {"bidirectional": True}),
        ("graphrnn", {"decoder_state": "sum"}),
    ],
)
def test_options_that_a_model_has_not_are_refused(name: str, option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(option))):
        build_model(name, **SMALL, **option)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("gcn", {"simultaneous_convolution": True}),
        ("gcn", {"bidirectional": True}),
        ("gcn", {"decoder_state": "newest"}),
        ("dvae", {"decoder_state": "sum"}),
    ],
)
def test_models_of_our_own_have_no_released_weights(name: str, option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"released"):
        to_released_weights(build_model(name, **SMALL, **option))


def test_the_benchmark_takes_trained_weights_where_there_are_any(tmp_path: Path) -> None:
    assert benchmark_model("svae", ResultStore(tmp_path))[1] == "untrained"
    model, result = benchmark_model("dvae", ResultStore())
    assert result.startswith("training/dvae_")
    assert model.posterior_mean.in_features == 501
