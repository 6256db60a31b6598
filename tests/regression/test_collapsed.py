"""The collapsed bound: against exact Gaussian processes, gpytorch and finite differences."""

from __future__ import annotations

import gpytorch
import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from paper_nas.regression import CholeskyFailure
from paper_nas.regression.collapsed import (
    WhitenedGram,
    collapsed_bound,
    maximise_bound,
    start_parameters,
)
from paper_nas.regression.gaussian import stable_cholesky
from tests.regression.samples import LENGTHS, NOISE, VARIANCE, drawn, parameters

JITTER = 1e-10


def exact(inputs: np.ndarray, targets: np.ndarray) -> GaussianProcessRegressor:
    kernel = ConstantKernel(VARIANCE) * RBF(np.sqrt(LENGTHS)) + WhiteKernel(NOISE)
    return GaussianProcessRegressor(kernel, optimizer=None).fit(inputs, targets)


def test_with_all_points_as_inducing_points_it_is_the_exact_process() -> None:
    inputs, targets = drawn(60)
    model, wanted = parameters(inputs), exact(inputs, targets)
    bound, posterior = collapsed_bound(
        model, torch.from_numpy(inputs), torch.from_numpy(targets), JITTER
    )
    assert bound.item() == pytest.approx(wanted.log_marginal_likelihood_value_, abs=1e-5)

    new = np.random.default_rng(1).uniform(-2, 2, (50, 3))
    mean, variance = posterior.moments(model.cross(torch.from_numpy(new)), model.variance)
    wanted_mean, wanted_sd = wanted.predict(new, return_std=True)
    assert mean.detach().numpy() == pytest.approx(wanted_mean, abs=1e-5)
    assert (variance + NOISE).sqrt().detach().numpy() == pytest.approx(wanted_sd, abs=1e-5)


def test_with_fewer_inducing_points_it_is_the_formula() -> None:
    inputs, targets = drawn(50)
    model = parameters(inputs[:10])
    bound, _ = collapsed_bound(model, torch.from_numpy(inputs), torch.from_numpy(targets), JITTER)
    cross = model.cross(torch.from_numpy(inputs)).detach().numpy()
    nystrom = cross.T @ np.linalg.solve(cross[:, :10], cross)
    density = multivariate_normal(np.zeros(50), nystrom + NOISE * np.eye(50)).logpdf(targets)
    wanted = density - (50 * VARIANCE - np.trace(nystrom)) / (2 * NOISE)
    assert bound.item() == pytest.approx(wanted, abs=1e-5)
    assert bound.item() < exact(inputs, targets).log_marginal_likelihood_value_


class InGpytorch(gpytorch.models.ExactGP):
    """gpytorch's own collapsed bound, with the same parameters."""

    def __init__(self, inputs: torch.Tensor, targets: torch.Tensor, inducing: np.ndarray) -> None:
        likelihood = gpytorch.likelihoods.GaussianLikelihood().double()
        likelihood.noise = NOISE
        super().__init__(inputs, targets, likelihood)
        self.mean_module = gpytorch.means.ZeroMean()
        self.covar_module = gpytorch.kernels.InducingPointKernel(
            parameters(inducing).kernel, torch.from_numpy(inducing), likelihood
        ).double()

    def forward(self, inputs: torch.Tensor) -> gpytorch.distributions.MultivariateNormal:
        return gpytorch.distributions.MultivariateNormal(
            self.mean_module(inputs), self.covar_module(inputs)
        )


def test_it_agrees_with_gpytorch() -> None:
    inputs, targets = drawn(50)
    points, values = torch.from_numpy(inputs), torch.from_numpy(targets)
    other = InGpytorch(points, values, inputs[:10])
    objective = gpytorch.mlls.ExactMarginalLogLikelihood(other.likelihood, other)
    theirs = 50 * objective(other(points), values)
    theirs.backward()
    model = parameters(inputs[:10])
    ours, _ = collapsed_bound(model, points, values, JITTER)
    ours.backward()
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-4)
    assert model.inducing.grad is not None
    gradient = other.covar_module.inducing_points.grad
    assert model.inducing.grad.numpy() == pytest.approx(gradient.numpy(), abs=1e-3)


