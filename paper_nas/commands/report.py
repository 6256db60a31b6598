"""``report``: a table of the paper beside ours, from the stored results."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from paper_nas import reports
from paper_nas.artifacts import ResultMissing, ResultStore
from paper_nas.datasets import DatasetUnavailable, load_dataset, show_note
from paper_nas.paper_numbers import PaperNumbers, load_paper_numbers
from paper_nas.regression import table2
from paper_nas.scorecard import Line, lines_as_json, lines_as_text, scorecard
from paper_nas.search.store import search_rows, search_rows_as_text

EXAMPLES = {
    "table1": "evaluate dvae-emb",
    "table2": "predict dvae-emb",
    "search": "search random --setting hard",
    "scorecard": "evaluate dvae-emb",
}
"""For each table a command that makes a result for it."""

WHOLE = ("search", "scorecard")
"""Tables whose lines are there, or are shown to be missing, without any result."""


def add_parser(commands: Any) -> None:
    """Declare ``report``."""
    parser = commands.add_parser("report", help="a table of the paper beside ours")
    parser.set_defaults(run=_report)
    parser.add_argument("table", choices=EXAMPLES)
    parser.add_argument("--json", action="store_true", help="with every value and manifest")
    parser.add_argument("--results", type=Path, help="folder of results (default: results/)")


def _report(options: argparse.Namespace) -> None:
    store, paper = ResultStore(options.results), load_paper_numbers()
    values: Callable[[Any], Any]
    text: Callable[[Any], str]
    if options.table == "table1":
        rows: Any = reports.table1(store, paper)
        values, text = reports.rows_as_json, reports.rows_as_text
    elif options.table == "search":
        rows, values, text = search_rows(store), list, search_rows_as_text
    elif options.table == "scorecard":
        rows, text = _scorecard(store, paper, options.json), lines_as_text
        values = partial(lines_as_json, store=store)
    else:
        rows = table2.table2(store, paper, reports.MODEL_LABELS)
        values, text = table2.rows_as_json, table2.rows_as_text
    if not any(options.table in WHOLE or row.results for row in rows):
        raise ResultMissing(
            f"nothing for {options.table} in {store.root}; make a result: "
            f"python -m paper_nas {EXAMPLES[options.table]}"
        )
    print(json.dumps(values(rows), indent=1) if options.json else text(rows))


def _scorecard(store: ResultStore, paper: PaperNumbers, quiet: bool) -> list[Line]:
    try:
        dataset = load_dataset("enas-cifar10")
    except DatasetUnavailable as reason:
        dataset = None
        if not quiet:
            show_note("What is computed from the data is left out", [str(reason)])
    return scorecard(store, paper, dataset)
