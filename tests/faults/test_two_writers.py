"""Two processes that write the same thing: it is that of one of them, or a clear error."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest
import torch

from paper_nas.artifacts import ResultStore, read_tensors
from paper_nas.benchmark import LabelFile, labels, plan, train_labels
from paper_nas.benchmark.labels import LabelsInUse
from paper_nas.training import CHECKPOINT
from tests.benchmark.samples import TINY, made_up_label
from tests.explorer.samples import manifest
from tests.faults.processes import (
    EXPLORED,
    Conditions,
    ended,
    run,
    send,
    start,
    start_function,
    wait_until,
)
from tests.faults.test_full_disk import TRAIN, label_file
from tests.faults.test_kills import KILLED, files, folders

NAME, FILES = "a/result", ("first.json", "second.json", "third.json")


def write(root: Path, word: str, times: int = 1) -> int:
    """Write a result of three files that all hold a word."""
    for _ in range(times):
        described = manifest({"word": word}, EXPLORED)
        ResultStore(root).write(NAME, described, json_files=dict.fromkeys(FILES, word))
    return 0


def words(root: Path) -> set[str]:
    """The words that a result and its manifest hold; raises if a file is not the manifest's."""
    store = ResultStore(root)
    return {store.load_json(NAME, file) for file in FILES} | {
        store.manifest(NAME).configuration["word"]
    }


def test_a_writer_waits_for_the_one_before_it(tmp_path: Path) -> None:
    """The first is stopped with one of its files in place; the second must not touch them."""
    root = tmp_path / "results"
    halted = Conditions(at=2, gets=signal.SIGSTOP)
    first = start_function(tmp_path / "1", write, root, "first", conditions=halted)
    process = psutil.Process(first.pid)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED, first)
    before = files(root)
    assert list(before) == [f"{NAME}/{FILES[0]}"]
    second = start_function(tmp_path / "2", write, root, "second")
    wait_until(lambda: len(list(root.rglob(f".*.{second.pid}-*.tmp"))) == 4, second)
    second.join(0.5)
    assert second.exitcode is None
    assert files(root) == before
    send(first, signal.SIGCONT)
    assert [ended(first), ended(second)] == [0, 0]
    assert words(root) == {"second"}
    assert not list(root.rglob("*.tmp"))


def test_a_writer_that_dies_holds_nobody_up(tmp_path: Path) -> None:
    root = tmp_path / "results"
    first = start_function(tmp_path / "1", write, root, "first", conditions=Conditions(at=2))
    assert ended(first) == KILLED
    assert ended(start_function(tmp_path / "2", write, root, "second")) == 0
    assert words(root) == {"second"}


def test_many_writers_at_once(tmp_path: Path) -> None:
    root = tmp_path / "results"
    processes = [
        start_function(tmp_path / word, write, root, word, 60) for word in ("one", "two", "three")
    ]
    assert [ended(process) for process in processes] == [0, 0, 0]
    assert len(words(root)) == 1
    assert set(files(root)) == {f"{NAME}/{file}" for file in (*FILES, "manifest.json")}


def test_two_trainings_in_one_folder(tmp_path: Path) -> None:
    """Both compute the same, and each checkpoint is whole: so is the result."""
    command = [*TRAIN, "--resume"]
    both, alone = tmp_path / "both", tmp_path / "alone"
    processes = [start(tmp_path / str(n), *command, *folders(both)) for n in range(2)]
    assert [ended(process) for process in processes] == [0, 0]
    assert run(tmp_path / "output", *command, *folders(alone)) == 0
    found, expected = (read_tensors(next(folder.rglob(CHECKPOINT)))[0] for folder in (both, alone))
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)
    store = ResultStore(both / "results")
    (name,) = store.names()
    assert len(store.load_json(name, "history.json")) == 3


TASKS = plan(TINY).tasks()[:3]


def hold(path: Path) -> int:
    """Begin to write a label file, and never end."""
    file = label_file(path)
    with file.writing():
        for _ in file.append([(TASKS[0], made_up_label(1.0))]):
            signal.pause()
    return 0


def test_a_label_file_has_one_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, images = tmp_path / "labels.jsonl", TINY.load_images()
    monkeypatch.setattr(
        labels, "_trained", lambda tasks, *_: ((task, made_up_label(2.0)) for task in tasks)
    )
    holder = start_function(tmp_path / "output", hold, path)
    wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") == 2, holder)
    content = path.read_bytes()
    with pytest.raises(LabelsInUse, match="another process is writing"):
        train_labels(TASKS, images, TINY.budget, path)
    assert path.read_bytes() == content
    found = train_labels(TASKS[:1], images, TINY.budget, path)  # what is there may be read
    assert found == {TASKS[0]: made_up_label(1.0)}
    send(holder, signal.SIGKILL)
    assert ended(holder) == KILLED
    assert train_labels(TASKS, images, TINY.budget, path)[TASKS[2]] == made_up_label(2.0)
    assert len(LabelFile(path, images, TINY.budget).read()) == 3
