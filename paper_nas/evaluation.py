"""What Table 1 of the paper measures of a trained model, and what it does not.

The paper's protocol (section 4.2; released_code_spec section 7) samples every decision of the
decoder. Since a decoder's decisions are drawn one after another from known probabilities, the
expected value of the sampled accuracy is also known exactly: it is the mean probability of a
graph's own decisions (:func:`reconstruction_probability`).

Glossary of shapes: ``B`` graphs, ``N`` vertices, ``Z`` latent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.neighbors import NearestNeighbors
from torch import Tensor
from tqdm.auto import tqdm

from paper_nas.graphs import GraphBatch
from paper_nas.models import GraphVae
from paper_nas.models.vae import NOISE_FACTOR
from paper_nas.space import END

DECODES = 100
"""Decodes of each test graph: the paper's 10 encodings, which are all alike, times 10."""

PRIOR_LATENTS, PRIOR_DECODES = 1000, 10
"""Latents drawn for validity and uniqueness, and decodes of each."""

ENCODE_PART = 1024
"""Graphs encoded together."""

DECODE_PART = 4096
"""Latents decoded between two updates of a progress bar."""


@dataclass(frozen=True)
class Reconstruction:
    """How well a model gives graphs back from the means of their posteriors; all are shares.

    Attributes:
        sampled: Of the sampled decodes, those equal to their graph: the paper's accuracy.
        greedy: Of the graphs, those that the likeliest decisions give back.
        expected: Mean probability that a sampled decode is the graph, computed without sampling.
        operations: Of the sampled decodes, those with the right type at every vertex.
        skips: Of the sampled decodes, those with the right edges.
        operation_by_vertex: ``[N - 1]``, the right type at vertex ``1 .. N - 1``.
        edges_by_vertex: ``[N - 1]``, all the right edges into vertex ``1 .. N - 1``.
        decodes: Sampled decodes of each graph.
        graphs: Number of graphs.
    """

    sampled: float
    greedy: float
    expected: float
    operations: float
    skips: float
    operation_by_vertex: list[float]
    edges_by_vertex: list[float]
    decodes: int
    graphs: int


@dataclass(frozen=True)
class Generation:
    """What a model generates from random latents.

    Attributes:
        validity: Share of valid graphs among the decodes.
        uniqueness: Distinct valid graphs over valid graphs (0 if none is valid).
        novelty: Share of the valid graphs that are not in the training part (0 if none is valid).
        full_length: Share of the decodes with all ``N`` vertices.
        decodes: Number of decodes.
    """

    validity: float
    uniqueness: float
    novelty: float
    full_length: float
    decodes: int


def encode_graphs(model: GraphVae, graphs: GraphBatch) -> tuple[Tensor, Tensor]:
    """Posterior means and log-variances of any number of graphs, without gradients.

    Args:
        model: The model.
        graphs: ``B`` graphs.

    Returns:
        Two tensors ``[B, Z]``.
    """
    if len(graphs) == 0:
        return torch.zeros(0, model.latent_size), torch.zeros(0, model.latent_size)
    with torch.no_grad():
        parts = [
            model.encode(graphs[start : start + ENCODE_PART])
            for start in range(0, len(graphs), ENCODE_PART)
        ]
    return torch.cat([mean for mean, _ in parts]), torch.cat([log_var for _, log_var in parts])


def sample_decodes(
    model: GraphVae, latents: Tensor, decodes: int, seed: int, progress: bool = False
) -> Iterator[tuple[Tensor, GraphBatch]]:
    """Several sampled decodes of each latent, part by part.

    Args:
        model: The model.
        latents: ``[B, Z]``.
        decodes: Decodes of each latent.
        seed: Of the decisions.
        progress: Show a progress bar.

    Yields:
        The rows of ``latents`` that were decoded, each as often as it was, and the graphs.
    """
    generator = torch.Generator(device=latents.device).manual_seed(seed)
    rows = torch.arange(len(latents), device=latents.device).repeat_interleave(decodes)
    with tqdm(total=len(rows), disable=not progress, unit="graph", desc="decode") as bar:
        for part in rows.split(DECODE_PART):
            yield part, model.decode(latents[part], sample=True, generator=generator)
            bar.update(len(part))


