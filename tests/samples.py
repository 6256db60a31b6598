"""Small random inputs for tests; nothing of a published data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from paper_nas.datasets import ArchitectureDataset
from paper_nas.graphs import GraphBatch
from paper_nas.space import Architecture, EnasSpace


def mixed_architectures(count: int, seed: int = 0, max_layers: int = 6) -> list[Architecture]:
    """Architectures with 1 to ``max_layers`` layers in turn."""
    return [EnasSpace(1 + i % max_layers).sample(1, seed=seed * 1000 + i)[0] for i in range(count)]


def tiny_dataset(count: int = 64, seed: int = 0) -> ArchitectureDataset:
    """A data set of random six-layer architectures with random scores."""
    rng = np.random.default_rng(seed)
    return ArchitectureDataset(
        name="tiny",
        architectures=EnasSpace().sample(count, seed=rng),
        accuracy=rng.uniform(0.7, 0.75, count),
        train_index=np.arange(count - count // 8),
        test_index=np.arange(count - count // 8, count),
        split="released",
        sha256="0" * 64,
        path=Path("nowhere"),
    )


def random_dags(count: int, size: int, seed: int = 0, density: float = 0.5) -> GraphBatch:
    """Arbitrary labelled DAGs, few of them valid architectures."""
    generator = torch.Generator().manual_seed(seed)
    counts = torch.randint(2, size + 1, (count,), generator=generator)
    types = torch.randint(0, 8, (count, size), generator=generator)
    edges = (torch.rand(count, size, size, generator=generator) < density).float().triu(1)
    edges = edges * (torch.arange(size) < counts[:, None])[:, None, :]
    return GraphBatch(types, edges, counts)
