"""The command line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from paper_nas import __main__ as cli
from paper_nas.artifacts import ResultStore
from paper_nas.commands import train as train_command
from paper_nas.training import load_trained
from tests.samples import tiny_dataset


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_command, "load_dataset", lambda name: tiny_dataset(32))


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
