"""The prefix-tree walk gives the numbers of one architecture after another, with less work."""

from __future__ import annotations

import copy
from collections import Counter
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from paper_nas.child import FixedChildNetwork, ImagePart, ImageSet, SharedChildNetwork, network_cost
from paper_nas.child.layers import BatchNorm
from paper_nas.child.scoring import evaluate_network, hits_and_nll, tree_logits
from paper_nas.child.structure import entries_read_later, reduction_layers
from paper_nas.space import Architecture, EnasSpace
from tests.child.samples import pixels, tiny_images


def trained_looking(layers: int, seed: int = 0) -> SharedChildNetwork:
    """A network whose moving averages have seen some batches."""
    network = SharedChildNetwork(layers, 4, 2, 2, seed=seed)
    for number, architecture in enumerate(EnasSpace(layers).sample(12, seed=seed)):
        network(pixels(size=6, seed=number), architecture, torch.Generator().manual_seed(number))
    return network.eval()


@pytest.mark.parametrize("statistics", ["running", "batch", "calibrated"])
@pytest.mark.parametrize("layers", [1, 3, 6])
def test_the_walk_gives_exactly_the_same_numbers(layers: int, statistics: str) -> None:
    network, images = trained_looking(layers), tiny_images()
    architectures = EnasSpace(layers).sample(60, 0.4, seed=2)
    architectures += architectures[:7]
    options: dict[str, object] = {"statistics": statistics, "batch_size": 20}
    if statistics == "calibrated":
        options["calibration"] = 16
    walked = network.evaluate(architectures, images, **options)  # type: ignore[arg-type]
    alone = network.evaluate(architectures, images, method="one-by-one", **options)  # type: ignore[arg-type]
    assert np.array_equal(walked.accuracy, alone.accuracy)
    assert np.array_equal(walked.nll, alone.nll)
    assert walked.nll.shape == walked.accuracy.shape == (67,)
    assert len(set(walked.nll.tolist())) > 1
    shuffled = network.evaluate(architectures[::-1], images, **options)  # type: ignore[arg-type]
    assert np.array_equal(shuffled.nll[::-1], walked.nll)


def test_evaluation_by_hand() -> None:
    network, images = trained_looking(3), tiny_images()
    architecture = EnasSpace(3).sample(1, seed=5)[0]
    part = images.test
    with torch.no_grad():
        probability = network(part.images, architecture).double().softmax(1)
    picked = probability[torch.arange(len(part)), part.labels]
    accuracy, nll = network.evaluate([architecture], images, "test")
    assert nll[0] == pytest.approx(float(-picked.log().mean()), rel=1e-6)
    assert accuracy[0] == float((picked > 0.5).double().mean())
    assert len(network.evaluate([], images).nll) == 0


def test_batch_statistics_are_those_of_training_mode() -> None:
    network, images = trained_looking(6), tiny_images()
    network.head.keep_probability = 1.0
    architecture = EnasSpace().sample(1, seed=5)[0]
    buffers = [b.clone() for b in network.buffers()]
    score = network.evaluate([architecture], images, statistics="batch")
    assert all(torch.equal(a, b) for a, b in zip(buffers, network.buffers(), strict=True))
    assert not network.training
    running = network.evaluate([architecture], images)
    with torch.no_grad():
        logits = network.train()(images.validation.images, architecture)
    _, nll = hits_and_nll(logits, images.validation.labels)
    assert score.nll[0] == pytest.approx(nll / len(images.validation), rel=1e-6)
    assert running.nll[0] != score.nll[0]


