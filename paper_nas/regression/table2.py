"""The paper's Table 2 beside ours, with what it lacks: baselines, a second split, other seeds.

A row of a model is one configuration of its trainings. Two spreads are told apart: over repeats of
the regression on the latents of one training, which is what the paper gives, and over trainings.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.paper_numbers import PaperNumbers, load_paper_numbers
from paper_nas.regression.baselines import BASELINES
from paper_nas.regression.performance import FIGURES, spread_of

QUOTED_FILE = "quoted_numbers.yml"
"""Beside the file of the paper's numbers: figures of others."""
QUOTED = {"pace": "PACE"}
"""Others that are quoted there, and what to call them."""
LEARNED = {"untrained": "untrained encoder of", "supervised": "trained with labels: encoder of"}
MAIN_MODELS = ("dvae", "dvae-emb")
"""The paper's pair: their encoders are baselines too, and they get more repeats."""


def baseline_names() -> list[str]:
    """Every baseline of Table 2, those with an encoder last."""
    return [*BASELINES, *(f"{kind}-{model}" for kind in LEARNED for model in MAIN_MODELS)]


"""Baselines that have a model's encoder, by the first part of their names."""


@dataclass(frozen=True)
class Table2Figure:
    """One figure of a row.

    Attributes:
        values: One per training, each a mean over repeats of the regression.
        repeats: Of the first training, one per repeat.
        published: The paper's value, or that of another publication.
        spread: What it gives behind the plus-minus sign.
    """

    values: list[float]
    repeats: list[float]
    published: float | None = None
    spread: float | None = None

    @property
    def mean(self) -> float | None:
        """Mean over the trainings; ``None`` for a row that is only quoted."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def sd(self) -> float | None:
        """Sample standard deviation between trainings; ``None`` for fewer than two."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    @property
    def repeat_sd(self) -> float | None:
        """Population standard deviation over the repeats, as in the paper; likewise."""
        found = spread_of(self.repeats) if len(self.repeats) > 1 else None
        return found.sd if found else None


@dataclass(frozen=True)
class Table2Row:
    """One regression on one split.

    Attributes:
        kind: ``"model"``, ``"baseline"`` or ``"quoted"``.
        name: Name of the model, the baseline or the publication.
        label: What a table calls it.
        split: ``"paper"``, ``"skip-pattern"`` or ``"random"``.
        estimator: ``"collapsed"`` or ``"released"``; of models only.
        preset: Of models only.
        epoch: Evaluated epoch, of models only.
        last: Whether it is the last epoch of the last iteration.
        seeds: Of the trainings, of models only.
        figures: By name, see :class:`paper_nas.regression.PredictionFigures`.
        results: Name of each stored result to its manifest.
    """

    kind: str
    name: str
    label: str
    split: str
    estimator: str | None
    preset: str | None
    epoch: int | None
    last: bool
    seeds: list[int]
    figures: dict[str, Table2Figure]
    results: dict[str, Manifest]


def quoted_numbers(paper: PaperNumbers) -> PaperNumbers:
    """Figures of others: the file beside that of the paper's numbers."""
    return load_paper_numbers(paper.path.with_name(QUOTED_FILE))


def table2(
    store: ResultStore,
    paper: PaperNumbers,
    labels: Mapping[str, str],
    dataset: str = "enas-cifar10",
) -> list[Table2Row]:
    """All rows that results exist for: the models in the order of their labels, then the rest.

    Args:
        store: Where the results are.
        paper: The paper's numbers.
        labels: The models, and what to call them.
        dataset: Only results on this data set.
    """
    groups: dict[str, list[tuple[int, str, Manifest]]] = {}
    for name in store.names():
        if name.startswith("prediction/"):
            manifest = store.manifest(name)
            if manifest.dataset["name"] == dataset:
                group = re.sub(r"_seed-\d+", "", name)
                groups.setdefault(group, []).append((manifest.seed, name, manifest))
    rows = [_row(store, paper, labels, sorted(group)) for group in groups.values()]
    order = [*labels, *BASELINES]
    if dataset == "enas-cifar10":
        rows += list(_quoted_rows(paper))

    def place(row: Table2Row) -> tuple[Any, ...]:
        known = order.index(row.name) if row.name in order else len(order)
        return row.kind != "model", row.kind, row.split, row.estimator or "", not row.last, \
            row.epoch or 0, known, row.name, row.preset or ""  # fmt: skip

    return sorted(rows, key=place)


