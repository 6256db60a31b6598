"""What a training leaves on disk: the checkpoint of its last epoch, snapshots, stored weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from paper_nas.artifacts import (
    ResultDamaged,
    ResultMissing,
    ResultStore,
    read_tensors,
    write_tensors,
)
from paper_nas.config import TrainingConfig
from paper_nas.models import GraphVae
from paper_nas.models.weights import load_model_weights, model_weights
from paper_nas.training.run import TrainingRun, fresh_model, new_optimizer, trained_parameters

CHECKPOINT = "checkpoint.safetensors"


class CheckpointMismatch(Exception):
    """A checkpoint belongs to another configuration, model or data set."""


def load_trained(store: ResultStore, name: str) -> GraphVae:
    """The model of a stored training, with its final weights, ready for evaluation.

    Args:
        store: Where the results are.
        name: A result with ``weights.safetensors``, such as ``"training/dvae_fast_seed-0"``.

    Raises:
        ResultMissing: There is no such result, or it keeps no weights.
        ResultDamaged: A file is not the one that the manifest names.
    """
    settings = dict(store.manifest(name).configuration)
    model_name = settings.pop("model")
    model = fresh_model(model_name, TrainingConfig.from_json_dict(settings))
    load_model_weights(model, store.load_tensors(name, "weights.safetensors"))
    return model.eval()


def load_from_run(
    model_name: str,
    config: TrainingConfig,
    directory: str | Path,
    iteration: int | None = None,
    epoch: int | None = None,
) -> GraphVae:
    """The model of a training's folder, as it was after its last or an earlier epoch.

    Args:
        model_name: Name of the model.
        config: Configuration of the training.
        directory: Folder that was given to :func:`train_model`.
        iteration: Of the paper's ``T``; by default the last.
        epoch: A member of ``config.snapshots``; by default the last epoch.

    Raises:
        ResultMissing: There is no such snapshot, or the training is not finished.
        ResultDamaged: A file cannot be read.
        CheckpointMismatch: The checkpoint belongs to another configuration or model.
    """
    directory = Path(directory)
    iteration, epoch = iteration or config.iterations, epoch or config.epochs
    model = fresh_model(model_name, config)
    if (iteration, epoch) != (config.iterations, config.epochs):
        path = directory / _snapshot_name(iteration, epoch)
        if not path.is_file():
            raise ResultMissing(
                f"no snapshot {path}; trainings of this configuration keep epochs "
                f"{list(config.snapshots)} of iterations 1 to {config.iterations}"
            )
        load_model_weights(model, read_tensors(path)[0])
        return model.eval()
    run = TrainingRun(model_name, config, {}, model, directory=directory)
    load_checkpoint(run, keys=("model", "config"))
    if not run.finished:
        raise ResultMissing(
            f"the training in {directory} has done {len(run.history)} of "
            f"{config.epochs * config.iterations} epochs; finish it first (train --resume)"
        )
    return model.eval()


def _snapshot_name(iteration: int, epoch: int) -> str:
    return f"snapshot-t{iteration}-e{epoch:03d}.safetensors"


def save_checkpoint(run: TrainingRun, optimizer: torch.optim.Optimizer) -> None:
    """Write the checkpoint of the run's last epoch and, where it is due, a snapshot."""
    if run.directory is None:
        return
    tensors = {f"model/{name}": value for name, value in model_weights(run.model).items()}
    for name, parameter in trained_parameters(run.model):
        for key, value in optimizer.state[parameter].items():
            tensors[f"adam/{key}/{name}"] = value
    write_tensors(run.directory / CHECKPOINT, tensors, {"run": json.dumps(_identity(run))})
    last = run.history[-1]
    if last["epoch"] in run.config.snapshots:
        path = run.directory / _snapshot_name(last["iteration"], last["epoch"])
        write_tensors(path, model_weights(run.model))


def _identity(run: TrainingRun) -> dict[str, Any]:
    return {
        "model": run.model_name,
        "config": run.config.to_json_dict(),
        "dataset": run.dataset,
        "history": run.history,
    }


def load_checkpoint(
    run: TrainingRun, keys: tuple[str, ...] = ("model", "config", "dataset")
) -> torch.optim.Adam:
    """Fill the run from its checkpoint, if they agree; returns the optimiser with its moments."""
    assert run.directory is not None
    path = run.directory / CHECKPOINT
    tensors, header = read_tensors(path)
    try:
        stored = json.loads(header["run"])
    except (KeyError, ValueError) as reason:
        raise ResultDamaged(f"{path} is no checkpoint of this package: {reason}") from reason
    expected = _identity(run)
    # A field that is newer than the checkpoint has its default.
    stored["config"] = TrainingConfig.from_json_dict(stored["config"]).to_json_dict()
    for key in keys:
        if stored[key] != expected[key]:
            raise CheckpointMismatch(
                f"{path} has another {key}: {stored[key]}, not {expected[key]}"
            )
    run.history = stored["history"]
    weights = {n.removeprefix("model/"): t for n, t in tensors.items() if n.startswith("model/")}
    load_model_weights(run.model, weights)
    optimizer = new_optimizer(run.model, run.config)
    for name, parameter in trained_parameters(run.model):
        optimizer.state[parameter] = {
            key: tensors[f"adam/{key}/{name}"] for key in ("step", "exp_avg", "exp_avg_sq")
        }
    return optimizer
