"""``search``: trials of one strategy, and what follows them.

``search-top`` trains the best architectures of all methods from scratch; ``search-autopsy`` trains
the published winners' wiring with other operations.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from paper_nas.artifacts import Clock, ResultMissing, ResultStore
from paper_nas.commands.options import add_folders, runs_folder, started, training_inputs
from paper_nas.oracles import SkipPatternOracle
from paper_nas.search import (
    AS_RELEASED,
    BATCH_VARIANCES,
    DECODES,
    INCUMBENTS,
    LATENT,
    REFITS,
    SETTINGS,
    STRATEGIES,
    SearchBudget,
    autopsy_groups,
    best_of_trials,
    judge_autopsy,
    load_setting,
    make_strategy,
    run_autopsy,
    run_search,
    stored_trials,
    trial_name,
    write_trial,
)
from paper_nas.search.autopsy import PER_GROUP, SEEDS
from paper_nas.search.top import full_training, train_top
from paper_nas.steps import STEP_VERSIONS
from paper_nas.training import load_trained

ESTIMATORS = {"collapsed": "collapsed", "released": "propagation"}
"""The option's words, and the methods of :class:`SparseGP`."""
LATENT_OPTIONS = ("decode", "repeats")
BO_OPTIONS = (*LATENT_OPTIONS, "refit", "incumbent", "batch_variance", "candidates")


@dataclass(frozen=True)
class Job:
    """One trial, as a process of its own can be told of it.

    Attributes:
        strategy: Its name.
        setting: Its name.
        training: Result with the model's weights; ``None`` for strategies without a model.
        label: Names the method in the results.
        settings: Of the strategy, what differs from its defaults.
        budget: Rounds and batch.
        seed: Of the trial.
        latents: Store them.
        results: Folder of results.
        runs: Folder of unfinished work.
        progress: Show a progress bar.
    """

    strategy: str
    setting: str
    training: str | None
    label: str
    settings: dict[str, Any]
    budget: SearchBudget
    seed: int
    latents: bool
    results: Path | None
    runs: Path
    progress: bool

    @property
    def name(self) -> str:
        """Of the stored result."""
        return trial_name(self.setting, self.label, self.seed)


def add_parser(commands: Any) -> None:
    """Declare ``search``, ``search-top`` and ``search-autopsy``."""
    search = commands.add_parser("search", help="trials of one search strategy")
    search.set_defaults(run=_search, refuse=search.error)
    search.add_argument("strategy", choices=STRATEGIES)
    search.add_argument("--setting", choices=SETTINGS, default="paper")
    search.add_argument("--model", default="dvae-emb", help="for latent strategies")
    search.add_argument("--training", help="stored training with weights (default: fast-128, 0)")
    search.add_argument("--seed", type=int, default=0, help="of the first trial")
    search.add_argument("--trials", type=int, default=1, help="with seeds from --seed on")
    search.add_argument("--workers", type=int, default=1, help="processes")
    search.add_argument("--rounds", type=int, default=SearchBudget.rounds)
    search.add_argument("--batch", type=int, default=SearchBudget.batch)
    search.add_argument("--no-latents", action="store_true", help="do not store latents")
    search.add_argument("--again", action="store_true", help="also what is stored and up to date")
    _add_deviations(search)
    add_folders(search)
    top = commands.add_parser("search-top", help="train the best that was found from scratch")
    top.set_defaults(run=_top)
    top.add_argument("--setting", choices=SETTINGS, default="digits")
    top.add_argument("--count", type=int, default=5, help="architectures of each method")
    top.add_argument("--seeds", type=int, default=3, help="trainings of each architecture")
    top.add_argument("--device", default="cpu")
    add_folders(top)
    autopsy = commands.add_parser("search-autopsy", help="the winners' wiring, other operations")
    autopsy.set_defaults(run=_autopsy)
    autopsy.add_argument("--per-group", type=int, default=PER_GROUP)
    autopsy.add_argument("--seeds", type=int, default=SEEDS)
    autopsy.add_argument("--workers", type=int, default=1)
    add_folders(autopsy)


