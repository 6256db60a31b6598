"""Building blocks of the child networks.

Glossary of shapes: ``B`` images, ``C`` channels, ``S`` height or width of a map. All convolutions
are without bias and keep the size of the map. Source: enas_child_network_spec.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paper_nas.child.seeding import stream
from paper_nas.child.structure import KERNELS, POOLS
from paper_nas.space import OPERATION_NAMES

BRANCH_EPSILON = 1e-3
"""Added to the variance after the kxk convolution of a search branch; elsewhere it is 1e-5."""


class Convolution(nn.Module):
    """A square convolution, stride 1, zero padding, no bias: ``[B, C, S, S]`` to the same size.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        size: Odd kernel size.
        groups: ``inputs`` for a depthwise convolution.
    """

    def __init__(self, inputs: int, outputs: int, size: int = 1, groups: int = 1) -> None:
        """Create the weight; :func:`initialise` fills it."""
        super().__init__()
        self.groups = groups
        self.weight = nn.Parameter(torch.empty(outputs, inputs // groups, size, size))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        return F.conv2d(x, self.weight, padding=self.weight.shape[-1] // 2, groups=self.groups)


class Separable(nn.Module):
    """A depthwise convolution (multiplier 1) and a pointwise one, with nothing in between."""

    def __init__(self, channels: int, size: int) -> None:
        """``channels`` in and out, kernel ``size``."""
        super().__init__()
        self.depthwise = Convolution(channels, channels, size, groups=channels)
        self.pointwise = Convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, S, S]`` to the same shape."""
        return self.pointwise(self.depthwise(x))


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation, moving averages with decay 0.9.

    Attributes:
        use_batch: Normalise with the statistics of the batch in evaluation too, leaving the moving
            averages alone; set it by :func:`batch_statistics`.
        calibration_rows: In evaluation, normalise with the statistics of so many first images of
            the batch (0: of none); set it by :func:`calibrated_statistics`.
    """

    def __init__(self, channels: int, epsilon: float = 1e-5) -> None:
        """Scale 1, shift 0, moving averages 0 and 1."""
        super().__init__(channels, eps=epsilon, momentum=0.1)
        self.use_batch = False
        self.calibration_rows = 0

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, S, S]`` to the same shape."""
        if self.training or not (self.use_batch or self.calibration_rows):
            return super().forward(x)
        scale, shift = self.weight, self.bias
        if self.use_batch:
            return F.batch_norm(x, None, None, scale, shift, training=True, eps=self.eps)
        mean, variance = channel_statistics(x[: self.calibration_rows])
        return F.batch_norm(x, mean, variance, scale, shift, training=False, eps=self.eps)


def channel_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel of ``[B, C, S, S]``, both ``[C]``.

    The variance is the unbiased one, divided by ``B S S - 1``: of that kind are the moving averages
    which a network trained alone is evaluated with.
    """
    values = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
    mean = values.mean(0)
    return mean, (values - mean).square_().sum(0) / (len(values) - 1)


@contextmanager
def batch_statistics(network: nn.Module) -> Iterator[None]:
    """Within the context, evaluation normalises with the statistics of the batch at hand."""
    layers = [module for module in network.modules() if isinstance(module, BatchNorm)]
    for layer in layers:
        layer.use_batch = True
    try:
        yield
    finally:
        for layer in layers:
            layer.use_batch = False


@contextmanager
def calibrated_statistics(network: nn.Module, rows: int) -> Iterator[None]:
    """Within the context, evaluation normalises with the statistics of a batch's first images.

    Each normalisation takes them from its own input, and the head returns logits of the other
    images only. The moving averages stay as they are.

    Args:
        network: The network.
        rows: Images that serve for statistics, at least 2.
    """
    layers = [module for module in network.modules() if isinstance(module, (BatchNorm, Head))]
    for layer in layers:
        layer.calibration_rows = rows
    try:
        yield
    finally:
        for layer in layers:
            layer.calibration_rows = 0


class ChannelsLast(nn.Module):
    """Stores a map with its channels side by side, which makes most layers faster on a CPU.

    What follows keeps the order. Pooling gains most, a factor of 5 and more.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, S, S]`` to the same values."""
        return x.contiguous(memory_format=torch.channels_last)


def stem(image_channels: int, channels: int) -> nn.Sequential:
    """3x3 convolution and normalisation: ``[B, image_channels, S, S]`` to ``[B, C, S, S]``."""
    convolution = Convolution(image_channels, channels, 3)
    return nn.Sequential(convolution, BatchNorm(channels), ChannelsLast())


def kernel_convolution(name: str, channels: int) -> nn.Module:
    """The kxk convolution of an operation, plain or separable, ``channels`` in and out."""
    size, separable = KERNELS[name]
    return Separable(channels, size) if separable else Convolution(channels, channels, size)


class Pool(nn.Module):
    """3x3 pooling with stride 1; positions in the padding count neither as values nor in the mean.

    Args:
        kind: ``"average"`` or ``"maximum"``.
    """

    def __init__(self, kind: str) -> None:
        """Remember the kind."""
        super().__init__()
        if kind not in POOLS.values():
            raise ValueError(f"a pool is one of {sorted(POOLS.values())}, not {kind!r}")
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, S, S]`` to the same shape."""
        if self.kind == "average":
            return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
        return F.max_pool2d(x, 3, stride=1, padding=1)


