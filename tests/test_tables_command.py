"""``tables``: rows of a model in Tables 1 and 2 by one command, the package's or one's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paper_nas import __main__ as cli
from paper_nas.artifacts import ResultStore
from paper_nas.commands import evaluate as evaluate_command
from paper_nas.commands import predict as predict_command
from paper_nas.commands import train as train_command
from paper_nas.datasets import ArchitectureDataset
from paper_nas.models import plugins, registry
from paper_nas.paper_numbers import load_paper_numbers
from paper_nas.regression import SparseGP
from paper_nas.reports import table1
from tests.samples import tiny_dataset
from tests.test_examples import TEMPLATE

OWN = ("vertex-sum", "--plugin", str(TEMPLATE))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few architectures, whose score is their number of skips; no plugin outlives its test."""
    dataset = replace(tiny_dataset(120), name="enas-cifar10")
    scores = np.array([sum(a.skips) for a in dataset.architectures], dtype=float)
    dataset = replace(dataset, accuracy=scores)

    def load(*_: str) -> ArchitectureDataset:
        return dataset

    for module in (train_command, evaluate_command, predict_command):
        monkeypatch.setattr(module, "load_dataset", load)

    def few_points(**settings: Any) -> SparseGP:
        return SparseGP(**{**settings, "inducing_points": 20, "iterations": 3, "subset": 0})

    monkeypatch.setattr(predict_command, "SparseGP", few_points)
    monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))
    monkeypatch.setattr(plugins, "_LOADED", {})


def run(folder: Path, *words: str) -> int:
    folders = ["--runs", str(folder / "runs"), "--results", str(folder / "results")]
    few = ["--epochs", "1", "--decodes", "2", "--gp-seeds", "1"]
    return cli.main(["tables", *words, "--preset", "smoke", *few, "--quiet", *folders])


def report(folder: Path, table: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, list[Any]]:
    """A table as text and as values."""
    words = ["report", table, "--results", str(folder / "results")]
    capsys.readouterr()
    assert cli.main(words) == 0
    text = capsys.readouterr().out
    assert cli.main([*words, "--json"]) == 0
    return text, json.loads(capsys.readouterr().out)


def test_an_own_encoder_gets_its_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, *OWN) == 0
    assert run(tmp_path, "dvae") == 0
    store = ResultStore(tmp_path / "results")
    assert len(store.names()) == 6
    text, rows = report(tmp_path, "table1", capsys)
    assert [row["model"] for row in rows] == ["D-VAE", "vertex-sum"]
    assert rows[1]["figures"]["accuracy"]["paper"] is None
    assert "vertex-sum-" in text
    text, rows = report(tmp_path, "table2", capsys)
    models = [row for row in rows if row["kind"] == "model"]
    assert [row["label"] for row in models] == ["D-VAE", "vertex-sum"]
    assert models[1]["figures"]["rmse"]["published"] is None
    assert "vertex-sum, paper split, smoke" in text


def test_an_own_model_is_none_of_the_paper_s(tmp_path: Path) -> None:
    folders = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    for words in (["train", *OWN], ["evaluate", *OWN, "--decodes", "1"]):
        assert cli.main([*words, "--preset", "smoke", "--quiet", *folders]) == 0
    [row] = table1(ResultStore(tmp_path / "results"), load_paper_numbers())
    assert not row.published


def test_what_is_there_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, *OWN) == 0
    store = ResultStore(tmp_path / "results")
    [training] = [name for name in store.names() if name.startswith("training/")]
    before = store.manifest(training)
    capsys.readouterr()
    assert run(tmp_path, *OWN) == 0
    said = capsys.readouterr().out
    assert f"up to date: {training}" in said
    assert "up to date: prediction/" in said
    assert store.manifest(training) == before
    (store.root / training / "manifest.json").unlink()
    assert run(tmp_path, *OWN) == 0
    assert store.manifest(training).files == before.files
