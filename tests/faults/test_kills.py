"""SIGKILL while a command works: the old state is whole, and the same command goes on.

(Training is tests/test_training.py's matter.)
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from paper_nas.artifacts import ResultDamaged, ResultStore
from paper_nas.benchmark import Label, LabelFile, Task, labels, plan, train_labels
from paper_nas.benchmark.labels import train_label
from paper_nas.datasets import load_enas_digits
from paper_nas.search import read_trial
from tests.explorer.samples import manifest, store_prepared, store_training
from tests.faults.processes import (
    BENCHMARK,
    CONTEXT,
    EXPLORED,
    Conditions,
    ended,
    run,
    said,
    send,
    start,
    wait_until,
)

KILLED = -signal.SIGKILL
EVALUATION = "evaluation/dvae-emb_smoke_seed-0"
TRIAL = "search/digits/evolution_seed-0"


def folders(root: Path) -> list[str | Path]:
    return ["--runs", root / "runs", "--results", root / "results"]


def files(folder: Path) -> dict[str, bytes]:
    """Every file that has its final name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_a_killed_evaluation_leaves_the_older_result(tmp_path: Path) -> None:
    """Killed while it decodes, and between two files of its result."""
    output, store = tmp_path / "output", ResultStore(tmp_path / "results")
    assert run(output, "train", "dvae-emb", "--preset", "smoke", *folders(tmp_path)) == 0
    words = ["evaluate", "dvae-emb", "--preset", "smoke", *folders(tmp_path)]
    assert run(output, *words) == 0
    undisturbed = store.manifest(EVALUATION).files
    store.write(EVALUATION, manifest({}, EXPLORED), json_files={"evaluation.json": "an older one"})
    older = files(store.root)

    for stop, status in ((signal.SIGKILL, KILLED), (signal.SIGINT, 130)):
        process = start(output, *words, "--decodes", "100000")
        wait_until(lambda: "graph/s" in said(output), process)
        send(process, stop)
        assert ended(process) == status
        assert files(store.root) == older
        assert store.load_json(EVALUATION, "evaluation.json") == "an older one"
    assert "interrupted; run it again" in said(output)

    assert run(output, *words, conditions=Conditions(at=2)) == KILLED
    assert files(store.root).keys() == older.keys()
    with pytest.raises(ResultDamaged, match="make it again with: a test"):
        store.load_json(EVALUATION, "evaluation.json")
    assert not store.is_current(EVALUATION, {}, version=1)
    assert len(list(store.root.rglob(".*.tmp"))) == 2  # left behind, and read by nobody
    assert run(output, *words) == 0
    assert store.manifest(EVALUATION).files == undisturbed
    assert [len(store.load_json(EVALUATION, "evaluation.json")), len(store.names())] == [4, 2]


def test_a_killed_search_goes_on(tmp_path: Path) -> None:
    """Killed at one file of its checkpoints and its result after another, until none is left."""
    words = ["search", "evolution", "--setting", "digits", "--rounds", "2", "--batch", "5"]
    whole, again = tmp_path / "whole", tmp_path / "again"
    assert run(tmp_path / "output", *words, *folders(whole)) == 0
    status, kills = KILLED, 0
    while status == KILLED:
        kills += 1
        assert ResultStore(again / "results").names() == []
        status = run(tmp_path / "output", *words, *folders(again), conditions=Conditions(at=kills))
    assert (status, kills) == (0, 6)
    expected, found = (read_trial(ResultStore(f / "results"), TRIAL) for f in (whole, again))
    assert found.scores().tolist() == expected.scores().tolist()
    assert [e.proposal.architecture for e in found.evaluations] == [
        e.proposal.architecture for e in expected.evaluations
    ]
    assert not list((again / "runs").rglob("round-*"))


