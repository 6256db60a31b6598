"""Evaluation: Table 1's figures on models whose behaviour is known."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
import torch
from torch import Tensor

from paper_nas.evaluation import (
    Generation,
    collisions,
    encode_graphs,
    graph_keys,
    prior_generation,
    reconstruction_accuracy,
    reconstruction_probability,
    sample_decodes,
)
from paper_nas.graphs import GraphBatch
from paper_nas.models import MODEL_NAMES, GraphVae, build_model
from paper_nas.space import Architecture, EnasSpace
from tests.samples import mixed_architectures


def small(name: str = "dvae", max_vertices: int = 8) -> GraphVae:
    return build_model(name, hidden_size=12, latent_size=4, max_vertices=max_vertices, seed=1)


class Listed(GraphVae):
    """A model whose encoder and decoder are lists: latent k is the number k, and decodes to it."""

    def __init__(self, graphs: GraphBatch, decoded: list[int]) -> None:
        torch.nn.Module.__init__(self)
        self.graphs, self.decoded = graphs, decoded
        self.latent_size, self.max_vertices, self.calls = 1, graphs.max_vertices, 0
        self.numbers = {key: row for row, key in enumerate(graph_keys(graphs))}

    def encode(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        rows = [float(self.numbers[key]) for key in graph_keys(batch)]
        return torch.tensor(rows)[:, None], torch.zeros(len(rows), 1)

    def decode(
        self, latents: Tensor, sample: bool = False, generator: torch.Generator | None = None
    ) -> GraphBatch:
        """Latent by latent the next of the list, over and over."""
        rows = [self.decoded[(self.calls + i) % len(self.decoded)] for i in range(len(latents))]
        self.calls += len(latents)
        return self.graphs[rows]


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_the_probability_of_a_graph_is_how_often_it_is_decoded(name: str) -> None:
    model = small(name, max_vertices=4)
    latents = torch.randn(1, 4, generator=torch.Generator().manual_seed(0))
    [(_, decoded)] = sample_decodes(model, latents, 4000, seed=2)
    rows = {key: row for row, key in enumerate(graph_keys(decoded))}
    counts = Counter(graph_keys(decoded))
    distinct = decoded[list(rows.values())]
    probability = reconstruction_probability(model, distinct, latents.expand(len(distinct), -1))
    assert len(distinct) > 100
    assert 0.9 < float(probability.sum()) < 1 + 1e-6
    for key, expected in zip(rows, probability.tolist(), strict=True):
        error = 5 * (expected / 4000) ** 0.5 + 5 / 4000
        assert counts[key] / 4000 == pytest.approx(expected, abs=error)


def test_a_graph_that_no_decoder_makes_has_no_probability() -> None:
    graph = GraphBatch.from_architectures([Architecture((0, 1), (0,))], 5)
    adjacency = graph.adjacency.clone()
    adjacency[0, 0, 3] = 1.0  # START feeds END too, though it is no loose end
    other = GraphBatch(graph.types, adjacency, graph.num_vertices)
    model = small(max_vertices=5)
    assert float(reconstruction_probability(model, graph)) > 0
    assert float(reconstruction_probability(model, other)) == 0
    assert reconstruction_probability(model, graph[:0]).shape == (0,)


def test_reconstruction_by_component() -> None:
    """Every third decode has another operation at vertex 2, every third another edge into 3."""
    first = Architecture((0, 1, 2), (0, 0, 0))
    others = [Architecture((0, 5, 2), (0, 0, 0)), Architecture((0, 1, 2), (0, 0, 1))]
    graphs = GraphBatch.from_architectures([first, *others], 5)
    model = Listed(graphs, [0, 1, 2])
    model.teacher_forced_logits = small(max_vertices=5).teacher_forced_logits  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="latents"):  # a wrong width is not papered over
        reconstruction_accuracy(model, graphs[:1], decodes=6)

    model.teacher_forced_logits = lambda batch, _: small(max_vertices=5).teacher_forced_logits(  # type: ignore[method-assign]
        batch, torch.zeros(len(batch), 4)
    )
    model.calls = 0
    result = reconstruction_accuracy(model, graphs[:1], decodes=6)
    assert result.sampled == pytest.approx(1 / 3)
    assert result.operations == result.skips == pytest.approx(2 / 3)
    assert result.operation_by_vertex == pytest.approx([1, 2 / 3, 1, 1])
    assert result.edges_by_vertex == pytest.approx([1, 1, 2 / 3, 1])
    assert result.greedy == 1.0
    assert (result.decodes, result.graphs) == (6, 1)


def test_reconstruction_needs_graphs_and_decodes() -> None:
    graphs = GraphBatch.from_architectures(mixed_architectures(2))
    with pytest.raises(ValueError, match="0 graphs"):
        reconstruction_accuracy(small(), graphs[:0])
    with pytest.raises(ValueError, match="0 decodes"):
        reconstruction_accuracy(small(), graphs, decodes=0)


def test_the_sampled_accuracy_is_near_the_expected_one() -> None:
    model = small(max_vertices=3)
    graphs = GraphBatch.from_architectures(EnasSpace(1).sample(6, seed=0), 3)
    result = reconstruction_accuracy(model, graphs, decodes=500, seed=3)
    assert result.expected == pytest.approx(result.sampled, abs=5 * (0.25 / 3000) ** 0.5)
    assert result == reconstruction_accuracy(model, graphs, decodes=500, seed=3)


def test_validity_uniqueness_and_novelty() -> None:
    known, new = EnasSpace(2).sample(2, seed=1)
    graphs = GraphBatch.from_architectures([known, new], 4)
    broken = GraphBatch(graphs.types[:1], graphs.adjacency[:1].clone(), graphs.num_vertices[:1])
    broken.adjacency[0, 0, 1] = 0.0
    assert not bool(broken.is_valid())
    model = Listed(GraphBatch.concatenate([graphs, broken]), [0, 1, 1, 2])
    result = prior_generation(model, graphs[:1], latents=20, decodes=2)
    assert result == Generation(
        validity=0.75, uniqueness=2 / 30, novelty=2 / 3, full_length=1.0, decodes=40
    )
    nothing = prior_generation(Listed(broken, [0]), broken, latents=2, decodes=1)
    assert (nothing.validity, nothing.uniqueness, nothing.novelty) == (0, 0, 0)
    with pytest.raises(ValueError, match="0 latents"):
        prior_generation(model, graphs, latents=0)


def test_latents_are_matched_to_the_training_part() -> None:
    class Recording(Listed):
        seen: Tensor

        def decode(self, latents: Tensor, *words: object, **options: object) -> GraphBatch:
            self.seen = latents
            return self.graphs[[0] * len(latents)]

    graphs = GraphBatch.from_architectures(EnasSpace(2).sample(9, seed=1), 4)
    for match, mean, sd in ((True, 4.0, (60 / 9) ** 0.5), (False, 0.0, 1.0)):
        model = Recording(graphs, [])
        prior_generation(model, graphs, match_train=match, latents=4000, decodes=1)
        assert float(model.seen.mean()) == pytest.approx(mean, abs=5 * sd / 4000**0.5)
        assert float(model.seen.std()) == pytest.approx(sd, rel=0.06)


def test_collisions_count_distinct_graphs_only() -> None:
    class Pairs(Listed):
        def encode(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
            """Graphs 0 and 1 share a latent; 2 and 3 lie within the noise; 4 is alone."""
            positions = torch.tensor([0.0, 0.0, 1.0, 1.005, 9.0])
            rows = [self.numbers[key] for key in graph_keys(batch)]
            return positions[rows][:, None], torch.zeros(len(rows), 1)

    graphs = GraphBatch.from_architectures(EnasSpace(3).sample(5, seed=1), 5)
    model = Pairs(graphs, [0, 0, 2, 3, 4])
    twice = GraphBatch.concatenate([graphs, graphs])
    result = collisions(model, twice)
    assert result.graphs == 5
    assert result.identical == pytest.approx(2 / 5)
    assert result.within_noise == pytest.approx(4 / 5)
    assert result.nearest == pytest.approx(0.5, rel=1e-4)
    assert result.distinct_decodes == pytest.approx(4 / 5)
    with pytest.raises(ValueError, match="two distinct"):
        collisions(model, twice[[0, 5]])


def test_encoding_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = GraphBatch.from_architectures(mixed_architectures(7))
    model = small()
    whole = encode_graphs(model, graphs)
    monkeypatch.setattr("paper_nas.evaluation.ENCODE_PART", 3)
    torch.testing.assert_close(encode_graphs(model, graphs), whole)
    assert encode_graphs(model, graphs[:0])[0].shape == (0, 4)


def test_keys_tell_graphs_apart() -> None:
    graphs = GraphBatch.from_architectures(mixed_architectures(40))
    keys = graph_keys(graphs)
    for i in range(0, 40, 7):
        assert [key == keys[i] for key in keys] == graphs.equals(graphs[i]).tolist()
    assert graph_keys(graphs[:0]) == []


def test_results_are_plain_numbers() -> None:
    graphs = GraphBatch.from_architectures(EnasSpace(1).sample(3, seed=0), 3)
    model = small(max_vertices=3)
    for result in (
        reconstruction_accuracy(model, graphs, decodes=2),
        prior_generation(model, graphs, latents=3, decodes=2),
        collisions(model, graphs),
    ):
        for value in dataclasses.asdict(result).values():
            values = value if isinstance(value, list) else [value]
            assert all(type(v) in (int, float) for v in values)
