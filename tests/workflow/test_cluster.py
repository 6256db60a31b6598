"""The trial on SLURM: how its report is read, and that the stored one says what the page says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from paper_nas import __main__ as cli
from paper_nas.artifacts import ResultStore, write_tensors
from paper_nas.commands import cluster
from paper_nas.commands.cluster import (
    NAME,
    ClusterError,
    finished_jobs,
    history_in,
    longest_training,
    run_id,
    scontrol,
)
from tests.conftest import ROOT
from workflow.catalogue import read_catalogue

JOBS = (
    "JobId=12 JobName=4f-2e JobState=COMPLETED ExitCode=0:0 SubmitTime=2026-11-24T22:00:00 "
    "StartTime=2026-11-24T22:00:30 EndTime=2026-11-24T22:02:00 "
    "Comment=rule_train_wildcards_training_svae \n"
    "JobId=9 JobName=4f-2e JobState=CANCELLED ExitCode=0:15 SubmitTime=2026-11-24T21:00:00 "
    "StartTime=2026-11-24T21:00:00 EndTime=2026-11-24T21:00:05 "
    "Comment=rule_train_wildcards_training_svae \n"
    "JobId=1 JobName=other JobState=RUNNING\n"
)


def test_jobs_are_read_in_order_and_those_of_others_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "snakemake.log"
    log.write_text("Building DAG of jobs...\nSLURM run ID: 4f-2e\nUsing shell: bash\n")
    monkeypatch.setattr(cluster, "_output", lambda *command: JOBS)
    found = list(finished_jobs(scontrol("job"), run_id(log)))
    assert [job["id"] for job in found] == [9, 12]
    assert (found[0]["state"], found[0]["exit"]) == ("CANCELLED", "0:15")
    assert found[1]["what"] == "train training_svae"
    assert (found[1]["waited"], found[1]["seconds"]) == (30, 90)


def test_a_run_that_submitted_nothing_says_where_to_look(tmp_path: Path) -> None:
    log = tmp_path / "snakemake.log"
    log.write_text("Nothing to be done\n")
    with pytest.raises(ClusterError, match=r"see .*snakemake\.log"):
        run_id(log)


def test_the_longest_training_of_the_small_list_is_the_one_that_is_killed() -> None:
    results = read_catalogue(ROOT / "workflow" / "smoke.yml").values()
    plan = [{"name": r.name, "step": r.step, "words": list(r.words)} for r in results]
    assert longest_training(plan) == ("training/dvae_smoke_epochs-200_seed-0", 200)


def test_the_epochs_of_a_checkpoint_are_read_and_none_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    assert history_in(path) == []
    header = {"run": json.dumps({"history": [{"epoch": 1}, {"epoch": 2}]})}
    write_tensors(path, {"w": torch.zeros(1)}, header)
    assert len(history_in(path)) == 2


def test_without_slurm_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster.shutil, "which", lambda name: None)
    assert cli.main(["cluster", "--runs", str(tmp_path)]) == 1
    assert "no sbatch and no snakemake here; see book/cluster.md" in capsys.readouterr().err
    (tmp_path / "cluster").mkdir()
    assert cli.main(["cluster", "--runs", str(tmp_path)]) == 1
    assert "move it away" in capsys.readouterr().err


def test_the_stored_trial_is_whole() -> None:
    seen = ResultStore().load_json(NAME, "slurm.json")
    jobs, killed = seen["jobs"], seen["killed"]
    listed = read_catalogue(ROOT / "workflow" / "smoke.yml")
    completed = sorted(job["what"].split()[1] for job in jobs if job["state"] == "COMPLETED")
    assert completed == sorted(name.replace("/", "_") for name in listed)
    (stopped,) = [job for job in jobs if job["state"] != "COMPLETED"]
    assert stopped["id"] == killed["job"]
    assert 0.5 <= killed["done"] / killed["epochs"] < 1
    assert killed["kept"] == killed["done"]
    assert killed["same_losses"]
    assert killed["same_weights"]
    assert seen["planned_afterwards"] == 0
    assert all(node["NodeAddr"] == "127.0.0.1" for node in seen["nodes"])
