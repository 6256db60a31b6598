"""No room, or no permission: a message that names the folder, and the old state is whole.

A disk is full by a limit on the size of a file, which the system enforces as it does a disk's end.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from paper_nas.artifacts import ResultStore
from paper_nas.benchmark import LabelFile, Task, plan
from paper_nas.search import read_trial
from paper_nas.training import CHECKPOINT
from tests.benchmark.samples import TINY, made_up_label
from tests.explorer.samples import manifest
from tests.faults.processes import Conditions, ended, run, said, start_function
from tests.faults.test_kills import EXPLORED, TRIAL, files, folders

TRAIN = ("train", "dvae-emb", "--preset", "smoke", "--quiet")
SEARCH = ("search", "evolution", "--setting", "digits", "--rounds", "2", "--batch", "5", "--quiet")
LIMIT = 1_000
"""Bytes, less than a checkpoint or a manifest has."""


def overwrite(root: Path) -> int:
    """Write a result of a small and a large file; returns 1 and says why if that fails."""
    small, large = {"small.json": 2}, {"large.json": [2] * 10_000}
    try:
        ResultStore(root).write("a/result", manifest({}, EXPLORED), json_files={**small, **large})
    except OSError as reason:
        print(reason)
        return 1
    return 0


def test_a_result_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    store, output = ResultStore(tmp_path / "results"), tmp_path / "output"
    store.write("a/result", manifest({}, EXPLORED), json_files={"small.json": 1, "large.json": 1})
    older = files(store.root)
    limits = Conditions(file_limit=LIMIT)
    assert ended(start_function(output, overwrite, store.root, conditions=limits)) == 1
    assert f"cannot write {store.root / 'a/result'} (File too large); make room" in said(output)
    assert files(store.root) == older
    assert not list(store.root.rglob("*.tmp"))
    assert ended(start_function(output, overwrite, store.root)) == 0
    assert store.load_json("a/result", "small.json") == 2


def test_a_training_goes_on_when_there_is_room(tmp_path: Path) -> None:
    output = tmp_path / "output"
    words = [*TRAIN, *folders(tmp_path)]
    assert run(output, *words, conditions=Conditions(file_limit=LIMIT)) == 1
    assert "paper_nas: " in said(output)
    assert f"{CHECKPOINT} (File too large); make room" in said(output)
    assert "Traceback" not in said(output)
    assert files(tmp_path / "runs") == {}
    assert run(output, *words, "--resume") == 0


def test_a_search_goes_on_when_there_is_room(tmp_path: Path) -> None:
    output, whole, again = tmp_path / "output", tmp_path / "whole", tmp_path / "again"
    assert run(output, *SEARCH, *folders(again), conditions=Conditions(file_limit=LIMIT)) == 1
    assert "(File too large); make room" in said(output)
    assert files(again) == {}
    for folder in (whole, again):
        assert run(output, *SEARCH, *folders(folder)) == 0
    first, second = (read_trial(ResultStore(f / "results"), TRIAL) for f in (whole, again))
    assert first.scores().tolist() == second.scores().tolist()


TASKS = plan(TINY).tasks()[:6]
LABELS = [(task, made_up_label(1.0 + number)) for number, task in enumerate(TASKS)]


def label_file(path: Path) -> LabelFile:
    return LabelFile(path, TINY.load_images(), TINY.budget)


def append(path: Path) -> int:
    """Append the labels that a file lacks; returns 1 and says why if one cannot be written."""
    file = label_file(path)
    try:
        with file.writing():
            known = file.read()
            for _ in file.append((task, label) for task, label in LABELS if task not in known):
                pass
    except OSError as reason:
        print(reason)
        return 1
    return 0


def test_a_label_that_finds_no_room_is_all_that_is_lost(tmp_path: Path) -> None:
    output, path = tmp_path / "output", tmp_path / "labels.jsonl"
    limits = Conditions(file_limit=LIMIT)
    assert ended(start_function(output, append, path, conditions=limits)) == 1
    assert f"cannot write {path} (File too large); its labels are kept" in said(output)
    assert path.stat().st_size == LIMIT  # the last line is cut off
    kept: dict[Task, object] = dict(label_file(path).read())
    assert 1 <= len(kept) < len(TASKS)
    assert kept.items() <= dict(LABELS).items()
    assert ended(start_function(output, append, path)) == 0
    assert label_file(path).read() == dict(LABELS)


@pytest.mark.skipif(
    os.geteuid() == 0 and sys.platform != "linux", reason="only Linux can take root's rights away"
)
def test_a_read_only_folder_costs_only_the_writing(tmp_path: Path) -> None:
    """The rounds of a search whose result cannot be stored are kept for the next attempt."""
    output, results = tmp_path / "output", tmp_path / "results"
    ResultStore(results).write("a/result", manifest({}, EXPLORED), json_files={"older.json": 1})
    older = files(results)
    results.chmod(0o555)
    try:
        words = [*SEARCH, *folders(tmp_path)]
        assert run(output, *words, conditions=Conditions(unprivileged=True)) == 1
        assert f"cannot write {results / TRIAL} (Permission denied); make room" in said(output)
        assert files(results) == older
        assert list((tmp_path / "runs").rglob("round-002"))
    finally:
        results.chmod(0o755)
    assert run(output, *words) == 0
    assert len(read_trial(ResultStore(results), TRIAL).evaluations) == 10
