"""``report``: a table of the paper beside ours, from the stored results."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from paper_nas.artifacts import ResultMissing, ResultStore
from paper_nas.paper_numbers import load_paper_numbers
from paper_nas.reports import rows_as_json, rows_as_text, table1


def add_parser(commands: Any) -> None:
    """Declare ``report``."""
    parser = commands.add_parser("report", help="a table of the paper beside ours")
    parser.set_defaults(run=_report)
    parser.add_argument("table", choices=("table1",))
    parser.add_argument("--json", action="store_true", help="with every value and manifest")
    parser.add_argument("--results", type=Path, help="folder of results (default: results/)")


def _report(options: argparse.Namespace) -> None:
    store = ResultStore(options.results)
    rows = table1(store, load_paper_numbers())
    if not rows:
        raise ResultMissing(
            f"no evaluation in {store.root}; make one: python -m paper_nas evaluate dvae-emb"
        )
    print(json.dumps(rows_as_json(rows), indent=1) if options.json else rows_as_text(rows))