def recalibrated(
    network: SharedChildNetwork, architecture: Architecture, images: Tensor
) -> SharedChildNetwork:
    """A copy with moving averages made anew, one normalisation at a time, in the order of use.

    Each is set from its own input in a pass over the images, in which the ones before it already
    normalise with what they were set to.
    """
    network = copy.deepcopy(network).eval()
    order: list[BatchNorm] = []
    for layer in network.modules():
        if isinstance(layer, BatchNorm):
            layer.register_forward_pre_hook(lambda module, _: order.append(module))
    network(images, architecture)
    used = list(order)
    assert len(set(used)) == len(used)
    for norm in used:
        seen: list[Tensor] = []
        hook = norm.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0]))
        network(images, architecture)
        hook.remove()
        values = seen[0].double()
        norm.running_mean = values.mean((0, 2, 3)).float()
        norm.running_var = values.var((0, 2, 3), correction=1).float()
    return network


@torch.no_grad()
def test_calibrated_statistics_are_recomputed_layer_by_layer() -> None:
    """Against a slow reference, on random architectures of all six operations."""
    network, images = trained_looking(6), tiny_images(size=9).with_noise(0.1)
    with torch.no_grad():
        for number, layer in enumerate(network.modules()):
            if isinstance(layer, BatchNorm):  # scale and shift of their own
                generator = torch.Generator().manual_seed(number)
                layer.weight.copy_(0.5 + torch.rand(4, generator=generator))
                layer.bias.copy_(torch.rand(4, generator=generator) - 0.5)
    architectures = EnasSpace().sample(25, seed=8)
    assert {o for a in architectures for o in a.operations} == set(range(6))
    buffers = [b.clone() for b in network.buffers()]
    scores = network.evaluate(architectures, images, statistics="calibrated", calibration=12)
    assert all(torch.equal(a, b) for a, b in zip(buffers, network.buffers(), strict=True))
    expected = []
    for architecture in architectures:
        slow = recalibrated(network, architecture, images.calibration_images(12))
        expected.append(slow.evaluate([architecture], images).nll[0])
    np.testing.assert_allclose(scores.nll, expected, rtol=1e-4)
    assert np.abs(scores.nll - network.evaluate(architectures, images).nll).min() > 1e-3
    smaller = network.evaluate(architectures, images, "validation", "calibrated", 7, calibration=12)
    np.testing.assert_allclose(smaller.nll, scores.nll, rtol=1e-5)


def test_calibration_images_are_chosen_as_told() -> None:
    network, images = trained_looking(3), tiny_images(train=260).with_noise(0.1)
    sample = EnasSpace(3).sample(5, seed=1)

    def nll(calibration: ImagePart | int | None) -> list[float]:
        options = {"statistics": "calibrated", "calibration": calibration}
        return network.evaluate(sample, images, **options).nll.tolist()  # type: ignore[arg-type]

    assert nll(None) == nll(200) != nll(100)
    own = ImagePart(images.calibration_images(100), images.train.labels[:100])
    assert nll(own) == nll(100)
    assert nll(ImagePart(images.train.images[:100], images.train.labels[:100])) != nll(100)
    for bad in (1, 261, 0):
        with pytest.raises(ValueError, match="can calibrate"):
            nll(bad)
    with pytest.raises(ValueError, match="at least 2 images of shape"):
        nll(ImagePart(own.images[:1], own.labels[:1]))
    with pytest.raises(ValueError, match="at least 2 images of shape"):
        nll(ImagePart(own.images[:, :1], own.labels))
    with pytest.raises(ValueError, match="'running' need no calibration"):
        network.evaluate(sample, images, calibration=20)


def test_a_network_in_training_stays_so() -> None:
    network = trained_looking(3).train()
    first = network.evaluate(EnasSpace(3).sample(2), tiny_images())
    assert network.training
    assert np.array_equal(
        first.nll, network.eval().evaluate(EnasSpace(3).sample(2), tiny_images()).nll
    )
    alone = FixedChildNetwork(EnasSpace(3).sample(1)[0], 4, 2, 2)
    before = evaluate_network(alone, tiny_images().test, 7)
    assert alone.training
    assert before[1] == pytest.approx(evaluate_network(alone.eval(), tiny_images().test)[1])


