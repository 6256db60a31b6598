"""``project``: a latent space in two dimensions, and how smoothly accuracy varies over it.

What is stored and up to date is skipped, as by ``predict``. Rows stand in the order of the data
set; none of its architectures or accuracies are stored.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from paper_nas.artifacts import Clock, ResultMissing, ResultStore
from paper_nas.commands.options import (
    add_folders,
    evaluated_epoch,
    evaluated_model,
    run_name,
    started,
    training_config,
    training_inputs,
)
from paper_nas.config import PRESETS
from paper_nas.datasets import ArchitectureDataset, load_dataset
from paper_nas.evaluation import encode_graphs
from paper_nas.models import MODEL_NAMES
from paper_nas.models.weights import weights_sha256
from paper_nas.projection import (
    NEIGHBOURS,
    PERMUTATIONS,
    PERPLEXITY,
    latent_smoothness,
    neighbours_alike,
    pattern_families,
    project_latents,
)
from paper_nas.regression import one_hot_code
from paper_nas.steps import STEP_VERSIONS

ONE_HOT = "one-hot"
SHOWN_MODELS = ("dvae", "dvae-emb")
"""Models that ``all`` projects, at every snapshot of their preset and untrained (epoch 0)."""


@dataclass(frozen=True)
class Job:
    """One result.

    Attributes:
        name: Its name, below ``projections/``.
        seed: Of the training.
        configuration: Everything that it depends on, ready for JSON.
        points: Gives the points ``[R, D]`` of a data set.
    """

    name: str
    seed: int
    configuration: dict[str, Any]
    points: Callable[[ArchitectureDataset], np.ndarray]


def add_parser(commands: Any) -> None:
    """Declare ``project``."""
    parser = commands.add_parser("project", help="t-SNE, PCA and smoothness of latent spaces")
    parser.set_defaults(run=_project)
    parser.add_argument("model", choices=(*MODEL_NAMES, ONE_HOT, "all"))
    parser.add_argument("--preset", choices=PRESETS, default="fast-128")
    parser.add_argument("--dataset", default="enas-cifar10")
    parser.add_argument("--seed", type=int, help="of the training")
    parser.add_argument("--iterations", type=int, help="T of the training")
    parser.add_argument("--iteration", type=int, help="of T (default: the last)")
    parser.add_argument("--epoch", type=int, help="a snapshot, or 0 (default: the last epoch)")
    parser.add_argument("--again", action="store_true", help="also what is stored and up to date")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of torch (default 1)")
    add_folders(parser)


def _project(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    store, dataset = ResultStore(options.results), load_dataset(options.dataset)
    jobs = _everything if options.model == "all" else _one
    for job in jobs(options, store):
        name, version = f"projections/{job.name}", STEP_VERSIONS["project"]
        if not options.again and store.is_current(name, job.configuration, version):
            print(f"up to date: {name}", flush=True)
        else:
            _run(job, dataset, store)
            print(f"stored projections/{job.name}", flush=True)


def _run(job: Job, dataset: ArchitectureDataset, store: ResultStore) -> None:
    untrained = job.configuration.get("evaluated_epoch") == 0
    inputs = training_inputs(store, None if untrained else job.configuration.get("training"))
    manifest = started(dataset, job.seed, job.configuration, "project", inputs)
    clock = Clock()
    points = job.points(dataset)
    projection = project_latents(points)
    spaces = {"latent": points, "tsne": projection.tsne, "pca": projection.pca}
    if job.name.startswith(ONE_HOT):
        spaces["skips"] = dataset.skip_patterns()
    figures = {
        "rows": len(points),
        "distinct": len(np.unique(points, axis=0)),
        "explained": list(projection.explained),
        "divergence": projection.divergence,
        "spaces": {name: measure_space(space, dataset) for name, space in spaces.items()},
    }
    manifest = clock.stop(manifest)
    arrays = {"tsne": projection.tsne, "pca": projection.pca}
    store.write(
        f"projections/{job.name}",
        manifest,
        json_files={"smoothness.json": figures},
        array_files={"projection.npz": {k: v.astype(np.float16) for k, v in arrays.items()}},
    )


def measure_space(points: np.ndarray, dataset: ArchitectureDataset) -> dict[str, Any]:
    """Smoothness among the rows with a score, and what neighbours have in common, for JSON.

    Args:
        points: ``[R, D]``, one per row of the data set.
        dataset: ``R`` rows; those without a score count for the second part only.

    Returns:
        ``"all"`` and ``"other_patterns"``: a list of :class:`paper_nas.projection.Smoothness`,
        the latter among rows of other skip patterns; ``"alike"``:
        :class:`paper_nas.projection.Alikeness`.
    """
    scored = dataset.scored_by()
    kept, families = points[dataset.labelled], pattern_families(scored)
    ways = {"all": None, "other_patterns": families}
    found: dict[str, Any] = {
        way: [asdict(s) for s in latent_smoothness(kept, scored.accuracy, families=apart)]
        for way, apart in ways.items()
    }
    return {**found, "alike": asdict(neighbours_alike(points, dataset))}


# ---- which results -------------------------------------------------------------------------------


def _settings(dataset: str) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "perplexity": PERPLEXITY,
        "neighbours": list(NEIGHBOURS),
        "permutations": PERMUTATIONS,
    }


def _one_hot(dataset: ArchitectureDataset) -> np.ndarray:
    return one_hot_code(dataset.architectures)


def _one(options: argparse.Namespace, store: ResultStore) -> Iterator[Job]:
    """What the options name."""
    if options.model == ONE_HOT:
        configuration = {"space": ONE_HOT, **_settings(options.dataset)}
        yield Job(projection_name(options), 0, configuration, _one_hot)
        return
    config = training_config(options)
    training = run_name(options, config)
    iteration, epoch, _ = evaluated_epoch(options, config)
    model = evaluated_model(options, store, config, iteration, epoch)
    configuration = {
        "model": options.model,
        "training": training,
        "preset": options.preset,
        "evaluated_iteration": iteration,
        "evaluated_epoch": epoch,
        "weights_sha256": weights_sha256(model),
        **_settings(options.dataset),
    }
    yield Job(
        projection_name(options),
        config.seed,
        configuration,
        lambda dataset: encode_graphs(model, dataset.graphs())[0].numpy(),
    )


def projection_name(options: argparse.Namespace) -> str:
    """Name of the result, below ``projections/``."""
    if options.model == ONE_HOT:
        return f"{ONE_HOT}_{options.dataset}"
    config = training_config(options)
    iteration, epoch, _ = evaluated_epoch(options, config)
    earlier = [f"iteration-{iteration}"] if iteration != config.iterations else []
    return "_".join([run_name(options, config), *earlier, f"epoch-{epoch}"])


def _everything(options: argparse.Namespace, store: ResultStore) -> Iterator[Job]:
    """What chapter 8 shows; what is not on this machine is passed over, and a line says so."""
    epochs = (*reversed(PRESETS[options.preset].snapshots), 0)
    wanted = [(ONE_HOT, 0), *((model, epoch) for epoch in epochs for model in SHOWN_MODELS)]
    for model, epoch in wanted:
        one = argparse.Namespace(**{**vars(options), "model": model, "epoch": epoch})
        try:
            yield from _one(one, store)
        except ResultMissing as reason:
            print(f"passed over: {reason}", flush=True)
