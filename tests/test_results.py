"""The committed results: each is whole, says where it comes from, and can be checked again."""

from __future__ import annotations

import re

import pytest
import torch

from paper_nas.arms import ARM_DATA, arm_dataset
from paper_nas.artifacts import ResultStore
from paper_nas.config import TrainingConfig
from paper_nas.datasets import ENAS_SHA256
from paper_nas.datasets.enas_digits import DIGITS_FILE, EMBEDDED
from paper_nas.evaluation import (
    PRIOR_DECODES,
    PRIOR_LATENTS,
    encode_graphs,
    reconstruction_probability,
)
from paper_nas.paper_numbers import load_paper_numbers
from paper_nas.reports import MODEL_LABELS, table1
from paper_nas.training import load_trained
from tests.conftest import DataOf, own_results

STORE = ResultStore()
NAMES = own_results()
TRAININGS = [name for name in NAMES if name.startswith("training/")]
EVALUATIONS = [name for name in NAMES if name.startswith("evaluation/")]
WITH_WEIGHTS = [n for n in TRAININGS if "weights.safetensors" in STORE.manifest(n).files]


def training_of(evaluation: str) -> str:
    """The training that was evaluated after its last epoch; an earlier epoch has no such name."""
    return evaluation.replace("evaluation/", "training/", 1)


def expected_sha256(dataset: dict[str, str]) -> str:
    """What the checksum of a manifest's data must match: that of the set that it names.

    Images of digits come with a library and have no published checksum.
    """
    if dataset["name"].startswith(ARM_DATA):
        return arm_dataset(float(dataset["name"].removeprefix(ARM_DATA))).sha256
    if dataset["name"] == "enas-digits":
        return ResultStore(EMBEDDED).manifest("enas-digits").files[DIGITS_FILE]
    return {"enas-cifar10": ENAS_SHA256, "digits": "[0-9a-f]{64}"}[dataset["name"]]


def test_there_are_results() -> None:
    assert {f"training/{model}_fast-128_seed-0" for model in MODEL_LABELS} <= set(WITH_WEIGHTS)


@pytest.mark.parametrize("name", NAMES)
def test_files_are_those_of_the_manifest(name: str) -> None:
    manifest = STORE.manifest(name)
    assert manifest.command.startswith("python -m paper_nas ")
    assert re.fullmatch(expected_sha256(manifest.dataset), manifest.dataset["sha256"])
    assert manifest.package["commit"]
    assert manifest.cpu_seconds > 0
    assert manifest.machine["sgemm_gflops"] > 0
    folder = STORE.root / name
    assert {p.name for p in folder.iterdir()} == {*manifest.files, "manifest.json"}
    for file in manifest.files:
        assert STORE.path(name, file).stat().st_size < 15e6


@pytest.mark.parametrize("name", TRAININGS)
def test_histories_are_complete(name: str) -> None:
    settings = dict(STORE.manifest(name).configuration)
    settings.pop("model")
    config = TrainingConfig.from_json_dict(settings)
    history = STORE.load_json(name, "history.json")
    expected = [(t + 1, e + 1) for t in range(config.iterations) for e in range(config.epochs)]
    assert [(row["iteration"], row["epoch"]) for row in history] == expected
    for row in history:
        parts = sum(row["type_loss"]) + sum(row["edge_loss"])
        assert row["reconstruction"] == pytest.approx(parts, rel=1e-4)
        assert row["total"] == pytest.approx(row["reconstruction"] + config.beta * row["kl"])


@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_weights_give_the_last_loss_again(name: str, data_of: DataOf) -> None:
    """On a sample, nearly: the history's loss is a mean over the last epoch, with noise.

    Untrained weights lose more than 20 nats, those of a model that has missed one operation 1.8.
    """
    dataset = data_of(name)
    sample = dataset.graphs(dataset.train_index[:768])
    with torch.no_grad():
        elbo = load_trained(STORE, name).elbo(sample, noise=False)
    last = STORE.load_json(name, "history.json")[-1]
    expected = last["reconstruction"]
    allowed = 0.05 + 0.15 * expected
    assert float(elbo.reconstruction) / 768 == pytest.approx(expected, abs=allowed)
    assert float(elbo.kl) / 768 == pytest.approx(last["kl"], rel=0.05)


@pytest.mark.parametrize("name", [n for n in EVALUATIONS if training_of(n) in WITH_WEIGHTS])
def test_weights_give_part_of_table_1_again(name: str, data_of: DataOf) -> None:
    dataset = data_of(name)
    test = dataset.graphs(dataset.test_index)
    model = load_trained(STORE, training_of(name))
    latents, _ = encode_graphs(model, test)
    stored = STORE.load_tensors(name, "latents.safetensors")["test"].float()
    torch.testing.assert_close(latents, stored, rtol=2e-3, atol=2e-3)
    figures = STORE.load_json(name, "evaluation.json")["reconstruction"]
    exact = reconstruction_probability(model, test, latents)
    assert float(exact.mean()) == pytest.approx(figures["expected"], abs=2e-4)
    greedy = model.decode(latents[:300]).equals(test[:300]).double().mean()
    error = (figures["greedy"] * (1 - figures["greedy"]) / 300) ** 0.5  # of a sample of 300
    assert float(greedy) == pytest.approx(figures["greedy"], abs=4 * error + 0.005)


@pytest.mark.parametrize("name", EVALUATIONS)
def test_evaluations_are_consistent(name: str) -> None:
    """The sampled accuracy is an estimate of the expected one; parts hold more than the whole."""
    figures = STORE.load_json(name, "evaluation.json")
    part = figures["reconstruction"]
    draws = part["graphs"] * part["decodes"]
    assert part["sampled"] == pytest.approx(part["expected"], abs=5 * (0.25 / draws) ** 0.5)
    assert part["sampled"] <= min(part["operations"], part["skips"])
    for kind in ("generation", "generation_standard_normal"):
        assert figures[kind]["decodes"] == PRIOR_LATENTS * PRIOR_DECODES
        assert 0 <= figures[kind]["uniqueness"] <= 1
    shape = STORE.load_tensors(name, "latents.safetensors")["test"].shape
    assert shape == (part["graphs"], STORE.manifest(name).configuration["latent_size"])


def test_table_1_is_whole() -> None:
    """Each of the six models has a row, and each row the trainings it comes from."""
    rows = [row for row in table1(STORE, load_paper_numbers()) if row.published]
    assert {row.model for row in rows} == set(MODEL_LABELS)
    for row in rows:
        assert len(row.core_seconds) == len(row.seeds)


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("trials/")])
def test_trials_did_not_see_their_validation_slice(name: str) -> None:
    settings, trial = STORE.manifest(name).configuration, STORE.load_json(name, "trial.json")
    assert settings["train_limit"] + trial["validation"]["graphs"] == 17_118
    assert len(trial["history"]) == settings["epochs"]


@pytest.mark.parametrize(
    ("dataset", "accepted"),
    [
        ({"name": "enas-cifar10", "sha256": ENAS_SHA256}, True),
        ({"name": "enas-cifar10", "sha256": "0" * 64}, False),
        ({"name": "digits", "sha256": "0" * 64}, True),
        ({"name": "digits", "sha256": "unknown"}, False),
    ],
)
def test_a_checksum_belongs_to_its_data(dataset: dict[str, str], accepted: bool) -> None:
    assert bool(re.fullmatch(expected_sha256(dataset), dataset["sha256"])) == accepted
