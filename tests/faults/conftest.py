"""No process outlives the test that started it, not even where the test fails."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def processes_end() -> Iterator[None]:
    yield
    for process in multiprocessing.active_children():
        process.kill()
        process.join()
