"""What a latent space keeps of an architecture, and where a prediction from it goes wrong.

Glossary of shapes: ``P`` architectures to learn from and ``Q`` to judge on, all of ``L`` layers
with ``b = L (L - 1) / 2`` skip bits; ``Z`` latent; ``W`` wirings (patterns of skip bits) with ``C``
random choices of operations each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LinearRegression

from paper_nas.datasets import ArchitectureDataset
from paper_nas.models import GraphVae
from paper_nas.regression.baselines import one_hot_operations, skip_bits
from paper_nas.regression.latents import latents_of
from paper_nas.space import NUM_OPERATIONS, Architecture

WIRINGS, CHOICES = 400, 24
"""Wirings of the test part, and operation choices for each, of :func:`wiring_error`."""

LABELS_BY_WIRING = ("enas-cifar10",)
"""Data sets whose labels follow from the wiring alone."""

Encode = Callable[[Sequence[Architecture]], np.ndarray]
Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Readout:
    """What a linear map of the latents says of each part of an architecture, on unseen ones.

    Attributes:
        skips: ``[b]``, R² of each skip bit.
        operations: ``[L]``, R² of each layer's operation: of six zeros and ones together.
        accuracy: ``[L]``, how often the largest of the six outputs is the operation.
        guess: ``[L]``, the same for always naming the most frequent one.
    """

    skips: list[float]
    operations: list[float]
    accuracy: list[float]
    guess: list[float]


@dataclass(frozen=True)
class VarianceShares:
    """Share of the latents' variance, all dimensions together, that a linear map explains.

    As skip bits and operations are drawn independently, the shares of parts add up. What all of
    them leave is interaction.

    Attributes:
        skips: ``[b]``, from one skip bit alone.
        operations: ``[L]``, from the operation of one layer alone.
        all_skips: From all skip bits.
        all_operations: From all operations.
        both: From everything.
    """

    skips: list[float]
    operations: list[float]
    all_skips: float
    all_operations: float
    both: float


@dataclass(frozen=True)
class WiringError:
    """Squared error of predictions over wirings and operation choices, in two parts.

    Where a label belongs to the wiring alone, a prediction can be wrong about the wiring, or
    change with the operations when it should not. Squares of the training targets' standard
    deviation.

    Attributes:
        total: Mean squared error: the sum of the next two.
        of_mean: Squared error of the mean over all operation choices.
        by_operations: Variance over operation choices.
        latent_share: Of the latents' variance, all dimensions together, what is left within a
            wiring: what operations and their interactions with the wiring make.
        wirings: ``W``.
        choices: ``C``.
    """

    total: float
    of_mean: float
    by_operations: float
    latent_share: float
    wirings: int
    choices: int


def linear_readout(
    train_latents: np.ndarray,
    train_architectures: Sequence[Architecture],
    test_latents: np.ndarray,
    test_architectures: Sequence[Architecture],
) -> Readout:
    """Read each skip bit and each operation from latents by least squares.

    Args:
        train_latents: ``[P, Z]``.
        train_architectures: ``P`` of them.
        test_latents: ``[Q, Z]``.
        test_architectures: ``Q`` of them.
    """
    parts = (train_architectures, test_architectures)
    bits, codes = ([features(p) for p in parts] for features in (skip_bits, one_hot_operations))
    split = bits[0].shape[1]
    fitted = LinearRegression().fit(train_latents, np.hstack([bits[0], codes[0]]))
    read = fitted.predict(test_latents)
    layers = (-1, codes[1].shape[1] // NUM_OPERATIONS, NUM_OPERATIONS)
    true, scores = codes[1].reshape(layers), read[:, split:].reshape(layers)
    frequent = codes[0].reshape(layers).sum(0).argmax(1)
    return Readout(
        skips=[_explained(bits[1][:, [i]], read[:, [i]]) for i in range(split)],
        operations=[_explained(true[:, i], scores[:, i]) for i in range(layers[1])],
        accuracy=(scores.argmax(2) == true.argmax(2)).mean(0).tolist(),
        guess=(frequent == true.argmax(2)).mean(0).tolist(),
    )


def variance_shares(
    train_latents: np.ndarray,
    train_architectures: Sequence[Architecture],
    test_latents: np.ndarray,
    test_architectures: Sequence[Architecture],
) -> VarianceShares:
    """Explain latents by parts of the architecture; arguments as for :func:`linear_readout`."""
    parts = (train_architectures, test_architectures)
    bits, codes = ([features(p) for p in parts] for features in (skip_bits, one_hot_operations))

    def share(inputs: list[np.ndarray], columns: slice = slice(None)) -> float:
        fitted = LinearRegression().fit(inputs[0][:, columns], train_latents)
        return _explained(test_latents, fitted.predict(inputs[1][:, columns]))

    width = NUM_OPERATIONS
    return VarianceShares(
        skips=[share(bits, slice(i, i + 1)) for i in range(bits[0].shape[1])],
        operations=[share(codes, slice(i, i + width)) for i in range(0, codes[0].shape[1], width)],
        all_skips=share(bits),
        all_operations=share(codes),
        both=share([np.hstack(pair) for pair in zip(bits, codes, strict=True)]),
    )


def _explained(truth: np.ndarray, predicted: np.ndarray) -> float:
    """R² of several columns together, weighted by their variances: ``[Q, n]`` each."""
    spread = float(np.square(truth - truth.mean(0)).sum())
    return 1.0 - float(np.square(truth - predicted).sum()) / spread if spread > 0 else 0.0


def wiring_error(
    encode: Encode,
    predict: Predict,
    wirings: np.ndarray,
    truth: np.ndarray,
    target_sd: float,
    choices: int = CHOICES,
    seed: int = 0,
) -> WiringError:
    """Split a regression's squared error into what wirings and what operations do.

    The parts are free of the error that the mean of ``C`` choices has: ``1/C`` of the variance is
    moved from one to the other.

    Args:
        encode: Architectures to latents ``[*, Z]``.
        predict: Latents to predictions ``[*]``.
        wirings: ``[W, b]``, skip bits.
        truth: ``[W]``, the label of each wiring.
        target_sd: The unit.
        choices: ``C``, at least two; operations are drawn uniformly.
        seed: Of the operations.

    Raises:
        ValueError: Fewer than two choices, or not one label per wiring.
    """
    if choices < 2 or len(wirings) != len(truth):
        raise ValueError(
            f"{choices} choices of operations, {len(wirings)} wirings, {len(truth)} labels"
        )
    architectures = _with_operations(wirings, choices, seed)
    latents = encode(architectures)
    errors = predict(latents).reshape(len(wirings), choices) - truth[:, None]
    errors = errors / target_sd
    by_operations = float(errors.var(axis=1, ddof=1).mean())
    grouped = latents.reshape(len(wirings), choices, -1)
    within = float(grouped.var(axis=1, ddof=1).mean(axis=0).sum())
    return WiringError(
        total=float(np.square(errors).mean()),
        of_mean=float(np.square(errors.mean(axis=1)).mean()) - by_operations / choices,
        by_operations=by_operations,
        latent_share=within / float(latents.var(axis=0).sum()),
        wirings=len(wirings),
        choices=choices,
    )


def _with_operations(wirings: np.ndarray, choices: int, seed: int) -> list[Architecture]:
    """``W C`` architectures: each wiring in turn with ``C`` uniform choices of operations."""
    layers = round((1 + (1 + 8 * wirings.shape[1]) ** 0.5) / 2)
    size = (len(wirings), choices, layers)
    drawn = np.random.default_rng(seed).integers(NUM_OPERATIONS, size=size)
    return [
        Architecture(tuple(operations), tuple(skips))
        for skips, rows in zip(wirings.tolist(), drawn.tolist(), strict=True)
        for operations in rows
    ]


@dataclass(frozen=True)
class Probes:
    """All probes of one latent space.

    Attributes:
        readout: Latents to parts of the architecture.
        shares: Parts of the architecture to latents.
        wiring: The split of the squared error over wirings of the test part; ``None`` where labels
            do not follow from the wiring.
    """

    readout: Readout
    shares: VarianceShares
    wiring: WiringError | None


def probe_latents(
    model: GraphVae,
    latents: np.ndarray,
    dataset: ArchitectureDataset,
    predict: Predict,
    wirings: int = WIRINGS,
    choices: int = CHOICES,
    seed: int = 0,
) -> Probes:
    """Probe a model's latents, and a regression fitted to those of the training part.

    Args:
        model: The model.
        latents: ``[M, Z]``, of every row of the data set.
        dataset: Both parts.
        predict: Latents to predictions, in the units of the score.
        wirings: Most wirings of the test part for :func:`wiring_error`.
        choices: Operation choices for each.
        seed: Of wirings and operations.
    """
    train, test = dataset.train_index, dataset.test_index
    rows = [[dataset.architectures[i] for i in index] for index in (train, test)]
    parts = (latents[train], rows[0], latents[test], rows[1])
    wiring = None
    if dataset.name in LABELS_BY_WIRING:
        bits, first = np.unique(dataset.skip_patterns()[test], axis=0, return_index=True)
        chosen = np.random.default_rng(seed).permutation(len(bits))[:wirings]
        wiring = wiring_error(
            lambda architectures: latents_of(model, architectures),
            predict,
            bits[chosen],
            dataset.accuracy[test][first[chosen]],
            float(dataset.accuracy[train].std()),
            choices,
            seed,
        )
    return Probes(linear_readout(*parts), variance_shares(*parts), wiring)
