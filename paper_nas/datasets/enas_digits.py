"""``enas-digits``, the benchmark that comes with the package: no download, no network.

Architectures of the six-layer ENAS space, scored by the child networks of ``paper_nas.child`` on
small images of digits. Some were trained alone; all have weight-sharing scores. The file is a
result with a manifest, written by ``python -m paper_nas benchmark digits``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

import paper_nas
from paper_nas.artifacts import ResultMissing, ResultStore
from paper_nas.datasets.errors import DatasetError, DatasetUnavailable
from paper_nas.datasets.labelled import ArchitectureDataset
from paper_nas.datasets.splits import random_split
from paper_nas.space import NUM_OPERATIONS, Architecture

EMBEDDED = Path(paper_nas.__file__).parent / "data"
"""Folder of the results that come with the package."""

DIGITS_NAME = "enas-digits"
DIGITS_FILE = "labels.npz"
DIGITS_COMMAND = "python -m paper_nas benchmark digits"
DIGITS_SPLITS = ("skip-pattern", "random")
SKIP_BITS = 15

# Shape and type of each array: M rows, T stand-alone trainings, S shared networks.
FORMAT = {
    "operations": ("M6", np.uint8),
    "skips": ("M2", np.uint8),
    "in_test": ("M", np.uint8),
    "standalone_row": ("T", np.int32),
    "standalone_seed": ("T", np.uint8),
    "standalone_validation_nll": ("T", np.float32),
    "standalone_test_nll": ("T", np.float32),
    "standalone_validation_hits": ("T", np.uint16),
    "standalone_test_hits": ("T", np.uint16),
    "standalone_cpu_seconds": ("T", np.float32),
    "weight_sharing_nll": ("SM", np.float32),
    "weight_sharing_hits": ("SM", np.uint16),
    "image_counts": ("2", np.int32),
}

Arrays = Mapping[str, np.ndarray]


def load_enas_digits(
    split: str = "skip-pattern", root: str | Path | None = None
) -> ArchitectureDataset:
    """The embedded benchmark.

    Labels, ``k`` being 0, 1, ...: of the trainings with seed 0 ``standalone_nll`` and
    ``standalone_accuracy`` on the validation images, ``standalone_test_nll`` and
    ``standalone_test_accuracy`` on the test images; the same with the suffix ``_seed_k`` for other
    seeds; and ``weight_sharing_nll_seed_k`` and ``weight_sharing_accuracy_seed_k`` on the
    validation images, by the shared network with seed ``k``. ``standalone_cpu_seconds`` is what the
    training with seed 0 cost.

    Args:
        split: ``"skip-pattern"``, the one of the file, in which no skip pattern is on both sides,
            or ``"random"``.
        root: Folder that holds the result ``enas-digits``; by default the package's own.

    Raises:
        DatasetUnavailable: There is no such file.
        ResultDamaged: It is not the file that its manifest names.
        DatasetError: Its contents are not those of a benchmark.
    """
    store = ResultStore(EMBEDDED if root is None else root)
    try:
        arrays = store.load_arrays(DIGITS_NAME, DIGITS_FILE)
    except ResultMissing as reason:
        raise DatasetUnavailable(
            f"{DIGITS_NAME} comes with the package but is not in {store.root}. Install the package "
            f"again, or make the file with: {DIGITS_COMMAND}"
        ) from reason
    path = store.root / DIGITS_NAME / DIGITS_FILE
    _check(arrays, path)
    architectures = read_architectures(arrays)
    in_test = arrays["in_test"] > 0
    parts = (np.flatnonzero(~in_test), np.flatnonzero(in_test))
    train, test = parts if split == "skip-pattern" else random_split(architectures)
    labels = {**_standalone_labels(arrays), **_weight_sharing_labels(arrays)}
    return ArchitectureDataset(
        name=DIGITS_NAME,
        architectures=architectures,
        accuracy=primary_score(labels),
        train_index=train,
        test_index=test,
        split=split,
        sha256=store.manifest(DIGITS_NAME).files[DIGITS_FILE],
        path=path,
        labels=labels,
    )


def score_from_nll(nll: np.ndarray) -> np.ndarray:
    """The score of a log-loss: minus its natural logarithm, so that higher is better.

    A tenth less loss counts as much for a good architecture as for a bad one, and so, nearly, does
    the noise of a seed. This is the one place that turns a log-loss into a score.

    Args:
        nll: Mean negative log-likelihoods in nats, positive, of any shape.

    Returns:
        Scores of the same shape; NaN stays NaN.
    """
    scores: np.ndarray = -np.log(nll)
    return scores


def primary_score(labels: Arrays) -> np.ndarray:
    """The score that ``accuracy`` holds: that of the stand-alone log-loss on validation images.

    Args:
        labels: As in :attr:`ArchitectureDataset.labels`; the trainings with seed 0 are taken.

    Returns:
        ``[M]``; NaN for rows that were not trained alone.
    """
    return score_from_nll(labels["standalone_nll"])


def read_architectures(arrays: Arrays) -> list[Architecture]:
    """The architectures of a benchmark's file, ``M`` of them."""
    skips = np.unpackbits(arrays["skips"], axis=1, count=SKIP_BITS)
    rows = zip(arrays["operations"].tolist(), skips.tolist(), strict=True)
    return [Architecture(tuple(operations), tuple(bits)) for operations, bits in rows]


