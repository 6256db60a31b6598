"""What is stored of a model for the explorer: axes, process, grid."""

from __future__ import annotations

import gpytorch
import numpy as np
import pytest
import torch
from gpytorch.variational import CholeskyVariationalDistribution, VariationalStrategy

from paper_nas.artifacts import ResultDamaged
from paper_nas.evaluation import encode_graphs
from paper_nas.explorer.gaussian import check_packing, pack_process, unpack_process
from paper_nas.explorer.packing import pack_graphs
from paper_nas.explorer.prepare import Prepared, grid_latents, prepare_model
from paper_nas.models import GraphVae
from paper_nas.regression import SparseGP
from tests.explorer.samples import fitted_process, scored_dataset, untrained_model

DATASET = scored_dataset(unscored=4)


@pytest.fixture(scope="module")
def model() -> GraphVae:
    return untrained_model("dvae-emb")


@pytest.fixture(scope="module")
def latents(model: GraphVae) -> np.ndarray:
    return encode_graphs(model, DATASET.scored_by().graphs())[0].numpy()


@pytest.fixture(scope="module")
def gp(model: GraphVae) -> SparseGP:
    return fitted_process(model, DATASET)


@pytest.fixture(scope="module")
def prepared(model: GraphVae, gp: SparseGP) -> Prepared:
    return prepare_model(model, DATASET, gp, grid_size=7)


def test_axes_are_the_principal_ones_of_the_scored_rows(
    prepared: Prepared, latents: np.ndarray
) -> None:
    pca = prepared.under("pca/")
    axes, centred = pca["axes"], latents - latents.mean(0)
    assert axes.shape == (8, 9)
    assert pca["mean"] == pytest.approx(latents.mean(0), abs=1e-6)
    assert axes @ axes.T == pytest.approx(np.eye(8), abs=1e-9)
    values = np.linalg.eigvalsh(np.cov(centred.T))[::-1]
    assert pca["sd"] ** 2 == pytest.approx(values[:8], rel=1e-4)
    assert pca["explained"] == pytest.approx(values[:8] / values.sum(), rel=1e-4)
    assert (centred @ axes.T).std(0, ddof=1) == pytest.approx(pca["sd"], rel=1e-4)


def test_the_grid_covers_the_known_architectures(prepared: Prepared, latents: np.ndarray) -> None:
    pca, limits = prepared.under("pca/"), prepared.numbers["grid"]
    plane = (latents - pca["mean"]) @ pca["axes"][:2].T
    for axis, name in enumerate("xy"):
        low, high = limits[name]
        reach = np.ptp(plane[:, axis])
        assert low == pytest.approx(plane[:, axis].min() - 0.05 * reach, abs=1e-5)
        assert high == pytest.approx(plane[:, axis].max() + 0.05 * reach, abs=1e-5)


def test_cells_are_decoded_where_the_index_says(
    model: GraphVae, gp: SparseGP, prepared: Prepared
) -> None:
    pca, grid, limits = prepared.under("pca/"), prepared.under("grid/"), prepared.numbers["grid"]
    row, column = 5, 2
    x = limits["x"][0] + column * (limits["x"][1] - limits["x"][0]) / 6
    y = limits["y"][0] + row * (limits["y"][1] - limits["y"][0]) / 6
    latent = pca["mean"] + x * pca["axes"][0] + y * pca["axes"][1]
    types, edges = pack_graphs(model.decode(torch.from_numpy(latent[None]).float()))
    assert (grid["types"][row, column], grid["edges"][row, column]) == (types[0], edges[0])
    mean, sd = gp.predict(latent[None], return_std=True)
    assert grid["mean"][row, column] == pytest.approx(mean[0], abs=1e-5)
    assert grid["sd"][row, column] == pytest.approx(sd[0], abs=1e-5)
    cells = grid_latents(pca["mean"], pca["axes"], limits, 7)
    assert cells[row * 7 + column] == pytest.approx(latent)


def test_the_packed_process_predicts_the_same(gp: SparseGP, prepared: Prepared) -> None:
    points = np.random.default_rng(0).normal(size=(200, 9))
    mean, sd = gp.predict(points, return_std=True)
    packed_mean, packed_sd = prepared.process.predict(points, return_std=True)
    assert np.abs((packed_mean - mean) / sd).max() < 1e-4
    assert packed_sd == pytest.approx(sd, rel=1e-4)
    assert prepared.numbers["test"]["rmse"] < 0.95


class InGpytorch(gpytorch.models.ApproximateGP):
    """gpytorch's variational process with the numbers of a packed one."""

    def __init__(self, process: SparseGP, jitter: float) -> None:
        inducing = process.parameters_.inducing.detach()
        distribution = CholeskyVariationalDistribution(len(inducing))
        strategy = VariationalStrategy(
            self,
            inducing,
            distribution,
            learn_inducing_locations=False,
            jitter_val=jitter,
        )
        super().__init__(strategy)
        self.double()
        self.mean_module = gpytorch.means.ZeroMean()
        self.covar_module = process.parameters_.kernel
        inverse = torch.cholesky_inverse(process.posterior_.precision)
        distribution.variational_mean.data = process.posterior_.mean
        distribution.chol_variational_covar.data = torch.linalg.cholesky(inverse)
        strategy.variational_params_initialized.fill_(1)

    def forward(self, inputs: torch.Tensor) -> gpytorch.distributions.MultivariateNormal:
        return gpytorch.distributions.MultivariateNormal(
            self.mean_module(inputs), self.covar_module(inputs)
        )


def test_the_packed_process_agrees_with_gpytorch(prepared: Prepared) -> None:
    process = prepared.process
    points = torch.from_numpy(np.random.default_rng(1).normal(size=(60, 9)))
    jitter = prepared.numbers["gp"]["jitter"]
    reference = InGpytorch(process, jitter).eval()
    with torch.no_grad():
        wanted = reference(points)
    mean, variance = process.moments(points)
    torch.testing.assert_close(mean.detach(), wanted.mean, rtol=0, atol=1e-6)
    # gpytorch adds its jitter to the points' own variance too.
    torch.testing.assert_close(variance.detach(), wanted.variance - jitter, rtol=0, atol=1e-6)


def test_a_process_of_other_latents_is_refused(model: GraphVae, latents: np.ndarray) -> None:
    rows = DATASET.scored_by()
    shuffled = np.random.default_rng(0).permutation(rows.accuracy[rows.train_index])
    settings = {"inducing_points": 20, "iterations": 5, "progress": False}
    unrelated = SparseGP(**settings).fit(latents[rows.train_index], shuffled + 0.05)
    with pytest.raises(ResultDamaged, match="another training"):
        prepare_model(model, DATASET, unrelated)
    narrow = SparseGP(**settings).fit(latents[rows.train_index, :5], shuffled)
    with pytest.raises(ResultDamaged, match="takes 5 numbers, a latent has 9"):
        prepare_model(model, DATASET, narrow)


def test_a_loss_by_packing_is_noticed(gp: SparseGP, latents: np.ndarray) -> None:
    arrays, numbers = pack_process(gp)
    coarse = {**arrays, "inducing": arrays["inducing"].astype(np.float16)}
    check_packing(gp, unpack_process(arrays, numbers), latents)
    with pytest.raises(ResultDamaged, match="packed for the browser"):
        check_packing(gp, unpack_process(coarse, numbers), latents)
