"""Searches that need no auto-encoder: the honest rivals.

Glossary of shapes: ``Q`` architectures of ``L`` layers with ``b`` skip bits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any, ClassVar

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from paper_nas.regression import one_hot_code
from paper_nas.search.base import MAX_DRAWS, Proposal, StartSet, Strategy, draw_new
from paper_nas.space import Architecture


class RandomSearch(Strategy):
    """Uniformly drawn architectures, none twice."""

    name: ClassVar[str] = "random"

    def ask(self, number: int, count: int) -> list[Proposal]:
        """See :meth:`Strategy.ask`."""
        drawn = draw_new(self.start.space, set(self.known), self.generator(number))
        return [Proposal(architecture) for architecture in islice(drawn, count)]


class Evolution(Strategy):
    """Regularised evolution: mutate the best of a sample, and let the oldest die.

    The first population is the best of the start set, in random order of age. A mutation changes
    one operation or one skip. A batch is bred from one population.

    Source: Real, Aggarwal, Huang and Le, "Regularized evolution for image classifier architecture
    search", AAAI 2019, whose sizes are the defaults.

    Args:
        population: Its size.
        sample: Of how many the best is a parent.

    Raises:
        ValueError: A size less than 1, or a sample larger than the population.
    """

    name: ClassVar[str] = "evolution"

    def __init__(self, population: int = 100, sample: int = 25) -> None:
        """Keep the sizes."""
        if not 1 <= sample <= population:
            raise ValueError(f"a sample of {sample} from a population of {population}")
        self.size, self.sample = population, sample

    def settings(self) -> dict[str, Any]:
        """See :meth:`Strategy.settings`."""
        return {"population": self.size, "sample": self.sample}

    def begin(self, start: StartSet, seed: int) -> None:
        """Take the first population."""
        super().begin(start, seed)
        generator = self.generator(0)
        first = self.ranked(generator)[: self.size]
        order = generator.permutation(len(first))
        self.population: deque[Architecture] = deque((first[i] for i in order), maxlen=self.size)

    def ask(self, number: int, count: int) -> list[Proposal]:
        """See :meth:`Strategy.ask`."""
        generator = self.generator(number)
        children: dict[Architecture, None] = {}
        for _ in range(MAX_DRAWS * count):
            if len(children) == count:
                break
            child = self._child(generator)
            if child not in self.known:
                children[child] = None
        return [Proposal(child) for child in children]

    def _child(self, generator: np.random.Generator) -> Architecture:
        size = min(self.sample, len(self.population))
        chosen = generator.choice(len(self.population), size=size, replace=False)
        parent = max((self.population[i] for i in chosen), key=lambda a: self.known[a])
        children = list(self.start.space.neighbours(parent))
        return children[int(generator.integers(len(children)))]

    def tell(self, proposals: Sequence[Proposal], scores: Sequence[float]) -> None:
        """The children are born, and as many of the oldest die."""
        super().tell(proposals, scores)
        self.population.extend(p.architecture for p in proposals if p.architecture is not None)


class LocalSearch(Strategy):
    """Best-first local search: all neighbours of the best architecture, then of the next.

    A batch takes the new neighbours of the best known architecture in random order, and goes on to
    the next best when these do not fill it. A better neighbour comes first in the next round.

    Source: White, Nolen and Savani, "Exploring the loss landscape in neural architecture search",
    UAI 2021, in batches.
    """

    name: ClassVar[str] = "local"

    def ask(self, number: int, count: int) -> list[Proposal]:
        """See :meth:`Strategy.ask`."""
        generator = self.generator(number)
        chosen: dict[Architecture, None] = {}
        for parent in self.ranked(generator):
            new = [a for a in self.start.space.neighbours(parent) if a not in self.known]
            for place in generator.permutation(len(new)):
                chosen[new[place]] = None
            if len(chosen) >= count:
                break
        return [Proposal(architecture) for architecture in islice(chosen, count)]


class BoostingBO(Strategy):
    """Bayesian optimisation on the raw encoding, with an ensemble of boosted trees.

    Each member sees a random part of the points. Candidates are new neighbours of the best known
    architectures and uniformly drawn ones; each is given a value drawn from the normal
    distribution of its predictions, and the greatest values are taken (independent Thompson
    sampling).

    Source: White, Neiswanger and Savani, "BANANAS", AAAI 2021, with trees for neural networks.

    Args:
        members: Of the ensemble.
        share: Of the points that a member sees.
        mutations: Candidates that are neighbours.
        drawn: Candidates that are drawn uniformly.
        iterations: Trees of a member.
    """

    name: ClassVar[str] = "boosting-bo"

    def __init__(
        self,
        members: int = 5,
        share: float = 0.8,
        mutations: int = 5_000,
        drawn: int = 5_000,
        iterations: int = 200,
    ) -> None:
        """Keep the settings."""
        self.members, self.share, self.iterations = members, share, iterations
        self.mutations, self.drawn = mutations, drawn

    def settings(self) -> dict[str, Any]:
        """See :meth:`Strategy.settings`."""
        names = ("members", "share", "mutations", "drawn", "iterations")
        return {name: getattr(self, name) for name in names}

    def ask(self, number: int, count: int) -> list[Proposal]:
        """See :meth:`Strategy.ask`."""
        generator = self.generator(number)
        candidates = self._candidates(generator)
        if not candidates:
            return []
        predicted = self._predictions(candidates, generator)
        mean, sd = predicted.mean(axis=0), predicted.std(axis=0, ddof=1)
        order = np.argsort(-(mean + sd * generator.standard_normal(len(mean))), kind="stable")
        return [Proposal(candidates[i], None, float(mean[i]), float(sd[i])) for i in order[:count]]

    def _candidates(self, generator: np.random.Generator) -> list[Architecture]:
        pool: dict[Architecture, None] = {}
        for parent in self.ranked(generator):
            if len(pool) >= self.mutations:
                break
            new = (a for a in self.start.space.neighbours(parent) if a not in self.known)
            pool.update(dict.fromkeys(new))
        drawn = draw_new(self.start.space, self.known.keys() | pool.keys(), generator)
        return [*islice(pool, self.mutations), *islice(drawn, self.drawn)]

    def _predictions(
        self, candidates: list[Architecture], generator: np.random.Generator
    ) -> np.ndarray:
        """``[members, Q]``."""
        codes, scores = one_hot_code(list(self.known)), np.array(list(self.known.values()))
        asked = one_hot_code(candidates)
        predictions = []
        for _ in range(self.members):
            rows = generator.permutation(len(codes))[: max(2, int(self.share * len(codes)))]
            model = HistGradientBoostingRegressor(
                max_iter=self.iterations, early_stopping=False, max_features=0.5,
                min_samples_leaf=5, random_state=int(generator.integers(2**31)),
            )  # fmt: skip
            predictions.append(model.fit(codes[rows], scores[rows]).predict(asked))
        return np.array(predictions)
