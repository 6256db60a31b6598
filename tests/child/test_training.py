"""Training of child networks, alone and shared, on tiny images."""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from paper_nas.child import (
    CIFAR10_FINAL,
    CIFAR10_SHARED,
    Budget,
    FixedChildNetwork,
    SharedChildNetwork,
    SharedConfig,
    SharedRun,
    StandaloneResult,
    canonical,
    cifar,
    descent,
    fine_tune,
    load_images,
    network_cost,
    train_shared,
    train_standalone,
    training,
)
from paper_nas.child.budgets import learning_rate
from paper_nas.child.descent import training_batches
from paper_nas.space import Architecture, EnasSpace
from paper_nas.training import TrainingDiverged
from tests.child.samples import tiny_cifar_files, tiny_images, write_cifar_archive

ARCHITECTURE = Architecture((1, 4, 3), (1, 0, 1))
BUDGET = Budget(channels=4, steps=30, batch_size=16, noise=0.1, record_every=10)
CONFIG = SharedConfig(channels=4, steps=30, batch_size=16, noise=0.1, num_layers=3)


def scores(result: StandaloneResult) -> tuple[float, ...]:
    losses = [row["loss"] for row in result.history]
    return result.validation_nll, result.test_nll, result.test_accuracy, *losses


def test_the_loss_falls_and_the_result_tells() -> None:
    images = tiny_images()
    result = train_standalone(ARCHITECTURE, images, BUDGET, seed=1)
    assert [row["step"] for row in result.history] == [10, 20, 30]
    assert result.history[-1]["loss"] < result.history[0]["loss"]
    assert result.validation_accuracy > 0.8
    assert result.validation_nll < math.log(2)
    assert result.cpu_seconds > 0
    assert result.history[-1]["seconds"] <= result.seconds
    cost = network_cost(ARCHITECTURE, 4, (2, 6, 6), 2)
    assert (result.parameters, result.multiply_adds) == (cost.parameters, cost.multiply_adds)
    stored = json.loads(json.dumps(result.to_json_dict()))
    assert Architecture.from_string(stored["architecture"]) == ARCHITECTURE
    assert stored["validation_nll"] == result.validation_nll


def test_a_result_follows_from_the_seed_alone() -> None:
    images = tiny_images()
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = train_standalone(ARCHITECTURE, images, BUDGET, seed=3)
        torch.manual_seed(2)
        state = torch.get_rng_state()
        second = train_standalone(ARCHITECTURE, images.with_noise(0.1), BUDGET, seed=3)
        assert torch.equal(torch.get_rng_state(), state)
    assert scores(first) == scores(second)
    assert scores(train_standalone(ARCHITECTURE, images, BUDGET, seed=4)) != scores(first)


def test_with_the_quirk_canonical_architectures_train_alike() -> None:
    images, folded = tiny_images(), canonical(ARCHITECTURE)
    quirk = BUDGET.changed(released_quirk=True)
    quirky = train_standalone(ARCHITECTURE, images, quirk)
    assert scores(quirky) == scores(train_standalone(folded, images, quirk))
    assert quirky.parameters == train_standalone(folded, images, quirk).parameters
    assert scores(quirky) == scores(train_standalone(folded, images, BUDGET))
    assert scores(quirky) != scores(train_standalone(ARCHITECTURE, images, BUDGET))


@pytest.mark.parametrize(
    "change",
    [
        {"weight_decay": 0.1},
        {"clip": 1e-3},
        {"momentum": 0.0},
        {"keep_probability": 0.5},
        {"augment": True},
        {"learning_rate": 0.1},
        {"cycle_steps": 10},
        {"noise": 0.3},
    ],
)
def test_every_setting_has_an_effect(change: dict[str, float]) -> None:
    budget = BUDGET.changed(steps=15)
    plain = train_standalone(ARCHITECTURE, tiny_images(), budget)
    changed = train_standalone(ARCHITECTURE, tiny_images(), budget.changed(**change))
    assert scores(plain)[0] != scores(changed)[0]


def test_watching_adds_to_the_history_and_changes_nothing() -> None:
    plain = train_standalone(ARCHITECTURE, tiny_images(), BUDGET)
    watched = train_standalone(ARCHITECTURE, tiny_images(), BUDGET.changed(watch=True))
    assert scores(plain) == scores(watched)
    last = watched.history[-1]
    assert last["watched"] == "validation"
    assert last["watched_nll"] == watched.validation_nll
    assert last["watched_accuracy"] == watched.validation_accuracy
    assert "watched" not in plain.history[-1]


def test_images_with_other_noise_are_refused() -> None:
    with pytest.raises(ValueError, match=r"already has noise 0\.3"):
        train_standalone(ARCHITECTURE, tiny_images().with_noise(0.3), BUDGET)
    with pytest.raises(ValueError, match=r"already has noise 0\.3"):
        train_shared(tiny_images().with_noise(0.3), CONFIG)


