"""Tables of the paper beside ours, put together from stored results.

A row is one model under one configuration; its figures are means over the seeds of its trainings,
with the standard deviation between them, so that a difference can be held against what another
seed would have changed.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.config import TrainingConfig
from paper_nas.paper_numbers import PaperNumbers

MODEL_LABELS: dict[str, str] = {
    "dvae": "D-VAE",
    "gcn": "GCN",
    "svae": "S-VAE",
    "graphrnn": "GraphRNN",
    "dvae-emb": "DVAE-EMB",
    "gcn-emb": "GCN-EMB",
}
"""The models as the paper calls them, in the order of its tables."""

PAPER_FIGURES = ("accuracy", "validity", "uniqueness")
"""Figures of :data:`TABLE1` that the paper's Table 1 has."""

TABLE1: dict[str, Callable[[dict[str, Any]], float]] = {
    "accuracy": lambda e: e["reconstruction"]["sampled"],
    "validity": lambda e: e["generation"]["validity"],
    "uniqueness": lambda e: e["generation"]["uniqueness"],
    "novelty": lambda e: e["generation"]["novelty"],
    "expected accuracy": lambda e: e["reconstruction"]["expected"],
    "greedy accuracy": lambda e: e["reconstruction"]["greedy"],
    "operations": lambda e: e["reconstruction"]["operations"],
    "skips": lambda e: e["reconstruction"]["skips"],
    "validity, N(0, 1)": lambda e: e["generation_standard_normal"]["validity"],
    "uniqueness, N(0, 1)": lambda e: e["generation_standard_normal"]["uniqueness"],
}
"""Figures of Table 1, and where an evaluation holds them; shares, shown in per cent."""


@dataclass(frozen=True)
class Figure:
    """One figure of a row.

    Attributes:
        values: One per seed, in the order of the row's seeds.
        paper: The paper's value, if it has one.
    """

    values: list[float]
    paper: float | None = None

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(self.values)

    @property
    def sd(self) -> float | None:
        """Sample standard deviation between the seeds; ``None`` for one seed."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    @property
    def difference(self) -> float | None:
        """Our mean minus the paper's value."""
        return None if self.paper is None else self.mean - self.paper


class Gain(NamedTuple):
    """A difference between two models, held against the luck of the seed.

    Attributes:
        gain: Difference of the means, or the other way round where less is better.
        error: Its standard error over seeds; NaN for one seed.
        verdict: ``"better"`` or ``"worse"`` if the gain is more than twice its standard error,
            else ``"no difference"``; ``"one seed: not judged"``.
    """

    gain: float
    error: float
    verdict: str


def seed_gain(old: Sequence[float], new: Sequence[float], less_is_better: bool = False) -> Gain:
    """Compare two models by one figure of each of their trainings.

    Args:
        old: One value per seed.
        new: One value per seed of the other model.
        less_is_better: For errors.
    """
    gain = statistics.fmean(new) - statistics.fmean(old)
    if less_is_better:
        gain = -gain
    if min(len(old), len(new)) < 2:
        return Gain(gain, math.nan, "one seed: not judged")
    error = math.sqrt(sum(statistics.variance(values) / len(values) for values in (old, new)))
    if abs(gain) <= 2 * error:
        return Gain(gain, error, "no difference")
    return Gain(gain, error, "better" if gain > 0 else "worse")


@dataclass(frozen=True)
class Row:
    """One model under one configuration.

    Attributes:
        model: Its name.
        configuration: Name of the training without the seed.
        settings: The configuration of its trainings (``seed`` is that of the first).
        iteration: Of the paper's ``T``.
        epoch: Evaluated epoch.
        seeds: Seeds of its trainings.
        figures: By name.
        results: Name of each stored result to its manifest.
        core_seconds: CPU seconds of each training, as far as its result is stored.
    """

    model: str
    configuration: str
    settings: Mapping[str, Any]
    iteration: int
    epoch: int
    seeds: list[int]
    figures: dict[str, Figure]
    results: dict[str, Manifest]
    core_seconds: list[float]

    @property
    def label(self) -> str:
        """The model as the paper calls it; its own name if it is none of the paper's."""
        return MODEL_LABELS.get(self.model, self.model)

    @property
    def hidden_size(self) -> int:
        """``H``."""
        return int(self.settings["hidden_size"])

    @property
    def published(self) -> bool:
        """Whether it is one of the six models under a preset as it is, after its last epoch."""
        return self.model in MODEL_LABELS and _is_preset(self.configuration)


