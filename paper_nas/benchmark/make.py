"""Make a benchmark: labels, shared networks, and the file that comes with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from paper_nas.artifacts import Clock, Manifest, ResultMissing, ResultStore, command_line
from paper_nas.benchmark.design import Design, Task, plan
from paper_nas.benchmark.gate import CHOSEN, VARIANTS, Variant, assess
from paper_nas.benchmark.labels import Label, Labels, train_labels
from paper_nas.benchmark.settings import BenchmarkConfig
from paper_nas.benchmark.weight_sharing import agreement, score_all, supernets
from paper_nas.child import ImageSet, SharedScores, network_cost
from paper_nas.datasets.enas_digits import read_architectures
from paper_nas.steps import step_record

GATE, SHARING = "benchmark/gate", "benchmark/weight-sharing"
"""Names of the results beside the benchmark itself."""

LABELS = "labels.npz"
LABEL_FILE = "standalone.jsonl"


def label_path(folder: Path, variant: str = CHOSEN) -> Path:
    """The label file of a variant of the gate, or of the benchmark itself."""
    return folder / (LABEL_FILE if variant == CHOSEN else f"gate-{variant}.jsonl")


def standalone_labels(
    config: BenchmarkConfig,
    folder: Path,
    embedded: ResultStore,
    workers: int = 1,
    progress: bool = False,
) -> Labels:
    """All stand-alone labels of a benchmark, trained where they are missing.

    Args:
        config: The benchmark.
        folder: Where the label file is.
        embedded: Where the benchmark's file is; its labels need no training, so that a benchmark
            can be given more labels later.
        workers: Processes.
        progress: Show a progress bar.

    Raises:
        LabelsMismatch: The label file is one of another benchmark.
        LabelsInUse: Another process is writing the label file, and labels are missing.
    """
    tasks, images = plan(config).tasks(), config.load_images()
    known = recorded_labels(config, images, embedded)
    path = label_path(folder)
    return train_labels(tasks, images, config.budget, path, workers, progress, known)


def recorded_labels(config: BenchmarkConfig, images: ImageSet, embedded: ResultStore) -> Labels:
    """The labels of a benchmark's file, if there is one that was made in the same way.

    Their losses are rounded, as the file is.
    """
    try:
        manifest = embedded.manifest(config.name)
    except ResultMissing:
        return {}
    same_budget = manifest.configuration["budget"] == config.budget.to_json_dict()
    if not same_budget or manifest.dataset["sha256"] != images.sha256:
        return {}
    arrays = embedded.load_arrays(config.name, LABELS)
    architectures = read_architectures(arrays)
    names = ("validation_nll", "validation_hits", "test_nll", "test_hits", "cpu_seconds")
    columns = [arrays[f"standalone_{name}"].tolist() for name in names]
    keys = zip(arrays["standalone_row"].tolist(), arrays["standalone_seed"].tolist(), strict=True)
    labels = {}
    for (row, seed), *values in zip(keys, *columns, strict=True):
        cost = network_cost(architectures[row], config.budget.channels, images.shape)
        found = dict(zip(names, values, strict=True))
        labels[Task(architectures[row], seed)] = Label(
            **found, parameters=cost.parameters, multiply_adds=cost.multiply_adds
        )
    return labels


def measure_gate(
    config: BenchmarkConfig,
    folder: Path,
    variants: tuple[Variant, ...] | None = None,
    workers: int = 1,
    progress: bool = False,
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Train what each variant of the gate needs, and assess its labels.

    Args:
        config: The benchmark; all variants see its architectures.
        folder: Where the label files are.
        variants: :data:`VARIANTS` by default.
        workers: Processes.
        progress: Show a progress bar.

    Returns:
        One row per variant, ready for JSON: what it is, and :func:`assess` of its labels; and the
        losses themselves, of the first architectures of the benchmark in order.
    """
    architectures, rows = plan(config).architectures, []
    arrays: dict[str, np.ndarray] = {}
    for variant in VARIANTS if variants is None else variants:
        changed = variant.config(config)
        images, path = changed.load_images(), label_path(folder, variant.name)
        tasks = variant.tasks(architectures)
        labels = train_labels(tasks, images, changed.budget, path, workers, progress)
        setting = {
            "images": variant.image_set or config.image_set,
            "size": images.shape[1],
            **{key: getattr(changed.budget, key) for key in ("channels", "steps", "batch_size")},
            "noise": changed.budget.noise,
        }
        rows.append({"name": variant.name, "why": variant.why, **setting, **assess(labels, images)})
        arrays |= gate_arrays(variant, tasks, labels)
    return rows, arrays


