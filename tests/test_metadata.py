"""What the project says of itself agrees from file to file."""

from __future__ import annotations

import tomllib

import yaml

import paper_nas
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_one_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert PROJECT["version"] == paper_nas.__version__ == citation["version"]
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_citation_refers_to_the_paper() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    (paper,) = citation["references"]
    bibliography = (ROOT / "book" / "references.bib").read_text()
    assert f"{{{paper['title']}}}" in bibliography
    assert all(author["family-names"] in bibliography for author in paper["authors"])


def test_the_book_lists_every_chapter() -> None:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    listed = {entry["file"] for part in contents["parts"] for entry in part["chapters"]}
    notebooks = {f"notebooks/{path.stem}" for path in (ROOT / "notebooks").glob("*.md")}
    assert notebooks == {name for name in listed if name.startswith("notebooks/")}


def test_no_executed_notebook_is_kept() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "*.ipynb" in ignored
