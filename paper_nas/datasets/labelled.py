"""A labelled set of architectures, whatever it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from paper_nas.graphs import GraphBatch
from paper_nas.space import Architecture


@dataclass(frozen=True, eq=False)
class ArchitectureDataset:
    """Architectures with scores, split into a training and a test part.

    Attributes:
        name: Name of the set.
        architectures: ``M`` architectures, in file order.
        accuracy: ``[M]`` float64, the score: higher is better, NaN where a row has none. For
            ``enas-cifar10`` the weight-sharing validation accuracy on CIFAR-10, in [0, 1] and in
            steps of 0.0002; for ``enas-digits`` minus the logarithm of a log-loss
            (:func:`paper_nas.datasets.enas_digits.primary_score`).
        train_index: Rows of the training part, in the order of the split.
        test_index: Rows of the test part, likewise.
        split: How the parts were made.
        sha256: Checksum of the file that the rows came from.
        path: That file.
        labels: Everything that was measured, by name, each ``[M]`` float64 with NaN where a row
            was not. Names with ``accuracy`` are in [0, 1], those with ``nll`` in nats (lower is
            better).
    """

    name: str
    architectures: list[Architecture]
    accuracy: np.ndarray
    train_index: np.ndarray
    test_index: np.ndarray
    split: str
    sha256: str
    path: Path
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        """``M``."""
        return len(self.architectures)

    @property
    def labelled(self) -> np.ndarray:
        """Numbers of the rows that have a score, in order."""
        return np.flatnonzero(np.isfinite(self.accuracy))

    def scored_by(self, label: str | None = None) -> ArchitectureDataset:
        """The rows that have a label, with this label as their score.

        Args:
            label: A key of :attr:`labels`; ``None`` keeps the score and drops the rows without.

        Returns:
            A set without NaN in ``accuracy``; the parts keep their order and lose the same rows.

        Raises:
            ValueError: There is no such label; the message names those that there are.
        """
        if label is not None and label not in self.labels:
            raise ValueError(f"{self.name} has no label {label!r}; it has {sorted(self.labels)}")
        scores = self.accuracy if label is None else self.labels[label]
        kept = np.flatnonzero(np.isfinite(scores))
        place = np.full(len(self), -1)
        place[kept] = np.arange(len(kept))
        train, test = (
            place[rows][place[rows] >= 0] for rows in (self.train_index, self.test_index)
        )
        return replace(
            self,
            architectures=[self.architectures[i] for i in kept],
            accuracy=scores[kept],
            train_index=train,
            test_index=test,
            labels={name: values[kept] for name, values in self.labels.items()},
        )

    @property
    def num_layers(self) -> int:
        """Layers of the largest architecture."""
        return max(architecture.num_layers for architecture in self.architectures)

    def graphs(
        self, index: np.ndarray | None = None, max_vertices: int | None = None
    ) -> GraphBatch:
        """The graphs of some rows (all by default).

        Args:
            index: Numbers of the rows.
            max_vertices: ``N``; by default what the largest architecture needs.
        """
        rows = range(len(self)) if index is None else index
        size = self.num_layers + 2 if max_vertices is None else max_vertices
        return GraphBatch.from_architectures([self.architectures[i] for i in rows], size)

    def skip_patterns(self) -> np.ndarray:
        """The free bits of every row, ``[M, bits]`` uint8 (all rows have equally many layers)."""
        return np.array([a.skips for a in self.architectures], dtype=np.uint8)

    def operation_choices(self) -> np.ndarray:
        """The operations of every row, ``[M, layers]`` uint8."""
        return np.array([a.operations for a in self.architectures], dtype=np.uint8)
