"""One resumable training loop, with the paper's ``T`` iterations of operation embeddings.

Every random choice of an epoch (batch order, posterior noise) follows from the seed, the iteration
and the epoch alone, and the learning rate from the history. A checkpoint is therefore only
weights, optimiser moments and history, and a run that is killed and resumed ends with the same
weights, bit for bit, as one that was not (same machine, same number of threads).

Sources: paper section 3.3 (``T`` iterations); released_code_spec sections 4 and 6.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from paper_nas.artifacts import (
    ResultDamaged,
    ResultMissing,
    ResultStore,
    read_tensors,
    write_tensors,
)
from paper_nas.config import TrainingConfig
from paper_nas.datasets import ArchitectureDataset
from paper_nas.graphs import GraphBatch
from paper_nas.models import GraphVae, build_model
from paper_nas.models.weights import load_model_weights, model_weights

CHECKPOINT = "checkpoint.safetensors"
PLATEAU_FACTOR, PLATEAU_PATIENCE, PLATEAU_THRESHOLD = 0.1, 10, 1e-4


class TrainingDiverged(Exception):
    """The loss is no longer a number; the last good checkpoint was kept."""


class CheckpointMismatch(Exception):
    """A checkpoint belongs to another configuration, model or data set."""


class EpochRecord(TypedDict, total=False):
    """What is remembered of one epoch; losses are means per graph, in nats."""

    iteration: int
    epoch: int
    total: float
    reconstruction: float
    kl: float
    type_loss: list[float]
    edge_loss: list[float]
    learning_rate: float
    seconds: float
    cpu_seconds: float
    operation_table: list[list[float]]


@dataclass
class TrainingRun:
    """A training, finished or under way.

    Attributes:
        model_name: Name of the model.
        config: Its configuration.
        dataset: Name and SHA-256 of the data, and the split.
        model: The model with its current weights.
        history: One record per epoch done, over all iterations.
        directory: Where checkpoints go, if anywhere.
    """

    model_name: str
    config: TrainingConfig
    dataset: dict[str, str]
    model: GraphVae
    history: list[EpochRecord] = field(default_factory=list)
    directory: Path | None = None

    @property
    def finished(self) -> bool:
        """Whether all epochs of all iterations are done."""
        return len(self.history) == self.config.epochs * self.config.iterations

    def final_history(self) -> list[EpochRecord]:
        """The records of the last iteration."""
        return [row for row in self.history if row["iteration"] == self.history[-1]["iteration"]]


def train_model(
    model_name: str,
    dataset: ArchitectureDataset,
    config: TrainingConfig,
    directory: str | Path | None = None,
    resume: bool = False,
    progress: bool = True,
) -> TrainingRun:
    """Train a model on the training part of a data set.

    Args:
        model_name: A name that :func:`paper_nas.models.build_model` knows.
        dataset: The data; only ``train_index`` is used.
        config: The configuration.
        directory: Folder for the checkpoint of each epoch and the snapshots; ``None`` keeps
            nothing on disk.
        resume: Go on from the checkpoint in ``directory``, if there is one.
        progress: Show a progress bar.

    Returns:
        The finished run.

    Raises:
        FileExistsError: ``directory`` holds a checkpoint and ``resume`` is false.
        CheckpointMismatch: The checkpoint belongs to another configuration, model or data set.
        ResultDamaged: The checkpoint cannot be read.
        TrainingDiverged: The loss became NaN or infinite.
    """
    graphs = dataset.graphs(dataset.train_index[: config.train_limit])
    directory = Path(directory) if directory is not None else None
    origin = {"name": dataset.name, "sha256": dataset.sha256, "split": dataset.split}
    run = TrainingRun(
        model_name, config, origin, fresh_model(model_name, config), directory=directory
    )
    optimizer = _optimizer(run.model, config)
    if directory is not None and (directory / CHECKPOINT).exists():
        if not resume:
            raise FileExistsError(
                f"{directory} holds a checkpoint; resume it (--resume) or choose another folder"
            )
        optimizer = _load_checkpoint(run)
    total = config.epochs * config.iterations
    with tqdm(total=total, initial=len(run.history), disable=not progress, unit="epoch") as bar:
        while not run.finished:
            iteration, epoch = (n + 1 for n in divmod(len(run.history), config.epochs))
            if epoch == 1 and iteration > 1:
                run.model = next_iteration(run, iteration)
                optimizer = _optimizer(run.model, config)
            run.history.append(_train_epoch(run, optimizer, graphs, iteration, epoch))
            _save_checkpoint(run, optimizer)
            bar.update()
            bar.set_postfix_str(_summary(run.history[-1]))
    run.model.eval()
    return run


def fresh_model(model_name: str, config: TrainingConfig, iteration: int = 1) -> GraphVae:
    """A model with the initial weights of one iteration.

    Args:
        model_name: A name that :func:`paper_nas.models.build_model` knows.
        config: The configuration; its seed and the iteration decide the weights.
        iteration: From 1.
    """
    return build_model(
        model_name,
        hidden_size=config.hidden_size,
        latent_size=config.latent_size,
        embedding_size=config.embedding_size,
        operation_scale=config.operation_scale,
        initial_table=config.initial_table,
        decoder_state=config.decoder_state,
        seed=_seed(config.seed, iteration, 0, 0),
    )


def next_iteration(run: TrainingRun, iteration: int) -> GraphVae:
    """A fresh model that takes over only the operation table (paper section 3.3)."""
    model = fresh_model(run.model_name, run.config, iteration)
    model.operations.load_state_dict(run.model.operations.state_dict())
    return model


def _optimizer(model: GraphVae, config: TrainingConfig) -> torch.optim.Adam:
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)


def _seed(*numbers: int) -> int:
    """A seed for torch from a tuple of small integers; different tuples give unrelated streams."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint32)[0])


