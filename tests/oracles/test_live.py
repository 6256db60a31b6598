"""Oracles that train: records, cache, interruption, damaged files."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pooch
import pytest
import torch

from paper_nas.child import ImagePart, train_shared, train_standalone
from paper_nas.datasets import ArchitectureDataset
from paper_nas.oracles import CacheDamaged, StandaloneOracle, WeightSharingOracle, live
from paper_nas.space import Architecture, EnasSpace
from tests.child.samples import tiny_images
from tests.oracles.samples import BUDGET, CONFIG, digits_like

IMAGES = tiny_images()
FIRST, SECOND, THIRD = EnasSpace().sample(3, seed=2)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was trained alone (the architecture) or shared (the seed), in order."""
    log: list[Any] = []

    def alone(architecture: Architecture, *arguments: Any, **options: Any) -> Any:
        log.append(architecture)
        return train_standalone(architecture, *arguments, **options)

    def shared(images: Any, config: Any, seed: int, **options: Any) -> Any:
        log.append(seed)
        return train_shared(images, config, seed, **options)

    monkeypatch.setattr(live, "train_standalone", alone)
    monkeypatch.setattr("paper_nas.benchmark.weight_sharing.train_shared", shared)
    return log


def standalone(cache: Path, **options: Any) -> StandaloneOracle:
    return StandaloneOracle(**{"images": IMAGES, "budget": BUDGET, "cache": cache, **options})


def test_the_value_is_that_of_the_training(tmp_path: Path) -> None:
    oracle = standalone(tmp_path, seed=3)
    expected = train_standalone(FIRST, IMAGES, BUDGET, 3)
    scores = oracle.score([FIRST])
    assert scores.values[0] == -np.log(expected.validation_nll)
    assert scores.provenance == ("live",)
    assert oracle.result(FIRST).test_nll == expected.test_nll
    assert oracle.trainings == 1


def test_recorded_labels_are_exact_and_cost_nothing(tmp_path: Path, trained: list[Any]) -> None:
    dataset = digits_like(20)
    oracle = standalone(tmp_path, dataset=dataset)
    labelled = np.flatnonzero(np.isfinite(dataset.accuracy))
    unlabelled = int(np.flatnonzero(np.isnan(dataset.accuracy))[0])
    rows = [*labelled.tolist(), unlabelled]
    scores = oracle.score([dataset.architectures[i] for i in rows])
    assert np.array_equal(scores.values[:-1], dataset.accuracy[labelled])
    assert scores.provenance == ("exact",) * len(labelled) + ("live",)
    assert trained == [dataset.architectures[unlabelled]]


def test_records_hold_for_their_own_seed_only(tmp_path: Path, trained: list[Any]) -> None:
    dataset = digits_like(20)
    labelled = dataset.architectures[int(np.flatnonzero(np.isfinite(dataset.accuracy))[0])]
    assert standalone(tmp_path, dataset=dataset, seed=1).score([labelled]).provenance == ("live",)
    assert trained == [labelled]


def test_results_are_read_from_the_cache(tmp_path: Path, trained: list[Any]) -> None:
    first = standalone(tmp_path).score([FIRST, SECOND, FIRST])
    assert trained == [FIRST, SECOND]
    again = standalone(tmp_path)
    second = again.score([SECOND, FIRST, FIRST])
    assert trained == [FIRST, SECOND]
    assert again.trainings == 0
    assert second.values.tolist() == [first.values[i] for i in (1, 0, 0)]
    assert second.provenance == ("live",) * 3
    assert again.result(FIRST).architecture == FIRST
    assert [row["step"] for row in again.result(FIRST).history] == [BUDGET.steps]


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"budget": BUDGET.changed(learning_rate=0.1)},
        {"images": tiny_images(train=40)},
    ],
)
def test_the_key_holds_all_that_decides(
    tmp_path: Path, trained: list[Any], change: dict[str, Any]
) -> None:
    plain = standalone(tmp_path).score([FIRST])
    changed = standalone(tmp_path, **change).score([FIRST])
    assert len(trained) == 2
    assert plain.values[0] != changed.values[0]


