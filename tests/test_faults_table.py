"""The table of faults: every fault has a line, and every test that a line names is there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "book" / "faults.md"
FAULTS = (
    "SIGKILL during training",
    "SIGKILL during evaluation",
    "SIGKILL during search",
    "SIGKILL during benchmark",
    "SIGKILL during export",
    "a truncated checkpoint",
    "a truncated result",
    "a truncated download",
    "a full results folder",
    "a read-only results folder",
    "a result whose manifest does not match it",
    "two processes that write the same result",
    "Ctrl-C",
    "a kernel restart in the middle of a notebook",
)
FUZZED = ("architecture parsing", "`GraphBatch`", "result files", "rows of data and of labels")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
HEADS = {"fault", "input"}
"""The first word of each table's head."""


def rows() -> dict[str, list[str]]:
    """The lines of all tables by their first cell, with the other cells."""
    found: dict[str, list[str]] = {}
    for table in re.findall(r"```\{list-table\}\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for text in re.split(r"^\* - ", table, flags=re.MULTILINE)[1:]:
            first, *others = (" ".join(c.split()) for c in re.split(r"\n  - ", text))
            assert first not in found or first in HEADS, f"two lines say {first!r}"
            found[first] = others
    return found


ROWS = rows()
TESTS = sorted({test for cells in ROWS.values() for test in NAMED.findall(" ".join(cells))})


@pytest.mark.parametrize("fault", [*FAULTS, *FUZZED])
def test_every_fault_has_a_line_with_a_test(fault: str) -> None:
    assert fault in ROWS
    assert NAMED.search(ROWS[fault][-1])


def test_every_line_is_whole() -> None:
    lines = {first: cells for first, cells in ROWS.items() if first not in HEADS}
    assert len(lines) >= len(FAULTS) + len(FUZZED)
    for first, cells in lines.items():
        assert len(cells) == (2 if first in FUZZED else 3), first
        assert all(cells), first
        assert NAMED.sub("", cells[-1]).strip(" ,") == "", first


@pytest.mark.parametrize(("file", "name"), TESTS, ids=lambda part: part.rpartition("/")[2])
def test_every_test_that_is_named_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert name.startswith("test_")


def test_every_test_of_faults_is_named() -> None:
    written = {
        (f"tests/{folder}/{path.name}", node.name)
        for folder in ("faults", "fuzz")
        for path in (ROOT / "tests" / folder).glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert written <= set(TESTS)
