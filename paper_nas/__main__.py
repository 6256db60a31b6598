"""The command line: one thin subcommand per step of the pipeline.

Run ``python -m paper_nas --help``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from paper_nas.artifacts import ResultError
from paper_nas.commands import (
    arms,
    benchmark,
    cluster,
    evaluate,
    export_explorer,
    predict,
    project,
    report,
    search,
    tables,
    train,
)
from paper_nas.datasets import DatasetError
from paper_nas.training import CheckpointMismatch, TrainingDiverged

FAILURES = (DatasetError, ResultError, CheckpointMismatch, TrainingDiverged, OSError)
"""What a user can mend: shown as one line instead of a traceback."""

COMMANDS = (
    train, evaluate, predict, tables, project, report, benchmark, export_explorer, search, arms,
    cluster,
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except FAILURES as reason:
        print(f"paper_nas: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "paper_nas: interrupted; run it again to go on (train: with --resume)", file=sys.stderr
        )
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m paper_nas", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
