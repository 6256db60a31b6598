"""The rules in dry runs of Snakemake: nothing to do on a clean checkout, else the right rules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT, lacking
from workflow.catalogue import read_catalogue

RESULTS = read_catalogue()
STEPS = Counter(result.step.replace("-", "_") for result in RESULTS.values())
OWN = ROOT / ".venv" / "scale" / "bin" / "snakemake"


@pytest.fixture(scope="module")
def snakemake() -> str:
    """The program: $PAPER_NAS_SNAKEMAKE, that of `make results`, or one on PATH."""
    for found in (os.environ.get("PAPER_NAS_SNAKEMAKE"), OWN, shutil.which("snakemake")):
        if found and Path(found).is_file():
            return str(found)
    lacking("workflow", "no Snakemake: `make results FLAGS=--dry-run` installs it")
    raise AssertionError("unreachable")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the workflow sees; trainings are newer than all that was made from them."""
    for name in ("paper_nas", "workflow", "results"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (tmp_path / "results" / "training").rglob("*"):
        os.utime(path)
    return tmp_path


def planned(snakemake: str, tree: Path, way: str = "--dry-run") -> tuple[dict[str, int], str]:
    """The number of jobs of each rule that Snakemake plans, and all that it says."""
    command = [snakemake, "--snakefile", str(tree / "workflow" / "Snakefile"), way]
    command += ["--quiet", "rules", "--config", f"python={sys.executable}"]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    # A dry run has the table of jobs twice.
    table = said.partition("Job stats:")[2].partition("Job stats:")[0]
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
    return jobs, said


def raise_version(tree: Path, step: str) -> None:
    path = tree / "paper_nas" / "steps.py"
    text, count = re.subn(rf'("{step}"): (\d+)', r"\1: 1000", path.read_text())
    assert count == 1
    path.write_text(text)


def test_a_clean_checkout_has_nothing_to_do(snakemake: str, tree: Path) -> None:
    jobs, said = planned(snakemake, tree)
    assert jobs == {}, said
    assert "Nothing to be done" in said


def test_a_higher_version_plans_its_results_and_what_follows(snakemake: str, tree: Path) -> None:
    raise_version(tree, "evaluate")
    evaluated = [result for result in RESULTS.values() if result.step == "evaluate"]
    needed = {result.checkpoint for result in evaluated if result.checkpoint}
    expected = {"evaluate": len(evaluated), "checkpoint": len(needed), "results": 1}
    expected["total"] = sum(expected.values())
    # The first run is let to believe that it made them; the manifests know better.
    for way in ("--touch", "--dry-run"):
        jobs, said = planned(snakemake, tree, way)
        assert jobs == expected, said
        assert "evaluate is at version 1000, it was made by 1" in said


def test_each_result_is_made_by_one_job_of_its_rule(snakemake: str, tree: Path) -> None:
    shutil.rmtree(tree / "results")
    jobs, said = planned(snakemake, tree)
    del jobs["total"], jobs["checkpoint"]
    assert jobs == {**STEPS, "results": 1}, said
