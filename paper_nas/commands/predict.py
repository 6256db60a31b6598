"""``predict``: Table 2 of one training, of the baselines, or of everything that is stored.

What is stored and up to date is skipped, so that an interrupted ``predict all`` goes on where it
stopped, and a training that was made anew is predicted anew.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

from paper_nas.artifacts import Clock, ResultMissing, ResultStore
from paper_nas.commands.options import (
    add_folders,
    add_model,
    evaluated_epoch,
    evaluated_model,
    run_name,
    started,
    training_config,
    training_inputs,
)
from paper_nas.config import PRESETS
from paper_nas.datasets import ArchitectureDataset, load_dataset
from paper_nas.models import MODEL_NAMES, GraphVae
from paper_nas.models.weights import weights_sha256
from paper_nas.regression import (
    BASELINES,
    PredictivePerformance,
    SparseGP,
    baseline_performance,
    latents_of,
    predictive_performance,
    probe_latents,
    supervised_performance,
    untrained_performance,
)
from paper_nas.regression.probes import CHOICES, WIRINGS
from paper_nas.regression.supervised import EPOCHS
from paper_nas.regression.table2 import MAIN_MODELS, baseline_names
from paper_nas.steps import STEP_VERSIONS
from paper_nas.training.pretrained import stored_weights

SPLITS = {"paper": "released", "random": "random", "skip-pattern": "skip-pattern"}
"""The option's words, and the splits of the data sets."""
ESTIMATORS = {"collapsed": "collapsed", "released": "propagation"}
"""The option's words, and the methods of :class:`SparseGP`."""

GP_SEEDS = 10
"""Repeats of the paper; ``all`` makes fewer where a training seed is repeated too."""
FEW_SEEDS = 3
EPOCHS_SHOWN = (1, 3, 10)
"""Snapshots that ``all`` predicts from."""


@dataclass
class First:
    """What is kept of a result's first repeat."""

    mean: np.ndarray = field(default_factory=lambda: np.zeros(0))
    sd: np.ndarray | None = None
    fitted: Any = None

    def keep(self, seed: int, fitted: Any, mean: np.ndarray, sd: np.ndarray | None) -> None:
        """Keep the first that comes; see ``after`` of :func:`predictive_performance`."""
        if self.fitted is None:
            self.mean, self.sd, self.fitted = mean, sd, fitted


Compute = Callable[[ArchitectureDataset, First], tuple[PredictivePerformance, dict[str, Any]]]


@dataclass(frozen=True)
class Job:
    """One result.

    Attributes:
        name: Its name, below ``prediction/``.
        seed: Of the training.
        configuration: Everything that it depends on, ready for JSON.
        compute: Gives the figures, and more JSON files.
        keep_process: Store the fitted process.
        keep_predictions: Store the predictions of the test part.
    """

    name: str
    seed: int
    configuration: dict[str, Any]
    compute: Compute
    keep_process: bool = False
    keep_predictions: bool = True

    @property
    def step(self) -> str:
        """The step whose version it has."""
        return "baseline" if "baseline" in self.configuration else "predict"


def plain_split(dataset: str) -> str:
    """A key of :data:`SPLITS`: the split of a data set that a result's name leaves out."""
    return "paper" if dataset == "enas-cifar10" else "random"


def add_parser(commands: Any) -> None:
    """Declare ``predict``."""
    parser = commands.add_parser("predict", help="Table 2 of a training, or of the baselines")
    add_model(parser, predict, "baselines", "all")
    parser.add_argument("--preset", choices=PRESETS, default="fast-128")
    parser.add_argument("--dataset", default="enas-cifar10")
    parser.add_argument("--seed", type=int, help="of the training")
    parser.add_argument("--iteration", type=int, help="of T (default: the last)")
    parser.add_argument("--epoch", type=int, help="a snapshot (default: the last epoch)")
    parser.add_argument("--split", choices=SPLITS, help="(default: the data set's plain one)")
    parser.add_argument("--baseline", choices=baseline_names(), help="only this one (default: all)")
    parser.add_argument("--estimator", choices=ESTIMATORS, default="collapsed")
    parser.add_argument("--gp-seeds", type=int, help=f"repeats of the fit (default {GP_SEEDS})")
    parser.add_argument("--again", action="store_true", help="also what is stored and up to date")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    add_folders(parser)


def predict(options: argparse.Namespace) -> None:
    """Predict what the options name, as far as it is not up to date, and store."""
    torch.set_num_threads(options.threads)
    store = ResultStore(options.results)
    ways = {"baselines": _baselines, "all": _everything}
    for job in ways.get(options.model, _one)(options, store):
        name, version = f"prediction/{job.name}", STEP_VERSIONS[job.step]
        if not options.again and store.is_current(name, job.configuration, version):
            print(f"up to date: {name}", flush=True)
        else:
            run_job(job, options, store)
            print(f"stored prediction/{job.name}", flush=True)


