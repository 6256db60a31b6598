"""One resumable training loop, with the paper's ``T`` iterations of operation embeddings.

Every random choice of an epoch (batch order, posterior noise) follows from the seed, the iteration
and the epoch alone, and the learning rate from the history. A checkpoint is therefore only
weights, optimiser moments and history, and a run that is killed and resumed ends with the same
weights, bit for bit, as one that was not (same machine, same number of threads).

Sources: paper section 3.3 (``T`` iterations); released_code_spec sections 4 and 6.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from paper_nas.config import TrainingConfig
from paper_nas.datasets import ArchitectureDataset
from paper_nas.graphs import GraphBatch
from paper_nas.models import GraphVae
from paper_nas.training.checkpoints import CHECKPOINT, load_checkpoint, save_checkpoint
from paper_nas.training.run import (
    EpochRecord,
    TrainingRun,
    fresh_model,
    new_optimizer,
    next_iteration,
)
from paper_nas.training.schedule import batch_order, learning_rate, stream_seed


class TrainingDiverged(Exception):
    """The loss is no longer a number; the last good checkpoint was kept."""


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
        ValueError: The data have another number of layers, or lack scores that the loss wants.
        FileExistsError: ``directory`` holds a checkpoint and ``resume`` is false.
        CheckpointMismatch: The checkpoint belongs to another configuration, model or data set.
        ResultDamaged: The checkpoint cannot be read.
        TrainingDiverged: The loss became NaN or infinite.
    """
    graphs, scores = _training_part(dataset, config)
    directory = Path(directory) if directory is not None else None
    origin = {"name": dataset.name, "sha256": dataset.sha256, "split": dataset.split}
    run = TrainingRun(
        model_name, config, origin, fresh_model(model_name, config), directory=directory
    )
    optimizer = new_optimizer(run.model, config)
    if directory is not None and (directory / CHECKPOINT).exists():
        if not resume:
            raise FileExistsError(
                f"{directory} holds a checkpoint; resume it (--resume) or choose another folder"
            )
        optimizer = load_checkpoint(run)
    total = config.epochs * config.iterations
    with tqdm(total=total, initial=len(run.history), disable=not progress, unit="epoch") as bar:
        while not run.finished:
            iteration, epoch = (n + 1 for n in divmod(len(run.history), config.epochs))
            if epoch == 1 and iteration > 1:
                run.model = next_iteration(run, iteration)
                optimizer = new_optimizer(run.model, config)
            run.history.append(_train_epoch(run, optimizer, graphs, scores, iteration, epoch))
            save_checkpoint(run, optimizer)
            bar.update()
            bar.set_postfix_str(_summary(run.history[-1]))
    run.model.eval()
    return run


def _training_part(
    dataset: ArchitectureDataset, config: TrainingConfig
) -> tuple[GraphBatch, Tensor | None]:
    """The graphs to train on and, if the loss wants them, their standardised scores ``[rows]``."""
    rows = dataset.train_index[: config.train_limit]
    if dataset.num_layers != config.num_layers:
        raise ValueError(
            f"{dataset.name} has architectures of {dataset.num_layers} layers, the configuration "
            f"says {config.num_layers}: set num_layers"
        )
    graphs = dataset.graphs(rows)
    if config.label_weight == 0:
        return graphs, None
    scores = dataset.accuracy[rows]
    if not np.isfinite(scores).all():
        raise ValueError(
            f"{(~np.isfinite(scores)).sum()} of {len(rows)} training rows of {dataset.name} have "
            f"no score; label_weight wants all of them (see ArchitectureDataset.scored_by)"
        )
    return graphs, torch.from_numpy((scores - scores.mean()) / scores.std()).float()


def _train_epoch(
    run: TrainingRun,
    optimizer: torch.optim.Optimizer,
    graphs: GraphBatch,
    scores: Tensor | None,
    iteration: int,
    epoch: int,
) -> EpochRecord:
    config, model = run.config, run.model
    model.train()
    noise = torch.Generator().manual_seed(stream_seed(config.seed, iteration, epoch, 2))
    order_seed = stream_seed(config.seed, iteration, epoch, 1)
    order = batch_order(len(graphs), config.batch_size, order_seed)
    steps = math.ceil(len(graphs) / config.batch_size)
    previous = [row["total"] for row in run.history if row["iteration"] == iteration]
    sums = torch.zeros(4 + 2 * (model.max_vertices - 1), dtype=torch.float64)
    start, cpu_start, rate = time.perf_counter(), time.process_time(), 0.0
    for step, rows in enumerate(order):
        rate = learning_rate(config, previous, (epoch - 1) * steps + step, steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        targets = None if scores is None else scores[rows]
        sums += _train_step(model, optimizer, graphs[rows], targets, config, noise)
        if not torch.isfinite(sums[0]):
            raise TrainingDiverged(
                f"the loss is {float(sums[0])} in epoch {epoch}, step {step + 1} at rate {rate:g}; "
                f"lower learning_rate or set clip, and resume from {run.directory or 'the start'}"
            )
    means = (sums / len(graphs)).tolist()
    split = 4 + model.max_vertices - 1
    record = EpochRecord(
        iteration=iteration,
        epoch=epoch,
        total=means[0],
        reconstruction=means[1],
        kl=means[2],
        type_loss=means[4:split],
        edge_loss=means[split:],
        learning_rate=rate,
        seconds=time.perf_counter() - start,
        cpu_seconds=time.process_time() - cpu_start,
    )
    if scores is not None:
        record["score_loss"] = means[3]
    if list(model.operations.parameters()):
        record["operation_table"] = model.operations.table().tolist()
    return record


def _train_step(
    model: GraphVae,
    optimizer: torch.optim.Optimizer,
    batch: GraphBatch,
    scores: Tensor | None,
    config: TrainingConfig,
    noise: torch.Generator,
) -> Tensor:
    """One step; returns the losses (all, reconstruction, KL, scores, by vertex) as sums."""
    optimizer.zero_grad(set_to_none=True)
    mean, log_variance = model.encode(batch)
    elbo, terms = model.elbo_at(batch, mean, log_variance, beta=config.beta, generator=noise)
    total, score_loss = elbo.total, torch.zeros(())
    if scores is not None:
        assert model.score_head is not None
        score_loss = (model.score_head(mean)[:, 0] - scores).square().sum()
        total = total + config.label_weight * score_loss
    total.backward()
    if config.clip is not None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip * len(batch))
    optimizer.step()
    losses = torch.stack([total, elbo.reconstruction, elbo.kl, score_loss])
    parts = torch.cat([losses, terms.types, terms.edges])
    return parts.detach().double()


def _summary(record: EpochRecord) -> str:
    return f"reconstruction {record['reconstruction']:.3f}, KL {record['kl']:.1f}"
