"""Which architectures a benchmark holds, which part each is in, and which are trained alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paper_nas.benchmark.settings import BenchmarkConfig
from paper_nas.datasets import skip_pattern_split
from paper_nas.space import Architecture, EnasSpace


class Task(NamedTuple):
    """One stand-alone training: which architecture, with which seed."""

    architecture: Architecture
    seed: int


class Design(NamedTuple):
    """The plan of a benchmark.

    Attributes:
        architectures: ``M`` distinct ones, in the order of the draws.
        in_test: ``[M]`` bool, the test part; no skip pattern is in both parts.
        labelled: Rows that are trained alone with seed 0, ascending.
        repeated: Rows of these that are trained with seed 1 too: the first ones.
    """

    architectures: list[Architecture]
    in_test: np.ndarray
    labelled: np.ndarray
    repeated: np.ndarray

    def tasks(self) -> list[Task]:
        """All trainings by row, so that the first ones are a small benchmark of their own."""
        twice = set(self.repeated.tolist())
        return [
            Task(self.architectures[row], seed)
            for row in self.labelled.tolist()
            for seed in ((0, 1) if row in twice else (0,))
        ]


def plan(config: BenchmarkConfig) -> Design:
    """Draw the architectures and choose those to be trained.

    Operations are uniform and skips independent, so rows are exchangeable and the first rows of
    each part are a random sample of it.

    Args:
        config: The benchmark.
    """
    architectures = draw_distinct(
        config.num_architectures,
        config.shared.num_layers,
        config.shared.skip_probability,
        config.seed,
    )
    train, test = skip_pattern_split(architectures, config.seed)
    in_test = np.zeros(len(architectures), dtype=bool)
    in_test[test] = True
    labelled = np.union1d(train[: config.labelled_train], test[: config.labelled_test])
    if len(labelled) != config.labelled_train + config.labelled_test:
        raise ValueError(f"the parts hold {len(train)} and {len(test)} architectures only")
    return Design(architectures, in_test, labelled, labelled[: config.repeated])


def draw_distinct(
    count: int, num_layers: int, skip_probability: float, seed: int
) -> list[Architecture]:
    """The first ``count`` different architectures of an endless series of draws.

    Raises:
        ValueError: The space has no ``count`` architectures.
    """
    space, rng = EnasSpace(num_layers), np.random.default_rng(seed)
    if count > space.size:
        raise ValueError(f"{num_layers} layers have {space.size} architectures, not {count}")
    found: dict[Architecture, None] = {}
    while len(found) < count:
        found.update(dict.fromkeys(space.sample(1, skip_probability, rng)))
    return list(found)