def test_the_noise_may_be_there_already(tmp_path: Path, trained: list[Any]) -> None:
    standalone(tmp_path).score([FIRST])
    standalone(tmp_path, images=IMAGES.with_noise(BUDGET.noise)).score([FIRST])
    assert len(trained) == 1


def changed_value(path: Path) -> None:
    stored = json.loads(path.read_text())
    stored["value"]["validation_nll"] /= 2
    path.write_text(json.dumps(stored))


def other_key(path: Path) -> None:
    stored = json.loads(path.read_text())
    stored["key"]["seed"] = 9
    path.write_text(json.dumps(stored))


DAMAGES: list[Callable[[Path], Any]] = [
    changed_value,
    other_key,
    lambda path: path.write_bytes(path.read_bytes()[:-20]),
    lambda path: path.write_bytes(b"\xff\xfe"),
    lambda path: path.write_text("[]"),
    lambda path: path.write_text("{}"),
    lambda path: path.write_text(""),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_reported_and_replaced(
    tmp_path: Path, trained: list[Any], damage: Callable[[Path], Any]
) -> None:
    expected = standalone(tmp_path).score([FIRST]).values
    (path,) = tmp_path.rglob("*.json")
    damage(path)
    with pytest.warns(CacheDamaged, match=path.name):
        found = standalone(tmp_path).score([FIRST]).values
    assert np.array_equal(found, expected)
    assert len(trained) == 2
    assert np.array_equal(standalone(tmp_path).score([FIRST]).values, expected)
    assert len(trained) == 2
    assert list(tmp_path.rglob("*.json")) == [path]


def test_what_came_before_an_interruption_is_kept(
    tmp_path: Path, trained: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = live.train_standalone

    def interrupted(architecture: Architecture, *arguments: Any) -> Any:
        if architecture == THIRD:
            raise KeyboardInterrupt
        return train(architecture, *arguments)

    monkeypatch.setattr(live, "train_standalone", interrupted)
    oracle = standalone(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        oracle.score([FIRST, SECOND, THIRD])
    assert oracle.calls == 0
    monkeypatch.setattr(live, "train_standalone", train)
    oracle.score([FIRST, SECOND, THIRD])
    assert trained == [FIRST, SECOND, THIRD]
    assert oracle.calls == 3
    assert not list(tmp_path.rglob("*.tmp"))


def test_the_default_cache_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / name)
    StandaloneOracle(images=IMAGES, budget=BUDGET).score([FIRST])
    assert len(list((tmp_path / "paper_nas" / "networks" / "standalone").glob("*.json"))) == 1


def empty_part() -> ImagePart:
    return ImagePart(torch.zeros(0, 2, 6, 6), torch.zeros(0, dtype=torch.int64))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"dataset": digits_like(20, name="enas-cifar10")}, "no stand-alone training"),
        ({"images": replace(IMAGES, validation=empty_part())}, "empty part"),
        ({"images": replace(IMAGES, test=empty_part())}, "empty part"),
        ({"images": IMAGES.with_noise(0.3)}, r"already has noise 0\.3"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        standalone(tmp_path, **options)


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Tiny settings in place of those of enas-digits."""
    settings = SimpleNamespace(budget=BUDGET, shared=CONFIG, load_images=lambda: tiny_images())
    monkeypatch.setattr(live, "DIGITS_BENCHMARK", settings)
    return settings


def test_the_benchmark_is_the_default(tmp_path: Path, benchmark: SimpleNamespace) -> None:
    dataset = digits_like(20, name="enas-digits")
    oracle = StandaloneOracle(dataset, cache=tmp_path)
    assert oracle.budget == BUDGET
    assert oracle.score([FIRST]).values == standalone(tmp_path).score([FIRST]).values
    shared = WeightSharingOracle.trained(cache=tmp_path).score([FIRST])
    assert (
        shared.values
        == WeightSharingOracle(train_shared(IMAGES, CONFIG), IMAGES).score([FIRST]).values
    )


def test_the_benchmark_has_what_is_used_here() -> None:
    settings = live.DIGITS_BENCHMARK
    assert settings.load_images().with_noise(settings.budget.noise).num_classes == 10
    assert settings.shared.num_layers == 6


@pytest.mark.parametrize(
    "change", [{"budget": BUDGET.changed(steps=3)}, {"images": tiny_images(train=40)}]
)
def test_labels_of_the_benchmark_go_with_its_own_training_only(
    tmp_path: Path, benchmark: SimpleNamespace, change: dict[str, Any]
) -> None:
    dataset = digits_like(20, name="enas-digits")
    assert standalone(tmp_path, dataset=dataset).records
    with pytest.raises(ValueError, match="other images or another budget"):
        standalone(tmp_path, dataset=dataset, **change)


def two_labels() -> ArchitectureDataset:
    dataset = digits_like(20, labelled=1.0)
    dataset.architectures[1] = dataset.architectures[0]
    return dataset


def test_two_labels_of_one_architecture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two labels"):
        standalone(tmp_path, dataset=two_labels())


@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_weight_sharing_is_the_networks_own_score(statistics: str) -> None:
    run = train_shared(IMAGES, CONFIG, seed=1)
    noisy = IMAGES.with_noise(CONFIG.noise)
    expected = run.network.evaluate([FIRST, SECOND], noisy, statistics=statistics)
    by_run = WeightSharingOracle(run, IMAGES, statistics).score([FIRST, SECOND])
    by_network = WeightSharingOracle(run.network, noisy, statistics).score([FIRST, SECOND])
    assert np.array_equal(by_run.values, -np.log(expected.nll))
    assert np.array_equal(by_network.values, by_run.values)
    assert by_run.provenance == ("live", "live")


def test_weights_are_read_from_the_cache(tmp_path: Path, trained: list[Any]) -> None:
    first, again, other = (
        WeightSharingOracle.trained(seed, CONFIG, IMAGES, cache=tmp_path).score([FIRST, SECOND])
        for seed in (0, 0, 1)
    )
    assert trained == [0, 1]
    assert np.array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)


def flip_a_weight(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [flip_a_weight, lambda path: path.write_bytes(b"short")])
def test_damaged_weights_are_reported_and_replaced(
    tmp_path: Path, trained: list[Any], damage: Callable[[Path], Any]
) -> None:
    def score() -> np.ndarray:
        oracle = WeightSharingOracle.trained(0, CONFIG, IMAGES, cache=tmp_path)
        return oracle.score([FIRST, SECOND]).values

    expected = score()
    (path,) = tmp_path.rglob("*.safetensors")
    damage(path)
    with pytest.warns(CacheDamaged, match=path.name):
        assert np.array_equal(score(), expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(score(), expected)
    assert trained == [0, 0]


def test_unknown_statistics_and_an_empty_part_are_refused() -> None:
    run = train_shared(IMAGES, CONFIG)
    with pytest.raises(ValueError, match="statistics must be one of"):
        WeightSharingOracle(run, IMAGES, "moving")
    with pytest.raises(ValueError, match="no validation part"):
        WeightSharingOracle(run, replace(IMAGES, validation=empty_part()))
    with pytest.raises(ValueError, match=r"already has noise 0\.3"):
        WeightSharingOracle(run, IMAGES.with_noise(0.3))


def test_the_score_is_made_as_the_labels_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oracles = standalone(tmp_path), WeightSharingOracle(train_shared(IMAGES, CONFIG), IMAGES)
    plain = [oracle.score([FIRST]).values for oracle in oracles]
    monkeypatch.setattr(live, "score_from_nll", lambda nll: -nll)
    changed = [oracle.score([FIRST]).values for oracle in oracles]
    assert np.allclose(changed, -np.exp(-np.array(plain)))
