"""``enas-cifar10``, the data of the paper: published with D-VAE, found or downloaded.

20,020 architectures with their weight-sharing accuracy. The first 1,000 rows are dropped, as the
released code does (released_code_spec section 1).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from paper_nas.datasets.errors import ChecksumMismatch, MalformedRow
from paper_nas.datasets.labelled import ArchitectureDataset
from paper_nas.datasets.published import find_published_file
from paper_nas.datasets.splits import released_split, skip_pattern_split
from paper_nas.space import Architecture

ENAS_FILE = "final_structures6.txt"
ENAS_SHA256 = "fea9a7dde1545e7d3bd58fd4b9c3db08a89c18e0351f770cde2fe530c4791725"
ENAS_URL = (
    "https://raw.githubusercontent.com/muhanzhang/D-VAE/"
    "3569a4a3bf5ecf8e12ae548e0d22e72062d29e26/data/final_structures6.txt"
)
ENAS_ROWS = 20_020
ENAS_BURN_IN = 1_000
ENAS_SPLITS = {"released": released_split, "skip-pattern": skip_pattern_split}


def load_enas_cifar10(split: str = "released") -> ArchitectureDataset:
    """The published rows after the burn-in; one label, ``weight_sharing_accuracy``.

    Args:
        split: A key of :data:`ENAS_SPLITS`.

    Raises:
        DatasetUnavailable: The file is nowhere.
        ChecksumMismatch: The file is readable but is not the published one.
        MalformedRow: A row of the file cannot be read.
    """
    path = find_enas_file()
    architectures, accuracy = read_enas_file(path)
    digest = _check_published(path, len(architectures))
    architectures, accuracy = architectures[ENAS_BURN_IN:], accuracy[ENAS_BURN_IN:]
    train, test = ENAS_SPLITS[split](architectures)
    return ArchitectureDataset(
        name="enas-cifar10",
        architectures=architectures,
        accuracy=accuracy,
        train_index=train,
        test_index=test,
        split=split,
        sha256=digest,
        path=path,
        labels={"weight_sharing_accuracy": accuracy},
    )


def find_enas_file() -> Path:
    """Path of the published ENAS file; raises as :func:`find_published_file` does."""
    return find_published_file(ENAS_FILE, ENAS_URL, ENAS_SHA256)


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
    # What is no UTF-8 is replaced by a sign that no row may hold.
    with path.open(encoding="utf-8", errors="replace") as file:
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
    except RecursionError:
        raise ValueError("not a list and a number (too many brackets)") from None
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
