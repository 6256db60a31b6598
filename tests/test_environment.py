"""pyproject.toml, environment.yml and requirements.lock name the same dependencies."""

from __future__ import annotations

import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import ROOT
from tools.lock import TORCH, direct_requirements, normalise

CONDA_NAMES = {"pytorch": "torch"}  # conda's name -> PyPI's, where they differ
CONDA_ONLY = {"python", "pip"}


def project_ranges() -> dict[str, SpecifierSet]:
    """Every direct dependency of the package, the book and the tests, with its range."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return _by_name([*project["dependencies"], *extras["book"], *extras["test"]])


def conda_ranges() -> dict[str, SpecifierSet]:
    """The dependencies of environment.yml, under PyPI's names."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    lines = [entry for entry in entries if isinstance(entry, str)]
    lines += [line for entry in entries if isinstance(entry, dict) for line in entry["pip"]]
    ranges = _by_name(lines)
    return {CONDA_NAMES.get(name, name): spec for name, spec in ranges.items()}


def locked_versions() -> dict[str, Version]:
    """The exact versions of requirements.lock."""
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line]
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    return {
        canonicalize_name(pin.name): Version(str(pin.specifier).removeprefix("==")) for pin in pins
    }


def _by_name(lines: list[str]) -> dict[str, SpecifierSet]:
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(item.name): item.specifier for item in requirements}


def test_environment_yml_has_the_ranges_of_pyproject() -> None:
    conda = {name: spec for name, spec in conda_ranges().items() if name not in CONDA_ONLY}
    assert conda == project_ranges()


def test_environment_yml_asks_for_the_python_of_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert conda_ranges()["python"] == SpecifierSet(project["requires-python"])


@pytest.mark.parametrize("requirement", direct_requirements())
def test_lock_satisfies(requirement: str) -> None:
    wanted = Requirement(requirement)
    assert locked_versions()[canonicalize_name(wanted.name)] in wanted.specifier


def test_lock_names_torch_without_a_build() -> None:
    assert TORCH in (ROOT / "requirements.lock").read_text().splitlines()


def test_lock_leaves_out_the_workflow_tool_and_the_project() -> None:
    assert not {"snakemake", "paper-nas", "pip"} & set(locked_versions())


def test_lock_is_normalised() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins == normalise("\n".join(pins))


def test_normalise_refuses_what_has_no_exact_version() -> None:
    with pytest.raises(ValueError, match="no exact version"):
        normalise("-e git+somewhere#egg=thing\n")
