"""What can be wrong with a regression."""

from __future__ import annotations


class InvalidInputs(ValueError):
    """Inputs or targets have a wrong shape, or hold a value that is not finite."""


class ConstantTarget(ValueError):
    """All targets are equal, so that there is nothing to predict."""


class TooFewPoints(ValueError):
    """There are fewer distinct points than inducing points."""


class CholeskyFailure(RuntimeError):
    """A covariance matrix is not positive definite, whatever the jitter."""
