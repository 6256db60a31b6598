"""A whole benchmark, made small: what is written is what the loader reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paper_nas import __main__ as command_line
from paper_nas.artifacts import ResultStore
from paper_nas.benchmark import (
    Task,
    Variant,
    measure_gate,
    plan,
    standalone_labels,
    write_benchmark,
)
from paper_nas.benchmark.gate import CHOSEN
from paper_nas.benchmark.labels import train_label
from paper_nas.benchmark.make import recorded_labels
from paper_nas.benchmark.weight_sharing import FINE_TUNING_STEPS, supernet
from paper_nas.child import STATISTICS
from paper_nas.commands import benchmark as command
from paper_nas.datasets import load_enas_digits, score_from_nll
from tests.benchmark.samples import TINY

SMALL_GATE = (
    Variant(CHOSEN, "the benchmark", count=9, repeated=4),
    Variant("other", "another budget", {"steps": 3}, count=9, repeated=4),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of both commands on the small benchmark."""
    root = tmp_path_factory.mktemp("benchmark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "DIGITS_BENCHMARK", replace(TINY, name="enas-digits"))
        patch.setattr("paper_nas.benchmark.make.VARIANTS", SMALL_GATE)
        patch.setattr("paper_nas.benchmark.gate.REPEATS", 20)
        patch.setattr("paper_nas.benchmark.weight_sharing.REPEATS", 20)
        patch.setattr("paper_nas.benchmark.gate.FOLDS", 3)
        folders = ["--runs", f"{root}/runs", "--results", f"{root}/results"]
        options = [*folders, "--embedded", f"{root}/data", "--quiet"]
        for what in ("digits", "gate"):
            assert command_line.main(["benchmark", what, *options]) == 0
    return root


def test_the_loader_reads_what_was_made(made: Path) -> None:
    design = plan(TINY)
    dataset = load_enas_digits(root=made / "data")
    assert dataset.architectures == design.architectures
    assert dataset.test_index.tolist() == np.flatnonzero(design.in_test).tolist()
    assert dataset.labelled.tolist() == design.labelled.tolist()
    both = np.isfinite(dataset.labels["standalone_nll_seed_1"])
    assert np.flatnonzero(both).tolist() == design.repeated.tolist()
    expected = score_from_nll(dataset.labels["standalone_nll"])
    np.testing.assert_array_equal(dataset.accuracy, expected)
    for seed in range(TINY.supernets):
        assert np.isfinite(dataset.labels[f"weight_sharing_nll_seed_{seed}"]).all()


def test_losses_are_those_of_the_trainings(made: Path) -> None:
    dataset = load_enas_digits(root=made / "data")
    lines = (made / "runs/enas-digits/standalone.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    for record in records[1:]:
        row = [str(a) for a in dataset.architectures].index(record["architecture"])
        if row not in dataset.labelled:
            continue  # the small gate trains some that the small benchmark does not
        suffix = f"_seed_{record['seed']}" if record["seed"] else ""
        nll = dataset.labels[f"standalone_nll{suffix}"][row]
        assert nll == pytest.approx(record["validation_nll"], abs=6e-5)
        hits = dataset.labels[f"standalone_accuracy{suffix}"][row] * 600
        assert hits == pytest.approx(record["validation_hits"])


def test_weight_sharing_scores_are_those_of_the_network(made: Path) -> None:
    dataset, images = load_enas_digits(root=made / "data"), TINY.load_images()
    network = supernet(TINY.shared, images, 1, made / "runs/enas-digits")
    scores = network.evaluate(dataset.architectures, images, statistics=TINY.statistics)
    stored = dataset.labels["weight_sharing_nll_seed_1"]
    np.testing.assert_allclose(stored, scores.nll, atol=6e-5)


def test_the_report_of_weight_sharing_is_whole(made: Path) -> None:
    report = ResultStore(made / "results").load_json("benchmark/weight-sharing", "agreement.json")
    tuned = {f"fine-tuned {steps} steps" for steps in FINE_TUNING_STEPS}
    assert {f"{s} statistics" for s in STATISTICS} | tuned <= set(report["ways"])
    for way in report["ways"].values():
        assert len(way["by network"]) == TINY.supernets
        for value, low, high in [*way["by network"], way["by their mean"]]:
            assert -1 <= low <= value <= high <= 1


def test_the_gate_is_stored_with_its_losses(made: Path) -> None:
    store = ResultStore(made / "results")
    rows = store.load_json("benchmark/gate", "gate.json")
    assert [row["name"] for row in rows] == [CHOSEN, "other"]
    assert [row["steps"] for row in rows] == [2, 3]
    losses = store.load_arrays("benchmark/gate", "labels.npz")
    assert {name: len(values) for name, values in losses.items()} == {
        "chosen_seed_0": 9, "chosen_seed_1": 4, "other_seed_0": 9, "other_seed_1": 4,
    }  # fmt: skip
    assert store.manifest("benchmark/gate").cpu_seconds > 0


def test_a_benchmark_can_be_given_more_labels(
    made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From its file alone: what it holds is not trained again."""
    trained: list[Task] = []

    def count(tasks, images, budget, workers):  # type: ignore[no-untyped-def]
        trained.extend(tasks)
        return iter([(task, train_label(task, images, budget)) for task in tasks])

    monkeypatch.setattr("paper_nas.benchmark.labels._trained", count)
    more = replace(TINY, name="enas-digits", labelled_train=8)
    labels = standalone_labels(more, tmp_path, ResultStore(made / "data"))
    assert len(trained) == 2
    assert list(labels) == plan(more).tasks()
    dataset = load_enas_digits(root=made / "data")
    for row in dataset.labelled:
        found = labels[Task(dataset.architectures[row], 0)]
        assert found.validation_nll == dataset.labels["standalone_nll"][row]
        assert found.parameters > 0


def test_labels_of_another_budget_do_not_count(made: Path) -> None:
    images, embedded = TINY.load_images(), ResultStore(made / "data")
    same = replace(TINY, name="enas-digits")
    other = same.changed(budget=TINY.budget.changed(steps=3))
    assert len(recorded_labels(same, images, embedded)) == len(plan(TINY).tasks())
    assert recorded_labels(other, images, embedded) == {}
    assert recorded_labels(TINY, images, embedded) == {}


def test_a_second_call_changes_nothing(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("paper_nas.benchmark.labels._trained", refuse)
    monkeypatch.setattr("paper_nas.benchmark.weight_sharing.train_shared", refuse)
    before = ResultStore(made / "data").manifest("enas-digits").files
    again = ResultStore(made / "again")
    write_benchmark(TINY, made / "runs/enas-digits", again, again)
    assert again.manifest(TINY.name).files == before


def test_a_gate_is_the_same_again(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paper_nas.benchmark.gate.REPEATS", 20)
    monkeypatch.setattr("paper_nas.benchmark.gate.FOLDS", 3)
    rows, _ = measure_gate(TINY, made / "runs/enas-digits", SMALL_GATE)
    stored = ResultStore(made / "results").load_json("benchmark/gate", "gate.json")
    assert json.loads(json.dumps(rows)) == stored
