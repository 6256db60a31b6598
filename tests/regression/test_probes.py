"""Probes of latents whose contents are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from paper_nas.config import PRESETS
from paper_nas.regression import (
    latents_of,
    linear_readout,
    one_hot_code,
    one_hot_operations,
    probe_latents,
    skip_bits,
    variance_shares,
    wiring_error,
)
from paper_nas.space import Architecture, EnasSpace
from paper_nas.training import fresh_model
from tests.samples import tiny_dataset

TRAIN, TEST = (EnasSpace(4).sample(count, seed=count) for count in (900, 600))


def noise(count: int, width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, width))


def test_readout_of_latents_that_hold_everything_or_nothing() -> None:
    mix = noise(30, 30, 0)
    whole = linear_readout(one_hot_code(TRAIN) @ mix, TRAIN, one_hot_code(TEST) @ mix, TEST)
    assert whole.skips == pytest.approx([1.0] * 6)
    assert whole.operations == pytest.approx([1.0] * 4)
    assert whole.accuracy == [1.0] * 4
    empty = linear_readout(noise(900, 8, 1), TRAIN, noise(600, 8, 2), TEST)
    assert max(*empty.skips, *empty.operations) < 0.05
    assert max(empty.accuracy) < 0.3
    assert all(0.1 < share < 0.3 for share in empty.guess)


def test_readout_tells_the_layers_apart() -> None:
    """Only the operation of layer 3 and the second skip bit are there, the latter with noise."""
    latents = []
    for part in (TRAIN, TEST):
        noisy = skip_bits(part)[:, [1]] + 0.5 * noise(len(part), 1, 3)
        latents.append(np.hstack([one_hot_operations(part)[:, 12:18], noisy]))
    found = linear_readout(latents[0], TRAIN, latents[1], TEST)
    assert np.argmax(found.accuracy) == 2
    assert found.accuracy[2] == 1.0
    assert max(np.delete(found.accuracy, 2)) < 0.3
    assert np.argmax(found.skips) == 1
    # A bit has variance 1/4, as has the noise: half of what is read is noise.
    assert found.skips[1] == pytest.approx(0.5, abs=0.1)


def test_shares_of_variance_add_up() -> None:
    """Two columns: a skip bit (variance 1/4) times 2, and the indicator of an operation (5/36)."""
    columns = [
        np.column_stack([2 * skip_bits(a)[:, 0], one_hot_operations(a)[:, 0]])
        for a in (TRAIN, TEST)
    ]
    found = variance_shares(columns[0], TRAIN, columns[1], TEST)
    share = 1.0 / (1.0 + 5 / 36)
    assert found.skips[0] == pytest.approx(share, abs=0.03)
    assert found.operations[0] == pytest.approx(1 - share, abs=0.03)
    assert found.all_skips == pytest.approx(share, abs=0.03)
    assert found.all_operations == pytest.approx(1 - share, abs=0.03)
    assert found.both == pytest.approx(1.0)
    assert max(np.abs([*found.skips[1:], *found.operations[1:]])) < 0.05


def test_interactions_are_nobodys_share() -> None:
    product = [
        (2 * skip_bits(a)[:, [0]] - 1) * (2 * skip_bits(a)[:, [1]] - 1) for a in (TRAIN, TEST)
    ]
    assert variance_shares(product[0], TRAIN, product[1], TEST).both < 0.05


def first_operation(architectures: Sequence[Architecture]) -> np.ndarray:
    return np.array([[a.skips[0], a.operations[0] == 3] for a in architectures], dtype=float)


def test_the_error_of_wirings_and_of_operations() -> None:
    """Predicts 1 for a skip plus 6 for one operation in six; the truth of a wiring is 3.

    The mean over operations is 2 or 1, so its squared error is 1 or 4; the variance is 36 * 5/36.
    """
    wirings = np.array([[1, 0, 0], [0, 1, 1]] * 200)
    found = wiring_error(
        first_operation,
        lambda latents: latents @ [1.0, 6.0],
        wirings,
        np.full(400, 3.0),
        target_sd=1.0,
        choices=40,
    )
    assert found.by_operations == pytest.approx(5.0, rel=0.05)
    assert found.of_mean == pytest.approx(2.5, rel=0.1)
    assert found.total == pytest.approx(found.of_mean + found.by_operations)
    # Within a wiring only the indicator varies (5/36), between wirings the skip (1/4).
    assert found.latent_share == pytest.approx((5 / 36) / (5 / 36 + 1 / 4), abs=0.02)
    assert (found.wirings, found.choices) == (400, 40)
    half = wiring_error(first_operation, lambda z: z @ [1.0, 6.0], wirings, np.full(400, 3.0), 2.0)
    assert half.total == pytest.approx(7.5 / 4, rel=0.05)


def test_few_choices_do_not_hide_the_operations() -> None:
    """With two choices the mean still varies; that part is not counted as an error of wirings."""
    wirings = np.array([[1, 0, 0]] * 4000)
    found = wiring_error(
        first_operation, lambda z: z @ [0.0, 6.0], wirings, np.ones(4000), 1.0, choices=2
    )
    assert found.of_mean == pytest.approx(0.0, abs=0.25)
    assert found.by_operations == pytest.approx(5.0, rel=0.1)


def test_what_cannot_be_split() -> None:
    for truth, choices in ((np.ones(1), 1), (np.ones(2), 5)):
        with pytest.raises(ValueError, match="choices of operations"):
            wiring_error(first_operation, np.sum, np.ones((1, 3)), truth, 1.0, choices)


def test_probes_of_a_model() -> None:
    """On labels that do not follow from the wiring there is no split of the error."""
    dataset = tiny_dataset(64)
    model = fresh_model("dvae", PRESETS["smoke"]).eval()
    latents = latents_of(model, dataset.architectures)
    found = probe_latents(model, latents, dataset, lambda z: z[:, 0], wirings=3, choices=4)
    assert len(found.readout.skips) == 15
    assert len(found.shares.operations) == 6
    assert found.wiring is None
    published = tiny_dataset(64)
    object.__setattr__(published, "name", "enas-cifar10")
    split = probe_latents(model, latents, published, lambda z: z[:, 0], wirings=3, choices=4).wiring
    assert split is not None
    assert (split.wirings, split.choices) == (3, 4)
