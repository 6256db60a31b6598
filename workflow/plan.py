"""What is to be made, and why: the list of results against the manifests of those that are stored.

    python -m workflow.plan               (the commands, in order, each with the reason)
    python -m workflow.plan --json        (everything, for the Snakefile)

A result is to be made when it is missing or damaged; when its step has a higher version now
(``paper_nas/steps.py``); when its configuration or data are not those that the list asks for; when
a file that it was made from has another SHA-256 now; and when something that it is made from is to
be made. Times of files and the text of the code do not count.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from paper_nas.artifacts import (
    Manifest,
    ResultDamaged,
    ResultMissing,
    ResultStore,
    file_sha256,
    read_tensors,
)
from paper_nas.config import TrainingConfig
from paper_nas.datasets import EMBEDDED, ENAS_SHA256
from paper_nas.datasets.enas_digits import DIGITS_FILE, DIGITS_NAME
from paper_nas.models.weights import tensors_sha256
from paper_nas.steps import STEP_VERSIONS
from workflow.catalogue import CATALOGUE, Result, read_catalogue

WEIGHTS = "weights.safetensors"
MISSING = "it is not there"


class Plan:
    """What there is to do.

    Args:
        results: Of :func:`workflow.catalogue.read_catalogue`.
        store: Where results are.
        versions: Of the steps.

    Attributes:
        reasons: Why, by name of each result that is to be made, in an order in which they can be.
    """

    def __init__(
        self,
        results: Mapping[str, Result],
        store: ResultStore,
        versions: Mapping[str, int] = STEP_VERSIONS,
    ) -> None:
        """Compare the list with the store."""
        self.results, self.store, self.versions = results, store, versions
        self.reasons: dict[str, str] = {}
        self._manifests: dict[str, Manifest] = {}
        for result in results.values():
            if reason := self._reason(result):
                self.reasons[result.name] = reason

    def unlisted(self) -> list[str]:
        """Results that are stored, but that the list does not have."""
        return [name for name in self.store.names() if name not in self.results]

    def _reason(self, result: Result) -> str | None:
        try:
            manifest = self.store.manifest(result.name)
            self._manifests[result.name] = manifest
            self._check_files(result.name, manifest)
        except ResultMissing:
            return MISSING
        except ResultDamaged as damage:
            return str(damage)
        version = self.versions[result.step]
        if manifest.version != version:
            return f"{result.step} is at version {version}, it was made by {manifest.version}"
        for found in (
            _other_configuration(result, manifest),
            self._other_data(result, manifest),
            *(self._other_input(result, manifest, name) for name in result.inputs),
        ):
            if found:
                return found
        return None

    def _check_files(self, name: str, manifest: Manifest) -> None:
        for file, expected in manifest.files.items():
            path = self.store.root / name / file
            if not path.is_file() or file_sha256(path) != expected:
                raise ResultDamaged(f"its file {file} is not the one that its manifest names")

    @cached_property
    def _checksums(self) -> dict[str, str]:
        """SHA-256 of each data set as it is now."""
        digits = ResultStore(EMBEDDED).manifest(DIGITS_NAME).files[DIGITS_FILE]
        return {"enas-cifar10": ENAS_SHA256, DIGITS_NAME: digits}

    def _other_data(self, result: Result, manifest: Manifest) -> str | None:
        expected = self._checksums.get(result.dataset or "")
        if expected and manifest.dataset["sha256"] != expected:
            return f"{result.dataset} is another file now"
        return None

    def _other_input(self, result: Result, manifest: Manifest, name: str) -> str | None:
        if name in self.reasons:
            return f"{name} is to be made"
        source = self._manifests[name]
        recorded = {
            path.removeprefix(f"{name}/"): sha256
            for path, sha256 in inputs_of(result, manifest).items()
            if path.startswith(f"{name}/")
        }
        for file, sha256 in recorded.items():
            if source.files.get(file) != sha256:
                return f"{name}/{file} is another file now"
        if not recorded and self.results[name].step != "benchmark":
            return self._other_weights(manifest, name) or _older(manifest, source, name)
        return None  # the benchmark's labels are the data set, whose checksum was compared

    def _other_weights(self, manifest: Manifest, name: str) -> str | None:
        """For results whose manifests have no inputs, but a checksum of the model's parameters."""
        settings = manifest.configuration
        source = self._manifests[name]
        last = (source.configuration.get("iterations"), source.configuration.get("epochs"))
        seen = (settings.get("evaluated_iteration"), settings.get("evaluated_epoch"))
        if "weights_sha256" not in settings or WEIGHTS not in source.files or seen != last:
            return None
        weights = read_tensors(self.store.root / name / WEIGHTS)[0]
        if settings["weights_sha256"] != tensors_sha256(weights):
            return f"{name} has other weights now"
        return None


def _other_configuration(result: Result, manifest: Manifest) -> str | None:
    settings = dict(manifest.configuration)
    if result.step in ("train", "trial", "evaluate"):  # made before a setting: it has its default
        settings = {**TrainingConfig().to_json_dict(), **settings}
    for key, wanted in result.expects.items():
        if settings.get(key) != wanted:
            return f"{key} is {settings.get(key)!r}, the list asks for {wanted!r}"
    return None


def _older(manifest: Manifest, source: Manifest, name: str) -> str | None:
    if manifest.created < source.created:
        return f"{name} was made after it"
    return None


def inputs_of(result: Result, manifest: Manifest) -> dict[str, str]:
    """The files that a result was made from, also if its manifest is older than the field."""
    if manifest.inputs:
        return manifest.inputs
    settings, found = manifest.configuration, {}
    if result.step in ("search", "prepare-explorer") and settings.get("weights_sha256"):
        found[f"training/{settings['training']}/{WEIGHTS}"] = settings["weights_sha256"]
    if settings.get("gp_sha256"):
        found[f"prediction/{settings['training']}/gp.safetensors"] = settings["gp_sha256"]
    return found


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """Everything that the Snakefile needs."""
    rows = [
        {
            **{key: value for key, value in asdict(result).items() if key != "expects"},
            "reason": plan.reasons.get(result.name),
        }
        for result in plan.results.values()
    ]
    return {"results": rows, "root": str(plan.store.root), "unlisted": plan.unlisted()}


def plan_as_text(plan: Plan) -> str:
    """The commands that are to be run, in order, each under the reason."""
    lines = [f"# stored, but not in the list: {name}" for name in plan.unlisted()]
    lines += [
        f"# {name}: {reason}\n{plan.results[name].command}" for name, reason in plan.reasons.items()
    ]
    if not plan.reasons:
        lines.append(f"# nothing to do: all {len(plan.results)} results are up to date")
    return "\n".join(lines)


def main() -> None:
    """Print the plan."""
    parser = argparse.ArgumentParser(prog="python -m workflow.plan", description=__doc__)
    parser.add_argument("--catalogue", type=Path, default=CATALOGUE, help="the list of results")
    parser.add_argument("--results", type=Path, help="folder of results (default: results/)")
    parser.add_argument("--json", action="store_true", help="everything, for the Snakefile")
    options = parser.parse_args()
    plan = Plan(read_catalogue(options.catalogue), ResultStore(options.results))
    print(json.dumps(plan_as_json(plan)) if options.json else plan_as_text(plan))


if __name__ == "__main__":
    main()
