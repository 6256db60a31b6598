"""``benchmark``: make enas-digits, or measure its gate."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from paper_nas.artifacts import ResultStore
from paper_nas.benchmark import DIGITS_BENCHMARK, write_benchmark, write_gate
from paper_nas.commands.options import add_folders, runs_folder
from paper_nas.datasets import EMBEDDED


def add_parser(commands: Any) -> None:
    """Declare ``benchmark``."""
    parser = commands.add_parser("benchmark", help="make enas-digits, or measure its gate")
    parser.set_defaults(run=_benchmark)
    parser.add_argument("what", choices=("digits", "gate"))
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--embedded", type=Path, help="folder of the data set (default: package)")
    add_folders(parser)


def _benchmark(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    config, progress = DIGITS_BENCHMARK, not options.quiet
    folder, results = runs_folder(options, "benchmark") / config.name, ResultStore(options.results)
    if options.what == "gate":
        stored = [write_gate(config, folder, results, options.workers, progress)]
    else:
        embedded = ResultStore(options.embedded or EMBEDDED)
        stored = write_benchmark(config, folder, embedded, results, options.workers, progress)
    print(f"stored {' and '.join(stored)}")