def run_job(job: Job, options: argparse.Namespace, store: ResultStore) -> None:
    """Compute one result and store it."""
    full = load_dataset(options.dataset, SPLITS[job.configuration["split"]])
    dataset, first = full.scored_by(), First()
    untrained = job.configuration.get("evaluated_epoch") == 0
    inputs = training_inputs(store, None if untrained else job.configuration.get("training"))
    manifest = started(full, job.seed, job.configuration, job.step, inputs)
    clock = Clock()
    performance, more = job.compute(dataset, first)
    manifest = clock.stop(manifest)
    arrays = {"row": full.labelled[dataset.test_index].astype(np.int32)}
    arrays["mean"] = first.mean.astype(np.float32)
    if first.sd is not None:
        arrays["sd"] = first.sd.astype(np.float32)
    tensors, header = first.fitted.contents(compact=True) if job.keep_process else ({}, {})
    store.write(
        f"prediction/{job.name}",
        manifest,
        json_files={"prediction.json": asdict(performance), **more},
        array_files={"predictions.npz": arrays} if job.keep_predictions else None,
        tensor_files={"gp.safetensors": tensors} if tensors else None,
        headers={"gp.safetensors": header},
    )


# ---- which results -------------------------------------------------------------------------------


def _one(options: argparse.Namespace, store: ResultStore) -> Iterator[Job]:
    """What the options name."""
    count = GP_SEEDS if options.gp_seeds is None else options.gp_seeds
    split = options.split or plain_split(options.dataset)
    yield training_job(options, store, split, options.estimator, range(count))


def training_job(
    options: argparse.Namespace,
    store: ResultStore,
    split: str,
    estimator: str,
    gp_seeds: Sequence[int],
) -> Job:
    """The result of one training.

    Raises:
        ResultMissing: There are no such weights.
    """
    config = training_config(options)
    training = run_name(options, config)
    iteration, epoch, last = evaluated_epoch(options, config)
    model = evaluated_model(options, store, config, iteration, epoch)
    configuration = {
        "model": options.model,
        "training": training,
        "preset": options.preset,
        "evaluated_iteration": iteration,
        "evaluated_epoch": epoch,
        "epochs": config.epochs,
        "weights_sha256": weights_sha256(model),
        "split": split,
        "estimator": estimator,
        "gp": _settings(estimator),
        "gp_seeds": list(gp_seeds),
        "probes": {"wirings": WIRINGS, "choices": CHOICES},
    }
    plain = split == plain_split(options.dataset)
    default = plain and estimator == "collapsed" and last
    compute = partial(_from_latents, model, estimator, gp_seeds, not options.quiet)
    return Job(
        name=prediction_name(options, split, estimator),
        seed=config.seed,
        configuration=configuration,
        compute=compute,
        keep_process=default and config.seed == 0 and options.model in MAIN_MODELS,
    )


def prediction_name(options: argparse.Namespace, split: str, estimator: str) -> str:
    """Name of the result of a training, below ``prediction/``."""
    config = training_config(options)
    iteration, epoch, last = evaluated_epoch(options, config)
    parts = [run_name(options, config), "" if last else f"t-{iteration}_e-{epoch}"]
    parts += ["" if split == plain_split(options.dataset) else f"{split}-split"]
    parts += ["" if estimator == "collapsed" else f"{estimator}-estimator"]
    return "_".join(part for part in parts if part)


def baseline_name(options: argparse.Namespace, name: str, split: str) -> str:
    """Name of the result of a baseline, below ``prediction/``."""
    parts = [f"baseline-{name}"]
    parts += [options.dataset] if options.dataset != "enas-cifar10" else []
    if name not in BASELINES and options.preset != "fast-128":
        parts.append(options.preset)
    parts += [] if split == plain_split(options.dataset) else [f"{split}-split"]
    return "_".join(parts)


def _settings(estimator: str) -> dict[str, Any]:
    """Settings of the process, but for the seed."""
    settings = SparseGP(method=ESTIMATORS[estimator]).get_params()
    return {key: value for key, value in settings.items() if key not in ("seed", "progress")}


