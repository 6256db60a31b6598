"""Small regression problems with a known answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from paper_nas.regression import SparseGP
from paper_nas.regression.gaussian import SparseParameters

LENGTHS = np.array([1.0, 2.0, 30.0])
VARIANCE = 2.0
NOISE = 0.05


def drawn(points: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs `[points, 3]` and targets from a Gaussian process with the constants above.

    The length-scales are squared ones. The third input hardly matters.
    """
    generator = np.random.default_rng(seed)
    inputs = generator.uniform(-2, 2, (points, 3))
    scaled = inputs / np.sqrt(LENGTHS)
    squares = ((scaled[:, None] - scaled[None]) ** 2).sum(2)
    covariance = VARIANCE * np.exp(-0.5 * squares) + NOISE * np.eye(points)
    return inputs, np.linalg.cholesky(covariance) @ generator.standard_normal(points)


def process(**settings: Any) -> SparseGP:
    return SparseGP(**{"inducing_points": 30, "progress": False, **settings})


def parameters(inducing: np.ndarray, noise: float = NOISE) -> SparseParameters:
    """Known parameters: squared length-scales and variance as above."""
    result = SparseParameters(torch.from_numpy(inducing), 1.0, VARIANCE, noise)
    result.kernel.base_kernel.lengthscale = torch.from_numpy(np.sqrt(LENGTHS))
    return result
