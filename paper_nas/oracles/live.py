"""Oracles that train networks: each architecture alone, or one network that all share."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from tqdm.auto import tqdm

from paper_nas.benchmark import DIGITS_BENCHMARK, supernet
from paper_nas.cache import REVISION, Cache, default_cache
from paper_nas.child import (
    STATISTICS,
    Budget,
    ImageSet,
    SharedChildNetwork,
    SharedConfig,
    SharedRun,
    StandaloneResult,
    train_standalone,
)
from paper_nas.datasets import ArchitectureDataset, score_from_nll
from paper_nas.oracles.base import (
    NLL_SCORE,
    Oracle,
    Scores,
    all_live,
    layers_of,
    recorded_labels,
    recorded_or,
)
from paper_nas.space import Architecture

RECORDED_SEED = 0
"""Seed of the trainings whose scores are the labels of enas-digits."""


class StandaloneOracle(Oracle):
    """The score of training an architecture alone.

    A recorded label is returned as exact. Any other architecture is trained, and the result kept
    on disk as soon as it is there: a later call, in this process or another, reads it, and an
    interruption loses one training at most.

    Args:
        dataset: Recorded labels, of trainings with these images and this budget and with seed 0;
            with another seed they are not used. ``None``: nothing is recorded.
        images: The images; by default those of enas-digits.
        budget: How to train; by default as for enas-digits.
        seed: Of every training.
        cache: Folder for results; by default one in the user's cache.
        num_layers: Layers of every architecture, if there is no data set to tell.
        progress: Show a progress bar.

    Attributes:
        images: With the noise of the budget.
        budget: As given.
        seed: As given.
        trainings: How many were run, not read from the cache.

    Raises:
        ValueError: Labels that other trainings made, images without a validation or test part, or
            images with other noise than the budget.
    """

    def __init__(
        self,
        dataset: ArchitectureDataset | None = None,
        images: ImageSet | None = None,
        budget: Budget | None = None,
        seed: int = 0,
        cache: str | Path | None = None,
        num_layers: int = 6,
        progress: bool = False,
    ) -> None:
        """Collect the recorded labels."""
        layers = num_layers if dataset is None else layers_of(dataset)
        super().__init__("stand-alone", NLL_SCORE, layers)
        self.budget = DIGITS_BENCHMARK.budget if budget is None else budget
        images = DIGITS_BENCHMARK.load_images() if images is None else images
        self.images = images.with_noise(self.budget.noise)
        if not len(images.validation) or not len(images.test):
            raise ValueError(f"{images.name} has an empty part; both other parts are scored here")
        self.seed, self.progress, self.trainings = seed, progress, 0
        self.records: dict[Architecture, float] = {}
        if dataset is not None:
            self._check_source(dataset)
            self.records = recorded_labels(dataset) if seed == RECORDED_SEED else {}
        self._cache = Cache(Path(cache or default_cache()) / "standalone")

    def _check_source(self, dataset: ArchitectureDataset) -> None:
        if dataset.name == "enas-cifar10":
            raise ValueError("the labels of enas-cifar10 come from no stand-alone training")
        if dataset.name == "enas-digits":
            images = DIGITS_BENCHMARK.load_images().with_noise(DIGITS_BENCHMARK.budget.noise)
            if self.budget != DIGITS_BENCHMARK.budget or self.images.sha256 != images.sha256:
                raise ValueError(
                    "the labels of enas-digits were made with other images or another budget; "
                    "leave out both, or the data set"
                )

    def result(self, architecture: Architecture) -> StandaloneResult:
        """The whole outcome of a training, from the cache or from a training now.

        Recorded labels are not looked at, and nothing is counted as scored.

        Raises:
            InvalidArchitecture: It has another number of layers.
            TrainingDiverged: The loss became NaN or infinite.
        """
        self._check(0, architecture)
        key = self._key(architecture)
        stored = self._cache.read_json(key)
        if stored is not None:
            return _result_from_json(stored)
        self.trainings += 1
        result = train_standalone(architecture, self.images, self.budget, self.seed)
        self._cache.write_json(key, result.to_json_dict())
        return result

    def _key(self, architecture: Architecture) -> dict[str, Any]:
        return {
            "revision": REVISION,
            "architecture": str(architecture),
            "budget": self.budget.to_json_dict(),
            "images": self.images.sha256,
            "seed": self.seed,
        }

    def _score(self, architectures: list[Architecture]) -> Scores:
        """Train what is not recorded.

        Raises:
            TrainingDiverged: A loss became NaN or infinite; the results before it are kept.
        """
        unknown = [a for a in architectures if a not in self.records]
        bar = tqdm(unknown, disable=not self.progress, unit="training")
        nll = np.array([self.result(architecture).validation_nll for architecture in bar])
        return recorded_or(architectures, self.records, all_live(score_from_nll(nll)))


def _result_from_json(stored: dict[str, Any]) -> StandaloneResult:
    architecture = Architecture.from_string(stored["architecture"])
    history = tuple(stored["history"])
    return StandaloneResult(**{**stored, "architecture": architecture, "history": history})


class WeightSharingOracle(Oracle):
    """The score of an architecture in a trained network that all architectures share.

    Args:
        network: The network, or what :func:`paper_nas.child.train_shared` returned.
        images: The images; they get the noise of a run's configuration, but for a bare network
            they must have theirs.
        statistics: Of the batch normalisation, ``"running"`` or ``"batch"``.
        progress: Show a progress bar.

    Attributes:
        network: The network.
        images: The images, with noise.
        statistics: As given.

    Raises:
        ValueError: Unknown statistics, images without a validation part, or images with other noise
            than the run's.
    """

    def __init__(
        self,
        network: SharedChildNetwork | SharedRun,
        images: ImageSet,
        statistics: str = "calibrated",
        progress: bool = False,
    ) -> None:
        """Remember network and images."""
        if statistics not in STATISTICS:
            raise ValueError(f"statistics must be one of {STATISTICS}, not {statistics!r}")
        if not len(images.validation):
            raise ValueError(f"{images.name} has no validation part, which is scored here")
        if isinstance(network, SharedRun):
            images = images.with_noise(network.config.noise)
            network = network.network
        super().__init__("weight-sharing", NLL_SCORE, network.num_layers)
        self.network, self.images = network, images
        self.statistics, self.progress = statistics, progress

    @classmethod
    def trained(
        cls,
        seed: int = 0,
        config: SharedConfig | None = None,
        images: ImageSet | None = None,
        statistics: str = "calibrated",
        cache: str | Path | None = None,
        progress: bool = False,
    ) -> Self:
        """Train a network, or read the weights of an equal training from the cache.

        Args:
            seed: Of the training.
            config: How to train; by default as for enas-digits.
            images: The images; by default those of enas-digits.
            statistics: See above.
            cache: Folder for weights; by default one in the user's cache.
            progress: Show progress bars.

        Raises:
            ValueError: As above, or a batch larger than the training part.
            TrainingDiverged: The loss became NaN or infinite.
        """
        config = DIGITS_BENCHMARK.shared if config is None else config
        images = DIGITS_BENCHMARK.load_images() if images is None else images
        images = images.with_noise(config.noise)
        network = supernet(config, images, seed, cache, progress)
        return cls(network, images, statistics, progress)

    def _score(self, architectures: list[Architecture]) -> Scores:
        scores = self.network.evaluate(
            architectures, self.images, statistics=self.statistics, progress=self.progress
        )
        return all_live(score_from_nll(scores.nll))
