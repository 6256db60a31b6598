"""Fixtures that every test may use, and the rule for what a machine may lack.

A test that needs the CIFAR-10 data, a browser, the built site or Snakemake is skipped, with the
reason, where these are missing. The environment variable PAPER_NAS_REQUIRE lists those that must be
there ("data,browser,site,workflow"): for them a skip becomes a failure. CI sets it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pooch
import pytest

from paper_nas.artifacts import ResultStore
from paper_nas.datasets import ArchitectureDataset, load_dataset

ROOT = Path(__file__).resolve().parents[1]
REQUIRE_VARIABLE = "PAPER_NAS_REQUIRE"
REQUIREMENTS = {"data", "browser", "site", "workflow"}
DATA_FILE = "final_structures6.txt"
DataOf = Callable[[str], ArchitectureDataset]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def own_results() -> list[str]:
    """Names of the repository's results of models of the package, not of somebody's plugin."""
    store = ResultStore()
    return [name for name in store.names() if "plugin" not in store.manifest(name).package]


def required() -> set[str]:
    """What PAPER_NAS_REQUIRE lists."""
    return {name.strip() for name in os.environ.get(REQUIRE_VARIABLE, "").split(",")} - {""}


def pytest_configure() -> None:
    """Refuse a misspelt requirement: it would silently require nothing."""
    if unknown := required() - REQUIREMENTS:
        raise pytest.UsageError(
            f"{REQUIRE_VARIABLE} names {sorted(unknown)}; it may name {sorted(REQUIREMENTS)}"
        )


def lacking(requirement: str, reason: str) -> None:
    """Skip the test, or fail it if the machine was said to have what is lacking."""
    if requirement in required():
        pytest.fail(f"{reason} ({REQUIRE_VARIABLE} lists {requirement!r})", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def enas_cifar10_data() -> Path:
    """The folder with the CIFAR-10 ENAS data: $PAPER_NAS_DATA, or the package's download cache."""
    named = os.environ.get("PAPER_NAS_DATA")
    for folder in [Path(named)] if named else [Path(pooch.os_cache("paper_nas"))]:
        if (folder / DATA_FILE).is_file():
            return folder.resolve()
    lacking("data", f"{DATA_FILE} is in neither $PAPER_NAS_DATA nor the cache")
    raise AssertionError("unreachable")


@pytest.fixture
def data_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> DataOf:
    """The data a committed result was made from; the test is skipped where they are missing."""

    def load(name: str) -> ArchitectureDataset:
        source = ResultStore().manifest(name).dataset
        if source["name"] == "enas-cifar10":
            folder = request.getfixturevalue("enas_cifar10_data")
            monkeypatch.setenv("PAPER_NAS_DATA", str(folder))
        return load_dataset(source["name"], source["split"])

    return load


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium: $PAPER_NAS_CHROMIUM, or the first one on PATH."""
    candidates = [os.environ.get("PAPER_NAS_CHROMIUM"), *map(shutil.which, BROWSERS)]
    for candidate in candidates:
        if candidate and Path(candidate).is_file():
            return candidate
    lacking("browser", "no Chromium: install one or name it in $PAPER_NAS_CHROMIUM")
    raise AssertionError("unreachable")


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built site."""
    folder = ROOT / "_build" / "html"
    if not (folder / "index.html").is_file():
        lacking("site", "the site is not built: run `make book`")
    return folder