def test_a_killed_export_leaves_the_older_index(tmp_path: Path) -> None:
    """Killed before the first, after the first and before the last of its files: the index."""
    store, output = ResultStore(tmp_path / "results"), tmp_path / "output"
    training = store_training(store, "dvae-emb", EXPLORED)
    store_prepared(store, training, EXPLORED, grid_size=5)
    words = ["--training", training, "--results", store.root]
    assert run(output, "export-explorer", tmp_path / "whole", *words) == 0
    whole = files(tmp_path / "whole")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "index.json").write_text("an older one")
    for at, there in ((1, 0), (2, 1), (len(whole), len(whole) - 1)):
        assert (
            run(output, "export-explorer", folder, *words, conditions=Conditions(at=at)) == KILLED
        )
        found = files(folder)
        assert found.pop("index.json") == b"an older one"
        assert len(found) == there
        assert found.items() <= whole.items()
    assert run(output, "export-explorer", folder, *words) == 0
    assert files(folder) == whole


def running(group: int) -> list[int]:
    """The processes of a group that are more than a name."""
    found = []
    for process in psutil.process_iter(["pid", "status"]):
        try:
            ours = os.getpgid(process.info["pid"]) == group
        except ProcessLookupError:
            continue
        if ours and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.info["pid"])
    return found


def count(path: Path) -> int:
    """Whole lines of a file."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_killed_benchmark_keeps_its_labels(tmp_path: Path) -> None:
    """Killed, then stopped by Ctrl-C, while it trains: no label is lost, no process stays."""
    embedded, path = tmp_path / "data", tmp_path / "runs" / "enas-digits" / "standalone.jsonl"
    words = ["benchmark", "digits", "--embedded", embedded, *folders(tmp_path)]
    output, before = tmp_path / "output", 0
    for stop, group, status in ((signal.SIGKILL, False, KILLED), (signal.SIGINT, True, 130)):
        process = start(output, *words)
        wait_until(lambda n=before: count(path) >= n + 2, process)
        send(process, stop, group)
        assert ended(process) == status
        assert process.pid is not None
        wait_until(lambda p=process.pid: not running(p))
        assert ResultStore(embedded).names() == []
        before = count(path)
    kept = path.read_bytes()
    assert "interrupted; run it again" in said(output)

    assert run(output, *words) == 0
    assert path.read_bytes().startswith(kept)
    dataset, images = load_enas_digits(root=embedded), BENCHMARK.load_images()
    found = LabelFile(path, images.with_noise(BENCHMARK.budget.noise), BENCHMARK.budget).read()
    assert len(found) == count(path) - 1 == 11
    task = Task(dataset.architectures[int(dataset.labelled[0])], 0)
    expected = train_label(task, images, BENCHMARK.budget)
    assert found[task].validation_nll == pytest.approx(expected.validation_nll, rel=1e-4)
    nll = dataset.labels["standalone_nll"]
    assert np.nansum(nll) == pytest.approx(
        sum(label.validation_nll for task, label in found.items() if task.seed == 0), abs=1e-3
    )


def test_a_killed_worker_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system kills for lack of memory: the message says so, what came before is kept."""
    monkeypatch.setattr(labels.multiprocessing, "get_context", lambda _: CONTEXT)
    tasks, images = plan(BENCHMARK).tasks(), BENCHMARK.load_images()
    trained = labels._trained

    def disturbed(*arguments: Any) -> Iterator[tuple[Task, Label]]:
        results = trained(*arguments)
        yield next(results)
        for worker in multiprocessing.active_children():
            worker.kill()
        yield from results

    monkeypatch.setattr(labels, "_trained", disturbed)
    path = tmp_path / "labels.jsonl"
    with pytest.raises(ChildProcessError, match="labels so far are kept: run the command again"):
        train_labels(tasks, images, BENCHMARK.budget, path)
    images = images.with_noise(BENCHMARK.budget.noise)
    assert len(LabelFile(path, images, BENCHMARK.budget).read()) == count(path) - 1 >= 1
