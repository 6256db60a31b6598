"""What several subcommands share: folders, and the settings of a training."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pooch

from paper_nas.artifacts import (
    Manifest,
    ResultMissing,
    ResultStore,
    command_line,
    package_state,
)
from paper_nas.config import PRESETS, SCHEDULES, TrainingConfig
from paper_nas.datasets import ArchitectureDataset
from paper_nas.models import MODEL_NAMES, GraphVae
from paper_nas.models.decoders import DECODER_STATES
from paper_nas.models.plugins import PluginError, load_plugin, plugin_of
from paper_nas.models.registry import model_names
from paper_nas.steps import STEP_VERSIONS, step_record
from paper_nas.training import fresh_model, load_from_run, load_trained


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Options for where unfinished work and results go."""
    parser.add_argument("--runs", type=Path, help="folder of unfinished work (default: user cache)")
    parser.add_argument("--results", type=Path, help="folder of results (default: results/)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


Run = Callable[[argparse.Namespace], None]
"""What a subcommand does with its options."""


def add_model(parser: argparse.ArgumentParser, run: Run, *others: str) -> None:
    """The model, and the file that may define it.

    Args:
        parser: Of the subcommand.
        run: The subcommand; it begins when the plugin is loaded and the model's name is known.
        others: Words that may stand in the model's place.
    """
    named = ", ".join((*MODEL_NAMES, *others))
    parser.add_argument("model", help=f"{named}, or what a plugin registers")
    parser.add_argument("--plugin", type=Path, help="a file of Python that registers a model")

    def checked(options: argparse.Namespace) -> None:
        try:
            if options.plugin:
                load_plugin(options.plugin)
        except PluginError as reason:
            parser.error(str(reason))
        known = (*model_names(), *others)
        if options.model not in known:
            parser.error(
                f"argument model: invalid choice: {options.model!r} (choose from "
                f"{', '.join(known)}; --plugin FILE adds those of a file)"
            )
        run(options)

    parser.set_defaults(run=checked)


def add_training(parser: argparse.ArgumentParser, run: Run, preset: str) -> None:
    """Options that choose a model, a preset and the settings that replace the preset's.

    Args:
        parser: Of the subcommand.
        run: As for :func:`add_model`.
        preset: The default.
    """
    add_model(parser, run)
    parser.add_argument("--preset", choices=PRESETS, default=preset)
    parser.add_argument("--dataset", default="enas-cifar10")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    group = parser.add_argument_group("settings that replace the preset's")
    group.add_argument("--seed", type=int)
    group.add_argument("--epochs", type=int)
    group.add_argument("--iterations", type=int, help="T of the paper")
    group.add_argument("--hidden-size", type=int)
    group.add_argument("--latent-size", type=int)
    group.add_argument("--embedding-size", type=int)
    group.add_argument("--operation-scale", type=float)
    group.add_argument("--initial-table", choices=("normal", "released", "identity"))
    group.add_argument("--learn-table", action=argparse.BooleanOptionalAction)
    group.add_argument("--label-weight", type=float, help="of the squared error of the score")
    group.add_argument("--decoder-state", choices=DECODER_STATES)
    group.add_argument("--batch-size", type=int)
    group.add_argument("--learning-rate", type=float)
    group.add_argument("--schedule", choices=SCHEDULES)
    group.add_argument("--hold", type=float, help="share of the steps at the full rate")
    group.add_argument("--clip", type=float)
    group.add_argument("--train-limit", type=int)


def training_config(options: argparse.Namespace) -> TrainingConfig:
    """The preset, with the settings that were given."""
    names = TrainingConfig.__dataclass_fields__
    given = {key: value for key, value in vars(options).items() if key in names}
    return PRESETS[options.preset].changed(**{k: v for k, v in given.items() if v is not None})


TRAINING_FILES = ("weights.safetensors", "history.json")
"""The first of these that a stored training has tells it from another training."""


def started(
    dataset: ArchitectureDataset,
    seed: int,
    configuration: dict[str, Any],
    step: str,
    inputs: dict[str, str] | None = None,
) -> Manifest:
    """The manifest of a command that begins now; what it costs is filled in at its end.

    Args:
        dataset: The data.
        seed: The seed.
        configuration: Everything else that the result depends on. Where a plugin defines its
            ``"model"``, the file is named beside the package.
        step: A key of :data:`paper_nas.steps.STEP_VERSIONS`.
        inputs: Files of other results that it is made from; see :func:`training_inputs`.
    """
    plugin = plugin_of(configuration.get("model", ""))
    return Manifest(
        command=command_line(),
        configuration=configuration,
        seed=seed,
        dataset={"name": dataset.name, "sha256": dataset.sha256, "split": dataset.split},
        cpu_seconds=0.0,
        wall_seconds=0.0,
        package=package_state() | ({"plugin": plugin.origin()} if plugin else {}),
        step=step_record(step),
        inputs=inputs or {},
    )


def training_inputs(store: ResultStore, training: str | None) -> dict[str, str]:
    """For ``Manifest.inputs``: the file by which a stored training is known, with its SHA-256.

    Args:
        store: Where the results are.
        training: Name below ``training/``; ``None``, or one that is not stored, gives nothing.
    """
    try:
        files = store.manifest(f"training/{training}").files if training else {}
    except ResultMissing:
        return {}
    known = [file for file in TRAINING_FILES if file in files]
    return {f"training/{training}/{file}": files[file] for file in known[:1]}


def runs_folder(options: argparse.Namespace, step: str) -> Path:
    """Where unfinished work of a step lives: what an earlier version began is not gone on with."""
    folder = options.runs or Path(pooch.os_cache("paper_nas")) / "runs"
    version = STEP_VERSIONS[step]
    return folder if version == 1 else folder / f"{step}-version-{version}"


def run_name(options: argparse.Namespace, config: TrainingConfig) -> str:
    """Name of a training's folder: model, preset, and what differs from the preset and its data.

    A plugin's model has the start of the file's checksum behind its name, so that results of two
    versions of the file never share a name.
    """
    plugin = plugin_of(options.model)
    parts = [options.model + (f"-{plugin.sha256[:8]}" if plugin else ""), options.preset]
    if options.dataset != "enas-cifar10":
        parts.append(options.dataset)
    default = PRESETS[options.preset].to_json_dict()
    for key, value in config.to_json_dict().items():
        if value != default[key] and key not in ("seed", "snapshots"):
            text = _short(value)
            parts.append(f"{key.replace('_', '-')}-{text}")
    return "_".join([*parts, f"seed-{config.seed}"])


def _short(value: Any) -> str:
    """A setting in a name: itself, or the start of a checksum where it is a table."""
    if isinstance(value, list):
        return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:8]
    return value if isinstance(value, str) else f"{value:g}"


