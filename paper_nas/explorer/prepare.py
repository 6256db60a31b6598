"""What the explorer shows of one training and can be stored: it holds no rows of a data set.

Principal axes of the latents, the Gaussian process, and the graphs decoded on a grid of the first
two axes, which serve the page until the weights have come.

Glossary of shapes: ``R`` rows, ``Z`` latent, ``A`` axes, ``G`` cells per side of the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA

from paper_nas.artifacts import ResultDamaged
from paper_nas.datasets import ArchitectureDataset
from paper_nas.evaluation import encode_graphs
from paper_nas.explorer.gaussian import check_packing, pack_process, unpack_process
from paper_nas.explorer.packing import pack_graphs
from paper_nas.models import GraphVae
from paper_nas.regression import SparseGP, judge_predictions

NUM_AXES = 8
GRID_SIZE = 64
GRID_MARGIN = 0.05
"""The grid reaches beyond the known architectures by this share of their range, on each side."""
GP_PREFIX, PCA_PREFIX, GRID_PREFIX = "gp/", "pca/", "grid/"


@dataclass(frozen=True)
class Prepared:
    """What is stored of one training for the explorer.

    Attributes:
        arrays: ``pca/mean [Z]``, ``pca/axes [A, Z]``, ``pca/sd [A]``, ``pca/explained [A]``;
            ``gp/...`` as :func:`paper_nas.explorer.gaussian.pack_process` gives them;
            ``grid/types``, ``grid/edges`` uint32 and ``grid/mean``, ``grid/sd`` float32
            ``[G, G]``, rows along the second axis.
        numbers: Ready for JSON: the numbers of the process under ``"gp"``, its figures on the test
            part under ``"test"``, limits of the grid under ``"grid"``.
    """

    arrays: dict[str, np.ndarray]
    numbers: dict[str, Any]

    def under(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays whose names begin so, without that beginning."""
        return {k.removeprefix(prefix): v for k, v in self.arrays.items() if k.startswith(prefix)}

    @property
    def process(self) -> SparseGP:
        """The Gaussian process as the browser evaluates it."""
        return unpack_process(self.under(GP_PREFIX), self.numbers["gp"])


def prepare_model(
    model: GraphVae,
    dataset: ArchitectureDataset,
    gp: SparseGP | None = None,
    grid_size: int = GRID_SIZE,
    progress: bool = False,
) -> Prepared:
    """Compute what the explorer shows of a model.

    Args:
        model: A trained model.
        dataset: Its data; rows without a score are left out.
        gp: The process fitted to the latents of the training part; ``None`` fits one (about a
            minute for the paper's data).
        grid_size: ``G``.
        progress: Show a progress bar of the fit.

    Raises:
        ResultDamaged: The process was fitted to something else, or does not bear packing.
    """
    dataset = dataset.scored_by()
    latents = encode_graphs(model, dataset.graphs())[0].numpy().astype(np.float64)
    train = dataset.train_index
    if gp is None:
        gp = SparseGP(seed=0, progress=progress).fit(latents[train], dataset.accuracy[train])
    figures = _test_figures(gp, dataset, latents)
    pca = PCA(min(NUM_AXES, latents.shape[1]), svd_solver="covariance_eigh").fit(latents)
    arrays: dict[str, np.ndarray] = {
        f"{PCA_PREFIX}mean": pca.mean_,
        f"{PCA_PREFIX}axes": pca.components_,
        f"{PCA_PREFIX}sd": np.sqrt(pca.explained_variance_),
        f"{PCA_PREFIX}explained": pca.explained_variance_ratio_,
    }
    process, numbers = pack_process(gp)
    packed = unpack_process(process, numbers)
    limits = grid_limits(pca.transform(latents)[:, :2])
    points = grid_latents(pca.mean_, pca.components_, limits, grid_size)
    check_packing(gp, packed, np.concatenate([latents[dataset.test_index], points]))
    arrays |= {GP_PREFIX + name: value for name, value in process.items()}
    arrays |= {GRID_PREFIX + k: v for k, v in decoded_grid(model, packed, points).items()}
    return Prepared(arrays, {"gp": numbers, "test": figures, "grid": limits})


def _test_figures(
    gp: SparseGP, dataset: ArchitectureDataset, latents: np.ndarray
) -> dict[str, float | None]:
    """How well the process predicts the test part; refuses one that predicts nothing there."""
    train, test = dataset.train_index, dataset.test_index
    if gp.n_features_in_ != latents.shape[1]:
        raise ResultDamaged(
            f"the Gaussian process takes {gp.n_features_in_} numbers, a latent has "
            f"{latents.shape[1]}; give the one that was fitted to this training"
        )
    targets, spread = dataset.accuracy[test], float(dataset.accuracy[train].std())
    mean, sd = gp.predict(latents[test], return_std=True)
    figures = judge_predictions(mean, targets, spread, sd)
    if figures.rmse > float(targets.std()) / spread:
        raise ResultDamaged(
            f"the Gaussian process predicts the test part worse than a constant would "
            f"({figures.rmse:.3f} standard deviations); was it fitted to another training?"
        )
    return {"rmse": figures.rmse, "pearson": figures.pearson, "coverage": figures.coverage}


def grid_limits(coordinates: np.ndarray) -> dict[str, list[float]]:
    """Where the grid ends, from the plane's coordinates of the known architectures ``[R, 2]``.

    >>> grid_limits(np.array([[0.0, 10.0], [1.0, 30.0]]))
    {'x': [-0.05, 1.05], 'y': [9.0, 31.0]}
    """
    low, high = coordinates.min(0), coordinates.max(0)
    margin = GRID_MARGIN * (high - low)
    low, high = low - margin, high + margin
    return {"x": [float(low[0]), float(high[0])], "y": [float(low[1]), float(high[1])]}


def grid_latents(
    mean: np.ndarray, axes: np.ndarray, limits: dict[str, list[float]], size: int
) -> np.ndarray:
    """The latents of the grid's cells, ``[G * G, Z]``, row by row; a row runs along the first axis.

    Args:
        mean: ``[Z]``.
        axes: ``[A, Z]``, of which two are used.
        limits: As :func:`grid_limits` gives them.
        size: ``G``.
    """
    x, y = (np.linspace(low, high, size) for low, high in (limits["x"], limits["y"]))
    plane = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)
    latents: np.ndarray = mean + plane @ axes[:2]
    return latents


def decoded_grid(model: GraphVae, gp: SparseGP, latents: np.ndarray) -> dict[str, np.ndarray]:
    """Likeliest graph and predicted score at the latents of a square grid, ``[G, G]`` each."""
    size = round(len(latents) ** 0.5)
    types, edges = pack_graphs(model.decode(torch.from_numpy(latents).float()))
    mean, sd = gp.predict(latents, return_std=True)
    values = {"types": types, "edges": edges, "mean": mean.astype("f4"), "sd": sd.astype("f4")}
    return {name: value.reshape(size, size) for name, value in values.items()}
