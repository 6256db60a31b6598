"""Expected improvement under a sparse Gaussian process, and batches chosen with believed values.

A search maximises. For a function with mean ``m`` and standard deviation ``s`` at a point, the
improvement over ``t`` is expected to be ``s h(z)`` with ``z = (m - t) / s`` and
``h(z) = phi(z) + z Phi(z)``. Its logarithm is computed without ever forming ``h`` where that
underflows; the scaled complementary error function gives ``Phi / phi``.

Sources: Jones, Schonlau and Welch, "Efficient global optimization of expensive black-box
functions", 1998; released_code_spec section 9 for how a batch is chosen.

Glossary of shapes: ``Q`` points, ``D`` input dimensions, ``M`` inducing points, ``C`` points chosen
so far.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import erfcx

from paper_nas.regression import SparseGP

BATCH_VARIANCES = ("inducing", "posterior")
"""The variance of a batch's later points: see :class:`Belief`."""
JITTER = 1e-6
"""Least variance of a chosen point, in units of the prior variance."""
SERIES_BELOW = -100.0
"""Below it the logarithm of ``h / phi`` is computed by its asymptotic series."""
REFINE_ITERATIONS = 150
"""Steps of L-BFGS-B from the best candidate."""


def mills_ratio(z: np.ndarray) -> np.ndarray:
    """``Phi(z) / phi(z)`` of the standard normal; infinite above about 37."""
    ratio: np.ndarray = math.sqrt(math.pi / 2) * erfcx(-np.asarray(z, dtype=float) / math.sqrt(2))
    return ratio


