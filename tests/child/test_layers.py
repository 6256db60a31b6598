"""Building blocks of the child networks, against their definitions."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from paper_nas.child.layers import (
    BatchNorm,
    Convolution,
    FactorizedReduction,
    Head,
    Pool,
    Separable,
    batch_statistics,
    calibrated_statistics,
    channel_statistics,
    fixed_branch,
    initialise,
    kernel_convolution,
    search_branch,
)
from paper_nas.space import OPERATION_NAMES
from tests.child.samples import pixels


def filled(module: nn.Module, seed: int = 0) -> nn.Module:
    initialise(module, seed)
    return module


def reach(module: nn.Module, channels: int = 4) -> int:
    """How far a pixel's influence spreads, in pixels."""
    x = torch.zeros(1, channels, 15, 15, requires_grad=True)
    module.eval()
    module(x + 1.0)[0, :, 7, 7].sum().backward()
    assert x.grad is not None
    rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    return int((rows - 7).abs().max())


@pytest.mark.parametrize(
    ("name", "size"), [("conv3x3", 3), ("sep3x3", 3), ("conv5x5", 5), ("sep5x5", 5)]
)
def test_kernels_have_the_size_of_their_name(name: str, size: int) -> None:
    assert reach(filled(kernel_convolution(name, 4))) == size // 2
    for build in (search_branch, fixed_branch):
        branch = filled(build(OPERATION_NAMES.index(name), 16))
        assert reach(branch, 16) == size // 2


def test_separable_is_depthwise_then_pointwise() -> None:
    module = filled(Separable(4, 3))
    assert isinstance(module, Separable)
    kernel = module.pointwise.weight[:, :, 0, 0, None, None] * module.depthwise.weight[None, :, 0]
    x = pixels(channels=4)
    torch.testing.assert_close(module(x), F.conv2d(x, kernel, padding=1))


def test_only_the_plain_convolutions_are_full() -> None:
    counts = {
        name: sum(p.numel() for p in kernel_convolution(name, 6).parameters())
        for name in ("conv3x3", "sep3x3", "conv5x5", "sep5x5")
    }
    assert counts == {
        "conv3x3": 9 * 36, "sep3x3": 9 * 6 + 36, "conv5x5": 25 * 36, "sep5x5": 25 * 6 + 36,
    }  # fmt: skip


def test_padding_does_not_count_in_the_pools() -> None:
    x = -torch.ones(1, 1, 4, 4)
    assert torch.equal(Pool("average")(x), x)
    assert torch.equal(Pool("maximum")(x), x)
    x[0, 0, 0, 1] = 5.0
    assert Pool("average")(x)[0, 0, 0, 0] == pytest.approx((5 - 3) / 4)
    assert Pool("maximum")(x)[0, 0, 0].tolist() == [5, 5, 5, -1]
    with pytest.raises(ValueError, match="average"):
        Pool("median")


def test_search_branches_have_the_layers_of_the_spec() -> None:
    conv = [Convolution, BatchNorm, nn.ReLU, Convolution, BatchNorm, nn.ReLU]
    separable = [*conv[:3], Separable, *conv[4:]]
    pool = [*conv[:3], Pool]
    kinds = [[type(m) for m in search_branch(o, 4)] for o in range(6)]
    assert kinds == [conv, separable, conv, separable, pool, pool]
    epsilons = [m.eps for m in search_branch(2, 4) if isinstance(m, BatchNorm)]
    assert epsilons == [1e-5, 1e-3]


def test_fixed_branches_have_the_layers_of_the_spec() -> None:
    conv = [nn.ReLU, Convolution, BatchNorm, nn.ReLU, Convolution, BatchNorm]
    separable = [*conv[:4], Separable, BatchNorm]
    for operation, kinds in enumerate([conv, separable, conv, separable]):
        branch = fixed_branch(operation, 4)
        assert isinstance(branch, nn.Sequential)
        assert [type(m) for m in branch] == kinds
        assert all(m.eps == 1e-5 for m in branch if isinstance(m, BatchNorm))
    x = pixels(channels=4)
    assert torch.equal(fixed_branch(4, 4)(x), Pool("average")(x))
    assert torch.equal(fixed_branch(5, 4)(x), Pool("maximum")(x))


def test_factorized_reduction_samples_two_diagonals() -> None:
    module = FactorizedReduction(1, 2).eval()
    with torch.no_grad():
        module.even.weight.fill_(1.0)
        module.odd.weight.fill_(1.0)
    x = torch.arange(20.0).reshape(1, 1, 4, 5)
    out = module(x) * math.sqrt(1 + 1e-5)
    torch.testing.assert_close(out[0, 0], torch.tensor([[0.0, 2, 4], [10, 12, 14]]))
    torch.testing.assert_close(out[0, 1], torch.tensor([[6.0, 8, 0], [16, 18, 0]]))
    with pytest.raises(ValueError, match="even"):
        FactorizedReduction(4, 5)


