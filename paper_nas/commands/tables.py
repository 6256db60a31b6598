"""``tables``: one model's rows in Tables 1 and 2: train, evaluate and predict in one go.

A training and a prediction that are stored and up to date are kept, the evaluation is made again,
and a training that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from typing import Any

from paper_nas.artifacts import ResultMissing, ResultStore
from paper_nas.commands.evaluate import evaluate
from paper_nas.commands.options import add_folders, add_training, run_name, training_config
from paper_nas.commands.predict import GP_SEEDS, predict
from paper_nas.commands.train import train
from paper_nas.config import TrainingConfig
from paper_nas.evaluation import DECODES
from paper_nas.steps import STEP_VERSIONS


def add_parser(commands: Any) -> None:
    """Declare ``tables``; it takes the options of a training."""
    parser = commands.add_parser("tables", help="a model's rows in Tables 1 and 2")
    add_training(parser, tables, "fast-128")
    add_folders(parser)
    parser.add_argument("--decodes", type=int, default=DECODES, help="of each test graph")
    parser.add_argument("--gp-seeds", type=int, default=GP_SEEDS, help="repeats of the regression")


def tables(options: argparse.Namespace) -> None:
    """Train, evaluate and predict, and store each result."""
    last = {"iteration": None, "epoch": None}
    plain = {"split": None, "estimator": "collapsed", "again": False}
    every = argparse.Namespace(**vars(options) | last | plain)
    every.keep_weights = every.resume = True
    if _is_trained(options):
        print(f"up to date: training/{run_name(options, training_config(options))}", flush=True)
    else:
        train(every)
    evaluate(every)
    predict(every)


def _is_trained(options: argparse.Namespace) -> bool:
    """Whether this very training is stored, with its weights."""
    config, store = training_config(options), ResultStore(options.results)
    name = f"training/{run_name(options, config)}"
    try:
        settings = dict(store.manifest(name).configuration)
    except ResultMissing:
        return False
    # A field that is newer than the result has its default.
    model, stored = settings.pop("model"), TrainingConfig.from_json_dict(settings)
    manifest = store.manifest(name)
    current = store.is_current(name, manifest.configuration, STEP_VERSIONS["train"])
    same = (model, stored) == (options.model, config)
    return same and current and "weights.safetensors" in manifest.files