def test_nothing_to_evaluate_on() -> None:
    images, network = tiny_images(), trained_looking(3)
    empty = ImagePart(images.test.images[:0], images.test.labels[:0])
    bare = ImageSet("bare", images.train, empty, images.test, 2)
    with pytest.raises(ValueError, match="empty"):
        network.evaluate(EnasSpace(3).sample(2), bare)
    assert np.isnan(evaluate_network(FixedChildNetwork(Architecture((0,), ()), 4, 2), empty)).all()


def test_unknown_options_are_refused() -> None:
    images, network = tiny_images(), trained_looking(3)
    sample = EnasSpace(3).sample(2)
    with pytest.raises(ValueError, match="statistics"):
        network.evaluate(sample, images, statistics="moving")
    with pytest.raises(ValueError, match="method"):
        network.evaluate(sample, images, method="forest")
    with pytest.raises(ValueError, match="part"):
        network.evaluate(sample, images, "all")
    with pytest.raises(ValueError, match="2 layers"):
        network.evaluate(EnasSpace(2).sample(1), images)


class Counting:
    """Stands in for a shared network and counts multiply-adds instead of computing."""

    def __init__(self, channels: int, size: int, layers: int = 6) -> None:
        self.num_layers, self.sites = layers, reduction_layers(layers)
        self.channels, self.sizes, self.work = channels, [size], 0
        self.calls: Counter[str] = Counter()
        for layer in range(layers):
            self.sizes.append(-(-self.sizes[-1] // 2) if layer in self.sites else self.sizes[-1])

    def count(self, what: str, weights: int, size: int) -> Tensor:
        self.calls[what] += 1
        self.work += weights * size * size
        return torch.empty(0)

    def stem(self, images: Tensor) -> Tensor:
        return self.count("stem", 9 * self.channels, self.sizes[0])

    def branch(self, layer: int, operation: int, newest: Tensor) -> Tensor:
        square, c = self.channels**2, self.channels
        kernel = (9 * square, 9 * c + square, 25 * square, 25 * c + square, 0, 0)[operation]
        return self.count(f"branch {layer}", square + kernel, self.sizes[layer])

    def merge(self, layer: int, output: Tensor, skips: list[Tensor]) -> Tensor:
        return self.count(f"merge {layer}", 0, 1)

    def reduce(self, layer: int, entry: int, value: Tensor) -> Tensor:
        return self.count(f"reduce {layer}", self.channels**2, self.sizes[layer + 1])

    def head(self, newest: Tensor) -> Tensor:
        return self.count("head", 10 * self.channels, 1)


def test_the_walk_saves_most_of_the_work() -> None:
    """On 19,020 architectures: at least five times fewer multiply-adds, each node visited once."""
    architectures = EnasSpace().sample(19_020, seed=0)
    counting = Counting(16, 8)
    found = sum(len(members) for members, _ in tree_logits(
        cast(SharedChildNetwork, counting), architectures, torch.empty(0)))  # fmt: skip
    assert found == 19_020
    rows = [a.to_row() for a in architectures]
    for layer in range(6):
        nodes = {str(row[: layer + 1]) for row in rows}
        branches = {str((row[:layer], row[layer][0])) for row in rows}
        assert counting.calls[f"merge {layer}"] == len(nodes)
        assert counting.calls[f"branch {layer}"] == len(branches)
    halved = {
        (site, entry, str(a.to_row()[:entry]))
        for a in architectures
        for site in counting.sites
        for entry in entries_read_later(a, site)
    }
    for site in counting.sites:
        assert counting.calls[f"reduce {site}"] == sum(key[0] == site for key in halved)
    assert counting.calls["head"] == len(set(architectures))
    one_by_one = sum(
        network_cost(a, 16, (1, 8, 8), network="search").multiply_adds for a in architectures
    )
    assert one_by_one > 5 * counting.work
    single = Counting(16, 8)
    list(tree_logits(cast(SharedChildNetwork, single), architectures[:1], torch.empty(0)))
    assert (
        single.work == network_cost(architectures[0], 16, (1, 8, 8), network="search").multiply_adds
    )
