"""What all searches have in common: a start set, proposals, and the interface of a strategy.

Glossary of shapes: ``P`` architectures of the start set, ``Q`` proposals of a round, ``Z`` latent.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from paper_nas.space import Architecture, EnasSpace

MAX_DRAWS = 1000
"""Draws for one new architecture before a space counts as exhausted."""


@dataclass(frozen=True)
class SearchBudget:
    """How much may be evaluated (paper section 4.3: 10 rounds of 50).

    Attributes:
        rounds: Rounds of asking and telling.
        batch: Evaluations of a round.

    Raises:
        ValueError: One of them is less than 1.
    """

    rounds: int = 10
    batch: int = 50

    def __post_init__(self) -> None:
        """Check the counts."""
        if self.rounds < 1 or self.batch < 1:
            raise ValueError(f"{self.rounds} rounds of {self.batch} evaluate nothing")


@dataclass(frozen=True, eq=False)
class StartSet:
    """Architectures whose scores are known before a search begins.

    Attributes:
        name: What it is, for tables.
        architectures: ``P`` of them, all with equally many layers, at least one.
        scores: ``[P]`` float64, finite; higher is better.
        rows: Their rows in the data set, if they come from one.

    Raises:
        ValueError: No architecture, several sizes, or scores that do not fit or are not finite.
    """

    name: str
    architectures: list[Architecture]
    scores: np.ndarray
    rows: np.ndarray | None = field(default=None)

    def __post_init__(self) -> None:
        """Check that scores and architectures fit."""
        scores = np.asarray(self.scores, dtype=np.float64)
        if not self.architectures or scores.shape != (len(self.architectures),):
            raise ValueError(f"{len(self.architectures)} architectures, scores {scores.shape}")
        if not np.isfinite(scores).all():
            raise ValueError("a score of the start set is not finite; leave such rows out")
        if len({a.num_layers for a in self.architectures}) != 1:
            raise ValueError("the architectures of a start set must have equally many layers")
        object.__setattr__(self, "scores", scores)

    def __len__(self) -> int:
        """``P``."""
        return len(self.architectures)

    @property
    def space(self) -> EnasSpace:
        """The space that is searched."""
        return EnasSpace(self.architectures[0].num_layers)

    @property
    def patterns(self) -> set[tuple[int, ...]]:
        """The different skip patterns."""
        return {architecture.skips for architecture in self.architectures}

    def to_json_dict(self) -> dict[str, Any]:
        """What identifies the set; it holds no architecture and no single score but the extremes.

        The rows are named where the set is a choice among those of a data set.
        """
        digest = hashlib.sha256(self.scores.tobytes())
        digest.update("\n".join(map(str, self.architectures)).encode())
        return {
            "name": self.name,
            "count": len(self),
            "patterns": len(self.patterns),
            "best": float(self.scores.max()),
            "median": float(np.median(self.scores)),
            "worst": float(self.scores.min()),
            "rows": None if self.rows is None else [int(row) for row in self.rows],
            "sha256": digest.hexdigest(),
        }


@dataclass(frozen=True, eq=False)
class Proposal:
    """Something to evaluate.

    Attributes:
        architecture: The architecture; ``None`` where a latent could not be decoded.
        latent: ``[Z]`` float64, where the strategy works on latents.
        mean: Score that the strategy predicts; NaN where it predicts none.
        sd: Standard deviation of that prediction, without the noise of an observation.
    """

    architecture: Architecture | None
    latent: np.ndarray | None = None
    mean: float = math.nan
    sd: float = math.nan


class Strategy(ABC):
    """A search, seen from outside: it is asked for proposals and told their scores.

    All randomness of a round comes from the seed and the round's number, so a search that is begun
    again and told the first rounds goes on as if it had never stopped. What a strategy knows beyond
    what it was told it keeps with :meth:`save`.

    Attributes:
        name: Name in :data:`paper_nas.search.STRATEGIES`.
        start: The start set.
        seed: Of all random choices.
        known: Score of each architecture of the start set and of each one evaluated.
        remarks: What happened in the last round, as counts by name.
    """

    name: ClassVar[str]
    start: StartSet
    seed: int
    known: dict[Architecture, float]
    remarks: dict[str, int]

    def begin(self, start: StartSet, seed: int) -> None:
        """Forget everything and take a start set."""
        self.start, self.seed, self.remarks = start, seed, {}
        self.known = dict(zip(start.architectures, start.scores.tolist(), strict=True))

    @abstractmethod
    def ask(self, number: int, count: int) -> list[Proposal]:
        """Proposals of a round.

        Args:
            number: Of the round, from 1.
            count: How many are wanted; fewer are given where there is nothing new to propose.
        """

    def tell(self, proposals: Sequence[Proposal], scores: Sequence[float]) -> None:
        """Take the scores of a round's proposals, all finite.

        A proposal without an architecture, or whose evaluation failed, has the worst score of the
        start set, as in the released code.
        """
        for proposal, score in zip(proposals, scores, strict=True):
            if proposal.architecture is not None:
                self.known[proposal.architecture] = float(score)

    def settings(self) -> dict[str, Any]:
        """Every setting that decides the proposals, ready for JSON."""
        return {}

    def save(self, folder: Path) -> None:  # noqa: B027 (most strategies have nothing to keep)
        """Keep in a folder what cannot be had by telling the past rounds again."""

    def load(self, folder: Path) -> None:  # noqa: B027
        """Take back what :meth:`save` kept; called after the past rounds were told."""

    def generator(self, number: int) -> np.random.Generator:
        """The randomness of a round."""
        return np.random.default_rng([self.seed, number])

    def ranked(self, generator: np.random.Generator) -> list[Architecture]:
        """All known architectures, best first, ties in random order."""
        architectures = list(self.known)
        scores = np.fromiter(self.known.values(), dtype=float, count=len(architectures))
        order = np.lexsort((generator.random(len(scores)), -scores))
        return [architectures[i] for i in order]


def draw_new(
    space: EnasSpace, seen: set[Architecture], generator: np.random.Generator
) -> Iterator[Architecture]:
    """Uniformly drawn architectures that were not seen; each is added to ``seen``.

    Ends when :data:`MAX_DRAWS` draws in a row were all seen before.
    """
    while True:
        drawn = space.sample(MAX_DRAWS, seed=generator)
        new = [a for a in dict.fromkeys(drawn) if a not in seen]
        if not new:
            return
        for architecture in new:
            if architecture not in seen:  # the caller may have added some meanwhile
                seen.add(architecture)
                yield architecture
