"""Labelled sets of architectures.

``enas-cifar10`` is the data of the paper. Its file is not part of this project; it is found or
downloaded. ``enas-digits`` is a benchmark of our own, in which operations matter; it comes with the
package and takes the other's place, visibly, where that cannot be had.
"""

from paper_nas.datasets.enas_cifar10 import (
    ENAS_BURN_IN,
    ENAS_FILE,
    ENAS_ROWS,
    ENAS_SHA256,
    ENAS_URL,
    find_enas_file,
    load_enas_cifar10,
    read_enas_file,
)
from paper_nas.datasets.enas_digits import (
    EMBEDDED,
    load_enas_digits,
    primary_score,
    score_from_nll,
)
from paper_nas.datasets.errors import (
    ChecksumMismatch,
    DatasetError,
    DatasetUnavailable,
    MalformedRow,
)
from paper_nas.datasets.labelled import ArchitectureDataset
from paper_nas.datasets.loading import DATASET_NAMES, SPLITS, load_dataset
from paper_nas.datasets.notes import show_note
from paper_nas.datasets.published import DATA_VARIABLE, find_published_file
from paper_nas.datasets.splits import (
    TRAIN_FRACTION,
    random_split,
    released_split,
    skip_pattern_split,
)

__all__ = [
    "DATASET_NAMES",
    "DATA_VARIABLE",
    "EMBEDDED",
    "ENAS_BURN_IN",
    "ENAS_FILE",
    "ENAS_ROWS",
    "ENAS_SHA256",
    "ENAS_URL",
    "SPLITS",
    "TRAIN_FRACTION",
    "ArchitectureDataset",
    "ChecksumMismatch",
    "DatasetError",
    "DatasetUnavailable",
    "MalformedRow",
    "find_enas_file",
    "find_published_file",
    "load_dataset",
    "load_enas_cifar10",
    "load_enas_digits",
    "primary_score",
    "random_split",
    "read_enas_file",
    "released_split",
    "score_from_nll",
    "show_note",
    "skip_pattern_split",
]
