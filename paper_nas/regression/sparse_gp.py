"""A sparse Gaussian process with the interface of scikit-learn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from tqdm.auto import tqdm

from paper_nas.artifacts import ResultDamaged, read_tensors, write_tensors
from paper_nas.regression.checks import checked_data, checked_inputs
from paper_nas.regression.collapsed import collapsed_bound, maximise_bound, start_parameters
from paper_nas.regression.errors import ConstantTarget, InvalidInputs, TooFewPoints
from paper_nas.regression.gaussian import InducingPosterior, SparseParameters
from paper_nas.regression.stochastic import (
    OBJECTIVES,
    NaturalParameters,
    climb_by_minibatches,
    released_start,
)

METHODS = ("collapsed", *OBJECTIVES)
ITERATIONS = {"collapsed": 40, "stochastic": 100, "propagation": 100}
JITTER = {"collapsed": 1e-6, "stochastic": 1e-3, "propagation": 1e-3}
"""Defaults by method; those of the minibatch methods are the released ones."""
PREDICT_PART = 2000
"""Points that are predicted at a time, which bounds the memory."""

Predictions = tuple[np.ndarray, np.ndarray]
Header = dict[str, str]


class SparseGP(RegressorMixin, BaseEstimator):
    """Gaussian-process regression with inducing points (paper Table 2).

    The covariance is squared-exponential with a length-scale per dimension. Targets are
    standardised inside, with their own mean and population standard deviation; predictions are in
    the units of the targets. Inputs are taken as they are.

    Args:
        inducing_points: ``M``.
        method: ``"collapsed"``: the collapsed variational bound, climbed by L-BFGS over kernel,
            noise and inducing points, which start from k-means. ``"stochastic"``: the variational
            bound by minibatches, with the released settings. ``"propagation"``: the same with the
            released objective, stochastic expectation propagation.
        iterations: Steps of L-BFGS, or passes over the data; ``None`` for those of
            :data:`ITERATIONS`. The collapsed method first takes as many steps on a subset.
        subset: Random points in that subset (0: no such steps).
        warm_iterations: The same for a warm start, which does without the subset.
        learning_rate: Of the minibatch methods.
        batch_size: Of the minibatch methods.
        jitter: Added to the diagonal of the inducing points' covariance, in units of the
            variance, and multiplied by 10, 100, 1000 where it is not enough; ``None`` for those of
            :data:`JITTER`.
        target_scale: Mean and standard deviation to standardise targets with, for a series of
            fits that should agree; ``None``: the targets' own.
        warm_start: Start each fit but the first from the result of the last.
        seed: Of all random choices.
        progress: Show a progress bar.

    Attributes:
        parameters_: Kernel, noise and inducing points.
        posterior_: Of the inducing values.
        target_scale_: Mean and standard deviation of the targets.
        bound_: The method's objective at the end, in nats for all points: a lower bound on the log
            marginal likelihood of the standardised targets (an approximation of it for
            ``"propagation"``).
        history_: The same per point, after each step or averaged over each pass.
        n_features_in_: ``D``.
        natural_: The free posterior of the minibatch methods; ``None`` for the collapsed one.
    """

    parameters_: SparseParameters
    posterior_: InducingPosterior
    natural_: NaturalParameters | None
    target_scale_: tuple[float, float]
    bound_: float
    history_: list[float]
    n_features_in_: int

    def __init__(
        self,
        inducing_points: int = 500,
        method: str = "collapsed",
        iterations: int | None = None,
        subset: int = 4000,
        warm_iterations: int = 10,
        learning_rate: float = 5e-4,
        batch_size: int = 1000,
        jitter: float | None = None,
        target_scale: tuple[float, float] | None = None,
        warm_start: bool = False,
        seed: int = 0,
        progress: bool = True,
    ) -> None:
        """Keep the settings; :meth:`fit` checks them."""
        self.inducing_points = inducing_points
        self.method = method
        self.iterations = iterations
        self.subset = subset
        self.warm_iterations = warm_iterations
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.jitter = jitter
        self.target_scale = target_scale
        self.warm_start = warm_start
        self.seed = seed
        self.progress = progress

    def fit(self, X: ArrayLike, y: ArrayLike, start: SparseGP | None = None) -> SparseGP:
        """Fit to data.

        Args:
            X: ``[P, D]``.
            y: ``[P]``.
            start: A fitted process whose kernel, noise and inducing points (and free posterior, if
                both have one) this fit starts from. It is not changed.

        Returns:
            ``self``.

        Raises:
            ValueError: A setting is out of range, or ``start`` is of another size.
            InvalidInputs: Wrong shapes, or values that are not finite.
            ConstantTarget: All targets are equal.
            TooFewPoints: Fewer different points than inducing points.
            CholeskyFailure: The covariance is not positive definite with the largest jitter.
        """
        self._check_settings()
        inputs, targets = checked_data(X, y)
        if self.target_scale is None and np.ptp(targets) == 0:
            raise ConstantTarget(f"all {len(targets)} targets are {targets[0]:g}")
        different = len(np.unique(inputs, axis=0))
        if different < self.inducing_points:
            raise TooFewPoints(
                f"{different} different points for {self.inducing_points} inducing points; lower "
                f"inducing_points"
            )
        if start is None and self.warm_start and hasattr(self, "posterior_"):
            start = self
        if start is not None:
            _check_start(start, self.inducing_points, inputs.shape[1])
        scale = self.target_scale or (float(targets.mean()), float(targets.std()))
        standardised = torch.from_numpy((targets - scale[0]) / scale[1])
        fit = self._fit_collapsed if self.method == "collapsed" else self._fit_minibatches
        self.history_ = []
        fit(torch.from_numpy(inputs), standardised, start)
        self.target_scale_ = scale
        self.n_features_in_ = inputs.shape[1]
        return self

    def _check_settings(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {METHODS}, not {self.method!r}")
        for name in ("inducing_points", "iterations", "warm_iterations", "batch_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        for name in ("learning_rate", "jitter"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be positive, not {value}")
        if self.subset < 0:
            raise ValueError(f"subset must not be negative, but is {self.subset}")
        if self.target_scale is not None and not self.target_scale[1] > 0:
            raise ValueError(f"target_scale needs a positive deviation: {self.target_scale}")

    def _settings(self) -> tuple[int, float]:
        """Iterations of a cold start, and jitter."""
        iterations = ITERATIONS[self.method] if self.iterations is None else self.iterations
        return iterations, JITTER[self.method] if self.jitter is None else self.jitter

    def _fit_collapsed(self, inputs: Tensor, targets: Tensor, start: SparseGP | None) -> None:
        iterations, jitter = self._settings()
        generator = np.random.default_rng(self.seed)
        rounds = [(inputs, targets, iterations)]
        if start is not None:
            parameters = _copied(start.parameters_)
            rounds = [(inputs, targets, self.warm_iterations)]
        else:
            parameters = start_parameters(inputs.numpy(), self.inducing_points, generator)
            if 0 < self.subset < len(inputs):
                rows = generator.permutation(len(inputs))[: self.subset]
                rounds.insert(0, (inputs[rows], targets[rows], iterations))
        with self._bar(sum(steps for *_, steps in rounds), "step") as bar:
            for some_inputs, some_targets, steps in rounds:
                self.history_ = []
                report = self._report(bar)
                maximise_bound(parameters, some_inputs, some_targets, steps, jitter, report)
        with torch.no_grad():
            bound, posterior = collapsed_bound(parameters, inputs, targets, jitter)
        self.natural_ = None
        self.parameters_, self.posterior_, self.bound_ = parameters, posterior, float(bound)

    def _fit_minibatches(self, inputs: Tensor, targets: Tensor, start: SparseGP | None) -> None:
        iterations, jitter = self._settings()
        generator = torch.Generator().manual_seed(self.seed)
        parameters, natural = released_start(inputs, targets, self.inducing_points, generator)
        if start is not None:
            iterations, parameters = self.warm_iterations, _copied(start.parameters_)
            if start.natural_ is not None:
                natural = NaturalParameters(start.natural_.mean, start.natural_.factor)
        objective = OBJECTIVES[self.method]
        with self._bar(iterations, "pass") as bar:
            climb_by_minibatches(
                objective,
                parameters,
                natural,
                inputs,
                targets,
                passes=iterations,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                jitter=jitter,
                generator=generator,
                report=self._report(bar),
            )
        with torch.no_grad():
            bound = objective(parameters, natural, inputs, targets, len(targets), jitter)
            posterior = natural.posterior(parameters.cholesky(jitter))
        self.natural_ = natural
        self.parameters_, self.posterior_, self.bound_ = parameters, posterior, float(bound)

    def _bar(self, total: int, unit: str) -> tqdm:
        return tqdm(total=total, unit=unit, disable=not self.progress, leave=False)

    def _report(self, bar: tqdm) -> Callable[[float], None]:
        def report(value: float) -> None:
            self.history_.append(value)
            bar.update()
            bar.set_postfix_str(f"{value:.4f} nats per point")

        return report

    @overload
    def predict(
        self, X: ArrayLike, return_std: Literal[False] = ..., noise: bool = ...
    ) -> np.ndarray: ...

    @overload
    def predict(
        self, X: ArrayLike, return_std: Literal[True], noise: bool = ...
    ) -> Predictions: ...

    def predict(
        self, X: ArrayLike, return_std: bool = False, noise: bool = True
    ) -> np.ndarray | Predictions:
        """Predict, in the units of the targets.

        Args:
            X: ``[Q, D]``.
            return_std: Give standard deviations too.
            noise: They are those of a new observation; otherwise those of the function.

        Returns:
            Means ``[Q]``; with ``return_std`` also standard deviations ``[Q]``.

        Raises:
            NotFittedError: Before :meth:`fit`.
            InvalidInputs: Another width than in :meth:`fit`, or values that are not finite.
        """
        check_is_fitted(self, "posterior_")
        points = torch.from_numpy(checked_inputs(X))
        with torch.no_grad():
            parts = [self.moments(part) for part in points.split(PREDICT_PART)]
        mean, variance = (torch.cat(values).numpy() for values in zip(*parts, strict=True))
        location, scale = self.target_scale_
        if not return_std:
            return location + scale * mean
        if noise:
            variance = variance + float(self.parameters_.noise.detach())
        return location + scale * mean, scale * np.sqrt(variance)

    def moments(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of the function in standardised units, differentiable.

        Args:
            points: ``[Q, D]`` float64.

        Returns:
            ``[Q]`` each; the variance is without noise and not negative.

        Raises:
            NotFittedError: Before :meth:`fit`.
            InvalidInputs: Another width than in :meth:`fit`.
        """
        check_is_fitted(self, "posterior_")
        if points.shape[1] != self.n_features_in_:
            raise InvalidInputs(
                f"fitted to {self.n_features_in_} columns, asked for {points.shape[1]}"
            )
        cross = self.parameters_.cross(points)
        mean, variance = self.posterior_.moments(cross, self.parameters_.variance)
        return mean, variance.clamp_min(0.0)

    def save(self, path: str | Path) -> None:
        """Write the fitted process to a safetensors file.

        Raises:
            NotFittedError: Before :meth:`fit`.
        """
        write_tensors(path, *self.contents())

    def contents(self, compact: bool = False) -> tuple[dict[str, Tensor], Header]:
        """What :meth:`save` writes, for a file that is written by other means.

        Args:
            compact: A quarter of the size: without the Cholesky factor that :meth:`load` can
                compute again, and with the one that only deviations depend on in float32.

        Returns:
            Tensors by name, and the text of the file's header.

        Raises:
            NotFittedError: Before :meth:`fit`.
        """
        check_is_fitted(self, "posterior_")
        tensors: dict[str, Tensor] = {}
        tensors |= {f"parameters/{n}": t for n, t in self.parameters_.named_parameters()}
        tensors |= {f"posterior/{n}": t for n, t in vars(self.posterior_).items()}
        if self.natural_ is not None:
            tensors |= {f"natural/{n}": t for n, t in self.natural_.named_parameters()}
        if compact:
            tensors.pop("posterior/cholesky")
            tensors["posterior/precision"] = tensors["posterior/precision"].float()
        fitted = {"bound": self.bound_, "history": self.history_, "scale": self.target_scale_}
        header = {"settings": json.dumps(self.get_params()), "fitted": json.dumps(fitted)}
        return tensors, header

    @classmethod
    def load(cls, path: str | Path) -> SparseGP:
        """Read what :meth:`save` wrote.

        Raises:
            ResultMissing: There is no such file.
            ResultDamaged: It is truncated, or holds something else.
        """
        tensors, header = read_tensors(path)
        try:
            settings, fitted = (json.loads(header[key]) for key in ("settings", "fitted"))
            if settings["target_scale"] is not None:
                settings["target_scale"] = tuple(settings["target_scale"])
            model = cls(**settings)
            model.parameters_ = SparseParameters(tensors["parameters/inducing"], 1.0, 1.0, 1.0)
            model.parameters_.load_state_dict(_under("parameters/", tensors), strict=False)
            posterior = _under("posterior/", tensors)
            if "cholesky" not in posterior:
                with torch.no_grad():
                    posterior["cholesky"] = model.parameters_.cholesky(model._settings()[1])
            model.posterior_ = InducingPosterior(**posterior)
            natural = _under("natural/", tensors)
            model.natural_ = NaturalParameters(**natural) if natural else None
            model.bound_, model.history_ = fitted["bound"], fitted["history"]
            model.target_scale_ = tuple(fitted["scale"])
        except (KeyError, TypeError, ValueError, RuntimeError) as reason:
            raise ResultDamaged(f"{path} holds no sparse Gaussian process: {reason}") from reason
        model.n_features_in_ = model.parameters_.inducing.shape[1]
        return model


def _check_start(start: SparseGP, inducing_points: int, width: int) -> None:
    check_is_fitted(start, "posterior_")
    found, wanted = tuple(start.parameters_.inducing.shape), (inducing_points, width)
    if found != wanted:
        raise ValueError(
            f"a start with {found[0]} inducing points of {found[1]} columns cannot begin a fit "
            f"with {wanted[0]} of {wanted[1]}"
        )


def _copied(parameters: SparseParameters) -> SparseParameters:
    copy = SparseParameters(parameters.inducing, 1.0, 1.0, 1.0)
    copy.load_state_dict(parameters.state_dict())
    return copy


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    return {n.removeprefix(prefix): t.double() for n, t in tensors.items() if n.startswith(prefix)}