def test_a_batch_larger_than_the_training_part_is_refused() -> None:
    with pytest.raises(ValueError, match="batch of 64 is larger"):
        train_standalone(ARCHITECTURE, tiny_images(), BUDGET.changed(batch_size=64))


def test_divergence_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    images = tiny_images()
    images.train.images[5] = torch.nan
    with pytest.raises(TrainingDiverged, match=r"nan in step [123] at rate"):
        train_standalone(ARCHITECTURE, images, BUDGET)


def test_clipping_limits_the_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    norms: list[float] = []
    original = torch.optim.SGD.step

    def spy(self: torch.optim.SGD, *args: object) -> object:
        squares = [p.grad.square().sum() for g in self.param_groups for p in g["params"]]
        norms.append(float(sum(squares)) ** 0.5)
        return original(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(torch.optim.SGD, "step", spy)
    train_standalone(ARCHITECTURE, tiny_images(), BUDGET.changed(clip=0.01, steps=5))
    assert len(norms) == 5
    assert max(norms) <= 0.01 * 1.001
    train_standalone(ARCHITECTURE, tiny_images(), BUDGET.changed(clip=None, steps=5))
    assert max(norms[5:]) > 0.01


def test_every_image_comes_once_an_epoch_in_new_noise() -> None:
    part = tiny_images(train=50).train
    plain = training_batches(part, BUDGET.changed(noise=0.0), seed=1)
    noisy = training_batches(part, BUDGET, seed=1)
    epochs = []
    for _ in range(2):
        pairs = [(next(plain), next(noisy)) for _ in range(3)]
        seen = torch.cat([images for (images, _), _ in pairs])
        rows = [int((part.images == x).flatten(1).all(1).nonzero()) for x in seen]
        assert len(set(rows)) == 48
        assert part.labels[rows].tolist() == torch.cat([y for (_, y), _ in pairs]).tolist()
        added = torch.cat([n[0] - p[0] for p, n in pairs])
        assert float(added.std()) == pytest.approx(0.1, rel=0.05)
        epochs.append((rows, added))
    assert epochs[0][0] != epochs[1][0]
    assert not torch.allclose(epochs[0][1], epochs[1][1])


def test_the_shared_network_learns_all_paths() -> None:
    images = tiny_images()
    run = train_shared(images, CONFIG.changed(steps=60), seed=1)
    assert not run.network.training
    assert run.history[-1]["step"] == 60
    sample = EnasSpace(3).sample(20, seed=9)
    scored = run.network.evaluate(sample, images.with_noise(0.1))
    assert scored.accuracy.mean() > 0.7
    again = train_shared(images, CONFIG.changed(steps=60), seed=1)
    assert (again.network.evaluate(sample, images.with_noise(0.1)).nll == scored.nll).all()
    other = train_shared(images, CONFIG.changed(steps=60), seed=2)
    assert (other.network.evaluate(sample, images.with_noise(0.1)).nll != scored.nll).any()


def test_paths_are_drawn_uniformly(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Architecture] = []
    original = training.SharedChildNetwork.forward

    def spy(self: object, images: torch.Tensor, architecture: Architecture, generator: object):
        drawn.append(architecture)
        return original(self, images, architecture, generator)  # type: ignore[arg-type]

    monkeypatch.setattr(training.SharedChildNetwork, "forward", spy)
    train_shared(tiny_images(), CONFIG.changed(steps=120, batch_size=2, skip_probability=0.25))
    assert len(drawn) == 120
    counts = [sum(a.operations.count(o) for a in drawn) for o in range(6)]
    assert min(counts) > 30
    bits = [bit for a in drawn for bit in a.skips]
    assert sum(bits) / len(bits) == pytest.approx(0.25, abs=0.08)


def test_weight_decay_reaches_operations_that_are_not_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in a loss with a sum over all weights: shrunk by ``1 - rate * decay`` in a first step."""
    monkeypatch.setattr(EnasSpace, "sample", lambda *_: [Architecture((0, 0, 0), (0, 0, 0))])
    config = CONFIG.changed(steps=1, weight_decay=0.1, momentum=0.0)
    network = train_shared(tiny_images(), config).network
    fresh = training.SharedChildNetwork(3, 4, 2, 2)
    torch.testing.assert_close(
        network.branches[1][2][0].weight,  # type: ignore[index]
        fresh.branches[1][2][0].weight * (1 - 0.05 * 0.1),  # type: ignore[index]
    )


@torch.no_grad()
def test_the_loop_descends_as_pytorch_does_it_step_by_step() -> None:
    """Against a plain loop with clipping, momentum and weight decay, to the last bit."""
    images, budget = tiny_images(), BUDGET.changed(steps=12, clip=1.2, keep_probability=1.0)
    ours = FixedChildNetwork(ARCHITECTURE, 4, 2, 2, 1.0)
    theirs = copy.deepcopy(ours)
    with torch.enable_grad():
        descent.fit(ours, lambda _step, batch, _dropout: ours(batch), images, budget, seed=4)
    options = {"momentum": 0.9, "weight_decay": budget.weight_decay, "nesterov": True}
    optimizer = torch.optim.SGD(theirs.parameters(), lr=1.0, fused=True, **options)  # type: ignore[arg-type]
    batches = training_batches(images.train, budget, seed=4)
    norms = []
    for step in range(12):
        batch, labels = next(batches)
        optimizer.zero_grad()
        with torch.enable_grad():
            torch.nn.functional.cross_entropy(theirs(batch), labels).backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.2)))
        optimizer.param_groups[0]["lr"] = learning_rate(budget, step)
        optimizer.step()
    assert min(norms) < 1.2 < max(norms)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


def shared_state(run: SharedRun) -> list[torch.Tensor]:
    return [tensor.clone() for tensor in run.network.state_dict().values()]


def test_fine_tuning_improves_a_path_and_leaves_the_shared_network_alone() -> None:
    images = tiny_images().with_noise(0.1)
    run = train_shared(images, CONFIG, seed=1)
    before, architecture = shared_state(run), EnasSpace(3).sample(1, seed=4)[0]
    gradients = [p.grad.clone() for p in run.network.parameters() if p.grad is not None]
    untuned = run.network.evaluate([architecture], images)
    accuracy, nll = fine_tune(run, architecture, images, CONFIG, steps=20, seed=2)
    assert nll < untuned.nll[0]
    assert 0.5 < accuracy <= 1.0
    assert all(torch.equal(a, b) for a, b in zip(before, shared_state(run), strict=True))
    after = [p.grad for p in run.network.parameters() if p.grad is not None]
    assert len(gradients) == len(after)
    assert all(torch.equal(a, b) for a, b in zip(gradients, after, strict=True))
    assert not run.network.training
    assert (accuracy, nll) == fine_tune(run.network, architecture, images, CONFIG, 20, seed=2)
    assert nll != fine_tune(run, architecture, images, CONFIG, 20, seed=3)[1]
    assert nll != fine_tune(run, architecture, images, CONFIG, 20, seed=2, rate=0.01)[1]


def test_a_rate_of_zero_moves_the_averages_only() -> None:
    images = tiny_images().with_noise(0.1)
    run = train_shared(images, CONFIG, seed=1)
    path = run.network.path(ARCHITECTURE).train()
    batches = training_batches(images.train, CONFIG, seed=2)
    dropout = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _ in range(4):
            path(next(batches)[0], ARCHITECTURE, dropout)
    expected = path.evaluate([ARCHITECTURE], images)
    tuned = fine_tune(run, ARCHITECTURE, images, CONFIG, steps=4, seed=2, rate=0.0)
    assert tuned == (expected.accuracy[0], expected.nll[0])
    assert tuned[1] != run.network.evaluate([ARCHITECTURE], images).nll[0]


def test_fine_tuning_refuses_what_training_refuses() -> None:
    images = tiny_images()
    network = SharedChildNetwork(3, 4, 2, 2)
    with pytest.raises(ValueError, match="batch of 64 is larger"):
        fine_tune(network, ARCHITECTURE, images, CONFIG.changed(batch_size=64), 2)
    with pytest.raises(ValueError, match=r"already has noise 0\.3"):
        fine_tune(network, ARCHITECTURE, images.with_noise(0.3), CONFIG, 2)
    with pytest.raises(ValueError, match="2 layers in a network of 3"):
        fine_tune(network, Architecture((0, 1), (1,)), images, CONFIG, 2)
    with pytest.raises(ValueError, match="steps"):
        fine_tune(network, ARCHITECTURE, images, CONFIG, 0)


@pytest.mark.parametrize("train", ["final", "search"])
def test_the_cifar_settings_train_on_the_format_of_cifar(
    train: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / cifar.CIFAR_FILE
    write_cifar_archive(path, tiny_cifar_files())
    monkeypatch.setattr(cifar, "CIFAR_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setenv("PAPER_NAS_DATA", str(tmp_path))
    flips = count_calls(monkeypatch)
    images = load_images("cifar10", split=train)
    small = {"channels": 4, "steps": 3, "batch_size": 8, "record_every": 2}
    if train == "search":
        run = train_shared(images, CIFAR10_SHARED.changed(**small))
        nll = run.network.evaluate(EnasSpace().sample(3), images).nll
        assert bool((nll > 0).all())
    else:
        architecture = EnasSpace().sample(1, seed=3)[0]
        result = train_standalone(architecture, images, CIFAR10_FINAL.changed(**small))
        assert math.isnan(result.validation_nll)
        assert result.history[-1]["watched"] == "test"
        assert result.history[-1]["watched_nll"] == result.test_nll
    assert flips() == 3


def count_calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    calls: list[int] = []
    original = descent.pad_crop_flip

    def spy(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        calls.append(len(images))
        return original(images, generator)

    monkeypatch.setattr(descent, "pad_crop_flip", spy)
    return lambda: len(calls)
