"""Data flows one way: a module of paper_nas imports only from those above it in the design."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "paper_nas"
# From the foundation upwards. Modules that are not written yet keep their place.
ORDER = (
    "config", "steps", "artifacts", "cache", "paper_numbers", "drawing", "space", "graphs",
    "datasets", "statistics", "operations", "models", "training", "evaluation", "regression",
    "child", "benchmark", "oracles", "search", "projection", "arms", "reports", "scorecard",
    "rendering", "figures", "widgets", "teaching", "explorer", "commands", "__main__",
)  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The module of the design that a file belongs to: `models` for paper_nas/models/vae.py."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_rooms(source: str, package: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """The modules of paper_nas that a source imports, with the line.

    Args:
        source: Python code.
        package: The package that the code lies in, for relative imports.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            # `from paper_nas import space` names the module in the list of names.
            names = [[*base, alias.name] for alias in node.names]
        else:
            continue
        for parts in names:
            if parts[0] == "paper_nas" and len(parts) > 1:
                yield parts[1], node.lineno


def upward_imports(source: str, module: str, package: tuple[str, ...]) -> list[str]:
    """The imports of a source that go against the order."""
    allowed = ORDER[: ORDER.index(module) + 1]
    return [
        f"line {line}: {module} imports {name}"
        for name, line in imported_rooms(source, package)
        if name in ORDER and name not in allowed
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    module = room(path)
    package = ("paper_nas", *path.relative_to(PACKAGE).parent.parts)
    if module == "__init__":
        return  # the package's front door may re-export anything
    assert module in ORDER, f"{module} has no place in the design's order: give it one here"
    assert upward_imports(path.read_text(), module, package) == []


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("import paper_nas.training", ("paper_nas",)),
        ("from paper_nas import training", ("paper_nas",)),
        ("from paper_nas.training import train_model", ("paper_nas",)),
        ("from . import training", ("paper_nas",)),
        ("from ..training import train_model", ("paper_nas", "models")),
        ("def f():\n    from paper_nas.training import train_model", ("paper_nas",)),
    ],
)
def test_every_form_of_import_is_seen(source: str, package: tuple[str, ...]) -> None:
    assert upward_imports(source, "space", package)
    assert upward_imports(source, "evaluation", package) == []
