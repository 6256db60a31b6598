"""The sparse Gaussian process as the browser gets it.

Of a fitted process the inducing points are enough to form their covariance and its Cholesky factor
anew, in double precision; storing the factor in single precision instead would cost accuracy. The
counterpart in JavaScript is ``src/engine_gaussian.mjs``.

Glossary of shapes: ``M`` inducing points, ``D`` input dimensions, ``Q`` points.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from paper_nas.artifacts import ResultDamaged
from paper_nas.regression import SparseGP
from paper_nas.regression.gaussian import InducingPosterior, SparseParameters

TOLERANCE = 1e-4
"""Largest difference that packing may make, in predicted standard deviations."""

Arrays = Mapping[str, np.ndarray]
Numbers = Mapping[str, float]


def pack_process(gp: SparseGP) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """What the browser needs of a fitted process.

    Args:
        gp: A fitted process.

    Returns:
        Arrays: ``inducing`` ``[M, D]`` float32, ``squared_lengths`` ``[D]`` and ``mean`` ``[M]``
        (whitened) float64, ``precision``, the rows of a Cholesky factor ``[M (M + 1) / 2]``
        float32. Numbers: ``variance`` and ``noise`` in units of the standardised targets,
        ``jitter`` added to the inducing points' covariance, ``location`` and ``scale`` of the
        targets.
    """
    parameters, posterior = gp.parameters_, gp.posterior_
    with torch.no_grad():
        inducing = parameters.inducing.double()
        lower = posterior.cholesky.double()
        added = lower.square().sum(1) - parameters.variance.double()
        arrays = {
            "inducing": inducing.float().numpy(),
            "squared_lengths": parameters.squared_lengths.double().numpy(),
            "mean": posterior.mean.double().numpy(),
            "precision": posterior.precision.float().numpy()[np.tril_indices(len(lower))],
        }
        numbers = {
            "variance": float(parameters.variance),
            "noise": float(parameters.noise),
            "jitter": float(added.median()),
            "location": float(gp.target_scale_[0]),
            "scale": float(gp.target_scale_[1]),
        }
    return arrays, numbers


def unpack_process(arrays: Arrays, numbers: Numbers) -> SparseGP:
    """The process that packed numbers describe: what the browser evaluates.

    Args:
        arrays: As :func:`pack_process` gives them.
        numbers: Likewise.
    """
    inducing = torch.from_numpy(arrays["inducing"].astype(np.float64))
    size = len(inducing)
    parameters = SparseParameters(inducing, 1.0, numbers["variance"], numbers["noise"])
    lengths = torch.from_numpy(np.sqrt(arrays["squared_lengths"]))
    parameters.kernel.base_kernel.lengthscale = lengths
    precision = torch.zeros(size, size, dtype=torch.float64)
    rows, columns = np.tril_indices(size)
    precision[rows, columns] = torch.from_numpy(arrays["precision"].astype(np.float64))
    with torch.no_grad():
        covariance = parameters.covariance(inducing, inducing)
        lower = torch.linalg.cholesky(covariance + numbers["jitter"] * torch.eye(size))
    gp = SparseGP(inducing_points=size)
    gp.parameters_ = parameters
    gp.posterior_ = InducingPosterior(lower, precision, torch.from_numpy(arrays["mean"]))
    gp.target_scale_ = (numbers["location"], numbers["scale"])
    gp.n_features_in_ = inducing.shape[1]
    return gp


def check_packing(gp: SparseGP, packed: SparseGP, latents: np.ndarray) -> None:
    """Make sure that a packed process predicts what the fitted one does.

    Args:
        gp: The fitted process.
        packed: The packed one.
        latents: ``[Q, D]``, where to compare.

    Raises:
        ResultDamaged: Means or standard deviations differ by more than :data:`TOLERANCE` standard
            deviations.
    """
    mean, sd = gp.predict(latents, return_std=True)
    packed_mean, packed_sd = packed.predict(latents, return_std=True)
    worst = max(np.abs((packed_mean - mean) / sd).max(), np.abs(packed_sd / sd - 1).max())
    if not worst < TOLERANCE:
        raise ResultDamaged(
            f"packed for the browser, the Gaussian process differs by {worst:.1e} standard "
            f"deviations, more than {TOLERANCE:g}; fit it again, with a larger jitter"
        )