def batch_order(count: int, batch_size: int, seed: int) -> Iterator[Tensor]:
    """The rows ``0 .. count - 1`` in random order, cut into batches (the last may be smaller)."""
    generator = torch.Generator().manual_seed(seed)
    yield from torch.randperm(count, generator=generator).split(batch_size)


def _train_epoch(
    run: TrainingRun,
    optimizer: torch.optim.Optimizer,
    graphs: GraphBatch,
    iteration: int,
    epoch: int,
) -> EpochRecord:
    config, model = run.config, run.model
    model.train()
    noise = torch.Generator().manual_seed(_seed(config.seed, iteration, epoch, 2))
    order = batch_order(len(graphs), config.batch_size, _seed(config.seed, iteration, epoch, 1))
    steps = math.ceil(len(graphs) / config.batch_size)
    previous = [row["total"] for row in run.history if row["iteration"] == iteration]
    sums = torch.zeros(3 + 2 * (model.max_vertices - 1), dtype=torch.float64)
    start, cpu_start, rate = time.perf_counter(), time.process_time(), 0.0
    for step, rows in enumerate(order):
        rate = learning_rate(config, previous, (epoch - 1) * steps + step, steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        sums += _train_step(model, optimizer, graphs[rows], config, noise)
        if not torch.isfinite(sums[0]):
            raise TrainingDiverged(
                f"the loss is {float(sums[0])} in epoch {epoch}, step {step + 1} at rate {rate:g}; "
                f"lower learning_rate or set clip, and resume from {run.directory or 'the start'}"
            )
    means = (sums / len(graphs)).tolist()
    split = 3 + model.max_vertices - 1
    record = EpochRecord(
        iteration=iteration,
        epoch=epoch,
        total=means[0],
        reconstruction=means[1],
        kl=means[2],
        type_loss=means[3:split],
        edge_loss=means[split:],
        learning_rate=rate,
        seconds=time.perf_counter() - start,
        cpu_seconds=time.process_time() - cpu_start,
    )
    if list(model.operations.parameters()):
        record["operation_table"] = model.operations.table().tolist()
    return record


def _train_step(
    model: GraphVae,
    optimizer: torch.optim.Optimizer,
    batch: GraphBatch,
    config: TrainingConfig,
    noise: torch.Generator,
) -> Tensor:
    """One step; returns total, reconstruction, KL and the losses by vertex, summed, float64."""
    optimizer.zero_grad(set_to_none=True)
    elbo, terms = model.elbo_with_terms(batch, beta=config.beta, generator=noise)
    elbo.total.backward()
    if config.clip is not None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip * len(batch))
    optimizer.step()
    parts = torch.cat([torch.stack(list(elbo)), terms.types, terms.edges])
    return parts.detach().double()


def learning_rate(config: TrainingConfig, totals: list[float], step: int, steps: int) -> float:
    """The rate of one step.

    Args:
        config: The configuration.
        totals: Total loss of the earlier epochs of this iteration.
        step: Step number in this iteration, from 0.
        steps: Steps per epoch.
    """
    if config.schedule == "plateau":
        return config.learning_rate * PLATEAU_FACTOR ** plateau_reductions(totals)
    last = steps * config.epochs
    held = config.hold * last
    if step < held:
        return config.learning_rate
    return config.learning_rate * (last - step) / (last - held)


def plateau_reductions(totals: list[float]) -> int:
    """How often torch's ``ReduceLROnPlateau`` with its defaults would have lowered the rate.

    Args:
        totals: The loss of each epoch so far.
    """
    best, bad, reductions = math.inf, 0, 0
    for loss in totals:
        if loss < best * (1 - PLATEAU_THRESHOLD):
            best, bad = loss, 0
        else:
            bad += 1
        if bad > PLATEAU_PATIENCE:
            bad, reductions = 0, reductions + 1
    return reductions


def _summary(record: EpochRecord) -> str:
    return f"reconstruction {record['reconstruction']:.3f}, KL {record['kl']:.1f}"


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
    _load_checkpoint(run, keys=("model", "config"))
    if not run.finished:
        raise ResultMissing(
            f"the training in {directory} has done {len(run.history)} of "
            f"{config.epochs * config.iterations} epochs; finish it first (train --resume)"
        )
    return model.eval()


def _snapshot_name(iteration: int, epoch: int) -> str:
    return f"snapshot-t{iteration}-e{epoch:03d}.safetensors"


def _save_checkpoint(run: TrainingRun, optimizer: torch.optim.Optimizer) -> None:
    if run.directory is None:
        return
    tensors = {f"model/{name}": value for name, value in model_weights(run.model).items()}
    for name, parameter in run.model.named_parameters():
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


def _load_checkpoint(
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
    for key in keys:
        if stored[key] != expected[key]:
            raise CheckpointMismatch(
                f"{path} has another {key}: {stored[key]}, not {expected[key]}"
            )
    run.history = stored["history"]
    weights = {n.removeprefix("model/"): t for n, t in tensors.items() if n.startswith("model/")}
    load_model_weights(run.model, weights)
    optimizer = _optimizer(run.model, run.config)
    for name, parameter in run.model.named_parameters():
        optimizer.state[parameter] = {
            key: tensors[f"adam/{key}/{name}"] for key in ("step", "exp_avg", "exp_avg_sq")
        }
    return optimizer