def evaluated_epoch(options: argparse.Namespace, config: TrainingConfig) -> tuple[int, int, bool]:
    """Iteration and epoch (0: untrained) that the options name, and whether it is the last."""
    iteration = options.iteration or config.iterations
    epoch = config.epochs if options.epoch is None else options.epoch
    return iteration, epoch, (iteration, epoch) == (config.iterations, config.epochs)


def evaluated_model(
    options: argparse.Namespace,
    store: ResultStore,
    config: TrainingConfig,
    iteration: int,
    epoch: int,
) -> GraphVae:
    """The model of the training that the options name, as it was after an epoch.

    Args:
        options: Of a command with the options of a training.
        store: Its weights are taken where the last epoch is wanted and they are kept.
        config: Of the training.
        iteration: Of the paper's ``T``.
        epoch: 0 is the untrained model; others are looked for in the checkpoints.

    Raises:
        ResultMissing: There are no such weights on this machine.
    """
    training = run_name(options, config)
    if epoch == 0:
        return fresh_model(options.model, config, iteration).eval()
    if (iteration, epoch) == (config.iterations, config.epochs):
        try:
            return load_trained(store, f"training/{training}")
        except ResultMissing:
            pass  # not stored, or without weights; perhaps the checkpoint is on this machine
    folder = runs_folder(options, "train") / training
    return load_from_run(options.model, config, folder, iteration, epoch)
