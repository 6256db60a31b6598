"""What a fitted model is told about an architecture.

Glossary of shapes: ``Q`` architectures of ``L`` layers with ``b = L (L - 1) / 2`` skip bits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paper_nas.child import network_cost
from paper_nas.space import NUM_OPERATIONS, Architecture

COST_CHANNELS = 8
COST_IMAGE = (1, 16, 16)
"""The network whose costs are features. Another size shifts all log costs by nearly the same."""


def architecture_features(architectures: Sequence[Architecture]) -> np.ndarray:
    """Features of operations and wiring.

    They are: each layer's operation, one-hot (``6 L``); the skip bits (``b``); how often each
    operation occurs (6); the skips into each layer but the first (``L - 1``), out of each cache
    entry (``L - 1``), and in all (1); the length of the shortest path from START to END (1); the
    logarithms of parameters and multiply-adds of the fixed network (2).

    Args:
        architectures: ``Q`` of them, at least one, all with ``L`` layers.

    Returns:
        ``[Q, 8 L + b + 8]`` float64 (71 columns for six layers).
    """
    operations = np.array([a.operations for a in architectures])
    bits = skip_bits(architectures)
    into, out_of, shortest = _wiring(bits, operations.shape[1])
    chosen = np.eye(NUM_OPERATIONS)[operations]
    costs = [network_cost(a, COST_CHANNELS, COST_IMAGE) for a in architectures]
    return np.column_stack(
        [
            chosen.reshape(len(bits), -1),
            bits,
            chosen.sum(axis=1),
            into,
            out_of,
            bits.sum(axis=1),
            shortest,
            np.log([(cost.parameters, cost.multiply_adds) for cost in costs]),
        ]
    )


def skip_bits(architectures: Sequence[Architecture]) -> np.ndarray:
    """The skip bits, ``[Q, b]`` float64."""
    return np.array([a.skips for a in architectures], dtype=np.float64)


def _wiring(bits: np.ndarray, layers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Skips into each layer and out of each entry, ``[Q, L - 1]``; shortest path, ``[Q]``."""
    into, out_of = np.zeros((2, len(bits), layers - 1))
    distance = np.zeros((len(bits), layers + 1))
    distance[:, 1] = 1.0
    for layer in range(1, layers):
        start = layer * (layer - 1) // 2
        chosen = bits[:, start : start + layer]
        into[:, layer - 1] = chosen.sum(axis=1)
        out_of[:, :layer] += chosen
        by_skip = np.where(chosen > 0.0, distance[:, :layer], np.inf).min(axis=1)
        distance[:, layer + 1] = 1.0 + np.minimum(distance[:, layer], by_skip)
    return into, out_of, 1.0 + distance[:, layers]
