"""Tiny images, networks and archives for the tests of the child networks."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import torch

from paper_nas.child import ImagePart, ImageSet
from paper_nas.child.cifar import CIFAR_FOLDER, CIFAR_TEST, CIFAR_TRAIN, RECORD


def pixels(count: int = 4, channels: int = 2, size: int = 8, seed: int = 0) -> torch.Tensor:
    """Random images, ``[count, channels, size, size]``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, channels, size, size, generator=generator)


def _part(count: int, size: int, seed: int) -> ImagePart:
    """Two channels, two classes: the brighter half, left or right, tells the class."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (count,), generator=generator)
    images = 0.3 * torch.randn(count, 2, size, size, generator=generator)
    images[labels == 0, :, :, : size // 2] += 1.0
    images[labels == 1, :, :, size // 2 :] += 1.0
    return ImagePart(images, labels)


def tiny_images(train: int = 48, size: int = 6) -> ImageSet:
    """An easy set of two classes; 30 images for validation, 20 for the test."""
    parts = (_part(n, size, seed) for seed, n in enumerate((train, 30, 20)))
    return ImageSet("tiny", *parts, num_classes=2)


def cifar_records(count: int, seed: int) -> bytes:
    """Random records in the format of CIFAR-10's binary version."""
    rng = np.random.default_rng(seed)
    records = rng.integers(256, size=(count, RECORD), dtype=np.uint8)
    records[:, 0] = rng.integers(10, size=count)
    return records.tobytes()


def write_cifar_archive(path: Path, files: dict[str, bytes]) -> None:
    """A gzipped tar file with these files in the published folder."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{CIFAR_FOLDER}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def tiny_cifar_files(per_file: int = 4, test: int = 6) -> dict[str, bytes]:
    """Contents of an archive with few records: ``5 per_file`` for training, ``test`` more."""
    files = {name: cifar_records(per_file, seed) for seed, name in enumerate(CIFAR_TRAIN)}
    return {**files, CIFAR_TEST: cifar_records(test, 99)}