def table1(store: ResultStore, paper: PaperNumbers, dataset: str = "enas-cifar10") -> list[Row]:
    """All rows of Table 1 that results exist for: larger models first, in the paper's order.

    Args:
        store: Where the results are.
        paper: The paper's numbers.
        dataset: Only trainings on this data set.
    """
    groups: dict[str, list[str]] = {}
    for name in store.names():
        if name.startswith("evaluation/") and store.manifest(name).dataset["name"] == dataset:
            groups.setdefault(re.sub(r"_seed-\d+", "", name), []).append(name)
    rows = [_row(store, paper, group, names) for group, names in groups.items()]
    order = list(MODEL_LABELS)

    def place(row: Row) -> tuple[bool, int, int, str]:
        known = order.index(row.model) if row.model in order else len(order)
        return not row.published, -row.hidden_size, known, row.configuration

    return sorted(rows, key=place)


def trainings_by_scale(
    store: ResultStore, config: TrainingConfig, models: Sequence[str] = ("dvae", "dvae-emb")
) -> dict[tuple[str, float], list[str]]:
    """Stored trainings that differ in model, factor of the operation codes, and seed only.

    Args:
        store: Where the results are.
        config: What they share.
        models: Which models.

    Returns:
        Names of results by model (in the given order) and factor, in the order of their seeds.
    """
    groups: dict[tuple[str, float], list[tuple[int, str]]] = {}
    for name in store.names():
        if not name.startswith("training/"):
            continue
        manifest = store.manifest(name)
        settings = dict(manifest.configuration)
        model = settings.pop("model")
        theirs = TrainingConfig.from_json_dict(settings)
        alike = config.changed(
            operation_scale=theirs.operation_scale, seed=theirs.seed, snapshots=theirs.snapshots
        )
        if model in models and theirs == alike and manifest.dataset["name"] == "enas-cifar10":
            groups.setdefault((model, theirs.operation_scale), []).append((theirs.seed, name))
    order = sorted(groups, key=lambda key: (models.index(key[0]), key[1]))
    return {key: [name for _, name in sorted(groups[key])] for key in order}


def _is_preset(configuration: str) -> bool:
    """Whether a configuration is a model and a preset, with no setting changed, no snapshot."""
    return len(configuration.split("_")) == 2


def _row(store: ResultStore, paper: PaperNumbers, group: str, names: list[str]) -> Row:
    manifests = {name: store.manifest(name) for name in names}
    names = sorted(names, key=lambda name: manifests[name].seed)
    first = manifests[names[0]].configuration
    evaluations = [store.load_json(name, "evaluation.json") for name in names]
    stored = set(store.names())
    trainings = [t for t in map(_training_name, names) if t in stored]
    configuration = group.removeprefix("evaluation/")
    figures = {}
    for figure, value in TABLE1.items():
        key = f"table1.{first['model'].replace('-', '_')}.{figure}"
        comparable = key in paper.numbers and _is_preset(configuration)
        reference = paper[key].value if comparable else None
        figures[figure] = Figure([100 * value(e) for e in evaluations], reference)
    results = {name: manifests[name] for name in names}
    results |= {name: store.manifest(name) for name in trainings}
    return Row(
        model=first["model"],
        configuration=configuration,
        settings=first,
        iteration=first["evaluated_iteration"],
        epoch=first["evaluated_epoch"],
        seeds=[manifests[name].seed for name in names],
        figures=figures,
        results=results,
        core_seconds=[results[name].cpu_seconds for name in trainings],
    )


def _training_name(evaluation: str) -> str:
    name = evaluation.replace("evaluation/", "training/", 1)
    return re.sub(r"_t-\d+_e-\d+$", "", name)


def rows_as_json(rows: list[Row]) -> list[dict[str, Any]]:
    """Rows as values for JSON, each figure with its mean and standard deviation."""
    return [
        {
            "model": row.label,
            "configuration": row.configuration,
            "hidden_size": row.hidden_size,
            "iteration": row.iteration,
            "epoch": row.epoch,
            "seeds": row.seeds,
            "core_seconds": row.core_seconds,
            "figures": {
                name: {
                    "paper": figure.paper,
                    "mean": figure.mean,
                    "sd": figure.sd,
                    "values": figure.values,
                }
                for name, figure in row.figures.items()
            },
            "results": {n: manifest.origin() for n, manifest in row.results.items()},
        }
        for row in rows
    ]


def rows_as_text(rows: list[Row], figures: tuple[str, ...] = PAPER_FIGURES) -> str:
    """Rows as lines of text: the paper's value, ours with its spread, and the number of seeds."""
    lines = [f"{'':34}" + "".join(f"{name:>30}" for name in figures) + "   seeds"]
    lines.append(f"{'':34}" + f"{'paper':>12}{'ours':>18}" * len(figures))
    for row in rows:
        cells = []
        for name in figures:
            figure = row.figures[name]
            theirs = "-" if figure.paper is None else f"{figure.paper:.2f}"
            spread = "" if figure.sd is None else f" ± {figure.sd:.2f}"
            cells.append(f"{theirs:>12}{f'{figure.mean:.2f}{spread}':>18}")
        lines.append(f"{row.configuration:34.34}{''.join(cells)}{len(row.seeds):8}")
    return "\n".join(lines)
