"""The collapsed variational bound of a sparse Gaussian process, and its maximisation.

For fixed kernel and inducing points the best Gaussian over the inducing values is known, so that
it need not be searched: what remains is a bound on the log marginal likelihood as a function of
kernel, noise and inducing points, which a quasi-Newton method climbs in some tens of steps.

With ``A = L^-1 Kmn`` and ``B = I + A A^T / noise``, the bound is

    log N(t; 0, A^T A + noise I) - (P s2 - |A|^2) / (2 noise)

Source: Titsias (2009). Shapes: :mod:`paper_nas.regression.gaussian`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from sklearn.cluster import KMeans
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from paper_nas.regression.gaussian import (
    InducingPosterior,
    SparseParameters,
    solve_lower,
    solve_upper,
    stable_cholesky,
)

START_NOISE = 0.1
"""Noise variance that the search starts from: a tenth of the targets' variance."""
SCALE_SAMPLE = 1000
"""Points whose pairwise distances give the first length-scale."""
LOG_RANGE = 25.0
"""The search keeps logarithms of the kernel's parameters within this distance of the start."""
NOISE_RANGE = (1e-6, 1e2)
"""The search keeps the noise variance in this range."""
KMEANS_ITERATIONS = 10
TOLERANCE = 1e-6
"""A step that gains less than this, in nats per point, ends the search."""
MEMORY = 20
"""Steps that the quasi-Newton method remembers."""


class WhitenedGram(torch.autograd.Function):
    """``A A^T`` and ``A t`` for ``A = L^-1 K``, with a backward pass that never forms dA.

    Automatic differentiation needs about twice as many operations on ``[M, P]`` matrices.
    """

    @staticmethod
    def forward(ctx: Any, cross: Tensor, lower: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Take ``K`` ``[M, P]``, ``L`` ``[M, M]`` and ``t`` ``[P]``; give ``[M, M]``, ``[M]``."""
        white = solve_lower(lower, cross)
        gram, projected = white @ white.mT, white @ targets
        ctx.save_for_backward(cross, lower, targets, gram, projected)
        return gram, projected

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        """Gradients of ``K`` and ``L``."""
        cross, lower, targets, gram, projected = ctx.saved_tensors
        both = grads[0] + grads[0].mT
        inner = solve_upper(lower, solve_upper(lower, both).mT)  # L^-T (G + G^T) L^-1, symmetric
        column = solve_upper(lower, grads[1][:, None])
        grad_cross = torch.addmm(column * targets, inner, cross)
        outer = both @ gram + grads[1][:, None] * projected
        return grad_cross, -solve_upper(lower, outer).tril(), None


def collapsed_bound(
    parameters: SparseParameters, inputs: Tensor, targets: Tensor, jitter: float
) -> tuple[Tensor, InducingPosterior]:
    """The bound, and the posterior that attains it.

    Args:
        parameters: Kernel, noise and inducing points.
        inputs: ``[P, D]`` float64.
        targets: ``[P]`` float64, standardised.
        jitter: See :func:`stable_cholesky`.

    Returns:
        The bound in nats for all ``P`` points, a scalar with gradients; the posterior.

    Raises:
        CholeskyFailure: The inducing points' covariance is not positive definite.
    """
    noise, variance, count = parameters.noise, parameters.variance, len(targets)
    lower = parameters.cholesky(jitter)
    gram, projected = WhitenedGram.apply(parameters.cross(inputs), lower, targets)
    precision = stable_cholesky(torch.eye(len(gram), dtype=gram.dtype) + gram / noise, 0.0)
    half = solve_lower(precision, projected[:, None]) / noise
    log_determinant = 2 * precision.diagonal().log().sum() + count * noise.log()
    quadratic = targets.square().sum() / noise - half.square().sum()
    missed = (count * variance - gram.trace()) / noise
    bound = -0.5 * (count * math.log(2 * math.pi) + log_determinant + quadratic + missed)
    return bound, InducingPosterior(lower, precision, solve_upper(precision, half)[:, 0])


def start_parameters(
    inputs: np.ndarray, inducing_points: int, generator: np.random.Generator
) -> SparseParameters:
    """Inducing points by k-means, length-scales from the median distance.

    Args:
        inputs: ``[P, D]`` with at least ``inducing_points`` different rows.
        inducing_points: ``M``.
        generator: Of the choice of points that k-means and the median start from.
    """
    different = np.unique(inputs, axis=0)
    if len(different) == inducing_points:
        centres = different
    else:
        kmeans = KMeans(
            inducing_points,
            init=different[generator.permutation(len(different))[:inducing_points]],
            n_init=1,
            max_iter=KMEANS_ITERATIONS,
            random_state=0,  # k-means draws nothing when its start is given
        )
        centres = kmeans.fit(inputs).cluster_centers_
    sample = torch.from_numpy(inputs[generator.permutation(len(inputs))[:SCALE_SAMPLE]])
    squares = torch.pdist(sample).square()
    typical = float(squares.median()) or float(squares.mean()) or 1.0
    return SparseParameters(torch.from_numpy(centres), 0.5 * typical, 1.0, START_NOISE)


def maximise_bound(
    parameters: SparseParameters,
    inputs: Tensor,
    targets: Tensor,
    iterations: int,
    jitter: float,
    report: Callable[[float], None],
) -> None:
    """Climb the bound with L-BFGS, over kernel, noise and inducing points together.

    Args:
        parameters: The start; holds the result afterwards.
        inputs: ``[P, D]`` float64.
        targets: ``[P]`` float64, standardised.
        iterations: Most steps; fewer where a step gains less than :data:`TOLERANCE`.
        jitter: See :func:`stable_cholesky`.
        report: Called after each step with the bound per point, in nats.

    Raises:
        CholeskyFailure: The inducing points' covariance is not positive definite.
    """
    members = list(parameters.parameters())
    # One unit of the search is one standard deviation of the inputs, whatever their units.
    spread = inputs.std(0, correction=0)
    units = [torch.ones_like(member) for member in members]
    for member, unit in zip(members, units, strict=True):
        if member is parameters.inducing:
            unit *= torch.where(spread > 0, spread, 1.0)
    scale = parameters_to_vector(units)

    def loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        vector_to_parameters(torch.from_numpy(vector) * scale, members)
        value = -collapsed_bound(parameters, inputs, targets, jitter)[0] / len(targets)
        gradients = torch.autograd.grad(value, members)
        return value.item(), (torch.cat([g.reshape(-1) for g in gradients]) * scale).numpy()

    start = (parameters_to_vector(members).detach() / scale).numpy()
    result = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=_bounds(parameters, members, start),
        callback=lambda intermediate_result: report(-float(intermediate_result.fun)),
        options={"maxiter": iterations, "maxcor": MEMORY, "ftol": TOLERANCE, "gtol": 0.0},
    )
    vector_to_parameters(torch.from_numpy(result.x) * scale, members)


def _bounds(parameters: SparseParameters, members: list[Any], start: np.ndarray) -> np.ndarray:
    """Lower and upper limits ``[n, 2]`` of the search; inducing points are free."""
    limits, place = np.stack([start - LOG_RANGE, start + LOG_RANGE], axis=1), 0
    for member in members:
        part = slice(place, place + member.numel())
        if member is parameters.inducing:
            limits[part] = (-np.inf, np.inf)
        elif member is parameters.log_noise:
            limits[part] = np.log(NOISE_RANGE)
        place = part.stop
    return limits
