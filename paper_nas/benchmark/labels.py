"""Stand-alone labels: many trainings in parallel processes, resumable after each.

A *label file* is a text file of JSON lines: first what all its labels have in common (the images
and the budget), then one line per training, appended as soon as it is done.
"""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import torch
from tqdm.auto import tqdm

from paper_nas.artifacts import ResultDamaged, ResultError
from paper_nas.benchmark.design import Task
from paper_nas.child import Budget, ImageSet, train_standalone
from paper_nas.space import Architecture

ELSEWHERE = "move the file away or name another folder"
"""What to do about a file of labels whose first line is not the one that is wanted."""


class LabelsMismatch(ResultError):
    """A label file was made with other images or another budget."""


class LabelsInUse(ResultError):
    """Another process is writing the label file."""


class Label(NamedTuple):
    """What one stand-alone training gave.

    Attributes:
        validation_nll: Mean negative log-likelihood in nats.
        validation_hits: Images that were classified rightly.
        test_nll: As the first, on the test part.
        test_hits: As the second.
        cpu_seconds: Processor time.
        parameters: Trainable numbers of the network.
        multiply_adds: Multiply-adds for one image.
    """

    validation_nll: float
    validation_hits: int
    test_nll: float
    test_hits: int
    cpu_seconds: float
    parameters: int
    multiply_adds: int


Labels = dict[Task, Label]


class LabelFile:
    """A growing file of labels.

    Args:
        path: The file; it need not exist yet.
        images: The images of every label.
        budget: The budget of every label.
    """

    def __init__(self, path: str | Path, images: ImageSet, budget: Budget) -> None:
        """Remember what the labels have in common."""
        self.path = Path(path)
        self.header = {"images": images.sha256, "budget": budget.to_json_dict()}

    def read(self) -> Labels:
        """All labels so far; none if there is no file. A cut-off last line is left out.

        Raises:
            LabelsMismatch: The labels have other images or another budget.
            ResultDamaged: A whole line cannot be read.
        """
        labels: Labels = {}
        for number, line in enumerate(self._whole_lines(), start=1):
            try:
                record = json.loads(line)
                if number > 1:
                    task, label = _from_record(record)
                    labels[task] = label
            except (ValueError, TypeError, KeyError, RecursionError) as reason:
                remedy = "remove the line to train it again" if number > 1 else ELSEWHERE
                raise ResultDamaged(f"{self.path}, line {number}: {reason!r}; {remedy}") from reason
            if number == 1 and record != self.header:
                raise LabelsMismatch(
                    f"{self.path} has labels from other images or another budget; {ELSEWHERE}"
                )
        return labels

    def _whole_lines(self) -> list[bytes]:
        return self.path.read_bytes().split(b"\n")[:-1] if self.path.exists() else []

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other processes from writing the file; the end of the block, or death, lets go.

        Raises:
            LabelsInUse: Another process is in such a block.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as reason:
                raise LabelsInUse(
                    f"another process is writing {self.path}; wait for it, stop it, or name "
                    f"another folder"
                ) from reason
            except OSError:  # a network drive without locks
                pass
            yield

    def append(self, labels: Iterable[tuple[Task, Label]]) -> Iterator[tuple[Task, Label]]:
        """Write each label as it comes, and pass it on; within :meth:`writing`.

        Args:
            labels: Labels that the file does not hold yet.

        Raises:
            OSError: A label cannot be written; those before it are kept.
        """
        lines = self._whole_lines()
        # A cut-off line goes before the next one is written.
        os.truncate(self.path, sum(len(line) + 1 for line in lines))
        with FileIO(self.path, "a") as file:
            if not lines:
                self._write(file, self.header)
            for task, label in labels:
                record = {"architecture": str(task.architecture), "seed": task.seed}
                self._write(file, {**record, **label._asdict()})
                yield task, label

    def _write(self, file: FileIO, record: Mapping[str, Any]) -> None:
        rest = (json.dumps(record) + "\n").encode()
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError as reason:
            raise OSError(
                reason.errno,
                f"cannot write {self.path} ({reason.strerror}); its labels are kept: make room, "
                f"then run the command again",
            ) from reason


