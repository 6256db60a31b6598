"""What the verdicts rest on: stored results by model, preset and seed, and the data.

Everything is read once, through the checks of :class:`paper_nas.artifacts.ResultStore`.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from paper_nas.artifacts import ResultStore
from paper_nas.config import PRESETS
from paper_nas.datasets import ArchitectureDataset
from paper_nas.paper_numbers import PaperNumbers
from paper_nas.regression.table2 import Table2Row, table2
from paper_nas.reports import MODEL_LABELS, Row, table1, trainings_by_scale
from paper_nas.scorecard.verdicts import Finding, missing
from paper_nas.search import StoredTrial, Trial, read_trial, stored_trials
from paper_nas.statistics import graph_properties

PAPER_DATASET = "enas-cifar10"
PAIR = ("dvae", "dvae-emb")
"""The two models that the paper compares throughout."""

PRESET = "fast-128"
"""The preset that commands for missing results name."""

REPORT = "python -m paper_nas report scorecard"
"""Makes what is computed from the data while one looks."""

SCALES = PRESETS["faithful-128"]
"""Shared by trainings that differ in model, factor of the operation codes and seed only."""

PUBLISHED, LARGE = SCALES.operation_scale, PRESETS[PRESET].operation_scale
"""Factors of the operation codes: as published, and that of the presets ``fast``."""

AnyRow = TypeVar("AnyRow", Row, Table2Row)


@dataclass
class Evidence:
    """Results, the paper, and the data if they are at hand.

    Attributes:
        store: Where the results are.
        paper: The paper's numbers and claims.
        dataset: The data of the paper; ``None`` where they are not there.
    """

    store: ResultStore
    paper: PaperNumbers
    dataset: ArchitectureDataset | None = None
    _json: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    _read: dict[str, Trial] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse other data than the paper's."""
        if self.dataset is not None and self.dataset.name != PAPER_DATASET:
            raise ValueError(f"the scorecard is about {PAPER_DATASET}, not {self.dataset.name}")

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of all results."""
        return frozenset(self.store.names())

    def json(self, name: str, file: str) -> Any:
        """A JSON file of a result, read once."""
        if (name, file) not in self._json:
            self._json[name, file] = self.store.load_json(name, file)
        return self._json[name, file]

    @cached_property
    def properties(self) -> dict[str, np.ndarray]:
        """Graph properties of the data that vary, by name; none without the data."""
        if self.dataset is None:
            return {}
        every = graph_properties(self.dataset.architectures)
        return {name: x for name, x in every.items() if np.ptp(x) > 0}

    # ---- Tables 1 and 2 -----------------------------------------------------------------------

    @cached_property
    def rows1(self) -> list[Row]:
        """All rows of Table 1, those of snapshots and of changed settings too."""
        return table1(self.store, self.paper)

    @cached_property
    def table1(self) -> dict[str, dict[str, Row]]:
        """Rows of Table 1 by preset and model, no setting changed, after the last epoch."""
        rows: dict[str, dict[str, Row]] = {}
        for row in self.rows1:
            if row.published:
                rows.setdefault(row.settings["preset"], {})[row.model] = row
        return rows

    @cached_property
    def table2(self) -> dict[str, dict[str, dict[str, Table2Row]]]:
        """Rows of Table 2 on the paper's split, by estimator, preset and model, likewise."""
        rows: dict[str, dict[str, dict[str, Table2Row]]] = {}
        for row in table2(self.store, self.paper, MODEL_LABELS):
            if row.kind == "model" and row.split == "paper" and row.last and _is_plain(row):
                by_preset = rows.setdefault(str(row.estimator), {})
                by_preset.setdefault(str(row.preset), {})[row.name] = row
        return rows

    # ---- trainings ----------------------------------------------------------------------------

    @cached_property
    def by_scale(self) -> dict[tuple[str, float], list[str]]:
        """Names of trainings by model and factor, see :data:`SCALES`."""
        return trainings_by_scale(self.store, SCALES)

    def history(self, training: str) -> list[dict[str, Any]]:
        """The epochs of a training."""
        history: list[dict[str, Any]] = self.json(training, "history.json")
        return history

    def areas(self, model: str, scale: float) -> list[float]:
        """Mean reconstruction loss over the epochs, in nats, of each training."""
        trainings = self.by_scale.get((model, scale), [])
        return [statistics.fmean(row["reconstruction"] for row in self.history(t))
                for t in trainings]  # fmt: skip

    def named(self, pattern: str) -> list[str]:
        """Names of results that match a pattern as a whole, in order."""
        return sorted(name for name in self.names if re.fullmatch(pattern, name))

    # ---- searches -----------------------------------------------------------------------------

    @cached_property
    def trials(self) -> dict[tuple[str, str], list[StoredTrial]]:
        """Stored trials by setting and method, those by other trainings of a model with its own."""
        groups: dict[tuple[str, str], list[StoredTrial]] = {}
        for trial in stored_trials(self.store):
            groups.setdefault((trial.setting, self._method(trial)), []).append(trial)
        return groups

    def _method(self, trial: StoredTrial) -> str:
        """The label of the method if it had searched by the plain training of its model."""
        training, (strategy, *_) = self.training_of(trial), trial.label.split("_")
        plain = re.fullmatch(rf"([^_]+)_{PRESET}(?:_{trial.dataset})?_seed-\d+", training)
        if plain and trial.label == f"{strategy}_{training.replace('_seed-', '-')}":
            return f"{strategy}_{plain[1]}"
        return trial.label

    def training_of(self, trial: StoredTrial) -> str:
        """Name of the training whose model a trial searched by; empty if it has no model."""
        return self.store.manifest(trial.name).configuration.get("training") or ""

    def trial(self, name: str) -> Trial:
        """A trial with its evaluations, read once."""
        if name not in self._read:
            self._read[name] = read_trial(self.store, name)
        return self._read[name]


