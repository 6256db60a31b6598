"""What all oracles have in common: validation, counting, and the provenance of a score.

Glossary of shapes: ``Q`` architectures asked for, in one call.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from paper_nas.datasets import ArchitectureDataset
from paper_nas.space import Architecture

PROVENANCES = ("exact", "fitted", "live")
"""A score was recorded before, is a fitted model's prediction, or was computed by a network."""

NLL_SCORE = "minus the logarithm of the log-loss (nats) on the validation images"
WEIGHT_SHARING_ACCURACY = "weight-sharing accuracy on the validation images, in [0, 1]"
UNITS = {"enas-digits": NLL_SCORE, "enas-cifar10": WEIGHT_SHARING_ACCURACY}
"""What the scores of a data set are."""


class InvalidArchitecture(ValueError):
    """An oracle was asked for something that it cannot score; nothing was computed or counted."""


class Scores(NamedTuple):
    """Answers to ``Q`` architectures, in the order they were asked for.

    Attributes:
        values: ``[Q]`` float64, in the oracle's units; higher is better.
        provenance: ``Q`` of :data:`PROVENANCES`.
        error: ``[Q]`` float64, in the oracle's units: the fitted model's held-out RMSE for a
            fitted value, NaN for any other.
    """

    values: np.ndarray
    provenance: tuple[str, ...]
    error: np.ndarray


class Oracle(ABC):
    """Scores architectures, and counts them.

    Args:
        name: Name for tables and file names.
        units: What a value is.
        num_layers: Layers of every architecture that can be scored.

    Attributes:
        name: As given.
        units: As given.
        num_layers: As given.
        higher_is_better: Always true.
        calls: Architectures scored so far, repetitions included. A call that raises, or is
            interrupted, counts nothing.
    """

    higher_is_better = True

    def __init__(self, name: str, units: str, num_layers: int) -> None:
        """Start counting at zero."""
        self.name = name
        self.units = units
        self.num_layers = num_layers
        self.calls = 0
        self._seen: set[Architecture] = set()

    @property
    def distinct(self) -> int:
        """Different architectures scored so far."""
        return len(self._seen)

    def score(self, architectures: Sequence[Architecture]) -> Scores:
        """Score some architectures; one that is asked for twice is computed once.

        Args:
            architectures: ``Q`` of them, none included.

        Raises:
            InvalidArchitecture: One is no architecture, or has another number of layers.
        """
        asked = list(architectures)
        for place, architecture in enumerate(asked):
            self._check(place, architecture)
        row = {architecture: i for i, architecture in enumerate(dict.fromkeys(asked))}
        answers = self._score(list(row))
        rows = np.array([row[architecture] for architecture in asked], dtype=np.intp)
        self.calls += len(asked)
        self._seen.update(row)
        return Scores(
            answers.values[rows],
            tuple(answers.provenance[i] for i in rows.tolist()),
            answers.error[rows],
        )

    def _check(self, place: int, architecture: object) -> None:
        if not isinstance(architecture, Architecture):
            raise InvalidArchitecture(
                f"number {place} is {architecture!r}, which is no Architecture; make one with "
                f"Architecture.from_string or Architecture.from_row"
            )
        if architecture.num_layers != self.num_layers:
            raise InvalidArchitecture(
                f"number {place} has {architecture.num_layers} layers; {self.name} scores "
                f"architectures with {self.num_layers}: {architecture!r}"
            )

    @abstractmethod
    def _score(self, architectures: list[Architecture]) -> Scores:
        """Scores of valid architectures that all differ; perhaps of none."""


def all_live(values: np.ndarray) -> Scores:
    """Scores that were all computed by a network."""
    return Scores(
        np.asarray(values, dtype=np.float64),
        ("live",) * len(values),
        np.full(len(values), math.nan),
    )


def recorded_or(
    architectures: Sequence[Architecture],
    records: Mapping[Architecture, float],
    others: Scores,
) -> Scores:
    """Recorded values where there are some, and other scores for the rest.

    Args:
        architectures: ``Q`` different ones.
        records: Recorded values.
        others: Scores of those that are not in ``records``, in their order.
    """
    rest = iter(zip(*others, strict=True))
    rows = [(records[a], "exact", math.nan) if a in records else next(rest) for a in architectures]
    return Scores(
        np.array([value for value, _, _ in rows], dtype=np.float64),
        tuple(provenance for _, provenance, _ in rows),
        np.array([error for _, _, error in rows], dtype=np.float64),
    )


def recorded_labels(dataset: ArchitectureDataset) -> dict[Architecture, float]:
    """The label of each labelled architecture.

    Raises:
        ValueError: An architecture has two different labels.
    """
    records: dict[Architecture, float] = {}
    for architecture, value in zip(dataset.architectures, dataset.accuracy.tolist(), strict=True):
        if math.isfinite(value) and records.setdefault(architecture, value) != value:
            raise ValueError(f"{dataset.name} has two labels for {architecture!r}")
    return records


def layers_of(dataset: ArchitectureDataset) -> int:
    """Layers of every architecture of a data set.

    Raises:
        ValueError: It is empty, or holds several sizes.
    """
    sizes = {architecture.num_layers for architecture in dataset.architectures}
    if len(sizes) != 1:
        raise ValueError(f"the architectures of {dataset.name} have {sorted(sizes)} layers")
    return sizes.pop()