def gate_arrays(variant: Variant, tasks: list[Task], labels: Labels) -> dict[str, np.ndarray]:
    """A variant's losses (validation part) by seed, for the file of the gate."""
    return {
        f"{variant.name}_seed_{seed}": np.array(
            [labels[task].validation_nll for task in tasks if task.seed == seed]
        )
        for seed in (0, 1)
    }


def write_gate(
    config: BenchmarkConfig,
    folder: Path,
    results: ResultStore,
    workers: int = 1,
    progress: bool = False,
) -> str:
    """Measure the gate and store it as the result ``benchmark/gate``, whose name is returned."""
    manifest, clock = _manifest(config), Clock()
    rows, arrays = measure_gate(config, folder, None, workers, progress)
    trainings = sum(row["cpu_seconds"] for row in rows)
    results.write(
        GATE,
        clock.stop(manifest, trainings),
        json_files={"gate.json": rows},
        array_files={"labels.npz": arrays},
    )
    return GATE


def write_benchmark(
    config: BenchmarkConfig,
    folder: Path,
    embedded: ResultStore,
    results: ResultStore,
    workers: int = 1,
    progress: bool = False,
) -> list[str]:
    """Make a benchmark, going on from what the folder holds, and store it.

    Args:
        config: The benchmark.
        folder: Where label file and shared networks are kept; nothing in it is needed afterwards.
        embedded: Gets the benchmark's file, as a result with the benchmark's name.
        results: Gets ``benchmark/weight-sharing``: how far shared weights agree with the trainings.
        workers: Processes for the stand-alone trainings.
        progress: Show progress bars.

    Returns:
        The names of both results.

    Raises:
        LabelsMismatch: The label file is one of another benchmark.
        LabelsInUse: Another process is writing the label file, and labels are missing.
        TrainingDiverged: A loss became NaN or infinite.
    """
    manifest, clock = _manifest(config), Clock()
    design, images = plan(config), config.load_images()
    labels = standalone_labels(config, folder, embedded, workers, progress)
    networks = supernets(config, images, folder, progress)
    scores = score_all(config, networks, design.architectures, images, folder, progress)
    trainings = sum(label.cpu_seconds for label in labels.values())
    arrays = file_arrays(design, labels, scores, images)
    embedded.write(config.name, clock.stop(manifest, trainings), array_files={LABELS: arrays})
    clock = Clock()
    first = [design.architectures[row] for row in design.labelled.tolist()]
    alone = np.array([labels[Task(architecture, 0)].validation_nll for architecture in first])
    report = agreement(networks, first, alone, images, config)
    results.write(SHARING, clock.stop(manifest), json_files={"agreement.json": report})
    return [config.name, SHARING]


def _manifest(config: BenchmarkConfig) -> Manifest:
    return Manifest(
        command=command_line(),
        configuration=config.to_json_dict(),
        seed=config.seed,
        dataset={"name": config.image_set, "sha256": config.load_images().sha256},
        cpu_seconds=0.0,
        wall_seconds=0.0,
        step=step_record("benchmark"),
    )


def file_arrays(
    design: Design, labels: Labels, scores: list[SharedScores], images: ImageSet
) -> dict[str, np.ndarray]:
    """The arrays of a benchmark's file, as :func:`paper_nas.datasets.load_enas_digits` reads them.

    Losses are rounded to 1e-4 nats, far below what a seed changes, so that they compress.
    """
    row_of = {architecture: row for row, architecture in enumerate(design.architectures)}
    tasks, found = list(labels), list(labels.values())
    bits = np.array([a.skips for a in design.architectures], dtype=np.uint8)
    count = len(images.validation)

    def losses(values: Any) -> np.ndarray:
        return np.round(np.asarray(values, dtype=np.float64), 4).astype(np.float32)

    return {
        "operations": np.array([a.operations for a in design.architectures], dtype=np.uint8),
        "skips": np.packbits(bits, axis=1),
        "in_test": design.in_test.astype(np.uint8),
        "standalone_row": np.array([row_of[t.architecture] for t in tasks], dtype=np.int32),
        "standalone_seed": np.array([task.seed for task in tasks], dtype=np.uint8),
        "standalone_validation_nll": losses([label.validation_nll for label in found]),
        "standalone_test_nll": losses([label.test_nll for label in found]),
        "standalone_validation_hits": np.array([r.validation_hits for r in found], np.uint16),
        "standalone_test_hits": np.array([r.test_hits for r in found], np.uint16),
        "standalone_cpu_seconds": np.round([r.cpu_seconds for r in found], 2).astype(np.float32),
        "weight_sharing_nll": losses([score.nll for score in scores]),
        "weight_sharing_hits": np.array([np.round(s.accuracy * count) for s in scores], np.uint16),
        "image_counts": np.array([count, len(images.test)], dtype=np.int32),
    }