def _add_deviations(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("latent-bo: deviations from the released code")
    group.add_argument("--as-released", action="store_true", help="none of them")
    group.add_argument("--decode", choices=DECODES)
    group.add_argument("--repeats", action="store_true", default=None)
    group.add_argument("--refit", choices=REFITS)
    group.add_argument("--incumbent", choices=INCUMBENTS)
    group.add_argument("--batch-variance", choices=BATCH_VARIANCES)
    group.add_argument("--candidates", type=int)
    group.add_argument("--estimator", choices=ESTIMATORS, help="of the sparse process")


# ---- search ----------------------------------------------------------------------------


def _search(options: argparse.Namespace) -> None:
    if unused := _unused(options):
        options.refuse(f"{options.strategy} has no {', '.join(unused)}")
    jobs = list(trial_jobs(options))
    if not options.again:
        jobs = [job for job in jobs if not _up_to_date(job)]
    for name in _run_all(jobs, options.workers):
        print(f"stored {name}", flush=True)


def trial_jobs(options: argparse.Namespace) -> Iterator[Job]:
    """The trials that the options of ``search`` name, one job each."""
    latent = options.strategy in LATENT
    settings = _settings(options) if latent else {}
    parts, training = [options.strategy], None
    if latent:
        plain = f"{options.model}_fast-128_seed-0"
        if SETTINGS[options.setting].dataset != "enas-cifar10":
            plain = f"{options.model}_fast-128_{SETTINGS[options.setting].dataset}_seed-0"
        training = options.training or plain
        parts.append(options.model if training == plain else training.replace("_seed-", "-"))
    parts += _label_parts(options) if latent else []
    for seed in range(options.seed, options.seed + options.trials):
        yield Job(
            strategy=options.strategy,
            setting=options.setting,
            training=training,
            label="_".join(parts),
            settings=settings,
            budget=SearchBudget(options.rounds, options.batch),
            seed=seed,
            latents=not options.no_latents,
            results=options.results,
            runs=runs_folder(options, "search"),
            progress=not options.quiet and options.workers == 1,
        )


def _unused(options: argparse.Namespace) -> list[str]:
    """Options that were given and that the strategy has not."""
    names = (*BO_OPTIONS, "training", "as_released", "estimator")
    given = [name for name in names if getattr(options, name)]
    if options.strategy not in LATENT:
        known: set[str] = set()
    elif options.strategy == "latent-random":
        known = {*LATENT_OPTIONS, "training", "as_released"}
    else:
        known = set(given)
    return ["--" + name.replace("_", "-") for name in given if name not in known]


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The deviations that were given on the command line."""
    names = LATENT_OPTIONS if options.strategy == "latent-random" else BO_OPTIONS
    given = {n: getattr(options, n) for n in names if getattr(options, n) is not None}
    if options.estimator and options.strategy != "latent-random":
        given["process"] = {"method": ESTIMATORS[options.estimator]}
    return given


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    released = AS_RELEASED if options.as_released else {}
    if options.strategy == "latent-random":
        released = {k: v for k, v in released.items() if k in LATENT_OPTIONS}
    return {**released, **_given(options)}


def _label_parts(options: argparse.Namespace) -> list[str]:
    parts = ["as-released"] if options.as_released else []
    for name, value in _given(options).items():
        if name == "process":
            name, value = "estimator", options.estimator
        parts.append(name if value is True else f"{name.replace('_', '-')}-{value}")
    return parts


def _configuration(job: Job) -> dict[str, Any]:
    """Everything that the result depends on besides data, code and machine."""
    weights = None
    if job.training is not None:
        store, name = ResultStore(job.results), f"training/{job.training}"
        try:
            weights = store.manifest(name).files["weights.safetensors"]
        except (ResultMissing, KeyError):
            raise ResultMissing(
                f"{store.root / name} holds no weights; make them with: python -m paper_nas train "
                f"MODEL --preset fast-128 --dataset {SETTINGS[job.setting].dataset} --keep-weights "
                f"(or name another training with --training)"
            ) from None
    return {
        "strategy": job.strategy,
        "setting": job.setting,
        "training": job.training,
        "weights_sha256": weights,
        "settings": job.settings,
        "rounds": job.budget.rounds,
        "batch": job.budget.batch,
        "latents": job.latents,
    }


def _up_to_date(job: Job) -> bool:
    store, version = ResultStore(job.results), STEP_VERSIONS["search"]
    current = store.is_current(job.name, _configuration(job), version)
    if current:
        print(f"up to date: {job.name}", flush=True)
    return current


def _run_all(jobs: Sequence[Job], workers: int) -> Iterator[str]:
    """Run trials, in processes of their own if there are several workers."""
    if workers == 1 or len(jobs) < 2:
        yield from map(run_job, jobs)
        return
    # Leaving the block, by Ctrl-C too, ends the processes: each loses a round at most.
    with multiprocessing.get_context("spawn").Pool(workers, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(run_job, jobs, chunksize=1)


def run_job(job: Job) -> str:
    """Run one trial and store it; returns the name of the result."""
    torch.set_num_threads(1)
    store, configuration = ResultStore(job.results), _configuration(job)
    dataset, oracle, start = load_setting(job.setting, job.seed)
    inputs = training_inputs(store, job.training)
    manifest = started(dataset, job.seed, configuration, "search", inputs)
    settings = dict(job.settings)
    if job.training is not None:
        settings["model"] = load_trained(store, f"training/{job.training}")
    digest = hashlib.sha256(str(configuration["weights_sha256"]).encode()).hexdigest()[:8]
    folder = job.runs / f"{job.name}_{digest}"
    wall = time.perf_counter()
    trial = run_search(
        make_strategy(job.strategy, **settings),
        oracle,
        job.budget,
        job.seed,
        start,
        folder,
        job.progress,
    )
    manifest = replace(
        manifest,
        cpu_seconds=sum(r["cpu_seconds"] + r["oracle_cpu_seconds"] for r in trial.rounds),
        wall_seconds=time.perf_counter() - wall,
    )
    reference = None
    if isinstance(oracle, SkipPatternOracle):
        reference = max(oracle.accuracies.values())
    write_trial(store, job.name, trial, manifest, job.latents, reference)
    shutil.rmtree(folder, ignore_errors=True)
    return job.name


# ---- what follows a search -------------------------------------------------------------


def _top(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    store, setting = ResultStore(options.results), options.setting
    labels = list(dict.fromkeys(trial.label for trial in stored_trials(store, setting)))
    if not labels:
        raise ResultMissing(
            f"no trial of {setting} in {store.root}; make one: python -m paper_nas search random "
            f"--setting {setting}"
        )
    trials = {trial.name for trial in stored_trials(store, setting)}
    images, budget = full_training(SETTINGS[setting].dataset)
    configuration = {
        "setting": setting,
        "count": options.count,
        "seeds": options.seeds,
        "budget": budget.to_json_dict(),
        "trials": {name: store.manifest(name).files for name in sorted(trials)},
    }
    inputs = {
        f"{name}/{file}": sha256
        for name, files in configuration["trials"].items()
        for file, sha256 in files.items()
    }
    manifest = replace(
        started(load_setting(setting)[0], 0, configuration, "search-top", inputs),
        dataset={"name": images.name, "sha256": images.sha256, "split": "own"},
    )
    best = {label: best_of_trials(store, setting, label, options.count) for label in labels}
    start = Clock()
    rows = train_top(
        best,
        images,
        budget,
        options.seeds,
        runs_folder(options, "search-top") / "search-top",
        options.device,
        not options.quiet,
    )
    store.write(f"search/top/{setting}", start.stop(manifest), json_files={"top.json": rows})
    print(f"stored search/top/{setting}")


def _autopsy(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    groups = autopsy_groups(per_group=options.per_group)
    images, _ = full_training("enas-digits")
    configuration = {"per_group": options.per_group, "seeds": options.seeds}
    manifest = replace(
        started(load_setting("digits")[0], 0, configuration, "search-autopsy"),
        dataset={"name": images.name, "sha256": images.sha256, "split": "own"},
    )
    folder = runs_folder(options, "search-autopsy") / "search-autopsy"
    start, path = Clock(), folder / "labels.jsonl"
    rows = run_autopsy(groups, path, options.seeds, options.workers, not options.quiet)
    verdicts = {figure: judge_autopsy(rows, figure) for figure in ("score", "test_accuracy")}
    manifest = replace(start.stop(manifest), cpu_seconds=sum(row["cpu_seconds"] for row in rows))
    content = {"networks": rows, "verdicts": verdicts}
    ResultStore(options.results).write(
        "search/autopsy", manifest, json_files={"autopsy.json": content}
    )
    print("stored search/autopsy")
