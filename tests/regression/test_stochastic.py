"""The objectives by minibatches: against dense formulas and the collapsed bound."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal, norm

from paper_nas.regression.collapsed import collapsed_bound
from paper_nas.regression.stochastic import (
    OBJECTIVES,
    NaturalParameters,
    climb_by_minibatches,
    propagation_energy,
    released_start,
    variational_bound,
)
from tests.regression.samples import NOISE, VARIANCE, drawn, parameters

JITTER = 1e-10
INDUCING = 8
COUNT = 40


class Dense:
    """The same model without Cholesky factors, whitening or sharing of work."""

    def __init__(self) -> None:
        generator = np.random.default_rng(3)
        self.inputs, self.targets = drawn(COUNT)
        self.model = parameters(self.inputs[:INDUCING])
        self.m = generator.normal(size=INDUCING)
        self.r = generator.normal(size=(INDUCING, INDUCING))
        points = torch.from_numpy(self.inputs)
        self.cross = self.model.cross(points).detach().numpy()
        self.kmm = self.cross[:, :INDUCING]

    @property
    def natural(self) -> NaturalParameters:
        return NaturalParameters(torch.from_numpy(self.m), torch.from_numpy(self.r))

    def posterior(self, share: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        covariance = np.linalg.inv(np.linalg.inv(self.kmm) + share * self.r @ self.r.T)
        return share * covariance @ self.m, covariance

    def moments(self, share: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        mean, covariance = self.posterior(share)
        weights = np.linalg.solve(self.kmm, self.cross)
        gain = weights.T @ (covariance - self.kmm) @ weights
        return weights.T @ mean, VARIANCE + np.diag(gain)

    def rows(self, rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(self.inputs[rows]), torch.from_numpy(self.targets[rows])


def log_z(mean: np.ndarray, covariance: np.ndarray) -> float:
    quadratic = mean @ np.linalg.solve(covariance, mean)
    _, determinant = np.linalg.slogdet(covariance)
    return 0.5 * (len(mean) * np.log(2 * np.pi) + determinant + quadratic)


def test_the_posterior_predicts_as_the_formula() -> None:
    dense = Dense()
    with torch.no_grad():
        posterior = dense.natural.posterior(dense.model.cholesky(JITTER))
        mean, variance = posterior.moments(torch.from_numpy(dense.cross), dense.model.variance)
    wanted_mean, wanted_variance = dense.moments()
    assert mean.numpy() == pytest.approx(wanted_mean, abs=1e-6)
    assert variance.numpy() == pytest.approx(wanted_variance, abs=1e-6)


def test_the_variational_bound_is_the_formula() -> None:
    dense, rows = Dense(), slice(5, 17)
    value = variational_bound(dense.model, dense.natural, *dense.rows(rows), COUNT, JITTER)
    mean, covariance = dense.posterior()
    prior = np.linalg.inv(dense.kmm)
    divergence = 0.5 * (
        np.trace(prior @ covariance) + mean @ prior @ mean - INDUCING
        + np.linalg.slogdet(dense.kmm)[1] - np.linalg.slogdet(covariance)[1]
    )  # fmt: skip
    predicted, variance = dense.moments()
    expected = norm.logpdf(dense.targets, predicted, NOISE**0.5) - variance / (2 * NOISE)
    assert value.item() == pytest.approx(expected[rows].sum() - 12 / COUNT * divergence, rel=1e-6)


def test_the_energy_is_the_formula_of_the_specification() -> None:
    dense, rows = Dense(), slice(5, 17)
    value = propagation_energy(dense.model, dense.natural, *dense.rows(rows), COUNT, JITTER)
    share = (COUNT - 1) / COUNT
    cavity, posterior = log_z(*dense.posterior(share)), log_z(*dense.posterior())
    prior = log_z(np.zeros(INDUCING), dense.kmm)
    mean, variance = dense.moments(share)
    predicted = norm.logpdf(dense.targets, mean, np.sqrt(variance + NOISE))
    wanted = 12 * ((cavity - posterior) + (posterior - prior) / COUNT) + predicted[rows].sum()
    assert value.item() == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_minibatches_add_up(name: str) -> None:
    dense, objective = Dense(), OBJECTIVES[name]
    whole = objective(dense.model, dense.natural, *dense.rows(slice(None)), COUNT, JITTER)
    parts = [
        objective(dense.model, dense.natural, *dense.rows(slice(a, a + 15)), COUNT, JITTER).item()
        for a in range(0, COUNT, 15)
    ]
    assert sum(parts) == pytest.approx(whole.item())


def test_the_best_free_posterior_attains_the_collapsed_bound() -> None:
    """With m = Kmm^-1 Kmn t / noise and R R^T = Kmm^-1 Kmn Knm Kmm^-1 / noise."""
    dense = Dense()
    weights = np.linalg.solve(dense.kmm, dense.cross)
    dense.m = weights @ dense.targets / NOISE
    dense.r = np.linalg.cholesky(weights @ weights.T / NOISE)
    data = dense.rows(slice(None))
    best, _ = collapsed_bound(dense.model, *data, JITTER)
    attained = variational_bound(dense.model, dense.natural, *data, COUNT, JITTER)
    assert attained.item() == pytest.approx(best.item(), rel=1e-6)
    dense.m = dense.m + 0.1
    assert variational_bound(dense.model, dense.natural, *data, COUNT, JITTER) < best


def test_the_energy_of_a_single_point_is_its_evidence() -> None:
    """Its cavity is then the prior, and its site is the likelihood."""
    dense = Dense()
    one = torch.from_numpy(dense.inputs[:1]), torch.from_numpy(dense.targets[:1])
    model = parameters(dense.inputs[:1])
    natural = NaturalParameters(one[1] / NOISE, torch.full((1, 1), NOISE**-0.5).double())
    evidence = multivariate_normal([0.0], [[VARIANCE + NOISE]]).logpdf(one[1].numpy())
    assert propagation_energy(model, natural, *one, 1, JITTER).item() == pytest.approx(evidence)


def test_the_start_is_the_released_one() -> None:
    inputs, targets = (torch.from_numpy(a) for a in drawn(1200))
    model, natural = released_start(inputs, targets, 500, torch.Generator().manual_seed(0))
    assert natural.mean.shape == (500,)
    rows = [int((inputs == point).all(1).nonzero()) for point in model.inducing.detach()]
    assert len(set(rows)) == 500
    assert torch.equal(natural.mean.detach(), targets[rows])
    assert natural.factor.std().item() == pytest.approx(1.0, abs=0.02)
    assert (model.noise.item(), model.variance.item()) == pytest.approx((1.0, 1.0))
    median = torch.pdist(inputs).square().median().item()
    lengths = model.squared_lengths.detach().numpy()
    assert lengths == pytest.approx(np.full(3, 0.5 * median), rel=0.05)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_released_steps_move_no_parameter_far(name: str) -> None:
    """Adam's step is about its rate: 5 passes of 3 steps cannot move log l by more than 0.0075."""
    inputs, targets = (torch.from_numpy(a) for a in drawn(250))
    generator = torch.Generator().manual_seed(0)
    model, natural = released_start(inputs, targets, 30, generator)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    reports: list[float] = []
    climb_by_minibatches(
        OBJECTIVES[name], model, natural, inputs, targets, passes=5, batch_size=100,
        learning_rate=5e-4, jitter=1e-3, generator=generator, report=reports.append,
    )  # fmt: skip
    assert len(reports) == 5
    assert reports[-1] > reports[0]
    for member, value in model.named_parameters():
        moved = (value.detach() - before[member]).abs().max().item()
        assert 0 < moved <= 15 * 5e-4 * 1.01