def reconstruction_accuracy(
    model: GraphVae,
    graphs: GraphBatch,
    decodes: int = DECODES,
    seed: int = 0,
    progress: bool = False,
) -> Reconstruction:
    """Reconstruction of graphs from the means of their posteriors (paper Table 1, "Accuracy").

    Args:
        model: The model.
        graphs: ``B`` graphs, at least one; the paper takes the test part.
        decodes: Sampled decodes of each.
        seed: Of the sampled decisions.
        progress: Show a progress bar.

    Raises:
        ValueError: No graph, or no decode.
    """
    if len(graphs) == 0 or decodes < 1:
        raise ValueError(f"{len(graphs)} graphs with {decodes} decodes each have no accuracy")
    latents, _ = encode_graphs(model, graphs)
    size = model.max_vertices
    types, edges = torch.zeros(size), torch.zeros(size)
    both = np.zeros(3)
    for rows, decoded in sample_decodes(model, latents, decodes, seed, progress):
        wanted = graphs[rows]
        right_types = decoded.types == wanted.types
        right_edges = (decoded.adjacency == wanted.adjacency).all(dim=1)
        exact = decoded.equals(wanted)
        both += [int(t.sum()) for t in (exact, right_types.all(1), right_edges.all(1))]
        types += right_types.sum(0)
        edges += right_edges.sum(0)
    total = len(graphs) * decodes
    return Reconstruction(
        sampled=float(both[0] / total),
        greedy=float(model.decode(latents).equals(graphs).double().mean()),
        expected=float(reconstruction_probability(model, graphs, latents).mean()),
        operations=float(both[1] / total),
        skips=float(both[2] / total),
        operation_by_vertex=(types[1:] / total).tolist(),
        edges_by_vertex=(edges[1:] / total).tolist(),
        decodes=decodes,
        graphs=len(graphs),
    )


def reconstruction_probability(
    model: GraphVae, graphs: GraphBatch, latents: Tensor | None = None
) -> Tensor:
    """Probability that a sampled decode of a latent is exactly this graph.

    It is the product over the decisions that the decoder really draws: the types up to END (the
    last position is END without a draw) and the edges into the vertices before END. END takes all
    loose ends without a draw, so a graph with other edges into END has probability 0.

    Args:
        model: The model.
        graphs: ``B`` graphs.
        latents: ``[B, Z]``; by default the posterior means.

    Returns:
        ``[B]`` float64.
    """
    if latents is None:
        latents, _ = encode_graphs(model, graphs)
    parts = [
        _graph_probability(model, graphs[rows], latents[rows])
        for rows in torch.arange(len(graphs)).split(ENCODE_PART)
    ]
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.float64)


@torch.no_grad()
def _graph_probability(model: GraphVae, graphs: GraphBatch, latents: Tensor) -> Tensor:
    type_logits, edge_logits = model.teacher_forced_logits(graphs, latents)
    size = graphs.max_vertices
    chosen = -F.cross_entropy(
        type_logits.double().transpose(1, 2), graphs.types[:, 1:], reduction="none"
    )
    log_probability = torch.zeros(len(graphs), dtype=torch.float64)
    for vertex in range(1, size):
        drawn = graphs.num_vertices > vertex  # END included, unless its position forces it
        if vertex < size - 1:
            log_probability += chosen[:, vertex - 1] * drawn
        inner = graphs.num_vertices > vertex + 1
        edges = graphs.adjacency[:, :vertex, vertex].double()
        logits = edge_logits[:, :vertex, vertex].double()
        loss = F.binary_cross_entropy_with_logits(logits, edges, reduction="none")
        log_probability -= loss.sum(1) * inner
    return log_probability.exp() * _ends_as_decoded(graphs)


def _ends_as_decoded(graphs: GraphBatch) -> Tensor:
    """Whether the last vertex is END and is fed by exactly those that feed no other: ``[B]``."""
    rows, last = torch.arange(len(graphs)), graphs.num_vertices - 1
    into_end = graphs.adjacency[rows, :, last]
    others = graphs.adjacency.sum(2) - into_end
    loose = (others == 0) & graphs.present
    loose[rows, last] = False
    return (graphs.types[rows, last] == END) & (loose == (into_end > 0)).all(1)


