"""Table 2 from stored results: rows, spreads, what is quoted and what is missing."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from paper_nas import __main__ as cli
from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.paper_numbers import load_paper_numbers
from paper_nas.regression import BASELINES, PredictionFigures
from paper_nas.regression.performance import performance_of
from paper_nas.regression.table2 import (
    Table2Figure,
    missing_from_table2,
    quoted_numbers,
    rows_as_json,
    rows_as_text,
    table2,
)
from paper_nas.reports import MODEL_LABELS

PAPER = load_paper_numbers()


def write(
    store: ResultStore, name: str, seed: int, errors: list[float], nlpd: float | None = 0.5,
    dataset: str = "enas-cifar10", **settings: Any,
) -> None:  # fmt: skip
    repeats = [PredictionFigures(error, 1 - error**2, 0.9, nlpd, None) for error in errors]
    performance = performance_of(repeats, range(len(errors)), 9, 1, 0.1)
    settings = {"split": "paper", **settings}
    manifest = Manifest("python -m paper_nas x", settings, seed, {"name": dataset}, 7.0, 7.0)
    store.write(f"prediction/{name}", manifest, json_files={"prediction.json": asdict(performance)})


def of_model(model: str, epoch: int = 40, estimator: str = "collapsed") -> dict[str, Any]:
    return {
        "model": model, "preset": "fast-128", "evaluated_epoch": epoch, "epochs": 40,
        "estimator": estimator,
    }  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    store = ResultStore(tmp_path)
    write(store, "dvae-emb_fast-128_seed-0", 0, [0.3, 0.4], **of_model("dvae-emb"))
    write(store, "dvae_fast-128_seed-10", 10, [0.5], **of_model("dvae"))
    write(store, "dvae_fast-128_seed-0", 0, [0.2, 0.4], **of_model("dvae"))
    write(store, "dvae_fast-128_seed-0_t-1_e-3", 0, [0.6], **of_model("dvae", 3))
    write(store, "dvae_fast-128_seed-0_released-estimator", 0, [0.7],
          **of_model("dvae", estimator="released"))  # fmt: skip
    write(store, "baseline-lookup", 0, [0.8], None, baseline="lookup")
    write(store, "baseline-supervised-dvae", 0, [0.1, 0.3], None, baseline="supervised-dvae")
    write(store, "elsewhere", 0, [0.1], dataset="enas-digits", **of_model("dvae"))
    return store


def test_rows_are_ordered_and_told_apart(store: ResultStore) -> None:
    rows = table2(store, PAPER, MODEL_LABELS)
    assert [(r.label, r.estimator, r.epoch, r.last) for r in rows if r.kind == "model"] == [
        ("D-VAE", "collapsed", 40, True),
        ("DVAE-EMB", "collapsed", 40, True),
        ("D-VAE", "collapsed", 3, False),
        ("D-VAE", "released", 40, True),
    ]
    assert [r.label for r in rows if r.kind != "model"] == [
        BASELINES["lookup"].label, "trained with labels: encoder of D-VAE", "PACE",
    ]  # fmt: skip


def test_two_spreads(store: ResultStore) -> None:
    row = table2(store, PAPER, MODEL_LABELS)[0]
    rmse = row.figures["rmse"]
    assert row.seeds == [0, 10]
    assert rmse.values == pytest.approx([0.3, 0.5])  # a mean over repeats, and a single one
    assert rmse.mean == pytest.approx(0.4)
    assert rmse.sd == pytest.approx(0.1 * 2**0.5)
    assert rmse.repeats == [0.2, 0.4]
    assert rmse.repeat_sd == pytest.approx(0.1)
    assert (rmse.published, rmse.spread) == (0.384, 0.002)
    assert "coverage" not in row.figures
    assert set(row.results) == {
        "prediction/dvae_fast-128_seed-0", "prediction/dvae_fast-128_seed-10",
    }  # fmt: skip


def test_the_papers_value_belongs_to_its_own_protocol(store: ResultStore) -> None:
    snapshot = table2(store, PAPER, MODEL_LABELS)[2]
    assert snapshot.figures["rmse"].published is None
    write(store, "gcn_fast-128_seed-0_skip-pattern-split", 0, [0.1], **of_model("gcn"),
          split="skip-pattern")  # fmt: skip
    [other] = [row for row in table2(store, PAPER, MODEL_LABELS) if row.name == "gcn"]
    assert other.figures["rmse"].published is None


def test_a_baseline_without_deviations_has_no_nlpd(store: ResultStore) -> None:
    rows = {row.name: row for row in table2(store, PAPER, MODEL_LABELS)}
    assert "nlpd" not in rows["lookup"].figures
    assert rows["lookup"].figures["rmse"].repeat_sd is None
    assert rows["supervised-dvae"].figures["rmse"].values == pytest.approx([0.2])
    assert rows["supervised-dvae"].seeds == []


def test_what_is_quoted_has_a_source(store: ResultStore) -> None:
    quoted = quoted_numbers(PAPER)
    for number in quoted.numbers.values():
        words = number.quote.split()
        assert str(number.value) in words
        assert str(number.spread) in words
        assert "commit" in number.where
    row = table2(store, PAPER, MODEL_LABELS)[-1]
    assert row.figures["rmse"].published == quoted["table2.pace.rmse"].value
    assert (row.figures["rmse"].mean, row.results) == (None, {})


def test_what_is_missing_is_named(store: ResultStore) -> None:
    missing = missing_from_table2(table2(store, PAPER, MODEL_LABELS), MODEL_LABELS)
    assert "GCN, paper split, collapsed estimator" in missing
    assert "DVAE-EMB, paper split, released estimator" in missing
    assert "untrained encoder of DVAE-EMB, skip-pattern split" in missing
    assert "D-VAE, paper split, released estimator" not in missing
    assert f"{BASELINES['lookup'].label}, paper split" not in missing
    assert len(missing) == 3 * 6 - 3 + 2 * (len(BASELINES) + 4) - 2


def test_other_data_have_a_table_of_their_own(store: ResultStore) -> None:
    [row] = table2(store, PAPER, MODEL_LABELS, dataset="enas-digits")
    assert list(row.results) == ["prediction/elsewhere"]


def test_json_and_text(store: ResultStore, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table2(store, PAPER, MODEL_LABELS)
    values = json.loads(json.dumps(rows_as_json(rows)))
    assert values[0]["figures"]["rmse"]["published"] == 0.384
    assert values[0]["figures"]["rmse"]["mean"] == pytest.approx(0.4)
    assert values[0]["results"]["prediction/dvae_fast-128_seed-0"]["cpu_seconds"] == 7.0
    lines = rows_as_text(rows).splitlines()
    assert len(lines) == 2 + len(rows)
    assert "0.384 ± 0.002" in lines[2]
    assert "0.400 ± 0.141" in lines[2]
    assert "0.248 ± 0.001" in lines[-1]
    assert cli.main(["report", "table2", "--results", str(store.root)]) == 0
    assert "look-up" in capsys.readouterr().out
    assert cli.main(["report", "table2", "--results", str(store.root / "nowhere")]) == 1
    assert "predict" in capsys.readouterr().err


def test_a_figure_of_one_value_has_no_spread() -> None:
    figure = Table2Figure([0.5], [0.5])
    assert (figure.mean, figure.sd, figure.repeat_sd) == (0.5, None, None)