def log_improvement(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``log h(z)``, and the quotients ``Phi(z) / h(z)`` and ``phi(z) / h(z)``.

    Args:
        z: Any shape.
    """
    z = np.asarray(z, dtype=float)
    low = np.minimum(z, 0.0)  # where the quotients with phi do not overflow
    ratio, squares = mills_ratio(low), low * low
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = np.log1p((-3 + 15 / squares) / squares) - np.log(squares)
        log_h = np.where(low > SERIES_BELOW, np.log1p(low * ratio), tail)
    log_phi = -0.5 * (z * z + math.log(2 * math.pi))
    scale = np.exp(-log_h)
    high = z > 0
    phi = np.exp(log_phi)
    big = np.where(high, phi + z * (1 - phi * mills_ratio(-np.abs(z))), 1.0)
    return (
        np.where(high, np.log(big), log_phi + log_h),
        np.where(high, (big - phi) / np.where(high, z, 1.0) / big, ratio * scale),
        np.where(high, phi / big, scale),
    )


def log_expected_improvement(
    mean: np.ndarray, variance: np.ndarray, incumbent: float
) -> np.ndarray:
    """Logarithm of the expected improvement over an incumbent, by which a batch is chosen.

    Args:
        mean: ``[Q]``.
        variance: ``[Q]``, positive.
        incumbent: The score to improve on.

    >>> log_expected_improvement(np.array([0.0]), np.array([1.0]), 0.0).round(4)
    array([-0.9189])
    """
    sd = np.sqrt(variance)
    return log_improvement((mean - incumbent) / sd)[0] + np.log(sd)


class Belief:
    """What a fitted process says, and what it would say if chosen points had their means.

    The mean is that of the process and stays; a chosen point takes variance away around it. The
    variance has the form ``s2 - k^T W k``, with ``k`` the covariances with inducing and chosen
    points, and each chosen point adds a term of rank one to ``W``.

    With ``"inducing"`` the inducing points count as observed without noise once a point is chosen,
    as in the released code, so that only the first point of a batch is chosen with the variance of
    the process (released_code_spec section 9). With ``"posterior"`` all are.

    Args:
        process: A fitted process.
        batch_variance: One of :data:`BATCH_VARIANCES`.

    Attributes:
        points: ``[M + C, D]``, inducing and chosen points.

    Raises:
        ValueError: An unknown name.
    """

    def __init__(self, process: SparseGP, batch_variance: str = "inducing") -> None:
        """Take the numbers out of the process."""
        if batch_variance not in BATCH_VARIANCES:
            raise ValueError(f"batch_variance is one of {BATCH_VARIANCES}, not {batch_variance!r}")
        parameters, posterior = process.parameters_, process.posterior_
        self.points = parameters.inducing.detach().numpy()
        self._precision = 1.0 / parameters.squared_lengths.detach().numpy()
        self._prior = float(parameters.variance.detach())
        lower, root = posterior.cholesky.detach().numpy(), posterior.precision.detach().numpy()
        inverse = np.linalg.inv(lower)
        self._weights = inverse.T @ posterior.mean.detach().numpy()
        self._certain = inverse.T @ inverse
        half = np.linalg.inv(root) @ inverse
        self._form = self._certain - half.T @ half
        self._later = self._certain if batch_variance == "inducing" else self._form

    def covariance(self, points: np.ndarray) -> np.ndarray:
        """Prior covariance ``[Q, M + C]`` of points ``[Q, D]`` with inducing and chosen points."""
        return self._covariance(points, self.points)

    def _covariance(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        left, right = (x * np.sqrt(self._precision) for x in (first, second))
        squares = (left**2).sum(1)[:, None] + (right**2).sum(1) - 2 * left @ right.T
        return self._prior * np.exp(-0.5 * np.maximum(squares, 0.0))

    def moments(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance ``[Q]`` at points ``[Q, D]``, in standardised units."""
        return self._moments(self.covariance(points))

    def _moments(self, cross: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        variance = self._prior - ((cross @ self._form) * cross).sum(1)
        return cross[:, : len(self._weights)] @ self._weights, self._positive(variance)

    def _positive(self, variance: np.ndarray) -> np.ndarray:
        positive: np.ndarray = np.maximum(variance, JITTER**2 * self._prior)
        return positive

    def at(self, point: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Mean, variance, and their gradients ``[D]`` at one point ``[D]``."""
        gap = self.points - point
        cross = self._prior * np.exp(-0.5 * (gap**2 @ self._precision))
        solved = self._form @ cross
        slope = gap * self._precision  # of the logarithm of each covariance
        inducing = len(self._weights)
        mean_slope = (self._weights * cross[:inducing]) @ slope[:inducing]
        mean = float(self._weights @ cross[:inducing])
        variance = max(self._prior - float(cross @ solved), JITTER**2 * self._prior)
        return mean, variance, mean_slope, -2 * (solved * cross) @ slope

    def choose(self, point: np.ndarray) -> np.ndarray:
        """Believe the mean at a point ``[D]``.

        Returns:
            ``[M + C]`` (the point included): squares of ``covariance(x) @ it`` are what the
            variance at ``x`` loses by the choice, ``W`` having been replaced where the point is
            the first.
        """
        if len(self.points) == len(self._weights):
            self._form = self._later
        cross = self.covariance(point[None])[0]
        solved = self._form @ cross
        left = max(self._prior - cross @ solved, 0.0) + JITTER * self._prior
        direction = np.append(-solved, 1.0) / math.sqrt(left)
        grown = np.zeros((len(direction), len(direction)))
        grown[:-1, :-1] = self._form
        self._form = grown + np.outer(direction, direction)
        self.points = np.vstack([self.points, point])
        return direction


class BatchChooser:
    """Chooses points one after the other, each with the greatest expected improvement.

    Args:
        belief: What is known; it changes with every choice.
        candidates: ``[Q, D]``; the same serve all choices.
        box: Lower and upper ends ``[D]`` that refined points stay in; ``None``: candidates are
            taken as they are, each once.

    Attributes:
        incumbent: Mean that is to be improved on: the greatest over the box (or the candidates),
            as in the released code, and not the best observation.
    """

    def __init__(
        self,
        belief: Belief,
        candidates: np.ndarray,
        box: tuple[np.ndarray, np.ndarray] | None,
        incumbent: float | None = None,
    ) -> None:
        """Find the incumbent, unless it is given."""
        self.belief, self.candidates, self.box = belief, candidates, box
        self._cross = belief.covariance(candidates)
        self.mean, self._variance = belief._moments(self._cross)
        self._free = np.ones(len(candidates), dtype=bool)
        if incumbent is None:
            best = int(self.mean.argmax())
            incumbent = float(self.mean[best])
            if box is not None:
                incumbent = self._refine(candidates[best], self._mean_loss)[1]
        self.incumbent = incumbent

    def _mean_loss(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        mean, _, slope, _ = self.belief.at(point)
        return -mean, -slope

    def _improvement_loss(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        mean, variance, mean_slope, variance_slope = self.belief.at(point)
        sd = math.sqrt(variance)
        value, below, density = (
            float(x) for x in log_improvement(np.array((mean - self.incumbent) / sd))
        )
        gradient = below / sd * mean_slope + density / (2 * variance) * variance_slope
        return -(value + math.log(sd)), -gradient

    def _refine(
        self, point: np.ndarray, loss: Callable[[np.ndarray], tuple[float, np.ndarray]]
    ) -> tuple[np.ndarray, float]:
        """Climb from a point inside the box; the point reached, and minus its loss."""
        assert self.box is not None
        low, width = self.box[0], np.maximum(self.box[1] - self.box[0], 1e-12)

        def scaled(unit: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = loss(low + unit * width)
            return value, gradient * width

        found = minimize(
            scaled,
            np.clip((point - low) / width, 0.0, 1.0),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * len(point),
            options={"maxiter": REFINE_ITERATIONS},
        )
        return low + np.clip(found.x, 0.0, 1.0) * width, -float(found.fun)

    def next(self) -> tuple[int, np.ndarray, float, float] | None:
        """The next point, believed from now on.

        Returns:
            Number of the candidate that it came from, the point ``[D]``, and its mean and variance
            in standardised units before the choice; ``None`` when all candidates were taken.
        """
        if not self._free.any():
            return None
        value = log_expected_improvement(self.mean, self._variance, self.incumbent)
        place = int(np.where(self._free, value, -np.inf).argmax())
        point = self.candidates[place]
        if self.box is None:
            self._free[place] = False
        else:
            point = self._refine(point, self._improvement_loss)[0]
        mean, variance, *_ = self.belief.at(point)
        self._believe(point)
        return place, point, mean, variance

    def _believe(self, point: np.ndarray) -> None:
        first = len(self.belief.points) == len(self.belief._weights)
        direction = self.belief.choose(point)
        new = self.belief._covariance(self.candidates, point[None])
        self._cross = np.hstack([self._cross, new])
        if first:
            self._variance = self.belief._moments(self._cross)[1]
        else:
            lost = (self._cross @ direction) ** 2
            self._variance = self.belief._positive(self._variance - lost)
