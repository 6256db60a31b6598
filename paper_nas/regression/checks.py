"""What a regression checks before it computes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from paper_nas.regression.errors import InvalidInputs


def checked_inputs(X: ArrayLike) -> np.ndarray:
    """Inputs as a float64 array ``[P, D]``.

    Raises:
        InvalidInputs: Another number of axes, no row or column, or a value that is not finite.
    """
    inputs = np.array(X, dtype=np.float64)
    if inputs.ndim != 2 or 0 in inputs.shape:
        raise InvalidInputs(f"inputs must be [P, D] with rows and columns, not {inputs.shape}")
    if not np.isfinite(inputs).all():
        rows = np.flatnonzero(~np.isfinite(inputs).all(axis=1))
        raise InvalidInputs(
            f"{len(rows)} rows of the inputs are not finite, the first is {rows[0]}"
        )
    return inputs


def checked_data(X: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets as float64 arrays ``[P, D]`` and ``[P]``.

    Raises:
        InvalidInputs: Shapes that do not fit, or a value that is not finite.
    """
    inputs, targets = checked_inputs(X), np.array(y, dtype=np.float64)
    if targets.shape != (len(inputs),):
        raise InvalidInputs(f"{len(inputs)} rows of inputs, targets of shape {targets.shape}")
    if not np.isfinite(targets).all():
        rows = np.flatnonzero(~np.isfinite(targets))
        raise InvalidInputs(f"{len(rows)} targets are not finite, the first in row {rows[0]}")
    return inputs, targets
