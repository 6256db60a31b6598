"""The training loop: schedules, iterations, checkpoints, and what happens when it is killed."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from paper_nas import training
from paper_nas.artifacts import (
    Manifest,
    ResultDamaged,
    ResultMissing,
    ResultStore,
    read_tensors,
    write_tensors,
)
from paper_nas.config import PRESETS, TrainingConfig
from paper_nas.models import GraphVae
from paper_nas.models.weights import load_model_weights, model_weights
from paper_nas.training import (
    CHECKPOINT,
    CheckpointMismatch,
    TrainingDiverged,
    batch_order,
    learning_rate,
    load_from_run,
    load_trained,
    loop,
    plateau_reductions,
    train_model,
)
from tests.samples import tiny_dataset

SMALL = TrainingConfig(
    hidden_size=12,
    latent_size=6,
    operation_scale=10.0,
    epochs=4,
    batch_size=16,
    learning_rate=5e-3,
    schedule="hold-then-fall",
    snapshots=(1, 3),
)


def same_weights(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_the_loss_falls_and_the_history_tells(tmp_path: Path) -> None:
    run = train_model("dvae-emb", tiny_dataset(), SMALL, tmp_path, progress=False)
    assert run.finished
    assert [row["epoch"] for row in run.history] == [1, 2, 3, 4]
    first, last = run.history[0], run.history[-1]
    assert last["total"] < first["total"]
    for row in run.history:
        assert row["total"] == pytest.approx(row["reconstruction"] + 0.005 * row["kl"])
        parts = sum(row["type_loss"]) + sum(row["edge_loss"])
        assert row["reconstruction"] == pytest.approx(parts, rel=1e-5)
        assert row["seconds"] > 0
    assert len(last["operation_table"]) == 8
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        CHECKPOINT,
        "snapshot-t1-e001.safetensors",
        "snapshot-t1-e003.safetensors",
    ]


def test_the_first_epoch_has_the_loss_of_the_model(tmp_path: Path) -> None:
    """With a rate too small to move a weight, the history must show the untrained loss."""
    dataset = tiny_dataset()
    run = train_model("dvae", dataset, SMALL.changed(learning_rate=1e-30, epochs=1), progress=False)
    model = training.fresh_model("dvae", SMALL)
    elbo = model.elbo(dataset.graphs(dataset.train_index), noise=False)
    expected = float(elbo.reconstruction.detach()) / len(dataset.train_index)
    assert run.history[0]["reconstruction"] == pytest.approx(expected, rel=1e-4)


def test_training_does_not_depend_on_global_random_state() -> None:
    dataset = tiny_dataset(32)
    config = SMALL.changed(epochs=1)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = train_model("dvae", dataset, config, progress=False)
        torch.manual_seed(2)
        second = train_model("dvae", dataset, config, progress=False)
    other = train_model("dvae", dataset, config.changed(seed=1), progress=False)
    assert same_weights(first.model, second.model)
    assert not same_weights(first.model, other.model)


def test_iterations_keep_the_table_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[dict[str, torch.Tensor]] = []
    original = training.next_iteration

    def spy(run: training.TrainingRun, iteration: int) -> GraphVae:
        ended = {k: v.detach().clone() for k, v in model_weights(run.model).items()}
        model = original(run, iteration)
        starts.append(ended)
        starts.append({k: v.detach().clone() for k, v in model_weights(model).items()})
        return model

    monkeypatch.setattr(loop, "next_iteration", spy)
    config = SMALL.changed(epochs=2, iterations=3)
    run = train_model("dvae-emb", tiny_dataset(32), config, progress=False)
    assert [(r["iteration"], r["epoch"]) for r in run.history] == [
        (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2),
    ]  # fmt: skip
    assert [r["epoch"] for r in run.final_history()] == [1, 2]
    assert len(starts) == 4
    for ended, started in (starts[:2], starts[2:]):
        same = {name for name in ended if torch.equal(ended[name], started[name])}
        assert same == {"operations.weight"}
    assert not torch.equal(starts[1]["posterior_mean.weight"], starts[3]["posterior_mean.weight"])


@pytest.mark.parametrize("stop", [1, 3, 4, 6])
def test_a_resumed_run_ends_with_the_same_weights(
    tmp_path: Path, stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted after ``stop`` epochs, within and between iterations and after the last."""
    dataset, config = tiny_dataset(48), SMALL.changed(epochs=3, iterations=2, schedule="plateau")
    whole = train_model("dvae-emb", dataset, config, progress=False)
    save = loop.save_checkpoint

    def save_then_stop(run: training.TrainingRun, optimizer: torch.optim.Optimizer) -> None:
        save(run, optimizer)
        if len(run.history) == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_checkpoint", save_then_stop)
        with pytest.raises(KeyboardInterrupt):
            train_model("dvae-emb", dataset, config, tmp_path, progress=False)
    resumed = train_model("dvae-emb", dataset, config, tmp_path, resume=True, progress=False)
    assert same_weights(whole.model, resumed.model)
    keep = ("total", "reconstruction", "kl", "learning_rate", "operation_table")
    for a, b in zip(whole.history, resumed.history, strict=True):
        assert {k: a.get(k) for k in keep} == {k: b.get(k) for k in keep}


