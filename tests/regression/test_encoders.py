"""Regressions on an encoder: with its initial weights, and trained with the labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from paper_nas.config import PRESETS
from paper_nas.datasets import ArchitectureDataset
from paper_nas.regression import (
    SparseGP,
    judge_predictions,
    latents_of,
    supervised_performance,
    train_with_labels,
    untrained_performance,
)
from paper_nas.space import EnasSpace
from paper_nas.training import fresh_model
from tests.samples import tiny_dataset

SMOKE = PRESETS["smoke"]


@pytest.fixture(scope="module")
def skips() -> ArchitectureDataset:
    """The score is the number of skips, in other units."""
    dataset = tiny_dataset(640)
    counts = np.array([sum(a.skips) for a in dataset.architectures])
    return replace(dataset, accuracy=0.7 + 0.01 * counts)


def test_latents_are_the_posterior_means() -> None:
    model = fresh_model("dvae-emb", SMOKE).eval()
    architectures = EnasSpace().sample(5, seed=0)
    latents = latents_of(model, architectures)
    assert latents.dtype == np.float64
    assert latents.shape == (5, SMOKE.latent_size)
    alone = latents_of(model, architectures[3:4])
    np.testing.assert_allclose(alone[0], latents[3], atol=1e-5)


def test_labels_are_learned(skips: ArchitectureDataset) -> None:
    kept: list[Any] = []
    result = supervised_performance(
        "dvae-emb", skips, SMOKE, seeds=[1, 2], epochs=6, progress=False,
        after=lambda *values: kept.append(values),
    )  # fmt: skip
    assert result.rmse is not None
    assert result.rmse.mean < 0.5
    assert result.nlpd is None
    assert (result.train, result.test, result.seeds) == (560, 80, (1, 2))
    assert result.target_sd == pytest.approx(skips.accuracy[skips.train_index].std())
    seed, encoder, mean, sd = kept[1]
    assert (seed, sd) == (2, None)
    truth = skips.accuracy[skips.test_index]
    assert judge_predictions(mean, truth, encoder.scale) == result.repeats[1]
    assert result.repeats[0] != result.repeats[1]


def test_a_training_follows_from_its_seed() -> None:
    dataset = tiny_dataset(64)
    graphs = dataset.graphs(dataset.test_index)
    first, again = (
        train_with_labels("dvae", dataset, SMOKE, epochs=2, progress=False).predict(graphs)
        for _ in range(2)
    )
    state = torch.get_rng_state()
    other = train_with_labels("dvae", dataset, SMOKE.changed(seed=5), epochs=2, progress=False)
    assert torch.equal(torch.get_rng_state(), state)
    assert first.tolist() == again.tolist()
    assert np.abs(first - other.predict(graphs)).max() > 1e-6


def test_without_steps_it_predicts_the_mean() -> None:
    dataset = tiny_dataset(64)
    encoder = train_with_labels("dvae", dataset, SMOKE, epochs=0, progress=False)
    predicted = encoder.predict(dataset.graphs(dataset.test_index))
    assert predicted == pytest.approx(dataset.accuracy[dataset.train_index].mean())


def test_an_untrained_encoder_is_judged_on_its_own_latents(
    skips: ArchitectureDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"inducing_points": 60, "iterations": 15, "subset": 0, "progress": False}
    small = lambda seed, **_: SparseGP(seed=seed, **settings)  # noqa: E731
    monkeypatch.setattr("paper_nas.regression.performance.SparseGP", small)
    result = untrained_performance("dvae", skips, SMOKE, seeds=[0, 3], progress=False)
    latents = latents_of(fresh_model("dvae", SMOKE.changed(seed=3)).eval(), skips.architectures)
    train, test = skips.train_index, skips.test_index
    gp = SparseGP(seed=3, **settings).fit(latents[train], skips.accuracy[train])
    mean, sd = gp.predict(latents[test], return_std=True)
    expected = judge_predictions(mean, skips.accuracy[test], skips.accuracy[train].std(), sd)
    assert result.repeats[1] == expected
    assert result.repeats[0] != result.repeats[1]
    assert result.seeds == (0, 3)


@pytest.mark.parametrize("performance", [supervised_performance, untrained_performance])
def test_no_seed_is_no_result(performance: Any) -> None:
    with pytest.raises(ValueError, match="no seed"):
        performance("dvae", tiny_dataset(16), SMOKE, seeds=[])
