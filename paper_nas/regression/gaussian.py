"""What the sparse Gaussian processes share: covariance, inducing points, posterior.

Glossary of shapes: ``P`` data points, ``M`` inducing points, ``D`` input dimensions, ``Q`` points
to predict. ``Kmm`` is the covariance ``[M, M]`` of the inducing values ``u``, with jitter, and
``L`` its Cholesky factor.

Sources: Titsias, "Variational learning of inducing variables in sparse Gaussian processes",
AISTATS 2009; released_code_spec section 8 for the covariance and its parameters.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from paper_nas.regression.errors import CholeskyFailure

with warnings.catch_warnings():
    # linear_operator, which gpytorch imports, uses a decorator that torch is about to drop.
    warnings.filterwarnings("ignore", r"`torch\.jit\.script", DeprecationWarning)
    from gpytorch.constraints import Positive
    from gpytorch.kernels import RBFKernel, ScaleKernel

JITTER_FACTORS = (1.0, 10.0, 100.0, 1000.0)
"""A matrix that is not positive definite gets these multiples of the jitter, one after another."""


def _root(log_square: Tensor) -> Tensor:
    return (0.5 * log_square).exp()


def _log_square(value: Tensor) -> Tensor:
    return 2 * value.log()


class SparseParameters(nn.Module):
    """Everything but the posterior: kernel, noise, and where the inducing points are.

    The covariance is ``s2 * exp(-1/2 * sum_d (x_d - x'_d)^2 / l_d)``; the free parameters are
    ``log s2``, ``log l_d`` (``l_d`` is a *squared* length-scale), the logarithm of the noise
    variance and the inducing points, all float64.

    Args:
        inducing: ``[M, D]``, the inducing points.
        squared_length: ``l_d`` at the start, the same for all dimensions.
        variance: ``s2`` at the start.
        noise: Noise variance at the start.
    """

    def __init__(
        self, inducing: Tensor, squared_length: float, variance: float, noise: float
    ) -> None:
        """Set the start."""
        super().__init__()
        self.kernel = ScaleKernel(
            RBFKernel(
                ard_num_dims=inducing.shape[1],
                lengthscale_constraint=Positive(transform=_root, inv_transform=_log_square),
            ),
            outputscale_constraint=Positive(transform=torch.exp, inv_transform=torch.log),
        ).double()
        self.kernel.base_kernel.lengthscale = squared_length**0.5
        self.kernel.outputscale = variance
        self.log_noise = nn.Parameter(torch.tensor(noise, dtype=torch.float64).log())
        self.inducing = nn.Parameter(inducing.detach().double().clone())

    @property
    def variance(self) -> Tensor:
        """``s2``, a scalar: the prior variance at every point."""
        variance: Tensor = self.kernel.outputscale
        return variance

    @property
    def squared_lengths(self) -> Tensor:
        """``l_d``, ``[D]``: a small one means that dimension ``d`` matters."""
        squares: Tensor = self.kernel.base_kernel.raw_lengthscale.exp().flatten()
        return squares

    @property
    def noise(self) -> Tensor:
        """Noise variance, a scalar."""
        return self.log_noise.exp()

    def covariance(self, first: Tensor, second: Tensor) -> Tensor:
        """Prior covariance ``[A, B]`` of the points ``[A, D]`` and ``[B, D]``."""
        dense: Tensor = self.kernel(first, second).to_dense()
        return dense

    def cross(self, points: Tensor) -> Tensor:
        """Prior covariance ``[M, Q]`` of the inducing values with those at ``[Q, D]``."""
        return self.covariance(self.inducing, points)

    def cholesky(self, jitter: float) -> Tensor:
        """``L``, ``[M, M]``, of the inducing points' covariance plus ``jitter * s2``.

        Raises:
            CholeskyFailure: Not positive definite with a thousand times the jitter either.
        """
        return stable_cholesky(self.covariance(self.inducing, self.inducing), jitter)


def stable_cholesky(matrix: Tensor, jitter: float) -> Tensor:
    """Lower Cholesky factor, with as much added to the diagonal as it takes.

    Args:
        matrix: ``[M, M]``, symmetric.
        jitter: Least addition, in units of the mean of the diagonal. Where it is not enough, it is
            multiplied by each of :data:`JITTER_FACTORS` in turn.

    Raises:
        CholeskyFailure: None of the steps is enough, or the matrix is not finite.
    """
    scale = matrix.diagonal().mean()
    identity = torch.eye(len(matrix), dtype=matrix.dtype)
    for factor in JITTER_FACTORS:
        lower, info = torch.linalg.cholesky_ex(matrix + factor * jitter * scale * identity)
        if int(info) == 0 and bool(torch.isfinite(lower.diagonal()).all()):
            return lower
    raise CholeskyFailure(
        f"a covariance of {len(matrix)} points is not positive definite, even with "
        f"{JITTER_FACTORS[-1] * jitter:g} of its variance added; use fewer inducing points, a "
        f"larger jitter, or inputs of moderate size (standardise them)"
    )


def solve_lower(lower: Tensor, right: Tensor) -> Tensor:
    """``lower^-1 right``: ``[M, M]`` and ``[M, Q]`` give ``[M, Q]``."""
    return torch.linalg.solve_triangular(lower, right, upper=False)


def solve_upper(lower: Tensor, right: Tensor) -> Tensor:
    """``lower^-T right``, with the lower factor given."""
    return torch.linalg.solve_triangular(lower.mT, right, upper=True)


@dataclass(frozen=True)
class InducingPosterior:
    """A Gaussian over the inducing values ``u``, in whitened form.

    ``L^-1 u`` has mean ``mean`` and covariance ``B^-1``, where ``B`` is the identity plus what the
    data add; so ``B`` is never badly conditioned from below.

    Attributes:
        cholesky: ``L``, ``[M, M]``.
        precision: Cholesky factor of ``B``, ``[M, M]``.
        mean: ``[M]``.
    """

    cholesky: Tensor
    precision: Tensor
    mean: Tensor

    def moments(self, cross: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of the function, without noise.

        Args:
            cross: ``[M, Q]``, prior covariance of inducing values and the function.
            variance: Prior variance of the function, a scalar.

        Returns:
            ``[Q]`` each, in units of the standardised targets.
        """
        white = solve_lower(self.cholesky, cross)
        left = solve_lower(self.precision, white)
        return self.mean @ white, variance - white.square().sum(0) + left.square().sum(0)

    def detach(self) -> InducingPosterior:
        """The same numbers, without what is needed for gradients."""
        return InducingPosterior(
            self.cholesky.detach(), self.precision.detach(), self.mean.detach()
        )