def search_branch(operation: int, channels: int) -> nn.Sequential:
    """One operation of a layer of the search network, ``[B, C, S, S]`` to the same shape.

    1x1 convolution, normalisation, ReLU; then the pool, or the kxk convolution, normalisation,
    ReLU (enas_child_network_spec, "Shared network"). The ReLUs overwrite their input, which nothing
    else reads.

    Args:
        operation: 0 to 5.
        channels: ``C``.
    """
    name = OPERATION_NAMES[operation]
    first = [Convolution(channels, channels), BatchNorm(channels), nn.ReLU(inplace=True)]
    if name in POOLS:
        return nn.Sequential(*first, Pool(POOLS[name]))
    kernel = kernel_convolution(name, channels)
    last = [BatchNorm(channels, BRANCH_EPSILON), nn.ReLU(inplace=True)]
    return nn.Sequential(*first, kernel, *last)


def fixed_branch(operation: int, channels: int) -> nn.Module:
    """One operation of a layer of the fixed network, ``[B, C, S, S]`` to the same shape.

    The pool alone, or ReLU, 1x1 convolution, normalisation, ReLU, kxk convolution, normalisation
    (enas_child_network_spec, "Fixed-arc network").

    Args:
        operation: 0 to 5.
        channels: ``C``.
    """
    name = OPERATION_NAMES[operation]
    if name in POOLS:
        return Pool(POOLS[name])
    return nn.Sequential(
        nn.ReLU(),
        Convolution(channels, channels),
        BatchNorm(channels),
        nn.ReLU(),
        kernel_convolution(name, channels),
        BatchNorm(channels),
    )


class FactorizedReduction(nn.Module):
    """Halves a map: two 1x1 convolutions on two diagonal samplings, side by side, normalised.

    The first samples the pixels with even row and column, the second those with odd row and
    column; where a map ends there, it sees a zero.

    Args:
        inputs: Channels in.
        outputs: Channels out, even.

    Raises:
        ValueError: An odd number of outputs.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        """Create the two convolutions."""
        super().__init__()
        if outputs % 2:
            raise ValueError(
                f"a factorized reduction has an even number of channels, not {outputs}"
            )
        self.even = Convolution(inputs, outputs // 2)
        self.odd = Convolution(inputs, outputs // 2)
        self.norm = BatchNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, S, S]`` to ``[B, outputs, ceil(S / 2), ceil(S / 2)]``."""
        height, width = x.shape[2:]
        odd_ends = height % 2 or width % 2
        framed = F.pad(x, (0, width % 2, 0, height % 2)) if odd_ends else x
        halves = self.even(x[:, :, ::2, ::2]), self.odd(framed[:, :, 1::2, 1::2])
        return self.norm(torch.cat(halves, dim=1))


class Head(nn.Module):
    """Global average pool, dropout in training, linear map without bias.

    Args:
        channels: ``C``.
        num_classes: Outputs.
        keep_probability: Fraction of the features that dropout keeps, in (0, 1].

    Attributes:
        calibration_rows: In evaluation, so many first images of the batch get no logits; set it by
            :func:`calibrated_statistics`.
    """

    def __init__(self, channels: int, num_classes: int, keep_probability: float) -> None:
        """Create the weight; :func:`initialise` fills it."""
        super().__init__()
        if not 0.0 < keep_probability <= 1.0:
            raise ValueError(f"keep_probability must be in (0, 1], not {keep_probability}")
        self.keep_probability = keep_probability
        self.calibration_rows = 0
        self.weight = nn.Parameter(torch.empty(num_classes, channels))

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """``[B, C, S, S]`` to logits ``[B, classes]``.

        Raises:
            ValueError: Dropout is due and there is no generator for it.
        """
        if self.calibration_rows and not self.training:
            x = x[self.calibration_rows :]
        features = x.mean((2, 3))
        if self.training and self.keep_probability < 1.0:
            if generator is None:
                raise ValueError("dropout in training needs a torch.Generator")
            kept = torch.rand(features.shape, generator=generator) < self.keep_probability
            features = features * kept.to(features) / self.keep_probability
        return F.linear(features, self.weight)


def initialise(network: nn.Module, seed: int) -> None:
    """Fill all weights, He-normal, each from a stream of its own.

    A weight depends on the seed, its name and its shape, and on nothing else: two networks that
    differ in one operation agree in all other weights. The fan-in of a depthwise convolution is
    that of one channel.

    Args:
        network: Its convolutions and heads are filled.
        seed: The seed.
    """
    with torch.no_grad():
        for name, module in network.named_modules():
            if isinstance(module, (Convolution, Head)):
                deviation = math.sqrt(2.0 / module.weight[0].numel())
                module.weight.normal_(0.0, deviation, generator=stream(seed, "weights", name))
