"""The settings of chapter 6: which data, which oracle, which start set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paper_nas.datasets import ArchitectureDataset, load_dataset
from paper_nas.oracles import FittedOracle, SkipPatternOracle, SurrogateOracle
from paper_nas.search.base import StartSet


@dataclass(frozen=True)
class Setting:
    """Where a search begins, and who scores.

    Attributes:
        name: Name in :data:`SETTINGS`.
        label: What a table calls it.
        dataset: Name of the data set.
        start_rows: Rows drawn for the start set; ``None``: all of the training part with a score.
        below_median: Draw them from the worse half of these rows only.
    """

    name: str
    label: str
    dataset: str
    start_rows: int | None = None
    below_median: bool = False

    @property
    def drawn(self) -> bool:
        """The seed of a trial decides the start set."""
        return self.start_rows is not None


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("paper", "CIFAR-10, all training rows", "enas-cifar10"),
        Setting("hard", "CIFAR-10, 1,000 rows below the median", "enas-cifar10", 1_000, True),
        Setting("digits", "digits, all labelled training rows", "enas-digits"),
        Setting("digits-hard", "digits, 1,000 rows below the median", "enas-digits", 1_000, True),
    )
}
"""By name. The first is the paper's: its start set holds the best skip pattern of its data, so that
there is little left to find. The hard ones leave something."""


def load_setting(
    name: str, seed: int = 0, oracle: FittedOracle | None = None
) -> tuple[ArchitectureDataset, FittedOracle, StartSet]:
    """Data set, oracle and start set of a setting.

    The scores of the start set are the oracle's. On ``enas-cifar10`` these are the labels; on
    ``enas-digits`` they are the surrogate's predictions, so that what a search finds is compared
    with what it began with on one scale.

    Args:
        name: A key of :data:`SETTINGS`.
        seed: Of the draw, if the setting draws; all strategies with one seed share a start set.
        oracle: The setting's oracle, if it is at hand.

    Raises:
        ValueError: An unknown setting.
        DatasetUnavailable: The data are not there.
    """
    if name not in SETTINGS:
        raise ValueError(f"no setting {name!r}; there are {', '.join(SETTINGS)}")
    setting = SETTINGS[name]
    dataset = load_dataset(setting.dataset)
    if oracle is None:
        chosen = SkipPatternOracle if setting.dataset == "enas-cifar10" else SurrogateOracle
        oracle = chosen(dataset)
    return dataset, oracle, start_set(setting, dataset, oracle, seed)


def start_set(
    setting: Setting, dataset: ArchitectureDataset, oracle: FittedOracle, seed: int = 0
) -> StartSet:
    """The start set of a setting on given data.

    Raises:
        ValueError: Fewer rows than are to be drawn.
    """
    rows = dataset.train_index[np.isfinite(dataset.accuracy[dataset.train_index])]
    scores = oracle.score([dataset.architectures[row] for row in rows]).values
    if setting.start_rows is not None:
        usable = np.arange(len(rows))
        if setting.below_median:
            usable = np.flatnonzero(scores < np.median(scores))
        generator = np.random.default_rng(seed)
        chosen = generator.choice(usable, setting.start_rows, replace=False)
        rows, scores = rows[chosen], scores[chosen]
    architectures = [dataset.architectures[row] for row in rows]
    return StartSet(setting.label, architectures, scores, rows if setting.drawn else None)
