"""Small stored results that the scorecard can judge."""

from __future__ import annotations

from paper_nas import scorecard
from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.config import PRESETS
from paper_nas.paper_numbers import PaperNumbers
from paper_nas.scorecard import Line
from paper_nas.scorecard.trials import SEARCHES
from paper_nas.scorecard.verdicts import (
    FEWEST_TRIALS,
)
from paper_nas.search import Evaluation, Proposal, SearchBudget, Trial, write_trial
from paper_nas.space import Architecture, EnasSpace

DATA = {"name": "enas-cifar10"}
HARD = "search/hard"


def line_of(store: ResultStore, paper: PaperNumbers, key: str) -> Line:
    return {line.key: line for line in scorecard.scorecard(store, paper)}[key]


def evaluate(
    store: ResultStore, model: str, seed: int, accuracy: float, loss: float = 0.01,
    preset: str = "fast-128", iterations: int = 1,
) -> None:  # fmt: skip
    """Store a training and its evaluation."""
    config = PRESETS[preset].changed(seed=seed, iterations=iterations).to_json_dict()
    several = f"_iterations-{iterations}" if iterations > 1 else ""
    name = f"{model}_{preset}{several}_seed-{seed}"
    train = Manifest("python -m paper_nas train", {"model": model, **config}, seed, DATA, 1.0, 1.0)
    table = [[float(seed + kind), float(kind % 3), 1.0] for kind in range(8)]
    last = {"reconstruction": loss, "kl": 1.0, "operation_table": table}
    history = [{**last, "iteration": number} for number in range(1, iterations + 1)]
    store.write(f"training/{name}", train, json_files={"history.json": history})
    settings = {"model": model, **config, "preset": preset, "evaluated_iteration": iterations,
                "evaluated_epoch": config["epochs"]}  # fmt: skip
    shares = {"validity": 1.0, "uniqueness": 0.37, "novelty": 1.0}
    content = {
        "reconstruction": {"sampled": accuracy, "expected": accuracy, "greedy": 1.0,
                           "operations": accuracy, "skips": 1.0},
        "generation": shares, "generation_standard_normal": {**shares, "validity": 0.9},
        "collisions": {"identical": 0.0, "distinct_decodes": 1.0},
    }  # fmt: skip
    manifest = Manifest("python -m paper_nas evaluate", settings, seed, DATA, 1.0, 1.0)
    store.write(f"evaluation/{name}", manifest, json_files={"evaluation.json": content})


def predict(store: ResultStore, model: str, estimator: str, rmse: float, seed: int = 0) -> None:
    """Store a row of Table 2."""
    preset = "fast-128"
    settings = {
        "model": model, "training": f"{model}_{preset}_seed-{seed}", "preset": preset,
        "split": "paper", "estimator": estimator, "evaluated_epoch": 40, "epochs": 40,
        "gp": {"inducing_points": 500}, "gp_seeds": [0, 1],
    }  # fmt: skip
    repeat = dict.fromkeys(("rmse", "pearson", "spearman", "nlpd", "coverage"), rmse)
    content = {**{name: [value, 0.0] for name, value in repeat.items()}, "repeats": [repeat] * 2}
    manifest = Manifest("python -m paper_nas predict", settings, seed, DATA, 1.0, 1.0)
    ending = "_released-estimator" if estimator == "released" else ""
    store.write(f"prediction/{model}_{preset}_seed-{seed}{ending}", manifest,
                json_files={"prediction.json": content})  # fmt: skip


def search(
    store: ResultStore, label: str, scores: list[float], training: str | None = None,
    setting: str = "hard",
) -> None:  # fmt: skip
    """Store trials with a best score each."""
    for seed, score in enumerate(scores):
        settings = {"rounds": 10, "batch": 50, "training": training}
        manifest = Manifest("python -m paper_nas search", settings, seed, DATA, 1.0, 1.0)
        content = {"summary": {"best": score, "best_exact": score}, "reference": 0.75}
        store.write(f"search/{setting}/{label}_seed-{seed}", manifest,
                    json_files={"trial.json": content})  # fmt: skip


def trial_of(seed: int, alike: bool, operations: tuple[int, ...], refit: str = "warm") -> Trial:
    """A trial of 130 evaluations, the best 60 with one wiring or with any."""
    found = []
    for row, drawn in enumerate(EnasSpace().sample(130, seed=seed)):
        good = row < 60
        skips = (0, 1) * 7 + (0,) if good and alike else drawn.skips
        kinds = tuple(operations[kind % len(operations)] for kind in drawn.operations)
        architecture = Architecture(kinds if good else drawn.operations, skips)
        score = 0.75 - 1e-4 * row
        found.append(Evaluation(1, Proposal(architecture), score, "exact", True))
    start = {"best": 0.7}
    rounds = [{"round": 1, "evaluations": 130, "cpu_seconds": 1.0}]
    return Trial(
        "latent-bo",
        {"refit": refit},
        "skip-pattern",
        SearchBudget(1, 130),
        seed,
        start,
        found,
        rounds,
    )


def store_trials(store: ResultStore, refit: str = "warm", trainings: int = 2) -> None:
    """Trials of two searches and of random search, by several trainings of each model."""
    every, few = (0, 1, 2, 3, 4, 5), (2, 3, 5)
    methods = {"random": (False, every), SEARCHES[0]: (False, every), SEARCHES[1]: (True, few)}
    for method, (alike, operations) in methods.items():
        model = method.partition("_")[2]
        for number in range(trainings if model else 1):
            training = f"{model}_fast-128_seed-{number}" if model else None
            settings = {"rounds": 1, "batch": 130, "training": training}
            label = f"{method}_fast-128-{number}" if number else method
            for seed in range(FEWEST_TRIALS):
                manifest = Manifest("python -m paper_nas search", settings, seed, DATA, 1.0, 1.0)
                trial = trial_of(seed + 10 * number, alike, operations, refit)
                write_trial(store, f"{HARD}/{label}_seed-{seed}", trial, manifest)
