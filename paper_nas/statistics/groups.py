"""Architectures by how well they score, and by the operation in a layer.

Glossary of shapes: ``M`` architectures, ``L`` layers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from paper_nas.space import NUM_OPERATIONS, Architecture

Floats = NDArray[np.float64]


def operation_effects(
    architectures: Sequence[Architecture], scores: ArrayLike
) -> tuple[Floats, Floats]:
    """How much better or worse than the mean the architectures with one operation in a layer are.

    Where operations are drawn uniformly and independently of everything else, as in
    ``enas-digits``, this is the average effect of the choice.

    Args:
        architectures: ``M`` of them, all with ``L`` layers.
        scores: ``[M]``.

    Returns:
        ``[L, 6]``: mean score less the mean of all; and the standard errors of these means. NaN
        where an operation does not occur, and an error of NaN where it occurs once.

    Raises:
        ValueError: As many scores as architectures are wanted.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (len(architectures),):
        raise ValueError(f"{len(architectures)} architectures and scores {values.shape}")
    choices = np.array([architecture.operations for architecture in architectures])
    effects, errors = np.full((2, choices.shape[1], NUM_OPERATIONS), np.nan)
    for layer, operation in np.ndindex(effects.shape):
        chosen = values[choices[:, layer] == operation]
        if len(chosen):
            effects[layer, operation] = chosen.mean() - values.mean()
        if len(chosen) > 1:
            errors[layer, operation] = chosen.std(ddof=1) / np.sqrt(len(chosen))
    return effects, errors


def released_groups(
    scores: ArrayLike, first: float = 0.70, step: float = 0.01
) -> NDArray[np.int64]:
    """The groups of the paper's Figures 7 and 8, as its released code forms them.

    In ascending order, a group ends with the first score above ``first + step``, the next with the
    first above ``first + 2 step``, and so on: bins of fixed width, but for one score each.

    Args:
        scores: ``[M]``.
        first: Lower end of the lowest group.
        step: Width of a group.

    Returns:
        ``[M]``, the number of each score's group, from 0 for the lowest.

    Source: released_code_spec section 11.
    """
    values = np.asarray(scores, dtype=np.float64)
    groups = np.zeros(len(values), dtype=np.int64)
    group, width = 0, step
    for row in np.argsort(values, kind="stable"):
        groups[row] = group
        if values[row] > first + width:
            group, width = group + 1, width + step
    return groups


def equal_groups(scores: ArrayLike, count: int = 6) -> NDArray[np.int64]:
    """Groups with as nearly the same number of scores as equal scores allow.

    Args:
        scores: ``[M]``.
        count: Number of groups.

    Returns:
        ``[M]``, the number of each score's group, from 0 for the lowest; equal scores share one.

    Raises:
        ValueError: No group is wanted.

    >>> equal_groups([3.0, 1.0, 2.0, 4.0], 2).tolist()
    [1, 0, 0, 1]
    """
    if count < 1:
        raise ValueError(f"at least one group is wanted, not {count}")
    ranks = stats.rankdata(scores)  # from 1; ties share their mean
    groups: NDArray[np.int64] = np.floor((ranks - 0.5) * count / len(ranks)).astype(np.int64)
    return groups
