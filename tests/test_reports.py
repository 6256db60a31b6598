"""Reports: rows put together from results, with the paper beside them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from paper_nas import __main__ as cli
from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.config import PRESETS
from paper_nas.paper_numbers import load_paper_numbers
from paper_nas.reports import (
    MODEL_LABELS,
    TABLE1,
    Figure,
    rows_as_json,
    rows_as_text,
    seed_gain,
    table1,
    trainings_by_scale,
)


def evaluation(accuracy: float) -> dict[str, dict[str, float]]:
    generation = {"validity": 1.0, "uniqueness": 0.4, "novelty": 0.9}
    return {
        "reconstruction": {
            "sampled": accuracy, "expected": 0.8, "greedy": 0.9, "operations": 0.7, "skips": 0.6,
        },
        "generation": generation,
        "generation_standard_normal": generation,
    }  # fmt: skip


def write(store: ResultStore, name: str, model: str, seed: int, accuracy: float) -> None:
    hidden = 128 if "fast-128" in name else 501
    config = PRESETS["paper"].changed(hidden_size=hidden, seed=seed).to_json_dict()
    config |= {"model": model, "evaluated_iteration": 1, "evaluated_epoch": 300}
    data = {"name": "enas-digits" if "digits" in name else "enas-cifar10"}
    manifest = Manifest("python -m paper_nas x", config, seed, data, 7.0, 7.0)
    store.write(name, manifest, json_files={"evaluation.json": evaluation(accuracy)})


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    store = ResultStore(tmp_path)
    for seed, accuracy in ((2, 0.5), (0, 0.9), (10, 0.7)):
        write(store, f"evaluation/dvae_fast-128_seed-{seed}", "dvae", seed, accuracy)
    write(store, "evaluation/gcn-emb_fast_seed-0", "gcn-emb", 0, 0.25)
    write(store, "evaluation/dvae_fast_seed-0", "dvae", 0, 1.0)
    write(store, "evaluation/dvae_fast_seed-0_t-1_e-3", "dvae", 0, 0.125)
    write(store, "evaluation/dvae_fast_enas-digits_seed-0", "dvae", 0, 1.0)
    write(store, "training/dvae_fast_seed-0", "dvae", 0, 1.0)
    return store


def test_rows_are_ordered_and_grouped_by_seed(store: ResultStore) -> None:
    rows = table1(store, load_paper_numbers())
    assert [row.configuration for row in rows] == [
        "dvae_fast", "gcn-emb_fast", "dvae_fast-128", "dvae_fast_t-1_e-3",
    ]  # fmt: skip
    assert [row.published for row in rows] == [True, True, True, False]
    seeds = rows[2]
    assert seeds.seeds == [0, 2, 10]
    accuracy = seeds.figures["accuracy"]
    assert accuracy.values == pytest.approx([90, 50, 70])
    assert accuracy.mean == pytest.approx(70)
    assert accuracy.sd == pytest.approx(20)
    assert accuracy.difference == pytest.approx(70 - 99.96)
    assert rows[0].figures["accuracy"].sd is None
    assert (rows[0].core_seconds, rows[2].core_seconds) == ([7.0], [])
    assert set(rows[0].results) == {"evaluation/dvae_fast_seed-0", "training/dvae_fast_seed-0"}


def test_the_paper_has_three_figures_of_each_model(store: ResultStore) -> None:
    paper = load_paper_numbers()
    for name in MODEL_LABELS:
        for figure in ("accuracy", "validity", "uniqueness"):
            assert math.isfinite(paper[f"table1.{name.replace('-', '_')}.{figure}"].value)
    row = table1(store, paper)[1]
    assert row.label == "GCN-EMB"
    assert {n for n, f in row.figures.items() if f.paper is not None} == {
        "accuracy", "validity", "uniqueness",
    }  # fmt: skip
    assert row.figures["uniqueness"].paper == 32.63
    assert row.figures["novelty"].difference is None
    snapshot = table1(store, paper)[3]
    assert snapshot.figures["accuracy"].paper is None  # the paper's is of the last epoch
    assert row.figures.keys() == TABLE1.keys()


def test_json_and_text_hold_the_same_numbers(store: ResultStore) -> None:
    rows = table1(store, load_paper_numbers())
    values = json.loads(json.dumps(rows_as_json(rows)))
    assert values[2]["figures"]["accuracy"] == {
        "paper": 99.96,
        "mean": pytest.approx(70),
        "sd": pytest.approx(20),
        "values": pytest.approx([90, 50, 70]),
    }
    lines = rows_as_text(rows).splitlines()
    assert len(lines) == 2 + len(rows)
    assert "99.96" in lines[4]
    assert "70.00 ± 20.00" in lines[4]


def test_the_command_prints_them(store: ResultStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "table1", "--json", "--results", str(store.root)]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 4
    assert cli.main(["report", "table1", "--results", str(store.root)]) == 0
    assert "dvae_fast-128" in capsys.readouterr().out
    assert cli.main(["report", "table1", "--results", str(store.root / "nowhere")]) == 1
    assert "evaluate" in capsys.readouterr().err


def test_one_value_has_no_spread() -> None:
    assert Figure([1.0]).sd is None
    assert Figure([1.0, 3.0], paper=1.5).sd == pytest.approx(math.sqrt(2))
    assert Figure([1.0, 3.0], paper=1.5).difference == 0.5


def test_trainings_are_grouped_by_factor_if_nothing_else_differs(tmp_path: Path) -> None:
    store, shared = ResultStore(tmp_path), PRESETS["fast-128"]

    def train(model: str, data: str = "enas-cifar10", **changed: object) -> str:
        config = shared.changed(**changed)
        name = f"training/{model}-{len(store.names())}"
        settings = {"model": model, **config.to_json_dict()}
        manifest = Manifest("x", settings, config.seed, {"name": data}, 1.0, 1.0)
        store.write(name, manifest, json_files={"history.json": []})
        return name

    late = train("dvae", seed=10, operation_scale=3.0)
    early = train("dvae", seed=2, operation_scale=3.0)
    other = train("dvae-emb", operation_scale=1.0, snapshots=())
    for changed in ({"epochs": 3}, {"iterations": 2}, {"clip": None}):
        train("dvae", **changed)
    train("gcn", operation_scale=3.0)
    train("dvae", "enas-digits")
    groups = trainings_by_scale(store, shared)
    assert groups == {("dvae", 3.0): [early, late], ("dvae-emb", 1.0): [other]}
    assert list(groups) == [("dvae", 3.0), ("dvae-emb", 1.0)]


@pytest.mark.parametrize(
    ("old", "new", "less", "verdict"),
    [
        ([1.0, 1.2], [3.0, 3.2], False, "better"),
        ([1.0, 1.2], [3.0, 3.2], True, "worse"),
        ([1.0, 3.0], [2.0, 3.5], False, "no difference"),
        ([1.0, 1.0], [1.0, 1.0], False, "no difference"),  # no spread at all
        ([1.0], [3.0, 3.1], False, "one seed: not judged"),
    ],
)
def test_a_gain_counts_if_seeds_do_not_undo_it(
    old: list[float], new: list[float], less: bool, verdict: str
) -> None:
    gain = seed_gain(old, new, less)
    assert gain.verdict == verdict
    assert abs(gain.gain) == pytest.approx(abs(sum(new) / len(new) - sum(old) / len(old)))
    assert math.isnan(gain.error) == (verdict == "one seed: not judged")
