"""Ctrl-C, a download that breaks off, a kernel restarted in the middle of a notebook."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pooch
import pytest
from jupyter_client import KernelManager

from paper_nas.artifacts import ResultStore, read_tensors
from paper_nas.datasets import DatasetUnavailable
from paper_nas.datasets.published import DATA_VARIABLE, find_published_file
from paper_nas.search import read_trial
from paper_nas.training import CHECKPOINT
from tests.conftest import ROOT
from tests.faults.processes import PATIENCE, Conditions, run, said, wait_until
from tests.faults.test_full_disk import SEARCH
from tests.faults.test_kills import TRIAL, folders


def history(checkpoint: Path) -> list[object]:
    """The epochs that a checkpoint has done."""
    records: list[object] = json.loads(read_tensors(checkpoint)[1]["run"])["history"]
    return records


def test_ctrl_c_stops_a_training(tmp_path: Path) -> None:
    """Of the command as one types it; nobody has imported anything for it."""
    words = ["train", "dvae-emb", "--preset", "smoke", "--dataset", "enas-digits", "--epochs", "60"]
    command = [sys.executable, "-m", "paper_nas", *words, "--quiet", *map(str, folders(tmp_path))]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: process.poll() is not None or list((tmp_path / "runs").rglob(CHECKPOINT)))
    process.send_signal(signal.SIGINT)
    _, message = process.communicate()
    assert process.returncode == 130
    assert message == "paper_nas: interrupted; run it again to go on (train: with --resume)\n"
    (checkpoint,) = (tmp_path / "runs").rglob(CHECKPOINT)
    assert 1 <= len(history(checkpoint)) < 60
    assert ResultStore(tmp_path / "results").names() == []


def test_ctrl_c_while_a_search_writes_a_checkpoint(tmp_path: Path) -> None:
    output, whole, again = tmp_path / "output", tmp_path / "whole", tmp_path / "again"
    stopped = Conditions(at=5, gets=signal.SIGINT)
    assert run(output, *SEARCH, *folders(again), conditions=stopped) == 130
    assert "interrupted; run it again to go on" in said(output)
    assert "Traceback" not in said(output)
    assert [p.name for p in (again / "runs").rglob("*round-*")] == ["round-001"]
    for folder in (whole, again):
        assert run(output, *SEARCH, *folders(folder)) == 0
    first, second = (read_trial(ResultStore(f / "results"), TRIAL) for f in (whole, again))
    assert first.scores().tolist() == second.scores().tolist()


CONTENT = b"line\n" * 50_000


@pytest.fixture
def server() -> Iterator[tuple[str, list[int]]]:
    """Serves CONTENT; of each answer only as many bytes as the list says next, then it hangs up."""
    sent: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[: sent.pop(0)])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}/rows.txt", sent
        http.shutdown()
        thread.join()


def test_a_download_that_breaks_off_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: tuple[str, list[int]]
) -> None:
    (address, sent), cache = server, tmp_path / "cache"
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda _: cache)
    wanted = ("rows.txt", address, hashlib.sha256(CONTENT).hexdigest())
    sent[:] = [len(CONTENT) // 2, len(CONTENT)]
    with pytest.raises(
        DatasetUnavailable, match=f"could not be downloaded from {address}"
    ) as caught:
        find_published_file(*wanted)
    assert DATA_VARIABLE in str(caught.value)
    assert list(cache.iterdir()) == []
    assert find_published_file(*wanted).read_bytes() == CONTENT


CELLS = (
    """
from pathlib import Path
import torch
from paper_nas.config import PRESETS
from paper_nas.training import train_model
from tests.samples import tiny_dataset
torch.set_num_threads(1)
dataset, config = tiny_dataset(64), PRESETS["smoke"].changed(epochs=30)
""",
    """
run = train_model("dvae-emb", dataset, config, Path("runs"), resume=True, progress=False)
""",
    """
whole = train_model("dvae-emb", dataset, config, progress=False)
pairs = zip(run.model.parameters(), whole.model.parameters(), strict=True)
print(len(run.history), all(torch.equal(a, b) for a, b in pairs))
""",
)
"""A notebook in the way of chapter 3: a training goes on from what its folder holds."""


def test_a_restarted_kernel_goes_on_from_the_checkpoint(tmp_path: Path) -> None:
    """Run again from the top, it ends as if nothing had been."""
    checkpoint, answers = tmp_path / "runs" / CHECKPOINT, []
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path), env=environment)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        client.execute(CELLS[0])
        client.execute(CELLS[1])
        wait_until(lambda: checkpoint.exists() and len(history(checkpoint)) >= 5)
        manager.restart_kernel(now=True)
        client.wait_for_ready(timeout=PATIENCE)
        before = len(history(checkpoint))
        for cell in CELLS:
            client.execute_interactive(cell, output_hook=answers.append, timeout=PATIENCE)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert 5 <= before < 30
    texts = [answer["content"]["text"] for answer in answers if answer["msg_type"] == "stream"]
    assert texts == ["30 True\n"]
