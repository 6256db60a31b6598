"""What the benchmark enas-digits is made of: one frozen configuration.

Every number of the benchmark follows from :data:`DIGITS_BENCHMARK`. How its budget was chosen is
:mod:`paper_nas.benchmark.gate`'s matter.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from paper_nas.child import DIGITS, DIGITS_SHARED, Budget, ImageSet, SharedConfig, load_images

ENAS_ROWS_IN_USE = 19_020
"""Rows of the CIFAR-10 data that the paper uses; the benchmark has as many."""


@dataclass(frozen=True)
class BenchmarkConfig:
    """Everything that decides the architectures and the labels of a benchmark.

    Attributes:
        name: Name of the data set.
        image_set: Name for :func:`paper_nas.child.load_images`.
        image_size: Rows and columns that the images are enlarged to.
        budget: How an architecture is trained alone.
        shared: How the shared network is trained, and the probability of a skip in the draws.
        num_architectures: Distinct architectures, ``M``.
        labelled_train: Of the training part, how many are trained alone with seed 0.
        labelled_test: Likewise of the test part.
        repeated: Of these together, how many are trained with seed 1 too.
        supernets: Shared networks, with seeds from 0.
        statistics: Of their batch normalisation when they score; see
            :meth:`paper_nas.child.SharedChildNetwork.evaluate`.
        seed: Decides which architectures are drawn and how they are split.

    Raises:
        ValueError: More repetitions than labels, or more labels than architectures.
    """

    name: str
    image_set: str
    image_size: int
    budget: Budget
    shared: SharedConfig
    num_architectures: int = ENAS_ROWS_IN_USE
    labelled_train: int = 3_600
    labelled_test: int = 450
    repeated: int = 320
    supernets: int = 3
    statistics: str = "calibrated"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the counts."""
        labelled = self.labelled_train + self.labelled_test
        if not self.repeated <= labelled <= self.num_architectures:
            raise ValueError(
                f"{self.repeated} repetitions of {labelled} labels of {self.num_architectures} "
                f"architectures"
            )

    def load_images(self) -> ImageSet:
        """The images, with the fixed noise of the budget on the validation and test parts."""
        return load_images(self.image_set, noise=self.budget.noise, size=self.image_size)

    def to_json_dict(self) -> dict[str, Any]:
        """All values, ready for JSON."""
        return asdict(self)

    def changed(self, **values: Any) -> BenchmarkConfig:
        """A copy with some values changed."""
        return replace(self, **values)


_CHANNELS, _NOISE = 8, 0.4

DIGITS_BENCHMARK = BenchmarkConfig(
    name="enas-digits",
    image_set="digits",
    image_size=16,
    budget=DIGITS.changed(channels=_CHANNELS, noise=_NOISE, batch_size=32),
    shared=DIGITS_SHARED.changed(channels=_CHANNELS, noise=_NOISE, steps=5_000),
)
"""The benchmark that comes with the package."""
