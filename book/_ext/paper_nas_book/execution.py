"""When the notebooks run again, and in which environment.

jupyter-cache recognises a notebook by its code cells only: after an edit in the package it would
serve old outputs. The cache therefore lives in a folder named after a digest of everything else
that the outputs depend on. A new digest means an empty cache, and Sphinx reads every page again
because a configuration value has changed; an edit of prose alone runs nothing.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import pooch
from sphinx.application import Sphinx
from sphinx.config import Config

# What the outputs depend on besides the notebooks' own cells, from the project's root.
SOURCES = ("paper_nas", "results", "book/paper_numbers.yml", "requirements.lock")
DATA_VARIABLE = "PAPER_NAS_DATA"
ENVIRONMENT = {"PAPER_NAS_STATIC_SITE": "1", "PAPER_NAS_PRESET": "smoke"}


def prepare_execution(app: Sphinx, config: Config) -> None:
    """Set the kernels' environment, choose the cache folder and drop outdated ones.

    The preset can be chosen from outside (PAPER_NAS_PRESET); the static site cannot.
    """
    os.environ["PAPER_NAS_STATIC_SITE"] = ENVIRONMENT["PAPER_NAS_STATIC_SITE"]
    os.environ.setdefault("PAPER_NAS_PRESET", ENVIRONMENT["PAPER_NAS_PRESET"])
    caches = Path(app.outdir).parent / ".jupyter_cache"
    current = caches / execution_digest(Path(app.srcdir))
    for outdated in caches.glob("*"):
        if outdated.is_dir() and outdated != current:
            shutil.rmtree(outdated)
    config.nb_execution_cache_path = str(current)


def execution_digest(root: Path) -> str:
    """A short digest of what the notebooks' outputs depend on.

    Args:
        root: The project's root.

    Returns:
        Sixteen hexadecimal digits.
    """
    digest = hashlib.sha256(platform.python_version().encode())
    for name in sorted(os.environ):
        if name.startswith("PAPER_NAS_"):
            digest.update(f"{name}={os.environ[name]}\0".encode())
    for path in _files(root):
        digest.update(f"{path}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(root: Path) -> Iterator[Path]:
    """Every file that enters the digest: the sources, then the data sets.

    Data lie directly in their folder; what lies deeper in the cache, such as a training, is none.
    """
    for source in SOURCES:
        folder = root / source
        for path in [folder] if folder.is_file() else sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
    data = os.environ.get(DATA_VARIABLE)
    for folder in ([root / data] if data else []) + [Path(pooch.os_cache("paper_nas"))]:
        yield from sorted(path for path in folder.glob("*") if path.is_file())
