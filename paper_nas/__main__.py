"""The command line: one thin subcommand per step of the pipeline.

Run ``python -m paper_nas --help``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pooch
import torch

from paper_nas.artifacts import Manifest, ResultError, ResultStore, command_line
from paper_nas.benchmark import (
    DIGITS_BENCHMARK,
    LabelsMismatch,
    write_benchmark,
    write_gate,
)
from paper_nas.config import PRESETS, TrainingConfig
from paper_nas.datasets import EMBEDDED, DatasetError, load_dataset
from paper_nas.models import MODEL_NAMES
from paper_nas.training import (
    CheckpointMismatch,
    TrainingDiverged,
    TrainingRun,
    model_weights,
    train_model,
)

FAILURES = (
    DatasetError,
    ResultError,
    CheckpointMismatch,
    LabelsMismatch,
    TrainingDiverged,
    OSError,
)
"""What a user can mend: shown as one line instead of a traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except FAILURES as reason:
        print(f"paper_nas: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "paper_nas: interrupted; run it again to go on (train: with --resume)", file=sys.stderr
        )
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m paper_nas", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train a model and store its result"))
    _add_benchmark(commands.add_parser("benchmark", help="make enas-digits, or measure its gate"))
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_train)
    parser.add_argument("model", choices=MODEL_NAMES)
    parser.add_argument("--preset", choices=PRESETS, default="laptop")
    parser.add_argument("--dataset", default="enas-cifar10")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--runs", type=Path, help="folder of checkpoints (default: user cache)")
    parser.add_argument("--results", type=Path, help="folder of results (default: results/)")
    parser.add_argument("--keep-weights", action="store_true", help="store fp16 weights too")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    group = parser.add_argument_group("settings that replace the preset's")
    group.add_argument("--seed", type=int)
    group.add_argument("--epochs", type=int)
    group.add_argument("--iterations", type=int, help="T of the paper")
    group.add_argument("--hidden-size", type=int)
    group.add_argument("--latent-size", type=int)
    group.add_argument("--embedding-size", type=int)
    group.add_argument("--operation-scale", type=float)
    group.add_argument("--batch-size", type=int)
    group.add_argument("--learning-rate", type=float)
    group.add_argument("--clip", type=float)
    group.add_argument("--train-limit", type=int)


def _add_benchmark(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_benchmark)
    parser.add_argument("what", choices=("digits", "gate"))
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--runs", type=Path, help="folder of unfinished work (default: user cache)")
    parser.add_argument("--results", type=Path, help="folder of results (default: results/)")
    parser.add_argument("--embedded", type=Path, help="folder of the data set (default: package)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def _benchmark(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    config, progress = DIGITS_BENCHMARK, not options.quiet
    folder, results = _runs_folder(options) / config.name, ResultStore(options.results)
    if options.what == "gate":
        stored = [write_gate(config, folder, results, options.workers, progress)]
    else:
        embedded = ResultStore(options.embedded or EMBEDDED)
        stored = write_benchmark(config, folder, embedded, results, options.workers, progress)
    print(f"stored {' and '.join(stored)}")


def _runs_folder(options: argparse.Namespace) -> Path:
    return options.runs or Path(pooch.os_cache("paper_nas")) / "runs"


def _train(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    config = _training_config(options)
    name = run_name(options.model, options.preset, config)
    runs = _runs_folder(options)
    dataset = load_dataset(options.dataset)
    manifest = Manifest(
        command=command_line(),
        configuration={"model": options.model, **config.to_json_dict()},
        seed=config.seed,
        dataset={"name": dataset.name, "sha256": dataset.sha256, "split": dataset.split},
        cpu_seconds=0.0,
        wall_seconds=0.0,
    )
    run = train_model(
        options.model, dataset, config, runs / name, options.resume, not options.quiet
    )
    store_training(ResultStore(options.results), f"training/{name}", run, manifest, options)
    print(f"stored training/{name}")


def store_training(
    store: ResultStore,
    name: str,
    run: TrainingRun,
    manifest: Manifest,
    options: argparse.Namespace,
) -> None:
    """Write a finished training as a result: history, and weights in fp16 if wanted."""
    manifest = replace(
        manifest,
        cpu_seconds=sum(row["cpu_seconds"] for row in run.history),
        wall_seconds=sum(row["seconds"] for row in run.history),
    )
    weights = {key: value.half() for key, value in model_weights(run.model).items()}
    store.write(
        name,
        manifest,
        json_files={"history.json": run.history},
        tensor_files={"weights.safetensors": weights} if options.keep_weights else None,
    )


def run_name(model: str, preset: str, config: TrainingConfig) -> str:
    """Name of a training's folder: model, preset, and each setting that is not the preset's."""
    parts = [model, preset]
    default = PRESETS[preset].to_json_dict()
    for key, value in config.to_json_dict().items():
        if value != default[key] and key != "seed":
            parts.append(f"{key.replace('_', '-')}-{value:g}")
    return "_".join([*parts, f"seed-{config.seed}"])


def _training_config(options: argparse.Namespace) -> TrainingConfig:
    names = TrainingConfig.__dataclass_fields__
    given = {key: value for key, value in vars(options).items() if key in names}
    return PRESETS[options.preset].changed(**{k: v for k, v in given.items() if v is not None})


if __name__ == "__main__":
    sys.exit(main())