def _from_latents(
    model: GraphVae,
    estimator: str,
    gp_seeds: Sequence[int],
    progress: bool,
    dataset: ArchitectureDataset,
    first: First,
) -> tuple[PredictivePerformance, dict[str, Any]]:
    latents = latents_of(model, dataset.architectures)
    train, test = dataset.train_index, dataset.test_index
    performance = predictive_performance(
        latents[train],
        dataset.accuracy[train],
        latents[test],
        dataset.accuracy[test],
        seeds=gp_seeds,
        model=lambda seed: SparseGP(method=ESTIMATORS[estimator], seed=seed, progress=progress),
        progress=progress,
        after=first.keep,
    )
    parameters = first.fitted.parameters_
    fit = {
        "bound": first.fitted.bound_,
        "noise": parameters.noise.item(),
        "variance": parameters.variance.item(),
        "squared_lengths": parameters.squared_lengths.tolist(),
        "latent_variances": latents[train].var(axis=0).tolist(),
    }
    probes = asdict(probe_latents(model, latents, dataset, first.fitted.predict))
    return performance, {"fit.json": fit, "probes.json": probes}


def _baselines(options: argparse.Namespace, store: ResultStore) -> Iterator[Job]:
    """All baselines on both splits of the data set, or those that the options name."""
    del store
    count = FEW_SEEDS if options.gp_seeds is None else options.gp_seeds
    plain = plain_split(options.dataset)
    one = options.model == "baselines"  # elsewhere the options name a training
    for name in [options.baseline] if options.baseline else baseline_names():
        for split in [options.split] if one and options.split else (plain, "skip-pattern"):
            yield _baseline_job(options, name, split, range(count))


def _baseline_job(options: argparse.Namespace, name: str, split: str, seeds: Sequence[int]) -> Job:
    configuration: dict[str, Any] = {"baseline": name, "split": split}
    config, shown = PRESETS[options.preset], not options.quiet
    kind, _, model = name.partition("-")
    if name in BASELINES:
        seeds = seeds if BASELINES[name].random else seeds[:1]
        compute: Any = partial(baseline_performance, name, seeds=seeds, progress=shown)
        if name.startswith("gp-"):
            configuration["gp"] = _settings("collapsed")
    elif kind == "untrained":
        compute = partial(untrained_performance, model, config=config, seeds=seeds, progress=shown)
        configuration |= {"preset": options.preset, "gp": _settings("collapsed")}
    else:
        compute = partial(
            supervised_performance, model, config=config, seeds=seeds, epochs=EPOCHS, progress=shown
        )
        configuration |= {"preset": options.preset, "epochs": EPOCHS}
    configuration["seeds"] = list(seeds)

    def figures(
        dataset: ArchitectureDataset, first: First
    ) -> tuple[PredictivePerformance, dict[str, Any]]:
        return compute(dataset=dataset, after=first.keep), {}

    recalls = name in BASELINES and BASELINES[name].recalls
    result = baseline_name(options, name, split)
    return Job(result, 0, configuration, figures, keep_predictions=not recalls)


def _everything(options: argparse.Namespace, store: ResultStore) -> Iterator[Job]:
    """Every stored training of the preset and the baselines, what matters most first.

    A snapshot that is not on this machine is passed over, with a line that says so.
    """
    plain = plain_split(options.dataset)
    data = "" if options.dataset == "enas-cifar10" else f"_{options.dataset}"
    pattern = rf"({'|'.join(MODEL_NAMES)})_{re.escape(options.preset + data)}_seed-(\d+)"
    found = [m for t in stored_weights(store) if (m := re.fullmatch(pattern, t))]
    first, others = ([m for m in found if (m[2] == "0") == zero] for zero in (True, False))

    def of(match: re.Match[str], split: str, estimator: str, repeats: int,
           epoch: int | None = None) -> Iterator[Job]:  # fmt: skip
        given = {"model": match[1], "seed": int(match[2]), "iteration": None, "epoch": epoch}
        one = argparse.Namespace(**{**vars(options), **given})
        try:
            yield training_job(one, store, split, estimator, range(repeats))
        except ResultMissing as reason:
            print(f"passed over: {reason}", flush=True)

    for match in first:
        yield from of(match, plain, "collapsed", GP_SEEDS)
    yield from _baselines(options, store)
    for match in first:
        yield from of(match, "skip-pattern", "collapsed", FEW_SEEDS)
    for split in (plain, "skip-pattern"):
        for match in others:
            yield from of(match, split, "collapsed", 1)
    for match in first:
        for epoch in EPOCHS_SHOWN if match[1] in MAIN_MODELS else ():
            yield from of(match, plain, "collapsed", 1, epoch)
    for match in first:
        yield from of(match, plain, "released", 2 if match[1] in MAIN_MODELS else 1)
    for match in others:
        if match[1] in MAIN_MODELS:
            yield from of(match, plain, "released", 1)
