"""What became of the published winners, and what their operations are worth.

In the released final network separable convolutions are plain ones, so several published winners
are one network under several names. And the score of the search could not see operations at all
(chapter 1). What D-VAE's winners and DVAE-EMB's share is their wiring; what they differ in are
operations that nobody chose. On digits, networks with this wiring and all kinds of operations can
be trained in seconds: does the published gain come from convolutions in place of poolings, or from
the size of the network?

Source: measured_facts section 1c.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from paper_nas.benchmark import DIGITS_BENCHMARK, Task, train_labels
from paper_nas.child import canonical, network_cost
from paper_nas.oracles import PublishedWinner, read_winners
from paper_nas.search.similarity import compare_trials
from paper_nas.space import OPERATION_NAMES, Architecture, EnasSpace

PER_GROUP = 6
SEEDS = 10
POOL = 4_000
"""Random operations among which those of a wanted size are looked for."""
TOLERANCE = 0.05
"""Two networks with parameter counts closer than this share count as equally large."""
IMAGE_SHAPE = (1, DIGITS_BENCHMARK.image_size, DIGITS_BENCHMARK.image_size)
POOLINGS = tuple(OPERATION_NAMES.index(name) for name in ("avgpool3x3", "maxpool3x3"))


@dataclass(frozen=True)
class FoldedNetwork:
    """One distinct final network behind the published winners.

    Attributes:
        architecture: Its canonical form.
        models: Models that are listed with it.
        listings: Listed architectures that are this network.
        accuracies: Accuracies after full training, as listed; perhaps none.
    """

    architecture: Architecture
    models: tuple[str, ...]
    listings: int
    accuracies: tuple[float, ...]

    @property
    def poolings(self) -> int:
        """Layers that pool."""
        return poolings(self.architecture)


def poolings(architecture: Architecture) -> int:
    """Number of layers that pool."""
    return sum(operation in POOLINGS for operation in architecture.operations)


def fold_winners(winners: Sequence[PublishedWinner] | None = None) -> list[FoldedNetwork]:
    """The distinct networks of a list of winners, in its order; by default the published list."""
    groups: dict[Architecture, list[PublishedWinner]] = {}
    for winner in read_winners() if winners is None else winners:
        groups.setdefault(canonical(winner.architecture), []).append(winner)
    return [
        FoldedNetwork(
            architecture=architecture,
            models=tuple(dict.fromkeys(w.model for w in members)),
            listings=len(members),
            accuracies=tuple(
                w.full_training_accuracy for w in members if w.full_training_accuracy is not None
            ),
        )
        for architecture, members in groups.items()
    ]


def autopsy_groups(
    winners: Sequence[PublishedWinner] | None = None, per_group: int = PER_GROUP, seed: int = 0
) -> dict[str, list[Architecture]]:
    """Networks with the winners' wiring and different operations, all in canonical form.

    Args:
        winners: By default the published ones; the wiring is the most frequent among them.
        per_group: Most networks of a group.
        seed: Of the random operations.

    Returns:
        By name: ``"D-VAE"`` and ``"DVAE-EMB"``, their distinct networks with the wiring;
        ``"random"``, uniformly drawn operations; ``"random, as large as DVAE-EMB"``, those with at
        least one pooling whose parameters differ from the median of DVAE-EMB's by less than
        :data:`TOLERANCE` (nearest first if there are too few); ``"random convolutions"``, those
        without a pooling.
    """
    folded = fold_winners(winners)
    common = Counter(n.architecture.skips for n in folded for _ in range(n.listings))
    wiring = common.most_common(1)[0][0]
    members = [n for n in folded if n.architecture.skips == wiring]
    groups = {
        model: [n.architecture for n in members if model in n.models][:per_group]
        for model in dict.fromkeys(model for n in members for model in n.models)
    }
    drawn = EnasSpace(members[0].architecture.num_layers).sample(POOL, seed=seed)
    pool = dict.fromkeys(canonical(Architecture(a.operations, wiring)) for a in drawn)
    fresh = [a for a in pool if a not in {n.architecture for n in members}]
    groups["random"] = fresh[:per_group]
    rest = fresh[per_group:]
    target = statistics.median(size_of(a) for a in groups.get("DVAE-EMB", groups["random"]))
    pooled = sorted((a for a in rest if poolings(a)), key=lambda a: abs(size_of(a) - target))
    alike = [a for a in rest if poolings(a) and abs(size_of(a) / target - 1) < TOLERANCE]
    chosen = alike if len(alike) >= per_group else pooled
    groups["random, as large as DVAE-EMB"] = chosen[:per_group]
    groups["random convolutions"] = [a for a in rest if not poolings(a)][:per_group]
    return groups


def size_of(architecture: Architecture) -> int:
    """Parameters of its final network on digits, as the released code builds it."""
    channels = DIGITS_BENCHMARK.budget.channels
    return network_cost(architecture, channels, IMAGE_SHAPE, released_quirk=True).parameters


def run_autopsy(
    groups: dict[str, list[Architecture]],
    path: str | Path,
    seeds: int = SEEDS,
    workers: int = 1,
    progress: bool = False,
    budget: Any = None,
    images: Any = None,
) -> list[dict[str, Any]]:
    """Train every network of every group with several seeds.

    Args:
        groups: See :func:`autopsy_groups`.
        path: File that labels are kept in; a stopped run goes on from it.
        seeds: Trainings of each network.
        workers: Processes.
        progress: Show a progress bar.
        budget: Of a training; by default that of enas-digits, separable convolutions built as the
            released code builds them.
        images: By default those of enas-digits.

    Returns:
        One row per network: ``group``, ``architecture``, ``poolings``, ``parameters``, and the
        accuracy on test images and the negative logarithm of the log-loss on validation images of
        each seed.
    """
    budget = budget or DIGITS_BENCHMARK.budget.changed(released_quirk=True)
    images = images or DIGITS_BENCHMARK.load_images()
    networks = dict.fromkeys(a for members in groups.values() for a in members)
    tasks = [Task(a, seed) for seed in range(seeds) for a in networks]
    labels = train_labels(tasks, images, budget, path, workers, progress)
    rows = []
    for group, members in groups.items():
        for architecture in members:
            own = [labels[Task(architecture, seed)] for seed in range(seeds)]
            rows.append(
                {
                    "group": group,
                    "architecture": str(architecture),
                    "poolings": poolings(architecture),
                    "parameters": own[0].parameters,
                    "test_accuracy": [label.test_hits / len(images.test) for label in own],
                    "score": [-float(np.log(label.validation_nll)) for label in own],
                    "cpu_seconds": sum(label.cpu_seconds for label in own),
                }
            )
    return rows


def judge_autopsy(rows: Sequence[dict[str, Any]], figure: str = "score") -> dict[str, Any]:
    """Do groups differ, and does the number of poolings or the size explain it?

    Args:
        rows: See :func:`run_autopsy`.
        figure: ``"score"`` or ``"test_accuracy"``; a network's value is the mean over its seeds.

    Returns:
        ``groups``: mean over networks, by name; ``comparisons``: each other group against DVAE-EMB
        (its mean second), with a p-value by permuting networks; ``poolings`` and ``parameters``:
        rank correlations with the figure over all different networks. ``None`` where too few
        networks leave a value undefined.
    """
    values = [(row["group"], statistics.fmean(row[figure])) for row in rows]
    groups: dict[str, list[float]] = {}
    for group, value in values:
        groups.setdefault(group, []).append(value)
    base = groups.get("DVAE-EMB", [])
    different = list({row["architecture"]: row for row in rows}.values())
    means = [statistics.fmean(row[figure]) for row in different]
    return {
        "groups": {group: statistics.fmean(members) for group, members in groups.items()},
        "comparisons": {
            group: {n: _known(v) for n, v in compare_trials(members, base)._asdict().items()}
            for group, members in groups.items()
            if group != "DVAE-EMB"
        },
        **{
            name: _known(spearmanr([row[name] for row in different], means).statistic)
            for name in ("poolings", "parameters")
        },
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
