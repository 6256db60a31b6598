"""CIFAR-10 in its binary version: raw records, no pickle.

A record is one byte of label and three planes (red, green, blue) of 32 rows of 32 bytes. The
archive is read as it is, never unpacked to disk.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np

from paper_nas.artifacts import file_sha256
from paper_nas.datasets import ChecksumMismatch, MalformedRow, find_published_file

CIFAR_FILE = "cifar-10-binary.tar.gz"
CIFAR_URL = f"https://www.cs.toronto.edu/~kriz/{CIFAR_FILE}"
CIFAR_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
CIFAR_FOLDER = "cifar-10-batches-bin"
CIFAR_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
CIFAR_TEST = "test_batch.bin"
SIZE, CHANNELS, CLASSES = 32, 3, 10
RECORD = 1 + CHANNELS * SIZE * SIZE


def find_cifar_archive() -> Path:
    """Path of the archive: in ``$PAPER_NAS_DATA``, else in the cache, else freshly downloaded.

    Raises:
        DatasetUnavailable: None of the three has it.
        ChecksumMismatch: What was found or downloaded is not the published archive.
    """
    path = find_published_file(CIFAR_FILE, CIFAR_URL, CIFAR_SHA256, progress=True)
    digest = file_sha256(path)
    if digest != CIFAR_SHA256:
        raise ChecksumMismatch(
            f"{path} has SHA-256 {digest}; the published file has {CIFAR_SHA256}. Nothing was "
            f"deleted: move the file away and fetch it again from {CIFAR_URL}"
        )
    return path


def read_cifar_archive(path: str | Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read the archive.

    Args:
        path: A gzipped tar file with the five training files and the test file.

    Returns:
        Training images ``[n, 3, 32, 32]`` uint8 and labels ``[n]`` int64 in file order, then those
        of the test part.

    Raises:
        MalformedRow: The file is no such archive, or a record in it cannot be read.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            files = {
                name: _member(archive, f"{CIFAR_FOLDER}/{name}")
                for name in (*CIFAR_TRAIN, CIFAR_TEST)
            }
    except (tarfile.TarError, KeyError, EOFError, OSError) as reason:
        raise MalformedRow(
            f"{path} is not the binary version of CIFAR-10: {reason}. Fetch it again from "
            f"{CIFAR_URL}"
        ) from reason
    parts = {name: read_records(content, f"{path}, {name}") for name, content in files.items()}
    images = np.concatenate([parts[name][0] for name in CIFAR_TRAIN])
    labels = np.concatenate([parts[name][1] for name in CIFAR_TRAIN])
    return images, labels, *parts[CIFAR_TEST]


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(f"{name} is not a file")
    return file.read()


def read_records(content: bytes, origin: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of raw records.

    Args:
        content: Whole records of 3,073 bytes.
        origin: What to call the source in an error.

    Returns:
        ``[n, 3, 32, 32]`` uint8 and ``[n]`` int64.

    Raises:
        MalformedRow: A part of a record at the end, or a label above 9.
    """
    if len(content) % RECORD:
        raise MalformedRow(
            f"{origin}: {len(content):,} bytes are not whole records of {RECORD:,}; the file is "
            f"truncated"
        )
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD)
    labels = records[:, 0].astype(np.int64)
    if (wrong := np.flatnonzero(labels >= CLASSES)).size:
        raise MalformedRow(
            f"{origin}, record {wrong[0] + 1}: label {labels[wrong[0]]} is not in 0..{CLASSES - 1}"
        )
    return records[:, 1:].reshape(-1, CHANNELS, SIZE, SIZE), labels
