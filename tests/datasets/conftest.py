"""Fixtures of the data set tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from paper_nas.datasets import enas_digits
from tests.datasets.samples import write_digits


@pytest.fixture
def made_up_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up benchmark in the place of the embedded one; the path of its file."""
    monkeypatch.setattr(enas_digits, "EMBEDDED", tmp_path / "embedded")
    return write_digits(tmp_path / "embedded")
