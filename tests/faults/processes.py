"""Commands as processes of their own, small ones, under conditions that a test chooses.

The processes are forked from a server that has imported the package once, so that a test can afford
many of them. Signals, limits and permissions are real.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch._dynamo  # noqa: F401  (what training imports when it begins)

from paper_nas import __main__ as cli
from paper_nas.benchmark import weight_sharing
from paper_nas.commands import benchmark, evaluate, export_explorer, search, train
from paper_nas.evaluation import prior_generation
from paper_nas.explorer import export
from paper_nas.oracles import SurrogateOracle
from paper_nas.search import Setting, start_set
from tests.benchmark.samples import TINY
from tests.explorer.samples import scored_dataset
from tests.oracles.samples import digits_like
from tests.samples import tiny_dataset

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])
PATIENCE = 300.0
"""Seconds after which what a test waits for will not come."""

BENCHMARK = TINY.changed(name="enas-digits", repeated=2, supernets=1)
EXPLORED = scored_dataset(unscored=4)
TRAINED = tiny_dataset(64)


@dataclass(frozen=True)
class Conditions:
    """What happens to a process.

    Attributes:
        at: The process gets a signal just before it gives the file or folder of this number, from
            1, its final name; 0: it gets none.
        gets: That signal.
        file_limit: No file may grow beyond so many bytes.
        unprivileged: Permissions count, even if the tests are run by root.
    """

    at: int = 0
    gets: signal.Signals = signal.SIGKILL
    file_limit: int | None = None
    unprivileged: bool = False


NORMAL = Conditions()


def start(output: Path, *words: str | Path, conditions: Conditions = NORMAL) -> BaseProcess:
    """Start a command of ``python -m paper_nas`` on small data, and leave it alone.

    Args:
        output: File for what it says.
        words: Of the command line.
        conditions: Of the process; it leads a process group of its own.
    """
    return start_function(output, small_command, *map(str, words), conditions=conditions)


def start_function(
    output: Path,
    function: Callable[..., int | None],
    *arguments: object,
    conditions: Conditions = NORMAL,
) -> BaseProcess:
    """Start a function of a module in a process; what it returns is the exit status."""
    output.unlink(missing_ok=True)
    process = CONTEXT.Process(
        target=_under_conditions, args=(output, conditions, function, arguments)
    )
    process.start()
    return process


def run(output: Path, *words: str | Path, conditions: Conditions = NORMAL) -> int:
    """Run a command to its end; returns the exit status, or minus the number of a signal."""
    return ended(start(output, *words, conditions=conditions))


def ended(process: BaseProcess) -> int:
    """Wait for the end of a process; returns its exit status."""
    process.join(PATIENCE)
    assert process.exitcode is not None, "the process does not end"
    return process.exitcode


def wait_until(condition: Callable[[], object], process: BaseProcess | None = None) -> None:
    """Look again and again until something is so; a process that ends before is a failure."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.exitcode is None, "it ended too soon"
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.002)


def said(output: Path) -> str:
    """What a process has said so far."""
    return output.read_text() if output.exists() else ""


def send(process: BaseProcess, what: signal.Signals, group: bool = False) -> None:
    """Send a signal to a process, or to all processes of its group, as a terminal does."""
    assert process.pid is not None
    (os.killpg if group else os.kill)(process.pid, what)


# ---- in the process ------------------------------------------------------------------------------


def small_command(*words: str) -> int:
    """Run a command on small data: every data set, setting and benchmark is one of the samples."""
    sys.argv = ["paper_nas", *words]
    vars(weight_sharing).update(FINE_TUNED=2, FINE_TUNING_STEPS=(1,), REPEATS=5)
    for module in (train, evaluate):
        vars(module)["load_dataset"] = lambda *_: TRAINED
    for module in (export_explorer, export):
        vars(module)["load_dataset"] = lambda *_: EXPLORED
    vars(evaluate)["prior_generation"] = partial(prior_generation, latents=20)
    vars(search)["load_setting"] = _small_setting
    vars(benchmark)["DIGITS_BENCHMARK"] = BENCHMARK
    return cli.main(words)


def _small_setting(name: str, seed: int = 0) -> object:
    dataset = digits_like(120)
    oracle = SurrogateOracle(dataset)
    return dataset, oracle, start_set(Setting(name, name, name, 40), dataset, oracle, seed)


def _under_conditions(
    output: Path,
    conditions: Conditions,
    function: Callable[..., int | None],
    arguments: tuple[object, ...],
) -> None:
    os.setsid()
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    if conditions.file_limit is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (conditions.file_limit, hard))
    if conditions.unprivileged and os.geteuid() == 0:
        _give_up_override()
    if conditions.at:
        _count_names(conditions.at, conditions.gets)
    sys.exit(function(*arguments))


def _count_names(at: int, gets: signal.Signals) -> None:
    """Send this process a signal before it renames for the given time."""
    count = 0

    def counted(rename: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
        def renamed(path: Path, target: Path) -> Path:
            nonlocal count
            count += 1
            if count == at:
                os.kill(os.getpid(), gets)
            return rename(path, target)

        return renamed

    for name in ("replace", "rename"):
        setattr(Path, name, counted(getattr(Path, name)))


def _give_up_override() -> None:
    """Give up root's right to write where permissions forbid it (CAP_DAC_OVERRIDE of Linux)."""
    library = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    assert library.capget(header, sets) == 0
    sets[0] &= ~(1 << 1)
    assert library.capset(header, sets) == 0
