"""``predict``: what it stores, what it skips, and when it computes again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paper_nas import __main__ as cli
from paper_nas.artifacts import ResultStore
from paper_nas.commands import predict as predict_command
from paper_nas.commands import train as train_command
from paper_nas.datasets import ArchitectureDataset, random_split
from paper_nas.regression import BASELINES, SparseGP, judge_predictions, latents_of, table2
from paper_nas.training import load_trained
from tests.samples import tiny_dataset

ROWS = 240
SETTINGS = {"inducing_points": 20, "iterations": 4, "subset": 0}


def sample(split: str = "released") -> ArchitectureDataset:
    """The score is the number of skips; the second split is another, as the name says."""
    dataset = tiny_dataset(ROWS)
    counts = np.array([sum(a.skips) for a in dataset.architectures], dtype=float)
    if split == "skip-pattern":
        train, test = random_split(dataset.architectures, seed=3)
        dataset = replace(dataset, train_index=train, test_index=test, split=split)
    return replace(dataset, name="enas-cifar10", accuracy=counts)


def small_gp(method: str = "collapsed", **changed: Any) -> SparseGP:
    return SparseGP(method=method, **{**SETTINGS, **changed})


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_command, "load_dataset", lambda name: sample())
    monkeypatch.setattr(predict_command, "load_dataset", lambda name, split: sample(split))
    monkeypatch.setattr(predict_command, "SparseGP", small_gp)
    for module in ("performance", "baselines"):
        monkeypatch.setattr(f"paper_nas.regression.{module}.SparseGP", small_gp)
    monkeypatch.setattr(predict_command, "EPOCHS_SHOWN", (1,))
    monkeypatch.setattr(predict_command, "GP_SEEDS", 2)
    monkeypatch.setattr(predict_command, "FEW_SEEDS", 1)
    monkeypatch.setattr(predict_command, "EPOCHS", 1)
    few = {name: BASELINES[name] for name in ("lookup", "gp-one-hot")}
    monkeypatch.setattr(predict_command, "BASELINES", few)
    monkeypatch.setattr(table2, "BASELINES", few)


def run(folder: Path, *words: str) -> int:
    shared = ["--preset", "smoke", "--quiet", "--runs", str(folder / "runs")]
    return cli.main([*words, *shared, "--results", str(folder / "results")])


def train(folder: Path, seed: int = 0, *words: str) -> None:
    assert run(folder, "train", "dvae", "--seed", str(seed), "--keep-weights", *words) == 0


def test_what_is_stored_can_be_computed_again(tmp_path: Path, tiny: None) -> None:
    train(tmp_path)
    assert run(tmp_path, "predict", "dvae", "--seed", "0", "--gp-seeds", "2") == 0
    store, name = ResultStore(tmp_path / "results"), "prediction/dvae_smoke_seed-0"
    stored, manifest = store.load_json(name, "prediction.json"), store.manifest(name)
    assert stored["seeds"] == manifest.configuration["gp_seeds"] == [0, 1]
    assert manifest.configuration["gp"]["inducing_points"] == 20
    assert manifest.cpu_seconds > 0
    dataset, arrays = sample(), store.load_arrays(name, "predictions.npz")
    assert arrays["row"].tolist() == dataset.test_index.tolist()
    scale = dataset.accuracy[dataset.train_index].std()
    again = judge_predictions(
        arrays["mean"], dataset.accuracy[dataset.test_index], scale, arrays["sd"]
    )
    assert again.rmse == pytest.approx(stored["repeats"][0]["rmse"], rel=1e-5)
    assert again.coverage == stored["repeats"][0]["coverage"]
    model = load_trained(store, "training/dvae_smoke_seed-0")
    latents = latents_of(model, [dataset.architectures[i] for i in dataset.test_index])
    gp = SparseGP.load(store.path(name, "gp.safetensors"))
    np.testing.assert_allclose(gp.predict(latents), arrays["mean"], rtol=1e-5)
    probes = store.load_json(name, "probes.json")
    assert len(probes["readout"]["skips"]) == 15
    assert probes["wiring"]["total"] > 0
    fit = store.load_json(name, "fit.json")
    assert len(fit["squared_lengths"]) == len(fit["latent_variances"]) == 16


def test_nothing_of_the_data_is_stored(tmp_path: Path, tiny: None) -> None:
    train(tmp_path)
    assert run(tmp_path, "predict", "dvae", "--gp-seeds", "1") == 0
    folder = tmp_path / "results" / "prediction" / "dvae_smoke_seed-0"
    dataset = sample()
    texts = [f.read_text() for f in folder.glob("*.json")]
    assert texts
    assert not any(str(a) in text for a in dataset.architectures for text in texts)
    arrays = ResultStore(tmp_path / "results").load_arrays(
        "prediction/dvae_smoke_seed-0", "predictions.npz"
    )
    assert set(arrays) == {"row", "mean", "sd"}


def test_what_is_up_to_date_is_skipped(
    tmp_path: Path, tiny: None, capsys: pytest.CaptureFixture[str]
) -> None:
    predict = ("predict", "dvae", "--gp-seeds", "1")
    train(tmp_path)
    for said in ("stored prediction/dvae_smoke_seed-0", "up to date: prediction/dvae_smoke_seed-0"):
        assert run(tmp_path, *predict) == 0
        assert said in capsys.readouterr().out
    assert run(tmp_path, *predict, "--again") == 0
    assert "stored" in capsys.readouterr().out
    assert run(tmp_path, "predict", "dvae", "--gp-seeds", "2") == 0
    assert "stored" in capsys.readouterr().out
    path = tmp_path / "results" / "training" / "dvae_smoke_seed-0"
    for file in path.iterdir():
        file.unlink()
    (tmp_path / "runs" / "dvae_smoke_seed-0" / "checkpoint.safetensors").unlink()
    train(tmp_path, 0, "--train-limit", "40")
    (path.with_name("dvae_smoke_train-limit-40_seed-0")).rename(path)
    assert run(tmp_path, "predict", "dvae", "--gp-seeds", "2") == 0
    assert "stored" in capsys.readouterr().out  # other weights of the same name


def test_each_choice_has_a_name_of_its_own(tmp_path: Path, tiny: None) -> None:
    train(tmp_path)
    for words in ((), ("--split", "skip-pattern"), ("--estimator", "released")):
        assert run(tmp_path, "predict", "dvae", "--gp-seeds", "1", *words) == 0
    store = ResultStore(tmp_path / "results")
    names = [name for name in store.names() if name.startswith("prediction/")]
    assert names == [
        "prediction/dvae_smoke_seed-0",
        "prediction/dvae_smoke_seed-0_released-estimator",
        "prediction/dvae_smoke_seed-0_skip-pattern-split",
    ]
    assert [store.manifest(name).dataset["split"] for name in names] == [
        "released", "released", "skip-pattern",
    ]  # fmt: skip
    methods = [store.manifest(name).configuration["gp"]["method"] for name in names]
    assert methods == ["collapsed", "propagation", "collapsed"]
    kept = ["gp.safetensors" in store.manifest(name).files for name in names]
    assert kept == [True, False, False]


def test_weights_that_are_not_there(
    tmp_path: Path, tiny: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "predict", "dvae") == 1
    assert "checkpoint" in capsys.readouterr().err
    train(tmp_path)
    assert run(tmp_path, "predict", "dvae", "--epoch", "1") == 1
    assert "no snapshot" in capsys.readouterr().err


def test_everything(tmp_path: Path, tiny: None, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in (0, 4):
        train(tmp_path, seed)
    assert run(tmp_path, "predict", "all") == 0
    said = capsys.readouterr().out
    assert "passed over: no snapshot" in said
    store = ResultStore(tmp_path / "results")
    names = {n.removeprefix("prediction/") for n in store.names() if n.startswith("prediction/")}
    models = {n for n in names if n.startswith("dvae_")}
    assert models == {
        f"dvae_smoke_seed-{seed}{suffix}"
        for seed in (0, 4)
        for suffix in ("", "_skip-pattern-split", "_released-estimator")
    }
    baselines = predict_command.baseline_names()
    assert "predictions.npz" not in store.manifest("prediction/baseline-lookup").files
    assert len(baselines) == 2 + 4
    assert names - models == {
        f"baseline-{name}{'' if name in ('lookup', 'gp-one-hot') else '_smoke'}{suffix}"
        for name in baselines
        for suffix in ("", "_skip-pattern-split")
    }
    assert run(tmp_path, "predict", "all") == 0
    assert "stored" not in capsys.readouterr().out
    one_hot = store.load_arrays("prediction/baseline-gp-one-hot", "predictions.npz")
    assert set(one_hot) == {"row", "mean", "sd"}
    assert cli.main(["report", "table2", "--json", "--results", str(store.root)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert sum(row["kind"] == "baseline" for row in rows) == 2 * len(baselines)
    assert [row["seeds"] for row in rows if row["kind"] == "model"] == [[0, 4]] * 3


def test_epoch_0_is_the_untrained_model(tmp_path: Path, tiny: None) -> None:
    train(tmp_path)
    for epoch in ([], ["--epoch", "0"]):
        assert run(tmp_path, "predict", "dvae", "--gp-seeds", "1", *epoch) == 0
    store = ResultStore(tmp_path / "results")
    last, first = (store.manifest(f"prediction/dvae_smoke_seed-0{part}").configuration
                   for part in ("", "_t-1_e-0"))  # fmt: skip
    assert (last["evaluated_epoch"], first["evaluated_epoch"]) == (3, 0)
    assert last["weights_sha256"] != first["weights_sha256"]


def test_one_baseline_on_one_split_by_name(tmp_path: Path, tiny: None) -> None:
    words = ("--baseline", "lookup", "--split", "skip-pattern")
    assert run(tmp_path, "predict", "baselines", *words) == 0
    names = ResultStore(tmp_path / "results").names()
    assert names == ["prediction/baseline-lookup_skip-pattern-split"]
    step = ResultStore(tmp_path / "results").manifest(names[0]).step
    assert step["name"] == "baseline"
