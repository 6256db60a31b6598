"""Expected improvement, beliefs, and how a batch is chosen."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import torch

from paper_nas.regression import SparseGP
from paper_nas.search.acquisition import (
    JITTER,
    BatchChooser,
    Belief,
    log_expected_improvement,
    log_improvement,
)
from tests.regression.samples import drawn, process

POINTS = [-1e5, -3000.0, -101.0, -99.0, -30.0, -9.0, -1.0, -1e-3, 0.0, 1e-6, 0.7, 5.0, 45.0, 900.0]


def exact(z: float) -> tuple[float, float, float]:
    with mpmath.workdps(60):
        x = mpmath.mpf(z)
        # mpmath's own cumulative normal loses digits far below zero; erfc does not.
        phi = mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)
        below = mpmath.erfc(-x / mpmath.sqrt(2)) / 2
        h = phi + x * below
        return float(mpmath.log(h)), float(below / h), float(phi / h)


@pytest.mark.parametrize("z", POINTS)
def test_log_improvement_has_all_its_digits(z: float) -> None:
    found = [float(value) for value in log_improvement(np.array(z))]
    assert found == pytest.approx(exact(z), rel=1e-9, abs=1e-300)


def test_expected_improvement_is_the_mean_improvement() -> None:
    mean, sd, incumbent = np.array([0.3, -1.0]), np.array([0.5, 1.5]), 0.6
    normal = np.random.default_rng(0).standard_normal((2, 400_000))
    improvement = np.maximum(mean[:, None] + sd[:, None] * normal - incumbent, 0).mean(axis=1)
    found = np.exp(log_expected_improvement(mean, sd**2, incumbent))
    assert found == pytest.approx(improvement, rel=0.01)


@pytest.fixture(scope="module")
def fitted() -> SparseGP:
    inputs, targets = drawn(120)
    return process().fit(inputs, targets)


def points(count: int = 25, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-2, 2, (count, 3))


def test_a_belief_begins_as_the_process(fitted: SparseGP) -> None:
    at = points()
    expected = [m.detach().numpy() for m in fitted.moments(torch.from_numpy(at))]
    mean, variance = Belief(fitted).moments(at)
    assert mean == pytest.approx(expected[0], abs=1e-8)
    assert variance == pytest.approx(expected[1], abs=1e-7)


@pytest.mark.parametrize("batch_variance", ["inducing", "posterior"])
@pytest.mark.parametrize("chosen", [0, 3])
def test_gradients_are_those_of_differences(
    fitted: SparseGP, batch_variance: str, chosen: int
) -> None:
    belief, at = Belief(fitted, batch_variance), points(1)[0]
    for point in points(chosen, seed=8):
        belief.choose(point)
    mean, variance, mean_slope, variance_slope = belief.at(at)
    assert belief.moments(at[None]) == (pytest.approx([mean]), pytest.approx([variance]))
    step = 1e-5
    for axis in range(3):
        ends = [belief.at(at + sign * step * np.eye(3)[axis])[:2] for sign in (-1, 1)]
        slopes = np.subtract(ends[1], ends[0]) / (2 * step)
        assert slopes == pytest.approx([mean_slope[axis], variance_slope[axis]], rel=1e-4, abs=1e-6)


def covariance(fitted: SparseGP, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    pair = (torch.from_numpy(x) for x in (first, second))
    return fitted.parameters_.covariance(*pair).detach().numpy()


def test_the_released_variance_of_later_points(fitted: SparseGP) -> None:
    """As written in released_code_spec section 9, by one solve of the whole system."""
    belief, at, chosen = Belief(fitted, "inducing"), points(), points(4, seed=8)
    for point in chosen:
        belief.choose(point)
    given = np.vstack([fitted.parameters_.inducing.detach().numpy(), chosen])
    prior = float(fitted.parameters_.variance.detach())
    cross = covariance(fitted, given, at)
    jitter = JITTER * prior * np.eye(len(given))
    solved = np.linalg.solve(covariance(fitted, given, given) + jitter, cross)
    assert belief.moments(at)[1] == pytest.approx(prior - (cross * solved).sum(0), abs=1e-5)


def test_the_posterior_variance_of_later_points(fitted: SparseGP) -> None:
    """The process's own joint posterior, conditioned on the chosen points."""
    belief, at, chosen = Belief(fitted, "posterior"), points(), points(4, seed=8)
    for point in chosen:
        belief.choose(point)
    everything = np.vstack([chosen, at])
    inducing = fitted.parameters_.inducing.detach().numpy()
    lower = fitted.posterior_.cholesky.detach().numpy()
    white = np.linalg.solve(lower, covariance(fitted, inducing, everything))
    left = np.linalg.solve(fitted.posterior_.precision.detach().numpy(), white)
    joint = covariance(fitted, everything, everything) - white.T @ white + left.T @ left
    prior = float(fitted.parameters_.variance.detach())
    own, cross = joint[:4, :4] + JITTER * prior * np.eye(4), joint[:4, 4:]
    expected = np.diag(joint)[4:] - (cross * np.linalg.solve(own, cross)).sum(0)
    assert belief.moments(at)[1] == pytest.approx(expected, abs=1e-6)


def test_the_mean_does_not_move(fitted: SparseGP) -> None:
    belief, at = Belief(fitted), points()
    before = belief.moments(at)[0]
    belief.choose(points(1, seed=9)[0])
    assert np.array_equal(belief.moments(at)[0], before)


@pytest.mark.parametrize("batch_variance", ["inducing", "posterior"])
def test_a_batch_spreads_and_stays_in_its_box(fitted: SparseGP, batch_variance: str) -> None:
    box = (np.full(3, -1.5), np.full(3, 1.0))
    candidates = np.random.default_rng(1).uniform(*box, (200, 3))
    chooser = BatchChooser(Belief(fitted, batch_variance), candidates, box)
    assert chooser.incumbent >= chooser.mean.max()
    chosen = [chooser.next() for _ in range(6)]
    latents = np.array([c[1] for c in chosen if c])
    assert len(latents) == 6
    assert (latents >= box[0]).all()
    assert (latents <= box[1]).all()
    assert len(np.unique(latents.round(6), axis=0)) == 6
    # What the chooser keeps up to date step by step is what the belief says.
    assert chooser._variance == pytest.approx(chooser.belief.moments(candidates)[1], abs=1e-8)


def test_refining_beats_the_best_candidate(fitted: SparseGP) -> None:
    box = (np.full(3, -2.0), np.full(3, 2.0))
    candidates = np.random.default_rng(1).uniform(*box, (30, 3))
    belief = Belief(fitted)
    chooser = BatchChooser(belief, candidates, box)
    mean, variance = belief.moments(candidates)
    best = log_expected_improvement(mean, variance, chooser.incumbent).max()
    found = chooser.next()
    assert found is not None
    refined = log_expected_improvement(*(np.array([x]) for x in found[2:]), chooser.incumbent)
    assert refined[0] > best


def test_candidates_without_a_box_are_taken_once(fitted: SparseGP) -> None:
    candidates = points(5)
    chooser = BatchChooser(Belief(fitted), candidates, None, incumbent=0.0)
    chosen = [chooser.next() for _ in range(6)]
    assert chosen.pop() is None
    assert sorted(c[0] for c in chosen if c) == list(range(5))


def test_an_unknown_variance_is_refused(fitted: SparseGP) -> None:
    with pytest.raises(ValueError, match="batch_variance"):
        Belief(fitted, "prior")
