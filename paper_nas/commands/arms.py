"""``arms``: the trainings of the preregistered plan, one result each."""

from __future__ import annotations

import argparse
from typing import Any

import torch

from paper_nas.arms import Arm, arm_config, arm_settings, planned_arms, run_arm, source_table
from paper_nas.artifacts import Manifest, ResultMissing, ResultStore
from paper_nas.commands.options import add_folders, runs_folder, started
from paper_nas.datasets import ArchitectureDataset

STEP = "arms"


def add_parser(commands: Any) -> None:
    """Declare ``arms``."""
    parser = commands.add_parser("arms", help="when can an operation embedding learn something?")
    parser.set_defaults(run=_arms)
    parser.add_argument("--only", default="", help="results whose name contains this")
    parser.add_argument("--limit", type=int, help="at most so many that are not stored yet")
    parser.add_argument("--share", default="1/1", help="k/n: every n-th, from the k-th on")
    parser.add_argument("--list", action="store_true", help="say what is stored, run nothing")
    add_folders(parser)


def _arms(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    store = ResultStore(options.results)
    part, parts = (int(number) for number in options.share.split("/"))
    wanted = [arm for arm in planned_arms() if options.only in arm.name]
    missing = [arm for arm in wanted if not is_stored(arm, store)]
    if options.list:
        print(f"{len(wanted) - len(missing)} of {len(wanted)} are stored; missing:")
        print("\n".join(arm.name for arm in missing))
        return
    for arm in missing[part - 1 :: parts][: options.limit]:
        run_arm(arm, store, runs_folder(options, STEP), _begin, progress=not options.quiet)
        print(f"stored {arm.name}", flush=True)


def is_stored(arm: Arm, store: ResultStore) -> bool:
    """Whether there is a result of this arm, made with today's settings."""
    try:
        table = source_table(arm, store)
    except ResultMissing:
        return False
    return store.is_current(arm.name, arm_settings(arm, arm_config(arm, table)))


def _begin(arm: Arm, dataset: ArchitectureDataset, settings: dict[str, Any]) -> Manifest:
    return started(dataset, arm.seed, settings, STEP)
