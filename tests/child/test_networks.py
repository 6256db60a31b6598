"""The child networks: every operation counts, and the wiring is that of the spec."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paper_nas.child import FixedChildNetwork, SharedChildNetwork, canonical
from paper_nas.child.layers import BatchNorm
from paper_nas.space import Architecture, EnasSpace
from tests.child.samples import pixels
from tests.samples import mixed_architectures

PAIRS = list(itertools.combinations(range(6), 2))
BASES = [Architecture((0, 5, 2, 1, 4, 3), (0,) * 15), Architecture((1, 3, 4, 0, 2, 5), (1,) * 15)]


def shared(**settings: object) -> SharedChildNetwork:
    return SharedChildNetwork(channels=8, image_channels=2, **settings).eval()  # type: ignore[arg-type]


def fixed(architecture: Architecture, **settings: object) -> FixedChildNetwork:
    return FixedChildNetwork(architecture, 8, 2, **settings).eval()  # type: ignore[arg-type]


def confused_pairs(
    output: Callable[[Architecture], Tensor], base: Architecture, layer: int
) -> list[tuple[int, int]]:
    """Pairs of operations that give the same output when put into one layer."""
    outputs = []
    for operation in range(6):
        operations = (*base.operations[:layer], operation, *base.operations[layer + 1 :])
        outputs.append(output(Architecture(operations, base.skips)))
    return [(a, b) for a, b in PAIRS if float((outputs[a] - outputs[b]).abs().max()) < 1e-4]


@pytest.mark.parametrize("base", BASES, ids=["no skips", "all skips"])
@pytest.mark.parametrize("layer", range(6))
@torch.no_grad()
def test_every_operation_changes_the_output_at_every_layer(base: Architecture, layer: int) -> None:
    """The defect of the released search network must be impossible here.

    The images are large enough for 4x4 maps in the last layers: on a 2x2 map a pool leaves one
    value per channel, so that a second pool of either kind would change nothing.
    """
    x, network = pixels(size=16), shared()
    assert confused_pairs(lambda a: network(x, a), base, layer) == []
    assert confused_pairs(lambda a: fixed(a)(x), base, layer) == []


class Defective(SharedChildNetwork):
    """The released search network: whatever is asked for, the last operation runs."""

    def branch(self, layer: int, operation: int, newest: Tensor) -> Tensor:
        return super().branch(layer, 5, newest)


@torch.no_grad()
def test_the_released_defect_would_be_seen() -> None:
    network, x = Defective(channels=8, image_channels=2).eval(), pixels(size=16)
    for layer in range(6):
        assert confused_pairs(lambda a: network(x, a), BASES[1], layer) == PAIRS


@torch.no_grad()
def test_the_quirk_confuses_separable_with_plain_and_nothing_else() -> None:
    x = pixels(size=16)
    for layer in range(6):
        pairs = confused_pairs(lambda a: fixed(a, released_quirk=True)(x), BASES[1], layer)
        assert pairs == [(0, 1), (2, 3)]
    for architecture in EnasSpace().sample(4, seed=1):
        quirky, plain = fixed(architecture, released_quirk=True), fixed(canonical(architecture))
        assert torch.equal(quirky(x), plain(x))


def normalise(x: Tensor, norm: nn.Module, training: bool) -> Tensor:
    assert isinstance(norm, BatchNorm)
    if training:
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
    else:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean, variance = norm.running_mean, norm.running_var
    shape = (1, -1, 1, 1)
    scaled = (x - mean.view(shape)) / (variance.view(shape) + norm.eps).sqrt()
    return scaled * norm.weight.view(shape) + norm.bias.view(shape)


def reference(
    network: SharedChildNetwork | FixedChildNetwork, architecture: Architecture, x: Tensor
) -> Tensor:
    """Both networks, told by the rows of the encoding and with no code of the package's own."""
    training, is_shared = network.training, isinstance(network, SharedChildNetwork)
    modules = dict(network.named_modules())
    distance = architecture.num_layers // 3
    x = F.conv2d(x, modules["stem.0"].weight, padding=1)  # type: ignore[arg-type]
    cache = {0: normalise(x, modules["stem.1"], training)}
    for i, (operation, *bits) in enumerate(architecture.to_row()):
        branch = modules[f"branches.{i}.{operation}" if is_shared else f"branches.{i}"]
        out = branch(cache[i])
        chosen = [cache[j] for j, bit in enumerate(bits) if bit]
        if i and is_shared:
            out = normalise(sum(chosen, out), modules[f"norms.{i - 1}"], training)
        elif i:
            mixed = torch.cat([*chosen, out], 1).relu()
            mixed = F.conv2d(mixed, modules[f"mixers.{i}.1"].weight)  # type: ignore[arg-type]
            out = normalise(mixed, modules[f"mixers.{i}.2"], training)
        cache[i + 1] = out
        if distance and i in (distance - 1, 2 * distance - 1):
            for j in list(cache):
                name = f"reductions.{i}.{j}" if is_shared else f"reductions.{i}-{j}"
                if name in modules:
                    cache[j] = modules[name](cache[j])
                else:
                    del cache[j]  # nothing may read it any more
    features = cache[architecture.num_layers].mean((2, 3))
    return features @ modules["head"].weight.T  # type: ignore[operator]


