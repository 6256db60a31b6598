"""The commands that a line names: what would make a result that is missing, or the next step to it.

A command for another training names the model that has fewest, and the first seed that is free.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

from paper_nas.config import PRESETS
from paper_nas.scorecard.evidence import PRESET, Evidence

FAITHFUL = "faithful-128"
"""The preset whose codes are as published."""

WEIGHTS = "weights.safetensors"
TRIALS = 10
ESTIMATOR = "released"
"""Of the Gaussian process, for numbers of Table 2: the paper's, not the better one of chapter 5."""


def seed_of(name: str) -> int:
    """Seed of the training that a result's or a training's name holds.

    >>> seed_of("projections/dvae_fast-128_seed-3_epoch-40")
    3
    """
    return int(re.findall(r"_seed-(\d+)", name)[0])


def first_free(seeds: Iterable[int]) -> int:
    """The least seed that is not among these.

    >>> first_free([0, 1, 3])
    2
    """
    taken = set(seeds)
    return next(seed for seed in itertools.count() if seed not in taken)


def next_training(taken: Mapping[str, Iterable[int]]) -> tuple[str, int]:
    """The model with fewest seeds, the first of equal ones, and its first free seed.

    >>> next_training({"dvae": [0, 1], "gcn": [0]})
    ('gcn', 1)
    """
    seeds = {model: set(found) for model, found in taken.items()}
    model = min(seeds, key=lambda name: len(seeds[name]))
    return model, first_free(seeds[model])


def train(model: str, seed: int, preset: str = PRESET, dataset: str = "") -> str:
    """Train a model and keep its weights."""
    of = f" --dataset {dataset}" if dataset else ""
    return f"python -m paper_nas train {model} --preset {preset}{of} --seed {seed} --keep-weights"


def with_weights(evidence: Evidence, model: str, seed: int, then: str, dataset: str = "") -> str:
    """A command that needs the weights of a training, behind one that makes them if need be."""
    name = "_".join(filter(None, ("training/" + model, PRESET, dataset, f"seed-{seed}")))
    if name in evidence.names and WEIGHTS in evidence.store.manifest(name).files:
        return then
    return f"{train(model, seed, dataset=dataset)} && {then}"


def more_of_scale(evidence: Evidence, models: Iterable[str], scale: float) -> str:
    """Another training with codes as published, or multiplied by a factor."""
    model, seed = next_training(
        {m: map(seed_of, evidence.by_scale.get((m, scale), [])) for m in models}
    )
    as_published = scale == PRESETS[FAITHFUL].operation_scale
    return train(model, seed, FAITHFUL if as_published else PRESET)


def evaluate(model: str, seed: int = 0, preset: str = PRESET) -> str:
    """Train a model and evaluate it: a row of Table 1, or another seed of it."""
    return (f"{train(model, seed, preset)} && "
            f"python -m paper_nas evaluate {model} --preset {preset} --seed {seed}")  # fmt: skip


def evaluate_more(evidence: Evidence, models: Iterable[str], preset: str = PRESET) -> str:
    """Another row, or another seed of a row, of Table 1."""
    rows = evidence.table1.get(preset, {})
    return evaluate(*next_training({m: rows[m].seeds if m in rows else [] for m in models}), preset)


def predict_more(evidence: Evidence, models: Iterable[str], estimator: str = ESTIMATOR) -> str:
    """Another row, or another seed of a row, of Table 2."""
    rows = evidence.table2.get(estimator, {}).get(PRESET, {})
    model, seed = next_training({m: rows[m].seeds if m in rows else [] for m in models})
    return with_weights(
        evidence, model, seed,
        f"python -m paper_nas predict {model} --estimator {estimator} --seed {seed}",
    )  # fmt: skip


def projected(model: str, seed: int = 0, epoch: int | None = None) -> str:
    """Name of the stored projection of a model's latents, by default after the last epoch."""
    last = PRESETS[PRESET].epochs if epoch is None else epoch
    return f"projections/{model}_{PRESET}_seed-{seed}_epoch-{last}"


def projections(evidence: Evidence, model: str) -> list[str]:
    """Names of the last epoch's projections of all trainings of a model."""
    return evidence.named(re.escape(projected(model)).replace(r"seed\-0", r"seed-\d+"))


def project_more(evidence: Evidence, models: Iterable[str]) -> str:
    """The projection of another training."""
    taken = {m: [seed_of(name) for name in projections(evidence, m)] for m in models}
    model, seed = next_training(taken)
    return with_weights(
        evidence, model, seed, f"python -m paper_nas project {model} --seed {seed}"
    )  # fmt: skip


def search(method: str, setting: str, training: str = "") -> str:
    """Ten trials of a method, by default with its plain training."""
    strategy, _, model = method.partition("_")
    options = f" --model {model}" if model else ""
    options += f" --training {training}" if training else ""
    return f"python -m paper_nas search {strategy}{options} --setting {setting} --trials {TRIALS}"
