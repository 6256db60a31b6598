"""The two ENAS macro child networks: one that all architectures share, and one of a single one.

Both work for any image size, number of channels, classes and layers. The search network of the
released code builds its six operations as closures over one variable and so always runs the last
one, max-pooling; here an operation is a module in a list, and a test shows that each can be told
from every other. Source: enas_child_network_spec.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from paper_nas.child import scoring
from paper_nas.child.images import ImagePart, ImageSet
from paper_nas.child.layers import (
    BatchNorm,
    Convolution,
    FactorizedReduction,
    Head,
    batch_statistics,
    calibrated_statistics,
    fixed_branch,
    initialise,
    search_branch,
    stem,
)
from paper_nas.child.structure import (
    canonical,
    entries_read_later,
    reduction_layers,
    selected_entries,
)
from paper_nas.space import NUM_OPERATIONS, Architecture

STATISTICS = ("running", "batch", "calibrated")
METHODS = ("walk", "one-by-one")
CALIBRATION_IMAGES = 200
"""Training images for calibrated statistics, unless told otherwise."""


class SharedChildNetwork(nn.Module):
    """The search network: every layer holds all six operations, and all architectures share them.

    A layer applies its operation to the newest cache entry. Its output and the selected entries
    are added and normalised, in every layer but the first, with or without a skip. After two of
    the layers every entry that is still read gets its own reduction; ``C`` stays.

    Args:
        num_layers: Layers of every architecture, ``L``.
        channels: ``C``, even.
        image_channels: Channels of an image.
        num_classes: Outputs.
        keep_probability: Of the dropout before the classifier, in training.
        seed: Of the initial weights.

    Attributes:
        branches: ``L`` lists of six modules, by operation.
        norms: One normalisation per layer but the first.
        reductions: By layer, one module per cache entry there.
    """

    def __init__(
        self,
        num_layers: int = 6,
        channels: int = 36,
        image_channels: int = 3,
        num_classes: int = 10,
        keep_probability: float = 0.9,
        seed: int = 0,
    ) -> None:
        """Build all modules."""
        super().__init__()
        self.num_layers = num_layers
        self.sites = reduction_layers(num_layers)
        self.stem = stem(image_channels, channels)
        self.branches = nn.ModuleList(
            nn.ModuleList(search_branch(operation, channels) for operation in range(NUM_OPERATIONS))
            for _ in range(num_layers)
        )
        self.norms = nn.ModuleList(BatchNorm(channels) for _ in range(num_layers - 1))
        self.reductions = nn.ModuleDict(
            {
                str(site): nn.ModuleList(
                    FactorizedReduction(channels, channels) for _ in range(site + 2)
                )
                for site in self.sites
            }
        )
        self.head = Head(channels, num_classes, keep_probability)
        initialise(self, seed)

    def branch(self, layer: int, operation: int, newest: Tensor) -> Tensor:
        """Output of one operation of a layer (from 0), ``[B, C, S, S]`` to the same shape."""
        branches = self.branches[layer]
        assert isinstance(branches, nn.ModuleList)
        return branches[operation](newest)

    def merge(self, layer: int, output: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """Add the skips to a branch's output and normalise; the first layer's stays as it is."""
        if layer == 0:
            return output
        if skips:
            output = output + skips[0]
            for entry in skips[1:]:
                output += entry
        return self.norms[layer - 1](output)

    def reduce(self, layer: int, entry: int, value: Tensor) -> Tensor:
        """Halve one cache entry after a layer of :attr:`sites`."""
        reductions = self.reductions[str(layer)]
        assert isinstance(reductions, nn.ModuleList)
        return reductions[entry](value)

    def forward(
        self, images: Tensor, architecture: Architecture, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits of one architecture.

        Args:
            images: ``[B, image_channels, S, S]``.
            architecture: One with ``num_layers`` layers.
            generator: For dropout, in training.

        Returns:
            ``[B, num_classes]``.

        Raises:
            ValueError: An architecture with another number of layers, or no generator in training.
        """
        self.check(architecture)
        cache = {0: self.stem(images)}
        for layer, operation in enumerate(architecture.operations):
            output = self.branch(layer, operation, cache[layer])
            skips = [cache[entry] for entry in selected_entries(architecture, layer)]
            cache[layer + 1] = self.merge(layer, output, skips)
            if layer in self.sites:
                read = entries_read_later(architecture, layer)
                cache = {entry: self.reduce(layer, entry, cache[entry]) for entry in read}
        return self.head(cache[self.num_layers], generator)

    def path(self, architecture: Architecture) -> SharedChildNetwork:
        """A copy with the modules of one architecture only, the others taken out.

        Its parameters are those that the architecture uses; to ask it for another architecture is
        an error.

        Raises:
            ValueError: An architecture with another number of layers.
        """
        self.check(architecture)
        network = copy.deepcopy(self)
        for layer, operation in enumerate(architecture.operations):
            _keep(network.branches[layer], {operation})
            if layer in self.sites:
                _keep(network.reductions[str(layer)], set(entries_read_later(architecture, layer)))
        return network

    def check(self, architecture: Architecture) -> None:
        """Refuse an architecture with another number of layers.

        Raises:
            ValueError: It has.
        """
        if architecture.num_layers != self.num_layers:
            raise ValueError(
                f"{architecture.num_layers} layers in a network of {self.num_layers}: "
                f"{architecture!r}"
            )

    def evaluate(
        self,
        architectures: Sequence[Architecture],
        images: ImageSet,
        part: str = "validation",
        statistics: str = "running",
        batch_size: int = scoring.BATCH_SIZE,
        method: str = "walk",
        progress: bool = False,
        calibration: ImagePart | int | None = None,
    ) -> scoring.SharedScores:
        """Accuracy and negative log-likelihood of many architectures.

        Architectures that agree in their first layers share the work on them; the numbers are
        exactly those of one architecture after another.

        Args:
            architectures: ``M`` of them, in any order; repetitions cost nothing.
            images: The images, with the noise they are to be seen with.
            part: ``"train"``, ``"validation"`` or ``"test"``.
            statistics: Normalise with the moving averages (``"running"``), with the statistics of
                each batch (``"batch"``), or with those that the architecture itself gives on
                training images (``"calibrated"``): these images run along with each batch, and
                each normalisation takes mean and unbiased variance of their part of its input.
            batch_size: Most images at once; a larger part is cut into nearly equal batches, which
                matters with batch statistics.
            method: ``"walk"``, or ``"one-by-one"`` for comparison.
            progress: Show a progress bar.
            calibration: For calibrated statistics, the images as they are, or how many of the first
                training images (``None``: 200), which get fixed noise like that of the other parts.

        Raises:
            ValueError: An unknown option, an empty part, calibration images that do not fit or are
                not asked for, or an architecture that does not fit.
        """
        if statistics not in STATISTICS:
            raise ValueError(f"statistics must be one of {STATISTICS}, not {statistics!r}")
        if method not in METHODS:
            raise ValueError(f"method must be one of {METHODS}, not {method!r}")
        for architecture in architectures:
            self.check(architecture)
        extra = _calibration_images(images, statistics, calibration)
        logits = scoring.tree_logits if method == "walk" else scoring.one_by_one_logits
        was_training = self.training
        self.eval()
        try:
            with self._statistics(statistics, extra):
                data = images.part(part)
                return scoring.score(self, architectures, data, logits, batch_size, progress, extra)
        finally:
            self.train(was_training)

    def _statistics(self, statistics: str, extra: Tensor | None) -> AbstractContextManager[None]:
        if extra is not None:
            return calibrated_statistics(self, len(extra))
        return batch_statistics(self) if statistics == "batch" else nullcontext()


