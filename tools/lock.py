"""Write requirements.lock: the exact version of everything the book and the tests need.

    python -m tools.lock            (or: make lock)

A fresh temporary environment gets torch first, then the ranges of pyproject.toml; what pip then
reports is normalised, so that one file serves every machine.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TORCH = "torch==2.13.0"
EXTRAS = ("book", "test")
HEADER = """\
# Exact versions of everything that the book and the tests need (extras: book, test).
# Written by `make lock` on Python {python}; do not edit by hand.
"""
# Accelerator libraries follow the build of torch that a machine takes; pip is the installer's own.
MACHINE_BOUND = re.compile(r"(nvidia|cuda)[-_].*|triton|pip")


def direct_requirements() -> list[str]:
    """The ranges of pyproject.toml that the lock covers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    extras = project["optional-dependencies"]
    return [*build, *project["dependencies"], *(item for name in EXTRAS for item in extras[name])]


def normalise(freeze: str) -> list[str]:
    """Turn the output of `pip freeze --all` into lock lines.

    Local version labels (torch's "+cpu") are dropped, as are packages that belong to one machine.

    >>> normalise("pip==26.0\\ntorch==2.13.0+cpu\\nnvidia-cublas==13.0\\nArrow==1.4.0\\n")
    ['arrow==1.4.0', 'torch==2.13.0']
    """
    lines = []
    for line in freeze.splitlines():
        name, separator, version = line.strip().partition("==")
        if not separator:
            raise ValueError(f"pip freeze reported something that has no exact version: {line!r}")
        name = re.sub(r"[-_.]+", "-", name).lower()
        if not MACHINE_BOUND.fullmatch(name):
            lines.append(f"{name}=={version.partition('+')[0]}")
    return sorted(lines)


def main() -> None:
    """Resolve the ranges in a temporary environment and write the lock file."""
    with tempfile.TemporaryDirectory(prefix="paper_nas_lock_") as folder:
        venv.create(folder, with_pip=True)
        pip = [str(Path(folder) / "bin" / "python"), "-m", "pip"]
        # torch goes first and alone: asked for by a range, it could be a newer build of several GB.
        subprocess.run([*pip, "install", TORCH], check=True)
        subprocess.run([*pip, "install", TORCH, *direct_requirements()], check=True)
        freeze = subprocess.run(
            [*pip, "freeze", "--all"], check=True, capture_output=True, text=True
        ).stdout
    lines = normalise(freeze)
    python = ".".join(map(str, sys.version_info[:2]))
    target = ROOT / "requirements.lock"
    target.write_text(HEADER.format(python=python) + "\n".join(lines) + "\n")
    print(f"{target.name}: {len(lines)} packages")


if __name__ == "__main__":
    main()
