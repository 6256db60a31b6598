"""The estimator: predictions, warm starts, files, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from paper_nas.artifacts import ResultDamaged, ResultMissing, write_tensors
from paper_nas.regression import (
    METHODS,
    CholeskyFailure,
    ConstantTarget,
    InvalidInputs,
    SparseGP,
    TooFewPoints,
    judge_predictions,
)
from tests.regression.samples import NOISE, drawn, process

FAST = {"stochastic": 1e-2, "propagation": 1e-2, "collapsed": 5e-4}


def small(method: str = "collapsed", **settings: Any) -> SparseGP:
    """A process for the 150 points of `data`, fitted in a second."""
    few: dict[str, Any] = {"inducing_points": 20, "iterations": 10, "batch_size": 50}
    return process(**{**few, "method": method, "learning_rate": FAST[method], **settings})


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    inputs, targets = drawn(150)
    return inputs, 70 + 3 * targets


@pytest.fixture(scope="module")
def fitted(data: tuple[np.ndarray, np.ndarray]) -> SparseGP:
    return small().fit(*data)


@pytest.mark.parametrize(
    ("method", "iterations", "tolerance"),
    [("collapsed", 60, 0.025), ("stochastic", 100, 0.045), ("propagation", 100, 0.045)],
)
def test_predictions_are_good_and_their_deviations_honest(
    method: str, iterations: int, tolerance: float
) -> None:
    inputs, targets = drawn(1200)
    train, test = slice(0, 600), slice(600, 1200)
    model = process(
        method=method, inducing_points=60, iterations=iterations, batch_size=200,
        learning_rate=3e-2,
    ).fit(inputs[train], 70 + 3 * targets[train])  # fmt: skip
    truth = 70 + 3 * targets[test]
    mean, sd = model.predict(inputs[test], return_std=True)
    figures = judge_predictions(mean, truth, 3 * targets[train].std(), sd)
    assert figures.pearson is not None
    assert figures.pearson > 0.9
    assert figures.coverage == pytest.approx(0.95, abs=tolerance)
    assert np.mean(((mean - truth) / sd) ** 2) == pytest.approx(1.0, abs=10 * tolerance)


def test_standard_deviations_with_and_without_noise(
    data: tuple[np.ndarray, np.ndarray], fitted: SparseGP
) -> None:
    inputs, targets = data
    mean, sd = fitted.predict(inputs, return_std=True)
    assert fitted.predict(inputs) == pytest.approx(mean, abs=0)
    same, less = fitted.predict(inputs, return_std=True, noise=False)
    assert same == pytest.approx(mean, abs=0)
    noise = fitted.parameters_.noise.item() * targets.var()
    assert sd**2 - less**2 == pytest.approx(np.full(150, noise), rel=1e-6)
    # Far from the data there is only the prior.
    far_mean, far_sd = fitted.predict(inputs[:1] + 1e3, return_std=True, noise=False)
    assert far_mean == pytest.approx(targets.mean())
    assert far_sd**2 == pytest.approx(fitted.parameters_.variance.item() * targets.var())


def test_many_points_are_predicted_in_parts(
    fitted: SparseGP, monkeypatch: pytest.MonkeyPatch, data: tuple[np.ndarray, np.ndarray]
) -> None:
    whole = fitted.predict(data[0], return_std=True)
    monkeypatch.setattr("paper_nas.regression.sparse_gp.PREDICT_PART", 7)
    for one, other in zip(whole, fitted.predict(data[0], return_std=True), strict=True):
        assert one == pytest.approx(other, rel=1e-12)


def test_moments_can_be_differentiated(fitted: SparseGP) -> None:
    point = torch.tensor([[0.3, -0.2, 0.9]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: fitted.moments(p)[0], (point,))
    assert torch.autograd.gradcheck(lambda p: fitted.moments(p)[1], (point,))


@pytest.mark.parametrize("method", METHODS)
def test_a_seed_decides_everything(method: str, data: tuple[np.ndarray, np.ndarray]) -> None:
    one, same, other = (small(method, iterations=3, seed=s).fit(*data) for s in (1, 1, 2))
    assert one.history_ == same.history_
    assert (one.predict(data[0]) == same.predict(data[0])).all()
    assert one.bound_ != other.bound_


def test_the_global_random_state_is_left_alone(data: tuple[np.ndarray, np.ndarray]) -> None:
    before = np.random.get_state()[1].copy(), torch.random.get_rng_state()  # noqa: NPY002
    small(iterations=2).fit(*data)
    small("stochastic", iterations=2).fit(*data)
    assert (np.random.get_state()[1] == before[0]).all()  # noqa: NPY002
    assert torch.equal(torch.random.get_rng_state(), before[1])


def test_a_warm_fit_reaches_the_bound_in_fewer_steps(data: tuple[np.ndarray, np.ndarray]) -> None:
    inputs, targets = data
    scale = (float(targets.mean()), float(targets.std()))
    first = small(iterations=400, target_scale=scale).fit(inputs[:140], targets[:140])
    cold = small(iterations=400, target_scale=scale).fit(inputs, targets)
    before = first.predict(inputs)
    warm = small(warm_iterations=400, target_scale=scale).fit(inputs, targets, start=first)
    reached = next(
        i for i, value in enumerate(warm.history_) if value > cold.bound_ / len(targets) - 5e-3
    )
    needed = next(
        i for i, value in enumerate(cold.history_) if value > cold.bound_ / len(targets) - 5e-3
    )
    assert reached < needed / 2
    assert (first.predict(inputs) == before).all()  # the start is not changed


@pytest.mark.parametrize("method", METHODS)
def test_warm_start_goes_on_from_the_last_fit(
    method: str, data: tuple[np.ndarray, np.ndarray]
) -> None:
    model = small(method, warm_start=True, warm_iterations=4).fit(*data)
    bound = model.bound_
    assert len(model.history_) == 10
    model.fit(*data)
    assert len(model.history_) <= 4
    assert model.bound_ > bound
    again = small(method, warm_iterations=4).fit(*data, start=small(method).fit(*data))
    assert again.bound_ == model.bound_


def test_a_minibatch_fit_may_start_from_a_collapsed_one(
    data: tuple[np.ndarray, np.ndarray], fitted: SparseGP
) -> None:
    model = small("stochastic", warm_iterations=1, learning_rate=1e-9).fit(*data, start=fitted)
    wanted = fitted.parameters_.inducing.detach().numpy()
    assert model.parameters_.inducing.detach().numpy() == pytest.approx(wanted, abs=1e-6)


def test_a_start_of_another_size_is_refused(
    data: tuple[np.ndarray, np.ndarray], fitted: SparseGP
) -> None:
    with pytest.raises(ValueError, match="20 inducing points of 3 columns"):
        small(inducing_points=10).fit(*data, start=fitted)
    with pytest.raises(ValueError, match="with 20 of 2"):
        small().fit(data[0][:, :2], data[1], start=fitted)
    with pytest.raises(NotFittedError):
        small().fit(*data, start=small())


def test_the_subset_comes_first(data: tuple[np.ndarray, np.ndarray]) -> None:
    alone = small(iterations=2, subset=0).fit(*data)
    after = small(iterations=2, subset=60).fit(*data)
    assert len(after.history_) == 2
    assert after.bound_ > alone.bound_


@pytest.mark.parametrize("method", METHODS)
def test_a_file_keeps_everything(
    method: str, data: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    model = small(method, iterations=3, target_scale=(70.0, 4.0), warm_iterations=1).fit(*data)
    model.save(tmp_path / "gp.safetensors")
    loaded = SparseGP.load(tmp_path / "gp.safetensors")
    assert loaded.get_params() == model.get_params()
    assert (loaded.bound_, loaded.history_) == (model.bound_, model.history_)
    assert loaded.target_scale_ == model.target_scale_
    for one, other in zip(
        model.predict(data[0], return_std=True), loaded.predict(data[0], return_std=True),
        strict=True,
    ):  # fmt: skip
        assert (one == other).all()
    goes_on = small(method, warm_iterations=1)
    bound = goes_on.fit(*data, start=loaded).bound_
    assert bound == goes_on.fit(*data, start=model).bound_


def test_a_compact_file_predicts_the_same(
    data: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    model = small(iterations=5).fit(*data)
    sizes = []
    for name, contents in (("whole", model.contents()), ("compact", model.contents(True))):
        write_tensors(tmp_path / name, *contents)
        sizes.append((tmp_path / name).stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]
    loaded = SparseGP.load(tmp_path / "compact")
    mean, sd = model.predict(data[0], return_std=True)
    again, deviations = loaded.predict(data[0], return_std=True)
    np.testing.assert_allclose(again, mean, rtol=1e-9)
    np.testing.assert_allclose(deviations, sd, rtol=1e-5)


def test_files_that_cannot_be_used(tmp_path: Path, fitted: SparseGP) -> None:
    with pytest.raises(ResultMissing):
        SparseGP.load(tmp_path / "none.safetensors")
    write_tensors(tmp_path / "other.safetensors", {"x": torch.zeros(1)}, {"settings": "{}"})
    with pytest.raises(ResultDamaged, match="no sparse Gaussian process"):
        SparseGP.load(tmp_path / "other.safetensors")
    fitted.save(tmp_path / "gp.safetensors")
    content = (tmp_path / "gp.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(content[:-100])
    with pytest.raises(ResultDamaged, match="truncated"):
        SparseGP.load(tmp_path / "cut.safetensors")


def test_inputs_that_cannot_be_used(data: tuple[np.ndarray, np.ndarray], fitted: SparseGP) -> None:
    inputs, targets = data
    holed = inputs.copy()
    holed[4, 1] = np.nan
    for wrong, match in ((holed, "1 rows .* first is 4"), (inputs[:, 0], r"\(150,\)"),
                         (inputs[:0], "rows and columns")):  # fmt: skip
        with pytest.raises(InvalidInputs, match=match):
            small().fit(wrong, targets[: len(wrong)])
    with pytest.raises(InvalidInputs, match="1 rows of the inputs"):
        fitted.predict(holed)
    with pytest.raises(InvalidInputs, match="first in row 2"):
        small().fit(inputs, np.where(np.arange(150) == 2, np.inf, targets))
    with pytest.raises(InvalidInputs, match="150 rows"):
        small().fit(inputs, targets[:-1])
    with pytest.raises(InvalidInputs, match="3 columns, asked for 2"):
        fitted.predict(inputs[:, :2])


def test_targets_and_points_that_say_nothing(data: tuple[np.ndarray, np.ndarray]) -> None:
    inputs, targets = data
    with pytest.raises(ConstantTarget, match="150 targets are 3"):
        small().fit(inputs, np.full(150, 3.0))
    with pytest.raises(TooFewPoints, match="19 different points for 20"):
        small().fit(inputs[:19], targets[:19])
    with pytest.raises(TooFewPoints, match="10 different"):
        small().fit(np.tile(inputs[:10], (15, 1)), targets)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # numpy, in k-means
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_inputs_without_a_covariance(method: str, data: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(CholeskyFailure, match="moderate size"):
        small(method, inducing_points=150).fit(data[0] * 1e180, data[1])


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"method": "exact"}, "one of .*collapsed"),
        ({"inducing_points": 0}, "inducing_points must be at least 1"),
        ({"iterations": 0}, "iterations must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"warm_iterations": 0}, "warm_iterations must be"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"jitter": float("nan")}, "jitter must be positive"),
        ({"subset": -1}, "subset must not"),
        ({"target_scale": (0.0, 0.0)}, "positive deviation"),
    ],
)
def test_settings_out_of_range(
    settings: dict[str, Any], match: str, data: tuple[np.ndarray, np.ndarray]
) -> None:
    with pytest.raises(ValueError, match=match):
        process(**settings).fit(*data)


def test_nothing_works_before_the_fit(tmp_path: Path) -> None:
    for use in (
        lambda: process().predict(np.zeros((1, 3))),
        lambda: process().moments(torch.zeros(1, 3, dtype=torch.float64)),
        lambda: process().save(tmp_path / "gp.safetensors"),
    ):
        with pytest.raises(NotFittedError):
            use()


def test_it_is_an_estimator_like_others(data: tuple[np.ndarray, np.ndarray]) -> None:
    inputs, targets = data
    model = small(seed=3)
    assert clone(model).get_params() == model.get_params()
    pipeline = make_pipeline(PCA(3), model).fit(inputs, targets)
    mean, sd = pipeline.predict(inputs, return_std=True)
    assert mean.shape == sd.shape == (150,)
    assert pipeline.score(inputs, targets) > 1 - 2 * NOISE


def test_the_bar_counts_the_steps(
    data: tuple[np.ndarray, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    small("stochastic", iterations=2, progress=True).fit(*data)
    assert "2/2" in capsys.readouterr().err
    small("stochastic", iterations=2).fit(*data)
    assert capsys.readouterr().err == ""
