"""One training of the plan: trained, measured, stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_nas.arms.data import COUNT, DATA_SEED, POOL, arm_dataset, labels_sha256
from paper_nas.arms.plan import CODE_ARMS, Arm, arm_config, shuffled_operations
from paper_nas.artifacts import Clock, Manifest, ResultMissing, ResultStore
from paper_nas.config import TrainingConfig
from paper_nas.datasets import ArchitectureDataset
from paper_nas.evaluation import prior_generation, reconstruction_accuracy
from paper_nas.models import GraphVae
from paper_nas.projection import latent_smoothness
from paper_nas.regression import SparseGP, judge_predictions, latents_of
from paper_nas.steps import STEP_VERSIONS
from paper_nas.training import TrainingRun, train_model

STEP, RECORD = "arms", "record.json"
INDUCING_POINTS, DECODES, NEIGHBOURS = 200, 20, 10

Begin = Callable[[Arm, ArchitectureDataset, dict[str, Any]], Manifest]


def run_arm(
    arm: Arm, store: ResultStore, runs: Path, begin: Begin, progress: bool = True
) -> Manifest:
    """Train and measure one arm, and store what was found.

    Args:
        arm: Which; the one whose table it takes must be stored.
        store: Where the result goes.
        runs: Folder of the checkpoint; what is there is gone on with.
        begin: Makes the manifest that the result starts from.
        progress: Show progress bars.

    Returns:
        The manifest of the result.

    Raises:
        ResultMissing: There is no table yet.
    """
    dataset = arm_dataset(arm.data.tilt)
    config = arm_config(arm, source_table(arm, store))
    manifest = begin(arm, dataset, arm_settings(arm, config))
    run = train_model(
        CODE_ARMS[arm.code].model, dataset, config, runs / arm.name, resume=True, progress=progress
    )
    clock = Clock()
    record = {"training": curve(run), **measure(run.model, dataset, arm.seed, progress)}
    manifest = clock.stop(manifest, elsewhere=sum(row["cpu_seconds"] for row in run.history))
    wall = manifest.wall_seconds + sum(row["seconds"] for row in run.history)
    manifest = replace(manifest, wall_seconds=wall)
    return store.write(arm.name, manifest, json_files={RECORD: record})


def source_table(arm: Arm, store: ResultStore) -> tuple[tuple[float, ...], ...] | None:
    """The table that an arm starts from, ``[K, E]``, if it takes that of another."""
    if arm.source is None:
        return None
    factor = arm_config(arm.source).operation_scale
    stored = store.load_json(arm.source.name, RECORD)["training"]["table"]
    table = [[value / factor for value in row] for row in stored]
    if CODE_ARMS[arm.code].table == "shuffled":
        return shuffled_operations(table, arm.seed)
    return tuple(map(tuple, table))


def arm_settings(arm: Arm, config: TrainingConfig) -> dict[str, Any]:
    """What the result of an arm depends on, beside the code."""
    return {
        **config.to_json_dict(),
        "model": CODE_ARMS[arm.code].model,
        "code": arm.code,
        "input_scale": arm.scale,
        "data": asdict(arm.data),
        "inducing_points": INDUCING_POINTS,
        "decodes": DECODES,
        "neighbours": NEIGHBOURS,
        "architectures": COUNT,
        "pool": POOL,
        "data_seed": DATA_SEED,
        "labels_sha256": labels_sha256(),
    }


def is_stored(arm: Arm, store: ResultStore) -> bool:
    """Whether there is a result of this arm, made with today's settings and version of the step."""
    try:
        config = arm_config(arm, source_table(arm, store))
    except ResultMissing:
        return False
    return store.is_current(arm.name, arm_settings(arm, config), STEP_VERSIONS[STEP])


def curve(run: TrainingRun) -> dict[str, Any]:
    """What is kept of the epochs of the last iteration; losses are means per graph, in nats."""
    rows = run.final_history()
    return {
        "reconstruction": [round(row["reconstruction"], 5) for row in rows],
        "types": [round(sum(row["type_loss"]), 5) for row in rows],
        "kl": [round(row["kl"], 5) for row in rows],
        "score": [round(row["score_loss"], 5) for row in rows if "score_loss" in row],
        "table": run.model.operations.table().tolist(),
    }


def measure(
    model: GraphVae, dataset: ArchitectureDataset, seed: int, progress: bool = False
) -> dict[str, Any]:
    """The figures of Tables 1 and 2 and the smoothness of one model, ready for JSON.

    Args:
        model: A trained model.
        dataset: Both parts. No skip pattern is in both.
        seed: Of the decodes and of the Gaussian process.
        progress: Show progress bars.
    """
    train, test = dataset.train_index, dataset.test_index
    latents, scores = latents_of(model, dataset.architectures), dataset.accuracy
    process = SparseGP(INDUCING_POINTS, seed=seed, progress=progress)
    process.fit(latents[train], scores[train])
    mean, sd = process.predict(latents[test], return_std=True)
    smooth = latent_smoothness(latents, scores, [NEIGHBOURS], permutations=0)[0]
    decoded = reconstruction_accuracy(
        model, dataset.graphs(test), DECODES, seed=seed, progress=progress
    )
    return {
        "reconstruction": asdict(decoded),
        "generation": asdict(prior_generation(model, dataset.graphs(train), seed=seed)),
        "prediction": asdict(judge_predictions(mean, scores[test], scores[train].std(), sd)),
        "smoothness": {"pearson": smooth.pearson, "moran": smooth.moran, "best": smooth.best},
    }


def table_distances(record: dict[str, Any]) -> NDArray[np.float64]:
    """Distances between the codes of the six operations, ``[6, 6]``, of a stored record."""
    codes = np.array(record["training"]["table"])[2:]
    distances: NDArray[np.float64] = np.linalg.norm(codes[:, None] - codes[None], axis=2)
    return distances
