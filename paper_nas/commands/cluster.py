"""``cluster``: the workflow's small list of results on SLURM, one of its jobs killed half-way.

What was seen is stored: each job with its state and times, from which epoch the killed training
went on, and whether its weights are those of a training that nobody disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import paper_nas
from paper_nas.artifacts import ResultDamaged, ResultMissing, ResultStore, read_tensors
from paper_nas.commands.options import add_folders, started
from paper_nas.datasets import load_dataset
from paper_nas.training import CHECKPOINT

ROOT = Path(paper_nas.__file__).parents[1]
CATALOGUE, SNAKEFILE = Path("workflow/smoke.yml"), ROOT / "workflow" / "Snakefile"
NAME = "workflow/slurm"
POLL_SECONDS = 0.5
WITHOUT_ACCOUNTING = ("--slurm-no-account", "--slurm-status-command", "squeue")
"""For Snakemake, where ``sacct`` has nothing to say."""


class ClusterError(OSError):
    """The run on the cluster did not go as it should; the message says where to look."""


@dataclass(frozen=True)
class Folders:
    """Where a run keeps its results, its checkpoints and what Snakemake writes."""

    results: Path
    runs: Path
    workflow: Path

    @property
    def log(self) -> Path:
        """What Snakemake says."""
        return self.workflow / "snakemake.log"


def add_parser(commands: Any) -> None:
    """Declare ``cluster``."""
    parser = commands.add_parser("cluster", help="try the workflow on SLURM; kill a job half-way")
    parser.set_defaults(run=_cluster)
    parser.add_argument("--snakemake", default="snakemake", help="the program (default: on PATH)")
    parser.add_argument(
        "--jobs", type=int, default=20, help="at most so many at a time (default 20)"
    )
    add_folders(parser)


def _cluster(options: argparse.Namespace) -> None:
    folder = (options.runs or ROOT / "_build") / "cluster"
    if folder.exists():
        raise FileExistsError(f"{folder} is of an earlier trial; move it away")
    if missing := [p for p in ("sbatch", options.snakemake) if shutil.which(p) is None]:
        raise FileNotFoundError(f"no {' and no '.join(missing)} here; see book/cluster.md")
    folders = Folders(folder / "results", folder / "runs", folder / "workflow")
    folders.workflow.mkdir(parents=True)
    plan = planned(folders)
    configuration = {"catalogue": [row["words"] for row in plan], "jobs": options.jobs}
    manifest = started(load_dataset("enas-cifar10"), 0, configuration, "cluster")
    wall, command = time.perf_counter(), snakemake_command(options, folders)
    killed = _run_and_kill(command, plan, folders)
    wall_seconds = time.perf_counter() - wall
    jobs = list(finished_jobs(scontrol("job"), run_id(folders.log)))
    content = {
        "versions": versions(options.snakemake),
        "nodes": scontrol("node"),
        "jobs": jobs,
        "killed": _undisturbed(killed, plan, folders),
        "planned_afterwards": len(re.findall(r"^rule ", _dry_run(command), re.MULTILINE)),
    }
    store = ResultStore(folders.results)
    cpu_seconds = sum(store.manifest(name).cpu_seconds for name in store.names())
    manifest = replace(manifest, cpu_seconds=cpu_seconds, wall_seconds=wall_seconds)
    ResultStore(options.results).write(NAME, manifest, json_files={"slurm.json": content})
    print(f"stored {NAME}")


# ---- Snakemake -----------------------------------------------------------------------------------


def planned(folders: Folders) -> list[dict[str, Any]]:
    """The list of results that the run makes, each with the words of its command."""
    words = ["--json", "--catalogue", str(CATALOGUE), "--results", str(folders.results)]
    run = subprocess.run(
        [sys.executable, "-m", "workflow.plan", *words],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    rows: list[dict[str, Any]] = json.loads(run.stdout)["results"]
    return rows


def snakemake_command(options: argparse.Namespace, folders: Folders) -> list[str]:
    """The command line of the run."""
    accounting = "AccountingStorageType   = accounting_storage/none" not in _output(
        "scontrol", "show", "config"
    )
    return [
        options.snakemake,
        *("--snakefile", str(SNAKEFILE), "--directory", str(folders.workflow)),
        *("--workflow-profile", str(SNAKEFILE.parent / "profiles" / "slurm")),
        *("--jobs", str(options.jobs), *(() if accounting else WITHOUT_ACCOUNTING)),
        *("--config", f"python={sys.executable}", f"catalogue={CATALOGUE}"),
        *(f"results={folders.results}", f"runs={folders.runs}"),
    ]


def _dry_run(command: Sequence[str]) -> str:
    return _output(*command, "--dry-run")


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def versions(snakemake: str) -> dict[str, str]:
    """Versions of what ran the jobs."""
    return {
        "slurm": _output("sinfo", "--version").split()[-1],
        "snakemake": _output(snakemake, "--version").strip(),
    }


# ---- SLURM ---------------------------------------------------------------------------------------


def scontrol(what: str) -> list[dict[str, str]]:
    """What SLURM knows of its ``job``s, or of its ``node``s, by field."""
    lines = _output("scontrol", "show", what, "--oneliner").splitlines()
    return [dict(re.findall(r"([\w/:]+)=(\S*)", line)) for line in lines if "=" in line]


def run_id(log: Path) -> str:
    """The name that Snakemake gives to all jobs of a run, from what it says.

    Raises:
        ClusterError: It has not said it.
    """
    found = re.search(r"SLURM run ID: (\S+)", log.read_text(encoding="utf-8"))
    if found is None:
        raise ClusterError(f"Snakemake submitted nothing; see {log}")
    return found[1]


def finished_jobs(jobs: Sequence[dict[str, str]], run: str) -> Iterator[dict[str, Any]]:
    """The jobs of a run, in order, ready for JSON.

    Args:
        jobs: Of :func:`scontrol`.
        run: Of :func:`run_id`.

    Yields:
        ``id``, ``what`` (rule and result), ``state``, ``exit`` (status and signal), ``waited`` and
        ``seconds`` (wall-clock).
    """
    for job in sorted(jobs, key=lambda job: int(job["JobId"])):
        if job.get("JobName") != run:
            continue
        submitted, began, ended = (
            datetime.fromisoformat(job[key]) for key in ("SubmitTime", "StartTime", "EndTime")
        )
        yield {
            "id": int(job["JobId"]),
            "what": job["Comment"].removeprefix("rule_").replace("_wildcards_", " "),
            "state": job["JobState"],
            "exit": job["ExitCode"],
            "waited": (began - submitted).total_seconds(),
            "seconds": (ended - began).total_seconds(),
        }


# ---- one job is killed ---------------------------------------------------------------------------


def _run_and_kill(
    command: Sequence[str], plan: Sequence[dict[str, Any]], folders: Folders
) -> dict[str, Any]:
    """Run Snakemake, and kill the job of the longest training when half of it is done."""
    name, epochs = longest_training(plan)
    path = folders.runs / name.removeprefix("training/") / CHECKPOINT
    killed: dict[str, Any] = {}
    with folders.log.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file) as run:
        while run.poll() is None:
            if not killed and len(history_in(path)) >= epochs / 2:
                killed = _kill(name, path, folders)
            time.sleep(POLL_SECONDS)
    if run.returncode != 0 or not killed:
        what = "after a job was killed" if killed else "before a job could be killed"
        raise ClusterError(f"Snakemake ended {what}, with {run.returncode}; see {folders.log}")
    return killed


def longest_training(plan: Sequence[dict[str, Any]]) -> tuple[str, int]:
    """Name and epochs of the training with the most that the list names."""
    found = {
        row["name"]: int(row["words"][row["words"].index("--epochs") + 1])
        for row in plan
        if row["step"] == "train" and "--epochs" in row["words"]
    }
    name = max(found, key=lambda name: found[name])
    return name, found[name]


def history_in(checkpoint: Path) -> list[dict[str, Any]]:
    """The epochs that a checkpoint holds; none if there is no checkpoint yet."""
    try:
        header = read_tensors(checkpoint)[1]
    except (ResultMissing, ResultDamaged):
        return []
    history: list[dict[str, Any]] = json.loads(header["run"])["history"]
    return history


def _kill(name: str, path: Path, folders: Folders) -> dict[str, Any]:
    mark = name.replace("/", "_")
    run = run_id(folders.log)
    (job,) = (
        job
        for job in scontrol("job")
        if job.get("JobName") == run
        and job["JobState"] == "RUNNING"
        and job["Comment"].endswith(mark)
    )
    _output("scancel", "--full", "--signal=KILL", job["JobId"])
    while any(j["JobId"] == job["JobId"] and j["JobState"] == "RUNNING" for j in scontrol("job")):
        time.sleep(POLL_SECONDS)
    return {"name": name, "job": int(job["JobId"]), "history": history_in(path)}


def _undisturbed(
    killed: dict[str, Any], plan: Sequence[dict[str, Any]], folders: Folders
) -> dict[str, Any]:
    """Hold the killed training against one that runs through, here.

    ``kept`` is how many epochs of the finished training are those of the checkpoint: their
    wall-clock times, too, are the same, so that they were not trained again.
    """
    name, before = killed["name"], killed["history"]
    words = next(row["words"] for row in plan if row["name"] == name)
    alone = folders.results.parent / "undisturbed"
    places = ["--results", str(alone / "results"), "--runs", str(alone / "runs"), "--quiet"]
    command = [sys.executable, "-m", "paper_nas", *words, *places]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    ours, other = ResultStore(folders.results), ResultStore(alone / "results")
    history = ours.load_json(name, "history.json")
    losses = [[row["total"] for row in s.load_json(name, "history.json")] for s in (ours, other)]
    weights = [s.manifest(name).files["weights.safetensors"] for s in (ours, other)]
    return {
        "name": name,
        "job": killed["job"],
        "epochs": len(history),
        "done": len(before),
        "kept": sum(a == b for a, b in zip(before, history, strict=False)),
        "same_losses": losses[0] == losses[1],
        "same_weights": weights[0] == weights[1],
    }