def _row(
    store: ResultStore,
    paper: PaperNumbers,
    labels: Mapping[str, str],
    group: Sequence[tuple[int, str, Manifest]],
) -> Table2Row:
    settings = group[0][2].configuration
    stored = [store.load_json(name, "prediction.json") for _, name, _ in group]
    is_model = "model" in settings
    name = settings["model"] if is_model else settings["baseline"]
    last = not is_model or (
        settings["evaluated_epoch"] == settings["epochs"] and "_t-" not in group[0][1]
    )
    figures = {}
    for figure in FIGURES:
        if any(entry[figure] is None for entry in stored):
            continue
        repeats = [repeat[figure] for repeat in stored[0]["repeats"]]
        key = f"table2.{name.replace('-', '_')}.{figure}"
        published = paper.numbers.get(key) if last and settings["split"] == "paper" else None
        figures[figure] = Table2Figure(
            # A stored spread is a pair: mean and deviation over the repeats.
            [entry[figure][0] for entry in stored],
            repeats,
            published.value if published else None,
            published.spread if published else None,
        )
    return Table2Row(
        kind="model" if is_model else "baseline",
        name=name,
        label=labels.get(name, name) if is_model else _baseline_label(name, labels),
        split=settings["split"],
        estimator=settings.get("estimator"),
        preset=settings["preset"] if is_model else None,
        epoch=settings.get("evaluated_epoch"),
        last=last,
        seeds=[seed for seed, *_ in group] if is_model else [],
        figures=figures,
        results={name: manifest for _, name, manifest in group},
    )


def _baseline_label(name: str, labels: Mapping[str, str]) -> str:
    if name in BASELINES:
        return BASELINES[name].label
    kind, _, model = name.partition("-")
    return f"{LEARNED[kind]} {labels[model]}"


def _quoted_rows(paper: PaperNumbers) -> Iterator[Table2Row]:
    quoted = quoted_numbers(paper)
    for name, label in QUOTED.items():
        figures = {}
        for figure in FIGURES:
            if (key := f"table2.{name}.{figure}") in quoted.numbers:
                figures[figure] = Table2Figure([], [], quoted[key].value, quoted[key].spread)
        yield Table2Row(
            "quoted", name, label, "paper", None, None, None, True, [], figures, {}
        )  # fmt: skip


def missing_from_table2(rows: Sequence[Table2Row], labels: Mapping[str, str]) -> list[str]:
    """What the table should hold and does not, in words.

    Args:
        rows: The rows that there are.
        labels: The models, and what to call them.
    """
    there = {(row.name, row.split, row.estimator) for row in rows if row.last}
    baselines = baseline_names()
    wanted: list[tuple[str, tuple[str, str, str | None]]] = [
        (f"{labels[name]}, {split} split, {estimator} estimator", (name, split, estimator))
        for split, estimator in
        (("paper", "collapsed"), ("skip-pattern", "collapsed"), ("paper", "released"))
        for name in labels
    ]  # fmt: skip
    wanted += [
        (f"{_baseline_label(name, labels)}, {split} split", (name, split, None))
        for split in ("paper", "skip-pattern")
        for name in baselines
    ]
    return [words for words, key in wanted if key not in there]


def rows_as_json(rows: Sequence[Table2Row]) -> list[dict[str, Any]]:
    """Rows as values for JSON, with every value and where it comes from."""
    return [
        {
            **{key: getattr(row, key) for key in (
                "kind", "name", "label", "split", "estimator", "preset", "epoch", "seeds")},
            "figures": {
                name: {
                    "published": figure.published,
                    "published_spread": figure.spread,
                    "mean": figure.mean,
                    "sd_over_trainings": figure.sd,
                    "sd_over_repeats": figure.repeat_sd,
                    "values": figure.values,
                    "repeats": figure.repeats,
                }
                for name, figure in row.figures.items()
            },
            "results": {n: manifest.origin() for n, manifest in row.results.items()},
        }
        for row in rows
    ]  # fmt: skip


def rows_as_text(rows: Sequence[Table2Row]) -> str:
    """Rows as lines of text, with the two figures that the paper has."""
    figures = ("rmse", "pearson")
    lines = [f"{'':62}" + "".join(f"{name:>34}" for name in figures) + "  seeds"]
    lines.append(f"{'':62}" + f"{'published':>16}{'ours':>18}" * len(figures))
    for row in rows:
        cells = []
        for name in figures:
            found = row.figures.get(name, Table2Figure([], []))
            cells.append(f"{_number(found.published, found.spread):>16}")
            spread = found.repeat_sd if found.sd is None else found.sd
            cells.append(f"{_number(found.mean, spread):>18}")
        words = [row.label, "" if row.last else f"epoch {row.epoch}", f"{row.split} split",
                 row.estimator if row.estimator == "released" else "", row.preset]  # fmt: skip
        title = ", ".join(word for word in words if word)
        lines.append(f"{title:62.62}{''.join(cells)}{len(row.seeds) or '':>7}")
    return "\n".join(lines)


def _number(value: float | None, spread: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" + ("" if spread is None else f" ± {spread:.3f}")
