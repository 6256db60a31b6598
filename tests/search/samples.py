"""A cheap oracle with a known optimum, and an exact code, in a space of three layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from paper_nas.graphs import GraphBatch
from paper_nas.oracles import Oracle, Scores
from paper_nas.search import StartSet
from paper_nas.space import Architecture, EnasSpace

LAYERS = 3
SPACE = EnasSpace(LAYERS)
TARGET = Architecture((2, 2, 4), (1, 0, 1))


def score(architecture: Architecture) -> float:
    """Minus a distance to the target; 0 is the best."""
    operations = np.abs(np.subtract(architecture.operations, TARGET.operations)).sum()
    skips = np.abs(np.subtract(architecture.skips, TARGET.skips)).sum()
    return -float(operations + 2 * skips)


class DistanceOracle(Oracle):
    """Answers with :func:`score`; those with a skip into layer 2 count as fitted."""

    def __init__(self) -> None:
        super().__init__("distance", "minus a distance", LAYERS)

    def _score(self, architectures: list[Architecture]) -> Scores:
        return Scores(
            np.array([score(a) for a in architectures]),
            tuple("fitted" if a.skips[0] else "exact" for a in architectures),
            np.full(len(architectures), np.nan),
        )


class NanOracle(DistanceOracle):
    """Has no score for every other architecture."""

    def _score(self, architectures: list[Architecture]) -> Scores:
        scores = super()._score(architectures)
        scores.values[::2] = np.nan
        return scores


class FailingOracle(DistanceOracle):
    """Raises from a given call on."""

    def __init__(self, call: int) -> None:
        super().__init__()
        self.left = call

    def score(self, architectures: Sequence[Architecture]) -> Scores:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("no more")
        return super().score(architectures)


class ExactCode(nn.Module):
    """Looks like a trained model: operations and bits as coordinates, decoded by rounding.

    Args:
        broken: ``"invalid"``: every decode has a gap in its chain; ``"constant"``: every decode is
            the target; ``None``: neither.
        jitter: Chance that a sampled decode changes the first operation.
    """

    max_vertices, latent_size = LAYERS + 2, 2 * LAYERS

    def __init__(self, broken: str | None = None, jitter: float = 0.0) -> None:
        super().__init__()
        self.broken, self.jitter = broken, jitter
        self.weight = nn.Parameter(torch.zeros(1))

    def encode(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        rows = [a for a in batch.to_architectures() if a is not None]
        codes = torch.tensor([[*(o / 5 for o in a.operations), *map(float, a.skips)] for a in rows])
        return codes, torch.zeros_like(codes)

    def decode(
        self, latents: Tensor, sample: bool = False, generator: torch.Generator | None = None
    ) -> GraphBatch:
        operations = (latents[:, :LAYERS] * 5).round().clamp(0, 5).long()
        bits = (latents[:, LAYERS:] > 0.5).long()
        flips = torch.rand(len(latents), generator=generator) < self.jitter
        operations[flips, 0] = (operations[flips, 0] + 1) % 6
        found = [
            TARGET if self.broken == "constant" else Architecture(tuple(o), tuple(b))
            for o, b in zip(operations.tolist(), bits.tolist(), strict=True)
        ]
        graphs = GraphBatch.from_architectures(found, self.max_vertices)
        if self.broken != "invalid":
            return graphs
        adjacency = graphs.adjacency.clone()
        adjacency[:, 1, 2] = 0
        return GraphBatch(graphs.types, adjacency, graphs.num_vertices)


def start_set(count: int = 40, seed: int = 1) -> StartSet:
    """The worst of some random architectures: the target is far from all of them."""
    drawn = sorted(dict.fromkeys(SPACE.sample(4 * count, seed=seed)), key=score)[:count]
    return StartSet("worst", drawn, np.array([score(a) for a in drawn]))


def settings_of(name: str) -> dict[str, object]:
    """What makes a strategy fit this small space."""
    if name == "evolution":
        return {"population": 20, "sample": 5}
    if name == "boosting-bo":
        return {"members": 3, "mutations": 100, "drawn": 100, "iterations": 20}
    if name.startswith("latent-bo"):
        process = {"inducing_points": 15, "iterations": 10, "warm_iterations": 5}
        return {"model": ExactCode(), "candidates": 300, "process": process}
    return {"model": ExactCode()} if name.startswith("latent-") else {}
