"""A small benchmark file with made-up labels, in the format of the embedded one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.datasets import skip_pattern_split
from paper_nas.space import Architecture, EnasSpace

IMAGES = (300, 297)


def distinct_architectures(count: int, seed: int = 0) -> list[Architecture]:
    """Random six-layer architectures, all distinct, many of them with a skip pattern in common."""
    found = dict.fromkeys(EnasSpace().sample(2 * count, skip_probability=0.2, seed=seed))
    return list(found)[:count]


def digits_arrays(count: int = 300, trained: int = 60, twice: int = 12) -> dict[str, np.ndarray]:
    """Arrays of a benchmark of ``count`` rows; ``twice`` of those trained have a second seed."""
    rng = np.random.default_rng(1)
    architectures = distinct_architectures(count)
    in_test = np.zeros(count, dtype=np.uint8)
    in_test[skip_pattern_split(architectures)[1]] = 1
    once = rng.permutation(count)[:trained]
    rows = np.concatenate([once, once[:twice]]).astype(np.int32)
    skips = np.array([a.skips for a in architectures], dtype=np.uint8)
    arrays = {
        "operations": np.array([a.operations for a in architectures], dtype=np.uint8),
        "skips": np.packbits(skips, axis=1),
        "in_test": in_test,
        "standalone_row": rows,
        "standalone_seed": np.repeat([0, 1], [trained, twice]).astype(np.uint8),
        "weight_sharing_nll": rng.uniform(0.5, 2, (3, count)).astype(np.float32),
        "standalone_cpu_seconds": np.full(len(rows), 2.5, dtype=np.float32),
        "weight_sharing_hits": rng.integers(100, 290, (3, count)).astype(np.uint16),
        "image_counts": np.array(IMAGES, dtype=np.int32),
    }
    for part in ("validation", "test"):
        arrays[f"standalone_{part}_nll"] = rng.uniform(0.1, 1, len(rows)).astype(np.float32)
        hits = rng.integers(200, 290, len(rows)).astype(np.uint16)
        arrays[f"standalone_{part}_hits"] = hits
    return arrays


def write_digits(root: Path, arrays: dict[str, np.ndarray] | None = None) -> Path:
    """Write such a file with its manifest below ``root``; returns its path."""
    manifest = Manifest(
        command="python -m paper_nas benchmark digits",
        configuration={},
        seed=0,
        dataset={"name": "digits", "sha256": "0" * 64},
        cpu_seconds=1.0,
        wall_seconds=1.0,
    )
    files = {"labels.npz": digits_arrays() if arrays is None else arrays}
    ResultStore(root).write("enas-digits", manifest, array_files=files)
    return root / "enas-digits" / "labels.npz"