def _keep(modules: nn.Module, kept: set[int]) -> None:
    """Replace all modules of a list but some by empty ones."""
    assert isinstance(modules, nn.ModuleList)
    for number in range(len(modules)):
        if number not in kept:
            modules[number] = nn.Module()


def _calibration_images(
    images: ImageSet, statistics: str, calibration: ImagePart | int | None
) -> Tensor | None:
    """Images ``[n, C, S, S]`` for calibrated statistics; ``None`` for the other statistics."""
    if statistics != "calibrated":
        if calibration is not None:
            raise ValueError(f"statistics {statistics!r} need no calibration images")
        return None
    if not isinstance(calibration, ImagePart):
        if calibration is None:
            calibration = min(CALIBRATION_IMAGES, len(images.train))
        return images.calibration_images(calibration)
    if len(calibration) < 2 or calibration.images.shape[1:] != images.shape:
        raise ValueError(
            f"calibration takes at least 2 images of shape {list(images.shape)}, not "
            f"{list(calibration.images.shape)}"
        )
    return calibration.images


class FixedChildNetwork(nn.Module):
    """The network of one architecture, as in final training.

    The selected entries and a layer's output are put side by side and mixed by ReLU, 1x1
    convolution and normalisation, in every layer but the first. Channels double at each reduction.
    A reduction that nothing reads is not built.

    Args:
        architecture: The architecture.
        channels: Channels of the stem and of the first layers, even.
        image_channels: Channels of an image.
        num_classes: Outputs.
        keep_probability: Of the dropout before the classifier, in training.
        released_quirk: Build separable convolutions as plain ones, as the released code does.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        architecture: Architecture,
        channels: int = 96,
        image_channels: int = 3,
        num_classes: int = 10,
        keep_probability: float = 0.5,
        released_quirk: bool = False,
        seed: int = 0,
    ) -> None:
        """Build the modules of this architecture."""
        super().__init__()
        self.architecture = architecture
        self.released_quirk = released_quirk
        self.sites = reduction_layers(architecture.num_layers)
        self.stem = stem(image_channels, channels)
        self.branches = nn.ModuleList()
        self.mixers = nn.ModuleDict()
        self.reductions = nn.ModuleDict()
        built = canonical(architecture) if released_quirk else architecture
        for layer, operation in enumerate(built.operations):
            self.branches.append(fixed_branch(operation, channels))
            if layer > 0:
                inputs = len(selected_entries(built, layer)) + 1
                self.mixers[str(layer)] = nn.Sequential(
                    nn.ReLU(), Convolution(inputs * channels, channels), BatchNorm(channels)
                )
            if layer in self.sites:
                for entry in entries_read_later(built, layer):
                    reduction = FactorizedReduction(channels, 2 * channels)
                    self.reductions[f"{layer}-{entry}"] = reduction
                channels *= 2
        self.head = Head(channels, num_classes, keep_probability)
        initialise(self, seed)

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Logits.

        Args:
            images: ``[B, image_channels, S, S]``.
            generator: For dropout, in training.

        Returns:
            ``[B, num_classes]``.

        Raises:
            ValueError: No generator in training.
        """
        cache = {0: self.stem(images)}
        for layer, branch in enumerate(self.branches):
            output = branch(cache[layer])
            if layer > 0:
                skips = [cache[j] for j in selected_entries(self.architecture, layer)]
                output = self.mixers[str(layer)](torch.cat([*skips, output], dim=1))
            cache[layer + 1] = output
            if layer in self.sites:
                read = entries_read_later(self.architecture, layer)
                cache = {j: self.reductions[f"{layer}-{j}"](cache[j]) for j in read}
        return self.head(cache[self.architecture.num_layers], generator)
