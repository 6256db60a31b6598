from __future__ import annotations

from pathlib import Path

import pytest

from paper_nas.artifacts import ResultDamaged
from paper_nas.benchmark import LabelFile, LabelsMismatch, labels, plan, train_labels
from paper_nas.benchmark.labels import train_label
from tests.benchmark.samples import TINY

TASKS = plan(TINY).tasks()[:4]
IMAGES = TINY.load_images()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "labels.jsonl"


def one_process(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Train in this process; returns what was trained."""
    trained: list[object] = []

    def here(tasks, images, budget, workers):  # type: ignore[no-untyped-def]
        for task in tasks:
            trained.append(task)
            yield task, train_label(task, images, budget)

    monkeypatch.setattr(labels, "_trained", here)
    return trained


def test_processes_give_what_one_process_gives(path: Path) -> None:
    found = train_labels(TASKS, IMAGES, TINY.budget, path, workers=2)
    assert list(found) == TASKS
    for task, label in found.items():
        here = train_label(task, IMAGES, TINY.budget)
        assert label.validation_nll == pytest.approx(here.validation_nll, rel=1e-4)
        assert label.parameters == here.parameters
        assert 0 <= label.validation_hits <= len(IMAGES.validation)


def test_nothing_is_trained_twice(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = one_process(monkeypatch)
    first = train_labels(TASKS[:2], IMAGES, TINY.budget, path)
    again = train_labels([*TASKS, TASKS[0]], IMAGES, TINY.budget, path)
    assert trained == TASKS
    assert {task: again[task] for task in TASKS[:2]} == first
    assert train_labels(TASKS, IMAGES, TINY.budget, path) == again
    assert trained == TASKS


@pytest.mark.parametrize("cut", [1, 40])
def test_a_cut_off_line_is_trained_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    trained = one_process(monkeypatch)
    train_labels(TASKS[:2], IMAGES, TINY.budget, path)
    path.write_bytes(path.read_bytes()[:-cut])
    again = train_labels(TASKS, IMAGES, TINY.budget, path)
    assert trained == [*TASKS[:2], *TASKS[1:]]
    assert LabelFile(path, IMAGES, TINY.budget).read() == again


def test_an_interruption_keeps_what_is_done(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(tasks, images, budget, workers):  # type: ignore[no-untyped-def]
        yield tasks[0], train_label(tasks[0], images, budget)
        raise KeyboardInterrupt

    monkeypatch.setattr(labels, "_trained", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_labels(TASKS, IMAGES, TINY.budget, path)
    assert list(LabelFile(path, IMAGES, TINY.budget).read()) == TASKS[:1]


def test_labels_of_another_budget_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_process(monkeypatch)
    train_labels(TASKS[:1], IMAGES, TINY.budget, path)
    with pytest.raises(LabelsMismatch, match="another budget"):
        train_labels(TASKS[:1], IMAGES, TINY.budget.changed(steps=3), path)


def test_a_damaged_line_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_process(monkeypatch)
    train_labels(TASKS[:2], IMAGES, TINY.budget, path)
    lines = path.read_text().split("\n")
    path.write_text("\n".join([lines[0], lines[1][:30], *lines[2:]]))
    with pytest.raises(ResultDamaged, match=r"line 2: .*; remove the line to train it again"):
        LabelFile(path, IMAGES, TINY.budget).read()
    path.write_text("\n".join([lines[0][:30], *lines[1:]]))
    with pytest.raises(ResultDamaged, match=r"line 1: .*; move the file away"):
        LabelFile(path, IMAGES, TINY.budget).read()


def test_no_file_has_no_labels(path: Path) -> None:
    assert LabelFile(path, IMAGES, TINY.budget).read() == {}
