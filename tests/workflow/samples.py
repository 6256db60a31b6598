"""A short list of results, and a store that has them all."""

from __future__ import annotations

from pathlib import Path

import torch

from paper_nas.artifacts import Manifest, ResultStore
from paper_nas.datasets import ENAS_SHA256
from paper_nas.steps import step_record
from workflow.catalogue import Result, read_catalogue

SHORT = """
train:
  - train: {model: dvae-emb, preset: smoke, seed: 0, keep-weights: true}
    evaluate: [{}]
    predict: [{gp-seeds: 1}]
    project: [{epoch: [0, 3]}]
    prepare-explorer: [{}]
  - train: {model: svae, preset: smoke, seed: 1}
    evaluate: [{}]
predict:
  - {model: baselines, baseline: lookup}
"""
TRAINED, EVALUATED = "training/dvae-emb_smoke_seed-0", "evaluation/dvae-emb_smoke_seed-0"
PREDICTED, EXPLORED = "prediction/dvae-emb_smoke_seed-0", "explorer/dvae-emb_smoke_seed-0"
PROJECTED = "projections/dvae-emb_smoke_seed-0_epoch-3"
UNTRAINED = "projections/dvae-emb_smoke_seed-0_epoch-0"
OTHER, OTHER_EVALUATED = "training/svae_smoke_seed-1", "evaluation/svae_smoke_seed-1"
BASELINE = "prediction/baseline-lookup"


def listed(folder: Path, text: str = SHORT) -> dict[str, Result]:
    """The results of a list that is given as text."""
    path = folder / "list.yml"
    path.write_text(text)
    return read_catalogue(path)


def store_result(
    store: ResultStore,
    result: Result,
    *,
    version: int = 1,
    created: str = "2026-01-01T00:00:00+00:00",
    weight: float = 1.0,
    inputs: bool = True,
    **settings: object,
) -> None:
    """Store a result as its command would, but for the numbers.

    Args:
        store: Where.
        result: Which.
        version: Of the step.
        created: When the command began.
        weight: Tells one training from another.
        inputs: Whether the manifest names what it was made from.
        settings: More of the configuration.
    """
    made_from = {
        f"{name}/{file}": sha256
        for name in result.inputs
        for file, sha256 in store.manifest(name).files.items()
        if file != "record.json"
    }
    manifest = Manifest(
        command=result.command,
        configuration={**result.expects, **settings},
        seed=0,
        dataset={"name": "enas-cifar10", "sha256": ENAS_SHA256},
        cpu_seconds=1.0,
        wall_seconds=1.0,
        package={},
        libraries={},
        machine={},
        created=created,
        step={**step_record(result.step), "version": version} if inputs else {},
        inputs=made_from if inputs else {},
    )
    kept = {"weights.safetensors": {"w": torch.tensor([weight]).half()}}
    store.write(
        result.name,
        manifest,
        json_files={"record.json": [weight]},
        tensor_files=kept if "--keep-weights" in result.words else None,
    )


def full_store(folder: Path, results: dict[str, Result], inputs: bool = True) -> ResultStore:
    """A store with every result of a list."""
    store = ResultStore(folder / "results")
    for result in results.values():
        store_result(store, result, inputs=inputs)
    return store