def disturb(network: nn.Module) -> None:
    """Give scale, shift and moving averages values of their own."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, BatchNorm):
                for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                    tensor.add_(torch.rand(tensor.shape, generator=generator))  # type: ignore[union-attr]


@pytest.mark.parametrize("training", [False, True])
def test_wiring(training: bool) -> None:
    x = pixels(size=9)
    for architecture in mixed_architectures(28, max_layers=7):
        layers = architecture.num_layers
        for network in (
            SharedChildNetwork(layers, 4, 2, 3, keep_probability=1.0),
            FixedChildNetwork(architecture, 4, 2, 3, keep_probability=1.0),
        ):
            disturb(network)
            network.train(training)
            inputs = (x, architecture) if isinstance(network, SharedChildNetwork) else (x,)
            expected = reference(network, architecture, x)
            torch.testing.assert_close(network(*inputs), expected, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_every_skip_changes_the_output() -> None:
    network, x = shared(), pixels()
    for base in BASES:
        before = network(x, base)
        for bit in range(15):
            skips = (*base.skips[:bit], 1 - base.skips[bit], *base.skips[bit + 1 :])
            changed = network(x, Architecture(base.operations, skips))
            assert float((changed - before).abs().max()) > 1e-4


def test_maps_and_channels() -> None:
    """32 to 16 to 8 pixels; channels stay in the search network and double in the fixed one."""
    shapes: list[tuple[int, ...]] = []

    def note(_module: nn.Module, inputs: tuple[Tensor], _output: Tensor) -> None:
        shapes.append(tuple(inputs[0].shape[1:]))

    x = pixels(1, 3, 32)
    network, alone = SharedChildNetwork(channels=4), FixedChildNetwork(BASES[1], channels=4)
    network.head.register_forward_hook(note)
    alone.head.register_forward_hook(note)
    network.eval()(x, BASES[1])
    alone.eval()(x)
    assert shapes == [(4, 8, 8), (16, 8, 8)]
    assert [len(r) for r in network.reductions.values()] == [3, 5]  # type: ignore[arg-type]
    assert list(alone.reductions) == ["1-0", "1-1", "1-2", "3-0", "3-1", "3-2", "3-3", "3-4"]


def test_every_weight_of_a_fixed_network_is_used_and_no_convolution_has_a_bias() -> None:
    for architecture in mixed_architectures(12):
        network = FixedChildNetwork(architecture, 8, 2, keep_probability=1.0)
        network(pixels(8)).square().sum().backward()
        norms = {name for name, m in network.named_modules() if isinstance(m, BatchNorm)}
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            owner, _, kind = name.rpartition(".")
            assert kind == "weight" or owner in norms, name


def test_the_operations_of_a_layer_share_nothing() -> None:
    network = SharedChildNetwork(channels=4)
    owned = [
        {id(p) for p in branch.parameters()}
        for layer in network.branches
        for branch in layer  # type: ignore[attr-defined]
    ]
    assert len(owned) == 36
    assert len(set.union(*owned)) == sum(map(len, owned))
    assert len(network.norms) == 5


def test_weights_follow_from_the_seed_alone() -> None:
    before = torch.get_rng_state()
    networks = [shared(seed=seed) for seed in (3, 3, 4)]
    assert torch.equal(before, torch.get_rng_state())
    states = [torch.cat([p.flatten() for p in n.parameters()]) for n in networks]
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])
    a = dict(fixed(BASES[0]).named_parameters())
    other = Architecture((0, 5, 2, 0, 4, 3), BASES[0].skips)
    b = dict(fixed(other).named_parameters())
    different = {n for n in a.keys() | b.keys() if n not in a or n not in b}
    different |= {n for n in a.keys() & b.keys() if not torch.equal(a[n], b[n])}
    assert different
    assert all(name.startswith("branches.3.4") for name in different)  # the kxk convolution


@torch.no_grad()
def test_a_path_is_a_copy_of_what_one_architecture_uses() -> None:
    network, x = shared(), pixels()
    architecture = Architecture((0, 5, 2, 1, 4, 3), (1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1))
    path = network.path(architecture)
    assert torch.equal(path(x, architecture), network(x, architecture))
    used = {name for name, parameter in path.named_parameters()}
    assert used < {name for name, _ in network.named_parameters()}
    with torch.enable_grad():
        path(x, architecture).square().sum().backward()
    assert all(p.grad is not None for p in path.parameters())
    assert all(p.grad is None for p in network.parameters())
    path.stem[0].weight.zero_()  # type: ignore[operator, union-attr]
    assert bool((network.stem[0].weight != 0).any())  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError):
        path(x, Architecture((1, 5, 2, 1, 4, 3), architecture.skips))


def test_an_architecture_of_another_depth_is_refused() -> None:
    with pytest.raises(ValueError, match="5 layers in a network of 6"):
        shared()(pixels(), EnasSpace(5).sample(1)[0])
