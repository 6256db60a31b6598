"""What a computation ran on, by which command, and from which code."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

import paper_nas

LIBRARIES = ("torch", "gpytorch", "numpy", "scipy", "scikit-learn", "safetensors")


def sgemm_rate(repeats: int = 20) -> float:
    """Measured rate of a 512 x 501 x 1503 float32 matrix product, in GFLOP/s of CPU time.

    Runs on as many threads as torch is set to; the rate is per CPU second, hence per core.
    """
    left, right = torch.randn(512, 501), torch.randn(501, 1503)
    for _ in range(3):
        left @ right
    start = time.process_time()
    for _ in range(repeats):
        left @ right
    return 2 * 512 * 501 * 1503 * repeats / (time.process_time() - start) / 1e9


def package_state() -> dict[str, Any]:
    """Version of the package, and the git commit it ran from where there is one."""
    state: dict[str, Any] = {"version": paper_nas.__version__, "commit": None, "modified": None}
    root = Path(paper_nas.__file__).parent
    try:
        state["commit"] = _git(root, "rev-parse", "HEAD")
        state["modified"] = bool(_git(root, "status", "--porcelain", "-uno", "--", "."))
    except (OSError, subprocess.CalledProcessError):
        pass
    return state


def _git(folder: Path, *words: str) -> str:
    result = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that compute."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in LIBRARIES},
    }


def machine_state() -> dict[str, Any]:
    """What the computation ran on."""
    return {
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "sgemm_gflops": round(sgemm_rate(), 1),
    }


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def command_line() -> str:
    """The running command, as one would type it."""
    words = list(sys.argv)
    if words and words[0].endswith("__main__.py"):
        words[0] = f"python -m {Path(words[0]).parent.name}"
    return " ".join(words)