def _from_record(record: Any) -> tuple[Task, Label]:
    """A label and its task from a line of the file.

    Raises:
        ValueError: An architecture that is none.
        TypeError: A value of the wrong kind.
        KeyError: A value that is missing.
    """
    task = Task(Architecture.from_string(record["architecture"]), record["seed"])
    label = Label(**{key: record[key] for key in Label._fields})
    for key, kind in {"seed": int, **get_type_hints(Label)}.items():
        if type(record[key]) not in ((int, float) if kind is float else (kind,)):
            raise TypeError(f"{key} is {record[key]!r}")
    return task, label


def train_labels(
    tasks: Sequence[Task],
    images: ImageSet,
    budget: Budget,
    path: str | Path,
    workers: int = 1,
    progress: bool = False,
    known: Mapping[Task, Label] | None = None,
) -> Labels:
    """Train what the label file does not hold yet, and return the labels of all tasks.

    Ctrl-C, or a kill, loses only the trainings under way; the next call goes on from there.

    Args:
        tasks: The trainings; the order decides only which come first.
        images: The images.
        budget: How to train.
        path: The label file.
        workers: Processes, of one thread each.
        progress: Show a progress bar.
        known: Labels from elsewhere, for tasks that are not in the file.

    Raises:
        LabelsMismatch: The file has labels from other images or another budget.
        LabelsInUse: Another process is writing the file, and labels are missing.
        ResultDamaged: The file cannot be read.
        TrainingDiverged: A loss became NaN or infinite.
        OSError: A label cannot be written, or a worker was killed; the labels so far are kept.
    """
    images = images.with_noise(budget.noise)
    file = LabelFile(path, images, budget)
    labels = {**(known or {}), **file.read()}
    if not labels.keys() >= set(tasks):  # a file that is only read may be another's to write
        with file.writing():
            labels |= file.read()  # the other may just have ended
            missing = [task for task in dict.fromkeys(tasks) if task not in labels]
            results = _trained(missing, images, budget, workers)
            done = len(tasks) - len(missing)
            with tqdm(total=len(tasks), initial=done, disable=not progress) as bar:
                for task, label in file.append(results):
                    labels[task] = label
                    bar.update()
    return {task: labels[task] for task in tasks}


def _trained(
    tasks: Sequence[Task], images: ImageSet, budget: Budget, workers: int
) -> Iterator[tuple[Task, Label]]:
    """Train in parallel processes; labels come as they are done.

    Raises:
        ChildProcessError: One of the processes was killed.
    """
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _begin_worker, (images, budget)
    )
    try:
        futures = {pool.submit(_train_in_worker, task): task for task in tasks}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as reason:
        raise ChildProcessError(
            "a process that trained was killed, perhaps for lack of memory; the labels so far are "
            "kept: run the command again, with fewer --workers"
        ) from reason
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_WORK: dict[str, Any] = {}
"""In a worker process: the images and the budget."""


def _begin_worker(images: ImageSet, budget: Budget) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _WORK.update(images=images, budget=budget)


def _end_with_parent() -> None:
    """A pool whose owner was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _train_in_worker(task: Task) -> Label:
    return train_label(task, _WORK["images"], _WORK["budget"])


def train_label(task: Task, images: ImageSet, budget: Budget) -> Label:
    """Train one architecture and keep what a label holds."""
    result = train_standalone(task.architecture, images, budget, task.seed)
    return Label(
        validation_nll=result.validation_nll,
        validation_hits=round(result.validation_accuracy * len(images.validation)),
        test_nll=result.test_nll,
        test_hits=round(result.test_accuracy * len(images.test)),
        cpu_seconds=round(result.cpu_seconds, 3),
        parameters=result.parameters,
        multiply_adds=result.multiply_adds,
    )
