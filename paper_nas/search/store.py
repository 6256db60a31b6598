"""Trials as stored results, and tables over them.

A trial is ``search/<setting>/<label>_seed-<s>``. The start set is not stored: a setting, the seed
and, where rows were drawn, their numbers give it again.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.search.base import SearchBudget
from paper_nas.search.trial import (
    Evaluation,
    Trial,
    evaluations_from_arrays,
    summarise,
    trial_arrays,
)

FOLDER = "search"
TRIAL_FILE, EVALUATIONS_FILE = "trial.json", "evaluations.npz"
_NAME = re.compile(rf"{FOLDER}/(?P<setting>[^/]+)/(?P<label>.+)_seed-(?P<seed>\d+)")


def trial_name(setting: str, label: str, seed: int) -> str:
    """Name of the stored result of a trial.

    >>> trial_name("hard", "latent-bo_dvae", 3)
    'search/hard/latent-bo_dvae_seed-3'
    """
    return f"{FOLDER}/{setting}/{label}_seed-{seed}"


def write_trial(
    store: ResultStore,
    name: str,
    trial: Trial,
    manifest: Manifest,
    latents: bool = True,
    reference: float | None = None,
) -> None:
    """Store a trial.

    Args:
        store: Where.
        name: See :func:`trial_name`.
        trial: The trial.
        manifest: Of the command.
        latents: Keep the latents, in half precision.
        reference: The best exact score that is known, from which regret is measured.
    """
    content = {
        **trial.identity(),
        "rounds": trial.rounds,
        "exhausted": trial.exhausted,
        "reference": reference,
        "summary": summarise(trial),
    }
    arrays = trial_arrays(trial, latents)
    store.write(
        name, manifest, json_files={TRIAL_FILE: content}, array_files={EVALUATIONS_FILE: arrays}
    )


def read_trial(store: ResultStore, name: str) -> Trial:
    """A stored trial.

    Raises:
        ResultMissing: There is none of this name.
        ResultDamaged: A file is not the one that the manifest names.
    """
    content = store.load_json(name, TRIAL_FILE)
    return Trial(
        strategy=content["strategy"],
        settings=content["settings"],
        oracle=content["oracle"],
        budget=SearchBudget(max(1, len(content["rounds"])), content["batch"]),
        seed=content["seed"],
        start=content["start"],
        evaluations=evaluations_from_arrays(store.load_arrays(name, EVALUATIONS_FILE)),
        rounds=content["rounds"],
        exhausted=content["exhausted"],
    )


@dataclass(frozen=True)
class StoredTrial:
    """A stored trial, without its evaluations.

    Attributes:
        name: Of the result.
        setting: Key of :data:`paper_nas.search.SETTINGS`.
        label: Strategy, model, and settings that differ from the defaults.
        seed: Its seed.
        summary: See :func:`paper_nas.search.summarise`.
        reference: See :func:`write_trial`.
        dataset: Name of the data set.
    """

    name: str
    setting: str
    label: str
    seed: int
    summary: dict[str, Any]
    reference: float | None
    dataset: str


def stored_trials(store: ResultStore, setting: str | None = None) -> list[StoredTrial]:
    """All stored trials, by setting, label and seed."""
    found = []
    for name in store.names():
        match = _NAME.fullmatch(name)
        if match is None or setting not in (None, match["setting"]):
            continue
        content = store.load_json(name, TRIAL_FILE)
        found.append(
            StoredTrial(
                name=name,
                setting=match["setting"],
                label=match["label"],
                seed=int(match["seed"]),
                summary=content["summary"],
                reference=content["reference"],
                dataset=store.manifest(name).dataset["name"],
            )
        )
    return sorted(found, key=lambda t: (t.setting, t.label, t.seed))


def search_rows(
    store: ResultStore, setting: str | None = None, points: Sequence[int] = (50, 100, 250, 500)
) -> list[dict[str, Any]]:
    """One row per data set, setting, method and number of evaluations, ready for JSON.

    ``best``, ``mean_best`` and ``median_best`` are over the trials, of the best score after so many
    evaluations; with ``_exact`` only scores count that were recorded or measured, and where a trial
    has none yet, these are ``None``.

    Args:
        store: Where the results are.
        setting: Only this one.
        points: Numbers of evaluations; those that a method's trials did not all reach are left out.
    """
    groups: dict[tuple[str, str, str], list[StoredTrial]] = {}
    for trial in stored_trials(store, setting):
        groups.setdefault((trial.dataset, trial.setting, trial.label), []).append(trial)
    rows = []
    for (dataset, name, label), trials in groups.items():
        read = [read_trial(store, trial.name) for trial in trials]
        reached = min(len(trial.evaluations) for trial in read)
        for count in sorted({*points, reached}):
            if not 0 < count <= reached:
                continue
            rows.append(
                {
                    "dataset": dataset,
                    "setting": name,
                    "method": label,
                    "evaluations": count,
                    "seeds": [trial.seed for trial in trials],
                    **_over_trials([trial.best_so_far()[count - 1] for trial in read], ""),
                    **_over_trials([t.best_so_far(exact=True)[count - 1] for t in read], "_exact"),
                    "results": {
                        trial.name: store.manifest(trial.name).origin() for trial in trials
                    },
                }
            )
    return rows


def _over_trials(values: Sequence[float], suffix: str) -> dict[str, float | None]:
    known = [float(value) for value in values]
    if not np.isfinite(known).all():
        return {f"{n}{suffix}": None for n in ("best", "mean_best", "median_best", "sd_best")}
    return {
        f"best{suffix}": max(known),
        f"mean_best{suffix}": statistics.fmean(known),
        f"median_best{suffix}": statistics.median(known),
        f"sd_best{suffix}": statistics.stdev(known) if len(known) > 1 else None,
    }


def search_rows_as_text(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as lines of text."""
    lines = [
        f"{'setting':12}{'method':44}{'evaluations':>12}{'best':>9}{'mean':>9}{'median':>9}"
        f"{'exact':>9}{'trials':>8}"
    ]
    for row in rows:
        shown = ("best", "mean_best", "median_best", "mean_best_exact")
        cells = "".join(f"{'-' if row[k] is None else f'{row[k]:.4f}':>9}" for k in shown)
        lines.append(
            f"{row['setting']:12}{row['method']:44.44}{row['evaluations']:12}{cells}"
            f"{len(row['seeds']):8}"
        )
    return "\n".join(lines)


def best_of_trials(
    store: ResultStore, setting: str, label: str, count: int = 5
) -> list[Evaluation]:
    """The best different architectures over all trials of a method, best first.

    Of equal scores that of the lower seed comes first, and within a trial the one found first.
    """
    first: dict[Any, Evaluation] = {}
    for trial in stored_trials(store, setting):
        if trial.label == label:
            for evaluation in read_trial(store, trial.name).top(count):
                first.setdefault(evaluation.architecture, evaluation)
    return sorted(first.values(), key=lambda e: -e.score)[:count]
