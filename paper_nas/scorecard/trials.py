"""Two search methods compared by their stored trials.

Where both search by a trained model, the trainings are a source of luck of their own: ten trials
by one training of each say nothing about the two models (``verdicts``).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from paper_nas.reports import MODEL_LABELS, seed_gain
from paper_nas.scorecard.commands import next_training, search, seed_of, with_weights
from paper_nas.scorecard.evidence import PAIR, PAPER_DATASET, PRESET, Evidence
from paper_nas.scorecard.verdicts import FEWEST_TRIALS, WORST_P, Part
from paper_nas.search import SETTINGS, StoredTrial, compare_trials

SEARCHES = tuple(f"latent-bo_{model}" for model in PAIR)
"""The paper's two searches."""

ON_MUTATIONS = tuple(f"latent-bo-mutations_{model}" for model in PAIR)
"""The same on candidates that are neighbours of the best, not points of the box."""

COMPARED = {"hard": "CIFAR-10", "digits": "digits"}
"""Settings of chapter 6 in which there is something to find, and what a line calls them."""

Values = Mapping[str, Sequence[float]]
"""A value per trial, by training; the training is empty for a method without a model."""


def label(method: str) -> str:
    """A method in words."""
    strategy, _, model = method.partition("_")
    return f"{strategy} of {MODEL_LABELS[model]}" if model else strategy


def compared(
    words: str, first: Values, second: Values, results: Sequence[str], digits: int = 3
) -> Part:
    """The statement that the second of two methods has the larger value.

    Args:
        words: What is compared.
        first: One value per trial, by training; perhaps none yet.
        second: Likewise.
        results: Stored trials behind them.
        digits: Shown after the point.
    """
    values = [[x for found in method.values() for x in found] for method in (first, second)]
    if not all(values):
        return Part(f"{words}: not stored yet", None, tuple(results), stored=False)
    found = compare_trials(values[0], values[1])
    text = f"{words}: {found.first:.{digits}f} and {found.second:.{digits}f}"
    counts = [len([name for name in method if name]) for method in (first, second)]
    seeds = min((count for count in counts if count), default=None)
    if min(map(len, values)) < FEWEST_TRIALS:
        return Part(f"{text}, too few trials", None, tuple(results), seeds)
    text += ", p < 0.01" if found.p < 0.01 else f", p = {found.p:.2f}"
    holds = found.p <= WORST_P and found.second > found.first
    if not all(counts):
        return Part(text, holds, tuple(results), seeds)
    if min(counts) < 2:
        each = (
            "one training of each" if max(counts) < 2 else f"{counts[0]} and {counts[1]} trainings"
        )
        return Part(f"{text}; {each}: not judged", None, tuple(results), seeds)
    means = [[statistics.fmean(x) for x in method.values()] for method in (first, second)]
    gain = seed_gain(means[0], means[1])
    text += f"; over {counts[0]} and {counts[1]} trainings: {gain.verdict}"
    return Part(text, holds and gain.verdict == "better", tuple(results), seeds)


def by_training(
    evidence: Evidence, trials: Sequence[StoredTrial], value: Callable[[StoredTrial], float]
) -> dict[str, list[float]]:
    """A value of each trial, as far as it is a number, by the training it searched by."""
    found: dict[str, list[float]] = {}
    for trial in trials:
        if math.isfinite(number := value(trial)):
            found.setdefault(evidence.training_of(trial), []).append(number)
    return found


def compared_by(
    evidence: Evidence, setting: str, methods: Sequence[str], words: str,
    value: Callable[[StoredTrial], float], digits: int = 3,
) -> Part:  # fmt: skip
    """The statement that of two methods the second has the larger value of its trials.

    Args:
        evidence: The results.
        setting: Key of :data:`COMPARED`.
        methods: Two.
        words: What is compared.
        value: Of a trial; NaN where it has none.
        digits: Shown after the point.
    """
    trials = [evidence.trials.get((setting, method), []) for method in methods]
    values = [by_training(evidence, found, value) for found in trials]
    names = [trial.name for found in trials for trial in found]
    said = f"{COMPARED[setting]}, {words}, {label(methods[0])} and {label(methods[1])}"
    return compared(said, values[0], values[1], names, digits)


def better_search(evidence: Evidence, setting: str, old: str, new: str) -> Part:
    """Whether a method ends with a better score than another one: exact where there are such.

    Args:
        evidence: The results.
        setting: Key of :data:`COMPARED`.
        old: The method that should be behind.
        new: The other.
    """
    exact = SETTINGS[setting].dataset == PAPER_DATASET

    def best(trial: StoredTrial) -> float:
        score = trial.summary["best_exact" if exact else "best"]
        return math.nan if score is None else score

    return compared_by(evidence, setting, (old, new), "best score", best, digits=4)


def next_search(
    evidence: Evidence, methods: Sequence[str] = SEARCHES, settings: Sequence[str] = tuple(COMPARED)
) -> str:
    """What could change a comparison: trials that are missing, else those by another training."""
    groups = [(setting, method) for setting in settings for method in methods]
    for setting, method in groups:
        if len(evidence.trials.get((setting, method), [])) < FEWEST_TRIALS:
            return search(method, setting)
    taken = {
        f"{setting} {method}": map(
            seed_of, map(evidence.training_of, evidence.trials[setting, method])
        )
        for setting, method in groups
        if "_" in method
    }
    if not taken:
        return search(methods[0], settings[0])
    group, seed = next_training(taken)
    setting, method = group.split()
    model, data = method.partition("_")[2], SETTINGS[setting].dataset
    other = "" if data == PAPER_DATASET else data
    training = "_".join(filter(None, (model, PRESET, other, f"seed-{seed}")))
    return with_weights(evidence, model, seed, search(method, setting, training), other)