def test_the_gradients_are_those_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    cross = torch.randn(4, 7, dtype=torch.float64, generator=generator, requires_grad=True)
    lower = torch.randn(4, 4, dtype=torch.float64, generator=generator).tril()
    lower = (lower + 3 * torch.eye(4, dtype=torch.float64)).requires_grad_()
    targets = torch.randn(7, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(
        lambda k, low: WhitenedGram.apply(k, low.tril(), targets), (cross, lower)
    )


def test_the_gradient_of_every_parameter_is_that_of_finite_differences() -> None:
    inputs, targets = drawn(25)
    points, values = torch.from_numpy(inputs), torch.from_numpy(targets)
    model = parameters(inputs[:6] + 0.1)
    collapsed_bound(model, points, values, JITTER)[0].backward()
    step, checked = 1e-5, 0
    for member in model.parameters():
        flat, gradient = member.data.view(-1), member.grad
        assert gradient is not None
        for place in range(len(flat)):
            ends = []
            for sign in (1, -2):
                flat[place] += sign * step
                ends.append(collapsed_bound(model, points, values, JITTER)[0].item())
            flat[place] += step
            slope = (ends[0] - ends[1]) / (2 * step)
            assert gradient.view(-1)[place].item() == pytest.approx(slope, rel=1e-4, abs=1e-4)
            checked += 1
    assert checked == 3 + 1 + 1 + 18


def test_known_parameters_are_recovered() -> None:
    inputs, targets = drawn(800)
    model = start_parameters(inputs, 80, np.random.default_rng(0))
    history: list[float] = []
    points, values = torch.from_numpy(inputs), torch.from_numpy(targets)
    maximise_bound(model, points, values, 100, 1e-6, history.append)
    assert history == sorted(history)
    assert model.noise.item() == pytest.approx(NOISE, rel=0.25)
    lengths = model.squared_lengths.detach().numpy()
    assert lengths[:2] == pytest.approx(LENGTHS[:2], rel=0.35)
    assert lengths[2] > 8
    # The variance of a process over a few length-scales is hardly known from one draw of it.
    assert 0.5 < model.variance.item() < 8


def test_the_units_of_the_inputs_do_not_matter() -> None:
    inputs, targets = drawn(150)
    ends = []
    for units in (1.0, 1e-4):
        model = start_parameters(inputs * units, 20, np.random.default_rng(0))
        points = torch.from_numpy(inputs * units)
        report = []
        maximise_bound(model, points, torch.from_numpy(targets), 15, 1e-6, report.append)
        ends.append(report[-1])
    assert ends[1] == pytest.approx(ends[0], abs=1e-3)


def test_a_column_that_does_not_vary_is_no_trouble() -> None:
    inputs, targets = drawn(100)
    inputs[:, 2] = 7.0
    model = start_parameters(inputs, 20, np.random.default_rng(0))
    report: list[float] = []
    maximise_bound(
        model, torch.from_numpy(inputs), torch.from_numpy(targets), 10, 1e-6, report.append
    )
    assert report[-1] > report[0]


def test_the_first_inducing_points_are_centres_of_the_data() -> None:
    generator = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    inputs = np.repeat(centres, 50, axis=0) + generator.normal(0, 0.1, (150, 2))
    found = start_parameters(inputs, 3, generator).inducing.detach().numpy()
    distances = np.linalg.norm(found[:, None] - centres, axis=2)
    assert (distances.min(axis=0) < 0.1).all()


def test_the_jitter_grows_as_documented() -> None:
    vector = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    singular = torch.outer(vector, vector)
    # Mean of the diagonal 14/3; the smallest eigenvalue is then -1e-3 before any addition.
    matrix = singular - 1e-3 * torch.eye(3, dtype=torch.float64)
    for jitter, added in ((1e-3, 1e-3), (1e-4, 1e-3), (1e-6, 1e-3)):
        lower = stable_cholesky(matrix, jitter)
        scale = matrix.diagonal().mean()
        wanted = matrix + added * scale * torch.eye(3, dtype=torch.float64)
        assert torch.allclose(lower @ lower.mT, wanted)
    with pytest.raises(CholeskyFailure, match="fewer inducing points"):
        stable_cholesky(matrix, 1e-7)
    with pytest.raises(CholeskyFailure, match=r"0\.001 of its variance"):
        stable_cholesky(matrix * torch.nan, 1e-6)