SCRIPT = """
import sys
from pathlib import Path
import torch
from paper_nas.training import train_model
from tests.samples import tiny_dataset
from tests.test_training import SMALL
torch.set_num_threads(1)
config = SMALL.changed(epochs=12, hidden_size=32)
train_model("dvae", tiny_dataset(96), config, Path(sys.argv[1]), resume=True, progress=False)
"""


def start(folder: Path) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[1]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], cwd=root, env=environment)


def test_sigkill_at_any_moment_loses_nothing_but_time(tmp_path: Path) -> None:
    """Kill the process again and again while it works; the result is bit for bit the same."""
    assert start(tmp_path / "whole").wait(timeout=300) == 0
    killed, delay = 0, 0.0
    checkpoint = tmp_path / "killed" / CHECKPOINT
    for _ in range(3):
        process = start(tmp_path / "killed")
        deadline = time.monotonic() + 120
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        while process.poll() is None and time.monotonic() < deadline:
            if checkpoint.exists() and checkpoint.stat().st_mtime_ns != before:
                break
            time.sleep(0.002)
        time.sleep(delay)  # a different point of the epoch each time
        delay += 0.05
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed >= 2
    assert start(tmp_path / "killed").wait(timeout=300) == 0
    whole, header = read_tensors(tmp_path / "whole" / CHECKPOINT)
    again, _ = read_tensors(checkpoint)
    assert len(json.loads(header["run"])["history"]) == 12
    assert whole.keys() == again.keys()
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    dataset = tiny_dataset(32)
    first = train_model("dvae", dataset, SMALL, tmp_path, progress=False)
    before = (tmp_path / CHECKPOINT).stat().st_mtime_ns
    second = train_model("dvae", dataset, SMALL, tmp_path, resume=True, progress=False)
    assert (tmp_path / CHECKPOINT).stat().st_mtime_ns == before
    assert same_weights(first.model, second.model)


