"""The committed results: each is whole, says where it comes from, and can be checked again."""

from __future__ import annotations

import re

import pytest
import torch

from paper_nas.artifacts import ResultStore
from paper_nas.config import TrainingConfig
from paper_nas.datasets import ENAS_SHA256, load_dataset
from paper_nas.datasets.enas_digits import DIGITS_FILE, EMBEDDED
from paper_nas.training import load_trained

STORE = ResultStore()
TRAININGS = [name for name in STORE.names() if name.startswith("training/")]
WITH_WEIGHTS = [n for n in TRAININGS if "weights.safetensors" in STORE.manifest(n).files]


def expected_sha256(dataset: dict[str, str]) -> str:
    """What the checksum of a manifest's data must match: that of the set that it names.

    Images of digits come with a library and have no published checksum.
    """
    if dataset["name"] == "enas-digits":
        return ResultStore(EMBEDDED).manifest("enas-digits").files[DIGITS_FILE]
    return {"enas-cifar10": ENAS_SHA256, "digits": "[0-9a-f]{64}"}[dataset["name"]]


def test_there_are_results() -> None:
    assert {"training/dvae_laptop_seed-0", "training/dvae-emb_laptop_seed-0"} <= set(WITH_WEIGHTS)


@pytest.mark.parametrize("name", STORE.names())
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
def test_weights_give_the_last_loss_again(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a sample, within 0.05 nats: the history's loss is a mean over the last epoch, with noise.

    Untrained weights lose more than 20 nats, those of a model that has missed one operation 1.8.
    """
    trained_on = STORE.manifest(name).dataset
    if trained_on["name"] == "enas-cifar10":
        folder = request.getfixturevalue("enas_cifar10_data")
        monkeypatch.setenv("PAPER_NAS_DATA", str(folder))
    dataset = load_dataset(trained_on["name"], trained_on["split"])
    sample = dataset.graphs(dataset.train_index[:768])
    with torch.no_grad():
        elbo = load_trained(STORE, name).elbo(sample, noise=False)
    last = STORE.load_json(name, "history.json")[-1]
    assert float(elbo.reconstruction) / 768 == pytest.approx(last["reconstruction"], abs=0.05)
    assert float(elbo.kl) / 768 == pytest.approx(last["kl"], rel=0.02)


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
