"""Matrices over a few items, held against all ways of exchanging the names of the items.

Glossary of shapes: ``n`` items, ``P = n (n - 1) / 2`` pairs of them.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_ITEMS = 8
"""Of these there are 40,320 orders."""


def relabelled(matrix: ArrayLike) -> NDArray[np.float64]:
    """The pairs of a symmetric matrix under every order of its items.

    Args:
        matrix: ``[n, n]``, one value per pair of items; the diagonal is not used.

    Returns:
        ``[n!, P]``, the pairs above the diagonal, row by row; the order as given comes first.

    Raises:
        ValueError: The matrix is not square, or has more than :data:`MOST_ITEMS` rows.

    >>> relabelled([[0, 1, 2], [1, 0, 3], [2, 3, 0]])[:2]
    array([[1., 2., 3.],
           [2., 1., 3.]])
    """
    values = np.asarray(matrix, dtype=np.float64)
    count = len(values)
    if values.shape != (count, count) or count > MOST_ITEMS:
        raise ValueError(
            f"a square matrix of at most {MOST_ITEMS} rows is wanted, not {values.shape}"
        )
    rows, columns = np.triu_indices(count, 1)
    orders = np.array(list(itertools.permutations(range(count))))
    found: NDArray[np.float64] = values[orders[:, rows], orders[:, columns]]
    return found


def relabelling_share(values: ArrayLike, marked: ArrayLike) -> float:
    """How unusual the marked pairs are, by exchanging the names of the items in all ways.

    The statistic is the distance between the mean of the marked pairs and that of the others.

    Args:
        values: ``[n, n]`` symmetric, one value per pair of items; the diagonal is not used.
        marked: ``[n, n]`` symmetric bool, at least one pair and not all.

    Returns:
        Share of the ``n!`` relabellings whose statistic is at least the one observed (which is
        among them); small values say that the marked pairs are unlike the others.

    Raises:
        ValueError: Shapes that do not fit, too many items, or nothing to compare.

    >>> values = np.array([[0, 9, 1, 1], [9, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]])
    >>> relabelling_share(values, values == 9) == 4 / 24
    True
    """
    by_order, names = relabelled(values), np.asarray(marked, dtype=bool)
    if names.shape != np.shape(values):
        raise ValueError(f"marks of shape {np.shape(values)} are wanted, not {names.shape}")
    chosen = names[np.triu_indices(len(names), 1)]
    if chosen.all() or not chosen.any():
        raise ValueError("some pairs must be marked and some not")
    gaps = np.abs(by_order[:, chosen].mean(axis=1) - by_order[:, ~chosen].mean(axis=1))
    return float((gaps >= gaps[0] - 1e-9 * (1 + gaps[0])).mean())
