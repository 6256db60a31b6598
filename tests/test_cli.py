"""The command line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from paper_nas import __main__ as cli
from paper_nas.artifacts import ResultStore
from paper_nas.commands import evaluate as evaluate_command
from paper_nas.commands import train as train_command
from paper_nas.config import PRESETS
from paper_nas.evaluation import reconstruction_probability
from paper_nas.training import load_trained, train_model
from tests.samples import tiny_dataset


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (train_command, evaluate_command):
        monkeypatch.setattr(module, "load_dataset", lambda name: tiny_dataset(32))


def train(tmp_path: Path, *words: str) -> int:
    folders = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    return cli.main(["train", "dvae-emb", "--preset", "smoke", "--quiet", *folders, *words])


def test_train_stores_history_weights_and_manifest(tmp_path: Path, tiny: None) -> None:
    assert train(tmp_path, "--epochs", "2", "--seed", "3", "--keep-weights") == 0
    store = ResultStore(tmp_path / "results")
    name = "training/dvae-emb_smoke_epochs-2_seed-3"
    assert store.names() == [name]
    history = store.load_json(name, "history.json")
    assert [row["epoch"] for row in history] == [1, 2]
    manifest = store.manifest(name)
    assert manifest.seed == 3
    assert manifest.configuration["model"] == "dvae-emb"
    assert manifest.configuration["epochs"] == 2
    assert manifest.dataset["name"] == "tiny"
    assert manifest.cpu_seconds == pytest.approx(sum(row["cpu_seconds"] for row in history))
    model = load_trained(store, name)
    graphs = tiny_dataset(32).graphs()
    assert len(model.decode(model.encode(graphs)[0])) == 32
    table = torch.tensor(history[-1]["operation_table"])
    torch.testing.assert_close(model.operations.table(), table, rtol=1e-3, atol=1e-2)


def test_train_twice_needs_resume(
    tmp_path: Path, tiny: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, "--epochs", "1") == 0
    assert train(tmp_path, "--epochs", "1") == 1
    assert "--resume" in capsys.readouterr().err
    assert train(tmp_path, "--epochs", "1", "--resume") == 0


def test_a_training_is_evaluated(
    tmp_path: Path, tiny: None, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["--epochs", "2", "--iterations", "2", "--seed", "3"]
    evaluate = ["evaluate", "dvae-emb", "--preset", "smoke", "--quiet", "--decodes", "2", *settings]
    evaluate += ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    assert cli.main(evaluate) == 1
    assert "checkpoint" in capsys.readouterr().err
    assert train(tmp_path, *settings) == 0
    store, name = ResultStore(tmp_path / "results"), "dvae-emb_smoke_epochs-2_iterations-2_seed-3"
    assert cli.main(evaluate) == 0
    assert store.names() == [f"evaluation/{name}", f"training/{name}"]
    figures = store.load_json(f"evaluation/{name}", "evaluation.json")
    assert figures["reconstruction"]["graphs"] == 4
    assert figures["collisions"]["graphs"] == 32
    assert store.load_tensors(f"evaluation/{name}", "latents.safetensors")["test"].shape == (4, 16)
    assert store.manifest(f"evaluation/{name}").cpu_seconds > 0
    assert cli.main([*evaluate, "--iteration", "1"]) == 1
    assert "no snapshot" in capsys.readouterr().err


def test_a_trial_is_judged_on_rows_that_it_did_not_train_on(tmp_path: Path, tiny: None) -> None:
    folders = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    assert cli.main(["trial", "dvae", "--preset", "smoke", "--quiet", "--epochs", "2",
                     "--train-limit", "20", *folders]) == 0  # fmt: skip
    store = ResultStore(tmp_path / "results")
    [name] = store.names()
    trial = store.load_json(name, "trial.json")
    assert trial["validation"]["graphs"] == 28 - 20
    assert len(trial["history"]) == 2
    assert store.manifest(name).configuration["train_limit"] == 20
    limited = PRESETS["smoke"].changed(epochs=2, train_limit=20)
    run = train_model("dvae", tiny_dataset(32), limited, progress=False)
    unseen = reconstruction_probability(run.model, tiny_dataset(32).graphs(list(range(20, 28))))
    assert trial["validation"]["expected"] == pytest.approx(float(unseen.mean()), rel=1e-4)


def test_missing_data_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAPER_NAS_DATA", str(tmp_path))
    assert train(tmp_path) == 1
    assert "PAPER_NAS_DATA" in capsys.readouterr().err


def test_unknown_words_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["train", "vae"])
    assert "invalid choice" in capsys.readouterr().err
