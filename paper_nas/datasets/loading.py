"""One door to all sets, and what happens when a set cannot be had."""

from __future__ import annotations

from collections.abc import Callable

from paper_nas.datasets.enas_cifar10 import ENAS_SPLITS, load_enas_cifar10
from paper_nas.datasets.enas_digits import DIGITS_NAME, DIGITS_SPLITS, load_enas_digits
from paper_nas.datasets.errors import DatasetUnavailable
from paper_nas.datasets.labelled import ArchitectureDataset
from paper_nas.datasets.notes import show_note

LOADERS: dict[str, Callable[[str], ArchitectureDataset]] = {
    "enas-cifar10": load_enas_cifar10,
    DIGITS_NAME: load_enas_digits,
}
DATASET_NAMES = tuple(LOADERS)
SPLITS = {"enas-cifar10": tuple(ENAS_SPLITS), DIGITS_NAME: DIGITS_SPLITS}
"""Splits of each set; the first is its default."""

_PLAIN_SPLITS = {"released": "random", "random": "released"}
_CONTENTS = {
    "enas-cifar10": "the architectures of the paper with their accuracies on CIFAR-10",
    DIGITS_NAME: "as many architectures of the same space, scored on small images of digits",
}


def load_dataset(
    name: str = "enas-cifar10", split: str | None = None, fallback: str | None = None
) -> ArchitectureDataset:
    """Load a labelled set of architectures.

    The file of ``enas-cifar10`` is looked for in ``$PAPER_NAS_DATA``, then in the user's cache,
    then downloaded. ``enas-digits`` comes with the package.

    Args:
        name: ``"enas-cifar10"`` or ``"enas-digits"``.
        split: ``"skip-pattern"``, a 90/10 split in which no skip pattern is on both sides;
            ``"released"``, the 90/10 split of the released code (``enas-cifar10``, its default);
            ``"random"``, a plain 90/10 split (``enas-digits``, whose default is the first).
        fallback: Name of the set to take, with a note to the reader, if the first is unavailable.
            Where it lacks the split, ``"released"`` and ``"random"`` stand for each other.

    Raises:
        ValueError: An unknown name or split.
        DatasetUnavailable: The file is nowhere and there is no fallback.
        ChecksumMismatch: The file is readable but is not the published one.
        MalformedRow: A row of the file cannot be read.
        ResultDamaged: The file of ``enas-digits`` is not the one that its manifest names.
    """
    for wanted in (name, name if fallback is None else fallback):
        if wanted not in DATASET_NAMES:
            raise ValueError(f"no data set named {wanted!r}; there are {DATASET_NAMES}")
    chosen = SPLITS[name][0] if split is None else split
    if chosen not in SPLITS[name]:
        raise ValueError(f"split of {name} must be one of {SPLITS[name]}, not {chosen!r}")
    try:
        return LOADERS[name](chosen)
    except DatasetUnavailable as reason:
        if fallback is None:
            raise
        if split is not None and split not in SPLITS[fallback]:
            split = _PLAIN_SPLITS[split]
        dataset = load_dataset(fallback, split)
        announce_fallback(name, dataset, reason)
        return dataset


def announce_fallback(name: str, dataset: ArchitectureDataset, reason: Exception) -> None:
    """Tell the reader which set is missing, what stands in for it, and how to get the first.

    Args:
        name: The set that was wanted.
        dataset: The one that was loaded instead.
        reason: Why, and the remedy.
    """
    title = f"{name} is missing: what follows runs on {dataset.name} instead"
    show_note(
        title,
        [
            f"{name} holds {_CONTENTS[name]}; {dataset.name}, {_CONTENTS[dataset.name]} "
            f"({len(dataset):,}, of which {len(dataset.labelled):,} have a score).",
            f"Numbers, tables and figures that are computed from the data therefore differ from "
            f"what the text says, which is about {name}. Stored results, such as trainings, are "
            "shown as they are.",
            f"What is missing, and how to get it: {reason}.",
        ],
    )
