"""``arms``: the trainings of the preregistered plan, one result each."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

import torch

from paper_nas.arms import RECORD, STEP, Arm, is_stored, planned_arms, run_arm
from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.commands.options import add_folders, runs_folder, started
from paper_nas.datasets import ArchitectureDataset


def add_parser(commands: Any) -> None:
    """Declare ``arms``."""
    parser = commands.add_parser("arms", help="when can an operation embedding learn something?")
    parser.set_defaults(run=_arms)
    parser.add_argument("--only", default="", help="results whose name contains this")
    parser.add_argument("--limit", type=int, help="at most so many that are not stored yet")
    parser.add_argument("--share", type=_share, default=(1, 1), metavar="K/N",
                        help="every N-th of the plan, from the K-th on")  # fmt: skip
    parser.add_argument("--again", action="store_true", help="also what is stored and up to date")
    parser.add_argument("--list", action="store_true", help="say what is stored, run nothing")
    add_folders(parser)


def _share(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"{text!r} is not K/N with K from 1 to N")
    return int(part), int(parts)


def _arms(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    store, (part, parts) = ResultStore(options.results), options.share
    wanted = [arm for arm in planned_arms() if options.only in arm.name][part - 1 :: parts]
    missing = [arm for arm in wanted if options.again or not is_stored(arm, store)]
    if options.list:
        print(f"{len(wanted) - len(missing)} of {len(wanted)} are stored; missing:")
        print("\n".join(arm.name for arm in missing))
        return
    for arm in missing[: options.limit]:
        if arm.source is not None and not is_stored(arm.source, store):
            print(f"passed over: {arm.name} takes the table of {arm.source.name}", flush=True)
            continue
        begin = partial(_begin, store)
        run_arm(arm, store, runs_folder(options, STEP), begin, progress=not options.quiet)
        print(f"stored {arm.name}", flush=True)


def _begin(
    store: ResultStore, arm: Arm, dataset: ArchitectureDataset, settings: dict[str, Any]
) -> Manifest:
    inputs = {}
    if arm.source is not None:
        record = store.manifest(arm.source.name).files[RECORD]
        inputs[f"{arm.source.name}/{RECORD}"] = record
    return started(dataset, arm.seed, settings, STEP, inputs)
