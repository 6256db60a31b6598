"""Labelled sets of architectures.

``enas-cifar10`` is the data of the paper: 20,020 architectures with their weight-sharing accuracy,
published with D-VAE. The first 1,000 rows are dropped, as the released code does
(released_code_spec section 1). The file is not part of this project; it is found or downloaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch

from paper_nas.graphs import GraphBatch
from paper_nas.space import Architecture, num_skip_bits

DATA_VARIABLE = "PAPER_NAS_DATA"
"""Environment variable: folder that holds the data file (or the path of the file itself)."""

ENAS_FILE = "final_structures6.txt"
ENAS_SHA256 = "fea9a7dde1545e7d3bd58fd4b9c3db08a89c18e0351f770cde2fe530c4791725"
ENAS_URL = (
    "https://raw.githubusercontent.com/muhanzhang/D-VAE/"
    "3569a4a3bf5ecf8e12ae548e0d22e72062d29e26/data/final_structures6.txt"
)
ENAS_ROWS = 20_020
ENAS_BURN_IN = 1_000
TRAIN_FRACTION = 0.9
SPLITS = ("released", "skip-pattern")


class DatasetError(Exception):
    """A data set cannot be used; the message says what to do."""


class DatasetUnavailable(DatasetError):
    """The data file was not found and could not be downloaded."""


class ChecksumMismatch(DatasetError):
    """The data file is not the published one."""


class MalformedRow(DatasetError, ValueError):
    """A row of the data file cannot be read."""


@dataclass(frozen=True, eq=False)
class ArchitectureDataset:
    """Architectures with a score each, split into a training and a test part.

    Attributes:
        name: Name of the set.
        architectures: ``M`` architectures, in file order.
        accuracy: ``[M]`` float64, in [0, 1]; for ``enas-cifar10`` the weight-sharing validation
            accuracy on CIFAR-10, in steps of 0.0002.
        train_index: Rows of the training part, in the order of the split.
        test_index: Rows of the test part, likewise.
        split: How the parts were made.
        sha256: Checksum of the file that the rows came from.
        path: That file.
    """

    name: str
    architectures: list[Architecture]
    accuracy: np.ndarray
    train_index: np.ndarray
    test_index: np.ndarray
    split: str
    sha256: str
    path: Path

    def __len__(self) -> int:
        """``M``."""
        return len(self.architectures)

    def graphs(self, index: np.ndarray | None = None, max_vertices: int = 8) -> GraphBatch:
        """The graphs of some rows (all by default), ``N = max_vertices``."""
        rows = range(len(self)) if index is None else index
        return GraphBatch.from_architectures([self.architectures[i] for i in rows], max_vertices)

    def skip_patterns(self) -> np.ndarray:
        """The free bits of every row, ``[M, bits]`` uint8 (all rows have equally many layers)."""
        return np.array([a.skips for a in self.architectures], dtype=np.uint8)

    def operation_choices(self) -> np.ndarray:
        """The operations of every row, ``[M, layers]`` uint8."""
        return np.array([a.operations for a in self.architectures], dtype=np.uint8)


def load_dataset(
    name: str = "enas-cifar10", split: str = "released", fallback: str | None = None
) -> ArchitectureDataset:
    """Load a labelled set of architectures.

    The file of ``enas-cifar10`` is looked for in ``$PAPER_NAS_DATA``, then in the user's cache,
    then downloaded.

    Args:
        name: ``"enas-cifar10"``.
        split: ``"released"``, the 90/10 split of the released code, or ``"skip-pattern"``, a 90/10
            split in which no skip pattern is on both sides.
        fallback: Name of the set to take, with a printed note, if the first is unavailable.

    Raises:
        ValueError: An unknown name or split.
        DatasetUnavailable: The file is nowhere and there is no fallback.
        ChecksumMismatch: The file is readable but is not the published one.
        MalformedRow: A row of the file cannot be read.
    """
    if name != "enas-cifar10":
        raise ValueError(f"no data set named {name!r}; there is 'enas-cifar10'")
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, not {split!r}")
    try:
        path = find_enas_file()
    except DatasetUnavailable as reason:
        if fallback is None:
            raise
        print(f"Note: {name} is unavailable, so {fallback} is used instead. {reason}")
        return load_dataset(fallback, split)
    architectures, accuracy = read_enas_file(path)
    digest = _check_published(path, len(architectures))
    architectures, accuracy = architectures[ENAS_BURN_IN:], accuracy[ENAS_BURN_IN:]
    parts = {"released": released_split, "skip-pattern": skip_pattern_split}[split](architectures)
    return ArchitectureDataset(name, architectures, accuracy, *parts, split, digest, path)


def find_enas_file() -> Path:
    """Path of the published ENAS file; raises as :func:`find_published_file` does."""
    return find_published_file(ENAS_FILE, ENAS_URL, ENAS_SHA256)


def find_published_file(name: str, url: str, sha256: str, progress: bool = False) -> Path:
    """Path of a published file: in ``$PAPER_NAS_DATA``, in the cache, or freshly downloaded.

    Where ``$PAPER_NAS_DATA`` names a file, the wanted one is that file or lies beside it.

    Args:
        name: File name.
        url: Where it is published.
        sha256: Checksum that a download must have; what was found is not read here.
        progress: Show a progress bar while downloading.

    Raises:
        DatasetUnavailable: None of the three has it.
        ChecksumMismatch: What was downloaded is not the published file.
    """
    folder = os.environ.get(DATA_VARIABLE)
    if folder:
        given = Path(folder).expanduser()
        path = (given.parent if given.is_file() else given) / name
        if path.is_file():
            return path
        raise DatasetUnavailable(
            f"{DATA_VARIABLE}={folder} holds no {name}. Put the file there, or unset "
            f"{DATA_VARIABLE} to have it downloaded from {url}"
        )
    cache = Path(pooch.os_cache("paper_nas"))
    if (cache / name).is_file():
        return cache / name
    pooch.get_logger().setLevel("WARNING")  # its progress notes go to stderr
    try:
        downloader = pooch.HTTPDownloader(timeout=30, progressbar=progress)
        found = pooch.retrieve(url, f"sha256:{sha256}", name, cache, None, downloader)
    except ValueError as reason:  # pooch's word for a wrong checksum
        raise ChecksumMismatch(f"{url} is not the published file: {reason}") from reason
    except Exception as reason:  # requests and urllib3 raise many kinds
        raise DatasetUnavailable(
            f"{name} is not in {cache} and could not be downloaded from {url} "
            f"({type(reason).__name__}). Download it by other means and set the environment "
            f"variable {DATA_VARIABLE} to its folder"
        ) from reason
    return Path(found)


def read_enas_file(path: str | Path) -> tuple[list[Architecture], np.ndarray]:
    """Read rows ``[[op], [op, bit], ...], accuracy``, strictly and without evaluating them.

    Args:
        path: A text file, one row a line.

    Returns:
        ``M`` architectures and their accuracies, ``[M]`` float64.

    Raises:
        MalformedRow: A row that is no such pair; the message names file, line and reason.
    """
    path = Path(path)
    architectures, accuracies = [], []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                architecture, accuracy = _parse_row(line)
            except (ValueError, TypeError) as reason:
                raise MalformedRow(
                    f"{path}, line {number}: {reason}. Fetch the file again from {ENAS_URL}"
                ) from None
            architectures.append(architecture)
            accuracies.append(accuracy)
    return architectures, np.array(accuracies, dtype=np.float64)


def _parse_row(line: str) -> tuple[Architecture, float]:
    if not line.endswith("\n"):
        raise ValueError("the line does not end; the file is truncated")
    try:
        row = json.loads(f"[{line}]", parse_constant=_refuse_constant)
    except json.JSONDecodeError as reason:
        raise ValueError(f"not a list and a number ({reason.msg})") from None
    if len(row) != 2 or not isinstance(row[0], list):
        raise ValueError("not a pair of an architecture and an accuracy")
    architecture, accuracy = Architecture.from_row(row[0]), row[1]
    if architecture.num_layers != 6:
        raise ValueError(f"{architecture.num_layers} layers instead of 6")
    if isinstance(accuracy, bool) or not isinstance(accuracy, (int, float)):
        raise TypeError(f"the accuracy is not a number: {accuracy!r}")
    if not 0.0 <= accuracy <= 1.0:
        raise ValueError(f"the accuracy {accuracy} is not in [0, 1]")
    return architecture, float(accuracy)


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not a number here")


def _check_published(path: Path, rows: int) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != ENAS_SHA256:
        raise ChecksumMismatch(
            f"{path} ({rows:,} rows) has SHA-256 {digest}; the published file ({ENAS_ROWS:,} rows) "
            f"has {ENAS_SHA256}. Nothing was deleted: move the file away and fetch it again from "
            f"{ENAS_URL}"
        )
    return digest


def released_split(architectures: Sequence[Architecture]) -> tuple[np.ndarray, np.ndarray]:
    """The split of the released code: Python's shuffle with seed 0, the first 90 % for training.

    Returns:
        Training and test rows (released_code_spec section 1).
    """
    order = list(range(len(architectures)))
    random.Random(0).shuffle(order)
    cut = int(TRAIN_FRACTION * len(order))
    return np.array(order[:cut]), np.array(order[cut:])


def skip_pattern_split(
    architectures: Sequence[Architecture], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """A 90/10 split in which all rows with one skip pattern are on the same side.

    Patterns are taken in random order into the test part until it holds a tenth of the rows.

    Returns:
        Training and test rows, each in file order.
    """
    bits = np.array([a.skips for a in architectures], dtype=np.uint8)
    assert bits.shape[1] == num_skip_bits(architectures[0].num_layers)
    _, pattern, counts = np.unique(bits, axis=0, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(counts))
    target = len(architectures) - int(TRAIN_FRACTION * len(architectures))
    taken = order[: int(np.searchsorted(np.cumsum(counts[order]), target)) + 1]
    in_test = np.isin(pattern.reshape(-1), taken)
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)