@dataclass(frozen=True)
class Collisions:
    """How far a model tells distinct graphs apart.

    Attributes:
        graphs: Distinct graphs among those given.
        identical: Share of them that another one shares its latent with, to the last bit.
        within_noise: Share of them with another one closer than the noise of a training step:
            than the root mean square length of what is added to the posterior mean.
        nearest: Median distance to the nearest other graph, in units of that noise.
        distinct_decodes: Distinct graphs among the greedy decodes, over the graphs.
    """

    graphs: int
    identical: float
    within_noise: float
    nearest: float
    distinct_decodes: float


def collisions(model: GraphVae, graphs: GraphBatch) -> Collisions:
    """Distinct graphs with the same latent, or nearly so (paper section 4.5).

    Args:
        model: The model.
        graphs: ``B`` graphs, repeated ones counted once.

    Raises:
        ValueError: Fewer than two distinct graphs.
    """
    first = list({key: row for row, key in reversed(list(enumerate(graph_keys(graphs))))}.values())
    if len(first) < 2:
        raise ValueError("collisions need at least two distinct graphs")
    graphs = graphs[sorted(first)]
    latents, log_variance = encode_graphs(model, graphs)
    _, counts = np.unique(latents.numpy(force=True), axis=0, return_counts=True)
    search = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(latents.double().numpy())
    nearest = search.kneighbors(latents.double().numpy())[0][:, 1]
    noise = NOISE_FACTOR * log_variance.double().exp().sum(1).sqrt().numpy()
    return Collisions(
        graphs=len(graphs),
        identical=float(counts[counts > 1].sum() / len(graphs)),
        within_noise=float((nearest < noise).mean()),
        nearest=float(np.median(nearest / noise)),
        distinct_decodes=len(set(graph_keys(model.decode(latents)))) / len(graphs),
    )


def prior_generation(
    model: GraphVae,
    train_graphs: GraphBatch,
    match_train: bool = True,
    latents: int = PRIOR_LATENTS,
    decodes: int = PRIOR_DECODES,
    seed: int = 0,
    train_latents: Tensor | None = None,
) -> Generation:
    """Validity, uniqueness and novelty of graphs decoded from random latents (paper Table 1).

    Args:
        model: The model.
        train_graphs: The training part: what counts as known, and what ``match_train`` encodes.
        match_train: Give the latents mean and standard deviation of the training part's latents,
            dimension by dimension, as the released code does; otherwise they are N(0, 1).
        latents: How many to draw.
        decodes: Sampled decodes of each.
        seed: Of latents and decisions.
        train_latents: ``[B, Z]``, posterior means of ``train_graphs``, if they are at hand.

    Raises:
        ValueError: No latent or no decode.
    """
    if latents < 1 or decodes < 1:
        raise ValueError(f"{latents} latents with {decodes} decodes each generate nothing")
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(latents, model.latent_size, generator=generator)
    if match_train:
        if train_latents is None:
            train_latents, _ = encode_graphs(model, train_graphs)
        drawn = drawn * train_latents.std(0, correction=0) + train_latents.mean(0)
    graphs = GraphBatch.concatenate(
        [graphs for _, graphs in sample_decodes(model, drawn, decodes, seed + 1)]
    )
    valid = graph_keys(graphs[graphs.is_valid()])
    known = set(graph_keys(train_graphs))
    return Generation(
        validity=len(valid) / len(graphs),
        uniqueness=len(set(valid)) / max(len(valid), 1),
        novelty=sum(key not in known for key in valid) / max(len(valid), 1),
        full_length=float((graphs.num_vertices == graphs.max_vertices).double().mean()),
        decodes=len(graphs),
    )


def graph_keys(graphs: GraphBatch) -> list[bytes]:
    """A key per graph; equal keys mean equal graphs (of the same ``N``)."""
    packed = np.concatenate(
        [
            graphs.types.numpy(force=True).astype(np.uint8),
            graphs.num_vertices.numpy(force=True).astype(np.uint8)[:, None],
            np.packbits(graphs.adjacency.numpy(force=True).astype(bool).reshape(len(graphs), -1), 1)
            if len(graphs)
            else np.zeros((0, 0), np.uint8),
        ],
        axis=1,
    )
    return [row.tobytes() for row in packed]
