"""Sparse Gaussian processes fitted by steps on minibatches, with the released settings.

The published estimator climbs its objective with Adam at a rate of 5e-4 for 18 steps times 100
passes. No parameter can then move by much more than 1,800 * 5e-4 = 0.9, on a scale where a
length-scale that does not matter should grow by many units: the kernel stays near its start.

The posterior over the inducing values has covariance ``(Kmm^-1 + R R^T)^-1`` and that times ``m``
as its mean; ``m`` and ``R`` are free. Two objectives are to be had: the variational bound (Hensman,
Fusi and Lawrence, "Gaussian processes for big data", UAI 2013), and the energy of stochastic
expectation propagation that the published estimator uses (Bui, Hernandez-Lobato et al., "Deep
Gaussian processes for regression using approximate expectation propagation", ICML 2016).

Source of all settings: released_code_spec section 8. Shapes:
:mod:`paper_nas.regression.gaussian`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from paper_nas.regression.gaussian import (
    InducingPosterior,
    SparseParameters,
    solve_lower,
    stable_cholesky,
)

SCALE_SAMPLE = 1000
SCALE_OFFSET = 1e-3
"""The first length-scale comes from the median distance of so many points, plus the offset."""


class NaturalParameters(nn.Module):
    """The free part of the posterior.

    Args:
        mean: ``m``, ``[M]``.
        factor: ``R``, ``[M, M]``.
    """

    def __init__(self, mean: Tensor, factor: Tensor) -> None:
        """Set the start."""
        super().__init__()
        self.mean = nn.Parameter(mean.clone())
        self.factor = nn.Parameter(factor.clone())

    def posterior(self, lower: Tensor, share: float = 1.0) -> InducingPosterior:
        """The posterior, given ``L`` of the prior.

        Args:
            lower: ``L``, ``[M, M]``.
            share: What the data say counts so much; below 1 for the cavity.
        """
        half = lower.mT @ self.factor
        identity = torch.eye(len(half), dtype=half.dtype)
        precision = stable_cholesky(identity + share * half @ half.mT, 0.0)
        natural = share * (lower.mT @ self.mean)[:, None]
        return InducingPosterior(lower, precision, torch.cholesky_solve(natural, precision)[:, 0])


Objective = Callable[[SparseParameters, NaturalParameters, Tensor, Tensor, int, float], Tensor]


def variational_bound(
    parameters: SparseParameters,
    natural: NaturalParameters,
    inputs: Tensor,
    targets: Tensor,
    total: int,
    jitter: float,
) -> Tensor:
    """A minibatch's share of the variational bound, in nats.

    Args:
        parameters: Kernel, noise and inducing points.
        natural: The free posterior.
        inputs: ``[P, D]``, the minibatch.
        targets: ``[P]``, standardised.
        total: Points of all minibatches together.
        jitter: See :func:`stable_cholesky`.

    Returns:
        A scalar; its sum over the minibatches bounds the log marginal likelihood of all points.
    """
    posterior = natural.posterior(parameters.cholesky(jitter))
    mean, variance = posterior.moments(parameters.cross(inputs), parameters.variance)
    expected = log_normal(targets, mean, parameters.noise) - 0.5 * variance / parameters.noise
    identity = torch.eye(len(posterior.mean), dtype=torch.float64)
    inverse = solve_lower(posterior.precision, identity)
    divergence = 0.5 * (
        inverse.square().sum() + posterior.mean.square().sum() - len(identity)
    ) + _half_log_determinant(posterior)
    return expected.sum() - len(targets) / total * divergence


def propagation_energy(
    parameters: SparseParameters,
    natural: NaturalParameters,
    inputs: Tensor,
    targets: Tensor,
    total: int,
    jitter: float,
) -> Tensor:
    """A minibatch's share of the energy of stochastic expectation propagation, in nats.

    Arguments and result as for :func:`variational_bound`, but this is an approximation of the log
    marginal likelihood, no bound on it. Each point is predicted from the cavity: the posterior
    without one ``total``-th of what the data say.
    """
    lower = parameters.cholesky(jitter)
    posterior = natural.posterior(lower)
    cavity = natural.posterior(lower, (total - 1) / total)
    mean, variance = cavity.moments(parameters.cross(inputs), parameters.variance)
    normaliser = _log_normaliser(posterior)
    shared = _log_normaliser(cavity) - normaliser + normaliser / total
    predicted = log_normal(targets, mean, variance.abs() + parameters.noise)
    return len(targets) * shared + predicted.sum()


def log_normal(values: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Log density of normal distributions, elementwise."""
    return -0.5 * (math.log(2 * math.pi) + variance.log() + (values - mean).square() / variance)


def _half_log_determinant(posterior: InducingPosterior) -> Tensor:
    return posterior.precision.diagonal().log().sum()


def _log_normaliser(posterior: InducingPosterior) -> Tensor:
    """Log normaliser of the posterior as an exponential family, less that of the prior."""
    root = posterior.precision.mT @ posterior.mean
    return 0.5 * root.square().sum() - _half_log_determinant(posterior)


OBJECTIVES: dict[str, Objective] = {
    "stochastic": variational_bound,
    "propagation": propagation_energy,
}
"""The methods that go by minibatches."""


def released_start(
    inputs: Tensor, targets: Tensor, inducing_points: int, generator: torch.Generator
) -> tuple[SparseParameters, NaturalParameters]:
    """The start of the released code.

    The inducing points are random data points and ``m`` their targets; ``R`` is N(0, 1); the
    variances of function and noise are 1; each ``l_d`` is half the median squared distance.

    Args:
        inputs: ``[P, D]``.
        targets: ``[P]``, standardised.
        inducing_points: ``M``.
        generator: Of the random choices.
    """
    sample = torch.randperm(len(inputs), generator=generator)[: max(SCALE_SAMPLE, inducing_points)]
    median = float(torch.pdist(inputs[sample]).square().median())
    chosen = sample[:inducing_points]
    shape = (inducing_points, inducing_points)
    factor = torch.randn(shape, dtype=torch.float64, generator=generator)
    parameters = SparseParameters(inputs[chosen], 0.5 * (median + SCALE_OFFSET), 1.0, 1.0)
    return parameters, NaturalParameters(targets[chosen], factor)


def climb_by_minibatches(
    objective: Objective,
    parameters: SparseParameters,
    natural: NaturalParameters,
    inputs: Tensor,
    targets: Tensor,
    *,
    passes: int,
    batch_size: int,
    learning_rate: float,
    jitter: float,
    generator: torch.Generator,
    report: Callable[[float], None],
) -> None:
    """Climb an objective with Adam.

    Args:
        objective: One of :data:`OBJECTIVES`.
        parameters: The start; holds the result afterwards.
        natural: Likewise.
        inputs: ``[P, D]``.
        targets: ``[P]``, standardised.
        passes: Passes over the data, each in another order.
        batch_size: Points per step; the last step of a pass has what is left.
        learning_rate: Of Adam.
        jitter: See :func:`stable_cholesky`.
        generator: Of the orders.
        report: Called after each pass with the mean of the objective per point, in nats.

    Raises:
        CholeskyFailure: The inducing points' covariance is not positive definite.
    """
    adam = torch.optim.Adam([*parameters.parameters(), *natural.parameters()], lr=learning_rate)
    count = len(targets)
    for _ in range(passes):
        total = 0.0
        for rows in torch.randperm(count, generator=generator).split(batch_size):
            adam.zero_grad()
            value = objective(parameters, natural, inputs[rows], targets[rows], count, jitter)
            (-value).backward()
            adam.step()
            total += value.item()
        report(total / count)