def test_an_old_checkpoint_is_not_overwritten_by_accident(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(32), SMALL.changed(epochs=1)
    train_model("dvae", dataset, config, tmp_path, progress=False)
    with pytest.raises(FileExistsError, match="resume"):
        train_model("dvae", dataset, config, tmp_path, progress=False)
    with pytest.raises(CheckpointMismatch, match="another config"):
        train_model("dvae", dataset, SMALL, tmp_path, resume=True, progress=False)
    with pytest.raises(CheckpointMismatch, match="another model"):
        train_model("dvae-emb", dataset, config, tmp_path, resume=True, progress=False)


def test_a_truncated_checkpoint_is_reported(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(32), SMALL.changed(epochs=1)
    train_model("dvae", dataset, config, tmp_path, progress=False)
    path = tmp_path / CHECKPOINT
    content = path.read_bytes()
    for cut in (0, 5, 200, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(ResultDamaged, match="checkpoint"):
            train_model("dvae", dataset, config, tmp_path, resume=True, progress=False)
    write_tensors(path, {"model/x": torch.zeros(1)})
    with pytest.raises(ResultDamaged, match="no checkpoint of this package"):
        train_model("dvae", dataset, config, tmp_path, resume=True, progress=False)


def test_a_diverged_training_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tiny_dataset(32)
    step = loop._train_step
    calls = 0

    def poisoned(model, *rest):
        nonlocal calls
        calls += 1
        if calls == 4:  # in the second epoch of two steps each
            with torch.no_grad():
                model.posterior_mean.bias.fill_(torch.nan)
        return step(model, *rest)

    monkeypatch.setattr(loop, "_train_step", poisoned)
    with pytest.raises(TrainingDiverged, match=r"nan in epoch 2, step 2.*learning_rate"):
        train_model("dvae", dataset, SMALL, tmp_path, progress=False)
    tensors, header = read_tensors(tmp_path / CHECKPOINT)
    assert len(json.loads(header["run"])["history"]) == 1
    assert all(bool(value.isfinite().all()) for value in tensors.values())
    monkeypatch.setattr(loop, "_train_step", step)
    resumed = train_model("dvae", dataset, SMALL, tmp_path, resume=True, progress=False)
    whole = train_model("dvae", dataset, SMALL, progress=False)
    assert same_weights(whole.model, resumed.model)


def test_a_frozen_table_stays_and_the_rest_starts_as_with_a_learned_one(tmp_path: Path) -> None:
    dataset, config = tiny_dataset(48), SMALL.changed(epochs=2)
    frozen = config.changed(learn_table=False)
    fresh = model_weights(training.fresh_model("dvae-emb", config))
    start = model_weights(training.fresh_model("dvae-emb", frozen))
    assert all(torch.equal(fresh[name], start[name]) for name in fresh)
    run = train_model("dvae-emb", dataset, frozen, tmp_path, progress=False)
    ended = model_weights(run.model)
    assert torch.equal(ended["operations.weight"], start["operations.weight"])
    assert not torch.equal(ended["posterior_mean.weight"], start["posterior_mean.weight"])
    assert model_weights(load_from_run("dvae-emb", frozen, tmp_path)).keys() == ended.keys()


def test_the_score_is_learned_where_the_loss_asks_for_it(tmp_path: Path) -> None:
    dataset = tiny_dataset(64)
    plain = SMALL.changed(epochs=60, learning_rate=1e-2, clip=None)
    told = plain.changed(label_weight=20.0)
    run = train_model("dvae", dataset, told, tmp_path, progress=False)
    losses = [row["score_loss"] for row in run.history]
    assert losses[0] > 0.7 > 0.4 > losses[-1]
    assert (
        "score_loss"
        not in train_model("dvae", dataset, plain.changed(epochs=1), progress=False).history[0]
    )
    last = run.history[-1]
    parts = last["reconstruction"] + told.beta * last["kl"] + 20 * last["score_loss"]
    assert last["total"] == pytest.approx(parts, rel=1e-6)
    resumed = load_from_run("dvae", told, tmp_path)
    assert resumed.score_head is not None
    assert same_weights(resumed, run.model)
    unscored = replace(dataset, accuracy=np.full(len(dataset), np.nan))
    with pytest.raises(ValueError, match="scored_by"):
        train_model("dvae", unscored, told, progress=False)


def test_a_checkpoint_from_before_a_setting_existed_is_resumed(tmp_path: Path) -> None:
    config = SMALL.changed(epochs=1)
    train_model("dvae", tiny_dataset(48), config, tmp_path, progress=False)
    tensors, header = read_tensors(tmp_path / CHECKPOINT)
    run = json.loads(header["run"])
    for name in ("label_weight", "learn_table", "given_table", "num_layers"):
        del run["config"][name]
    write_tensors(tmp_path / CHECKPOINT, tensors, {"run": json.dumps(run)})
    load_from_run("dvae", config, tmp_path)
    with pytest.raises(CheckpointMismatch, match="config"):
        load_from_run("dvae", config.changed(beta=0.1), tmp_path)


def test_the_layers_of_data_and_configuration_must_agree() -> None:
    with pytest.raises(ValueError, match="set num_layers"):
        train_model("dvae", tiny_dataset(48), SMALL.changed(num_layers=5), progress=False)


def test_clipping_limits_the_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, config = tiny_dataset(16), SMALL.changed(epochs=1, clip=0.01)
    norms: list[float] = []
    original = torch.optim.Adam.step

    def spy(self, *args):
        parameters = [p for group in self.param_groups for p in group["params"]]
        squares = [float(p.grad.square().sum()) for p in parameters if p.grad is not None]
        norms.append(sum(squares) ** 0.5)
        return original(self, *args)

    monkeypatch.setattr(torch.optim.Adam, "step", spy)
    train_model("dvae", dataset, config, progress=False)
    assert norms
    assert max(norms) <= 0.01 * 16 * 1.001


def test_plateau_schedule_is_torchs() -> None:
    generator = torch.Generator().manual_seed(0)
    losses = (10 - torch.arange(80).clamp(max=30) * 0.1).double()
    losses += 0.02 * torch.rand(80, generator=generator, dtype=torch.float64)
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.Adam([parameter], lr=1e-4)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "min", 0.1, 10)
    config = PRESETS["paper"]
    reductions = 0
    optimizer.step()
    for epoch in range(80):
        ours = learning_rate(config, losses[:epoch].tolist(), epoch * 535, 535)
        assert ours == pytest.approx(optimizer.param_groups[0]["lr"])
        scheduler.step(float(losses[epoch]))
        reductions = plateau_reductions(losses[: epoch + 1].tolist())
    assert reductions >= 2


def test_hold_then_fall_holds_then_falls_to_zero() -> None:
    config = SMALL.changed(epochs=10, hold=0.7)
    rates = [learning_rate(config, [], step, 10) for step in range(100)]
    assert rates[:70] == [config.learning_rate] * 70
    assert rates[70] == config.learning_rate
    assert all(a > b for a, b in itertools.pairwise(rates[70:]))
    assert 0 < rates[-1] < 0.04 * config.learning_rate


def test_every_graph_is_seen_once_an_epoch() -> None:
    batches = list(batch_order(50, 16, seed=3))
    assert [len(rows) for rows in batches] == [16, 16, 16, 2]
    assert sorted(torch.cat(batches).tolist()) == list(range(50))
    again = torch.cat(list(batch_order(50, 16, seed=3)))
    assert torch.equal(torch.cat(batches), again)
    assert not torch.equal(again, torch.cat(list(batch_order(50, 16, seed=4))))


def test_weights_of_another_model_are_refused() -> None:
    small = training.fresh_model("dvae", SMALL)
    with pytest.raises(ValueError, match=r"operations\.weight"):
        load_model_weights(small, model_weights(training.fresh_model("dvae-emb", SMALL)))
    other = training.fresh_model("dvae", SMALL.changed(hidden_size=13))
    with pytest.raises(ValueError, match="shape"):
        load_model_weights(small, model_weights(other))


def write_training(store: ResultStore, weights: bool) -> TrainingConfig:
    config = TrainingConfig(hidden_size=8, latent_size=4, operation_scale=10.0, seed=4)
    model = training.fresh_model("dvae-emb", config)
    manifest = Manifest(
        command="test", configuration={"model": "dvae-emb", **config.to_json_dict()}, seed=4,
        dataset={}, cpu_seconds=0.0, wall_seconds=0.0, machine={},
    )  # fmt: skip
    half = {name: value.half() for name, value in model_weights(model).items()}
    tensors = {"weights.safetensors": half} if weights else None
    store.write("training/toy", manifest, json_files={"history.json": []}, tensor_files=tensors)
    return config


def test_a_stored_model_is_the_one_that_was_trained(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    config = write_training(store, weights=True)
    model, expected = load_trained(store, "training/toy"), training.fresh_model("dvae-emb", config)
    assert model.operations.scale == 10.0
    assert not model.training
    for ours, theirs in zip(model.parameters(), expected.parameters(), strict=True):
        assert torch.equal(ours, theirs.half().float())


def test_a_result_without_weights_is_no_load_trained(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    write_training(store, weights=False)
    with pytest.raises(ResultMissing, match=r"weights\.safetensors"):
        load_trained(store, "training/toy")


def test_models_are_loaded_from_the_folder_of_a_training(tmp_path: Path) -> None:
    config = SMALL.changed(iterations=2, epochs=3)
    run = train_model("dvae-emb", tiny_dataset(), config, tmp_path, progress=False)
    assert same_weights(load_from_run("dvae-emb", config, tmp_path), run.model)
    first = load_from_run("dvae-emb", config, tmp_path, iteration=1, epoch=3)
    table = torch.tensor(run.history[2]["operation_table"])
    torch.testing.assert_close(first.operations.table(), table)
    assert not first.training
    with pytest.raises(ResultMissing, match=r"no snapshot .*keep epochs \[1, 3\]"):
        load_from_run("dvae-emb", config, tmp_path, iteration=1, epoch=2)
    with pytest.raises(CheckpointMismatch, match="another config"):
        load_from_run("dvae-emb", config.changed(seed=9), tmp_path)
    with pytest.raises(CheckpointMismatch, match="another model"):
        load_from_run("dvae", config, tmp_path)


def test_an_unfinished_training_gives_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = loop._train_epoch

    def stops(run: training.TrainingRun, *words: object) -> training.EpochRecord:
        if len(run.history) == 2:
            raise KeyboardInterrupt
        return epoch(run, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "_train_epoch", stops)
    with pytest.raises(KeyboardInterrupt):
        train_model("dvae", tiny_dataset(), SMALL, tmp_path, progress=False)
    with pytest.raises(ResultMissing, match="2 of 4 epochs"):
        load_from_run("dvae", SMALL, tmp_path)


def test_the_decoder_state_is_a_setting() -> None:
    published = training.fresh_model("gcn", SMALL)
    other = training.fresh_model("gcn", SMALL.changed(decoder_state="newest"))
    batch = tiny_dataset(8).graphs()
    latents = torch.ones(8, SMALL.latent_size)
    logits = [m.teacher_forced_logits(batch, latents)[0] for m in (published, other)]
    torch.testing.assert_close(logits[0][:, 0], logits[1][:, 0])  # START is all there is
    assert not torch.allclose(logits[0][:, 1:], logits[1][:, 1:])