Judge = Callable[[Evidence, str], Finding]


@dataclass(frozen=True)
class Entry:
    """How one number or claim of the paper is judged.

    Attributes:
        kind: ``"setting"``, ``"number"`` or ``"claim"``.
        label: A few words for a number; a claim is known by its wording.
        chapter: Stem of the chapter's file.
        judge: Gives the finding, from the evidence and the id.
    """

    kind: str
    label: str
    chapter: str
    judge: Judge


def choose(rows: Mapping[str, Mapping[str, AnyRow]], models: Sequence[str]) -> list[AnyRow]:
    """The rows of some models under one preset, or none.

    The preset is that with most trainings of the model that has fewest; of equal ones, that with
    the larger hidden size.

    Args:
        rows: By preset and model.
        models: Which models.
    """
    found = [
        (min(len(by_model[m].seeds) for m in models), PRESETS[preset].hidden_size, preset)
        for preset, by_model in rows.items()
        if set(models) <= by_model.keys()
    ]
    return [rows[max(found)[2]][m] for m in models] if found else []


def _is_plain(row: Table2Row) -> bool:
    trainings = [manifest.configuration["training"] for manifest in row.results.values()]
    plain = re.compile(rf"{row.name}_{row.preset}_seed-\d+")
    return all(plain.fullmatch(training) for training in trainings)


def command_of(evidence: Evidence, results: Sequence[str]) -> str:
    """The command of the first of some results."""
    return evidence.store.manifest(results[0]).command if results else ""


def needs_data(evidence: Evidence, judge: Callable[[ArchitectureDataset], Finding]) -> Finding:
    """Judge by the data, or say that they are missing."""
    if evidence.dataset is None:
        return missing(
            f"PAPER_NAS_DATA=/path/to/data {REPORT}", reason=f"needs the file of {PAPER_DATASET}"
        )
    return judge(evidence.dataset)