def test_normalisation_keeps_moving_averages_with_decay_nine_tenths() -> None:
    norm, x = BatchNorm(2), pixels() + 3.0
    norm(x)
    torch.testing.assert_close(norm.running_mean, 0.1 * x.mean((0, 2, 3)))
    norm.eval()
    before, buffers = norm(x), [b.clone() for b in norm.buffers()]
    with batch_statistics(norm):
        within = norm(x)
    torch.testing.assert_close(within.mean((0, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
    assert all(torch.equal(a, b) for a, b in zip(buffers, norm.buffers(), strict=True))
    assert torch.equal(norm(x), before)
    assert not torch.allclose(within, before)


@pytest.mark.parametrize("last", [False, True])
def test_statistics_of_a_map_are_its_mean_and_unbiased_variance(last: bool) -> None:
    x = 3.0 * pixels(6) + 50.0
    x = x.contiguous(memory_format=torch.channels_last) if last else x
    mean, variance = channel_statistics(x)
    exact = x.double()
    torch.testing.assert_close(mean.double(), exact.mean((0, 2, 3)), rtol=1e-6, atol=0)
    torch.testing.assert_close(variance.double(), exact.var((0, 2, 3)), rtol=1e-5, atol=0)


def test_calibration_takes_statistics_from_the_first_images_of_a_batch() -> None:
    norm, head, x = BatchNorm(2), filled(Head(2, 3, 0.5)).eval(), pixels(5) + 3.0
    norm.eval()
    network = nn.Sequential(norm, head)
    plain, buffers = network(x), [b.clone() for b in norm.buffers()]
    with calibrated_statistics(network, 3):
        out, logits = norm(x), network(x)
        norm.train()
        assert not torch.allclose(norm(x)[:3].mean((0, 2, 3)), torch.zeros(2), atol=1e-3)
        norm.eval()
    torch.testing.assert_close(out[:3].mean((0, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(out[:3].var((0, 2, 3)), torch.ones(2), atol=1e-4, rtol=0)
    assert not torch.allclose(out.mean((0, 2, 3)), torch.zeros(2), atol=1e-3)
    assert torch.equal(logits, head(out[3:]))
    norm.reset_running_stats()
    assert torch.equal(network(x), plain)
    assert all(torch.equal(a, b) for a, b in zip(buffers, norm.buffers(), strict=True))


def test_dropout_is_drawn_from_the_generator_and_keeps_the_mean() -> None:
    head = filled(Head(1, 1, keep_probability=0.75))
    x = torch.ones(4000, 1, 2, 2)
    out = head(x, torch.Generator().manual_seed(1))
    kept = out != 0
    assert float(kept.float().mean()) == pytest.approx(0.75, abs=0.03)
    head.eval()
    torch.testing.assert_close(out[kept], head(x)[kept] / 0.75)
    head.train()
    assert torch.equal(out, head(x, torch.Generator().manual_seed(1)))
    with pytest.raises(ValueError, match="Generator"):
        head(x)
    with pytest.raises(ValueError, match="keep_probability"):
        Head(1, 1, keep_probability=0.0)


def test_weights_are_he_normal_and_named_streams() -> None:
    convolution, separable, alone = Convolution(32, 64, 3), Separable(256, 5), Separable(256, 5)
    network = nn.ModuleDict({"a": convolution, "b": separable})
    initialise(network, 3)
    assert deviation(convolution) == pytest.approx(math.sqrt(2 / (32 * 9)), rel=0.03)
    assert deviation(separable.depthwise) == pytest.approx(math.sqrt(2 / 25), rel=0.03)
    assert deviation(separable.pointwise) == pytest.approx(math.sqrt(2 / 256), rel=0.03)
    initialise(nn.ModuleDict({"b": alone}), 3)
    assert torch.equal(alone.depthwise.weight, separable.depthwise.weight)
    twins = nn.ModuleList([Convolution(4, 4), Convolution(4, 4)])
    initialise(twins, 3)
    first, second = twins.parameters()
    assert not torch.equal(first, second)
    initialise(nn.ModuleDict({"b": alone}), 4)
    assert not torch.equal(alone.depthwise.weight, separable.depthwise.weight)


def deviation(module: Convolution) -> float:
    return float(module.weight.detach().std())


def test_building_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    for operation in range(6):
        filled(search_branch(operation, 4))
    filled(Head(4, 2, 0.5))
    assert torch.equal(before, torch.get_rng_state())