def _standalone_labels(arrays: Arrays) -> dict[str, np.ndarray]:
    """Labels by part and seed; a row that was not trained with a seed is NaN."""
    seeds = arrays["standalone_seed"]
    cost = np.full(len(arrays["operations"]), np.nan)
    cost[arrays["standalone_row"][seeds == 0]] = arrays["standalone_cpu_seconds"][seeds == 0]
    labels = {"standalone_cpu_seconds": cost}
    for seed in range(max(2, 1 + int(seeds.max(initial=0)))):
        chosen, suffix = seeds == seed, f"_seed_{seed}" if seed else ""
        for part, count in zip(("validation", "test"), arrays["image_counts"], strict=True):
            name = "standalone_test" if part == "test" else "standalone"
            nll = arrays[f"standalone_{part}_nll"]
            accuracy = arrays[f"standalone_{part}_hits"] / float(count)
            for kind, values in (("nll", nll), ("accuracy", accuracy)):
                column = np.full(len(arrays["operations"]), np.nan)
                column[arrays["standalone_row"][chosen]] = values[chosen]
                labels[f"{name}_{kind}{suffix}"] = column
    return labels


def _weight_sharing_labels(arrays: Arrays) -> dict[str, np.ndarray]:
    labels = {}
    accuracy = arrays["weight_sharing_hits"] / float(arrays["image_counts"][0])
    for seed, nll in enumerate(arrays["weight_sharing_nll"].astype(np.float64)):
        labels[f"weight_sharing_nll_seed_{seed}"] = nll
        labels[f"weight_sharing_accuracy_seed_{seed}"] = accuracy[seed]
    return labels


def _check(arrays: Arrays, path: Path) -> None:
    """Refuse arrays that are missing, of a wrong shape or type, or that contradict each other.

    The checksum has said that the file is the one that was written; this says that what was written
    is a benchmark.
    """
    sizes: dict[str, int] = {}
    for name, (shape, dtype) in FORMAT.items():
        if name not in arrays:
            raise DatasetError(f"{path} has no array {name!r}; make it again with {DIGITS_COMMAND}")
        wanted = [
            int(axis) if axis.isdigit() else sizes.setdefault(axis, found)
            for axis, found in zip(shape, arrays[name].shape, strict=False)
        ]
        if list(arrays[name].shape) != wanted or len(wanted) != len(shape):
            raise DatasetError(f"{path}: {name} has shape {arrays[name].shape}, not [{shape}]")
        if arrays[name].dtype != dtype:
            raise DatasetError(f"{path}: {name} holds {arrays[name].dtype}, not {dtype.__name__}")
    if wrong := [name for name, fine in _ranges(arrays).items() if not fine.all()]:
        raise DatasetError(f"{path}: {wrong[0]} holds values that are out of range")
    rows, seeds = arrays["standalone_row"], arrays["standalone_seed"]
    if len(rows) and not 0 <= rows.min() <= rows.max() < sizes["M"]:
        raise DatasetError(f"{path}: standalone_row names rows that are not there")
    if len(np.unique(np.stack([rows, seeds]), axis=1).T) != len(rows):
        raise DatasetError(f"{path}: an architecture was trained twice with one seed")


def _ranges(arrays: Arrays) -> dict[str, np.ndarray]:
    """Which values of each array can be, by name."""
    validation, test = arrays["image_counts"]
    fine = {
        "image_counts": arrays["image_counts"] > 0,
        "operations": arrays["operations"] < NUM_OPERATIONS,
        "in_test": arrays["in_test"] <= 1,
        "skips": arrays["skips"][:, 1] % 2 == 0,  # the spare bit
        "standalone_validation_hits": arrays["standalone_validation_hits"] <= validation,
        "standalone_test_hits": arrays["standalone_test_hits"] <= test,
        "weight_sharing_hits": arrays["weight_sharing_hits"] <= validation,
    }
    for name in (name for name in FORMAT if name.endswith(("nll", "seconds"))):
        fine[name] = (arrays[name] > 0) & np.isfinite(arrays[name])
    return fine
