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
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
# What the outputs depend on besides the notebooks' own cells, from the project's root.
SOURCES = ("paper_nas", "results", "book/paper_numbers.yml", "requirements.lock")
DATA_VARIABLE = "PAPER_NAS_DATA"
DATA_FILE = "final_structures6.txt"
ENVIRONMENT = {"PAPER_NAS_STATIC_SITE": "1", "PAPER_NAS_PRESET": "smoke"}


def prepare_execution(app: Sphinx, config: Config) -> None:
    """Set the kernels' environment, choose the cache folder and drop outdated ones.

    The preset can be chosen from outside (PAPER_NAS_PRESET); the static site cannot.
    """
    os.environ["PAPER_NAS_STATIC_SITE"] = ENVIRONMENT["PAPER_NAS_STATIC_SITE"]
    os.environ.setdefault("PAPER_NAS_PRESET", ENVIRONMENT["PAPER_NAS_PRESET"])
    fetch_data(Path(app.srcdir))
    caches = Path(app.outdir).parent / ".jupyter_cache"
    current = caches / execution_digest(Path(app.srcdir))
    for outdated in caches.glob("*"):
        if outdated.is_dir() and outdated != current:
            shutil.rmtree(outdated)
    config.nb_execution_cache_path = str(current)


def fetch_data(root: Path) -> bool:
    """Download the CIFAR-10 data, if they are not there, before the digest is taken.

    Otherwise pages made without them would stay in the cache after a network has come back: to the
    digest, nothing would have changed.

    Args:
        root: The project's root.

    Returns:
        Whether the data are there now; if not, the chapters run on the embedded benchmark.
    """
    if any(path.name == DATA_FILE for path in _data_files(root)):
        return True
    from paper_nas.datasets import DatasetError, find_enas_file  # slow to import

    try:
        find_enas_file()
    except DatasetError as reason:
        LOGGER.info("chapters run without the CIFAR-10 data: %s", reason)
        return False
    return True


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
    """Every file that enters the digest: the sources, then the data sets."""
    for source in SOURCES:
        folder = root / source
        for path in [folder] if folder.is_file() else sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
    yield from _data_files(root)


def _data_files(root: Path) -> Iterator[Path]:
    """The files of the data sets, which lie directly in their folder.

    What lies deeper in the cache, such as a training, is none.
    """
    folders = [Path(pooch.os_cache("paper_nas"))]
    if data := os.environ.get(DATA_VARIABLE):
        named = root / data
        folders.insert(0, named.parent if named.is_file() else named)
    for folder in folders:
        yield from sorted(path for path in folder.glob("*") if path.is_file())
