"""The site that `make offline` has built: whole, and open about what it lacks."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from paper_nas.datasets.notes import NOTE_CLASS
from tests.conftest import ROOT

SITE = ROOT / "_build" / "offline" / "_build" / "html"
CHAPTERS = sorted((ROOT / "notebooks").glob("*.md"))
ON_CIFAR = [path.stem for path in CHAPTERS if '("enas-cifar10"' in path.read_text()]


def page(chapter: str) -> BeautifulSoup:
    """The page of a chapter, parsed."""
    return BeautifulSoup((SITE / "notebooks" / f"{chapter}.html").read_text(), "html.parser")


def notes(chapter: str) -> list[str]:
    """The text of the notes to the reader on a page."""
    return [note.get_text(" ") for note in page(chapter).select(f".cell_output .{NOTE_CLASS}")]


@pytest.mark.parametrize("chapter", [path.stem for path in CHAPTERS])
def test_every_cell_has_run(chapter: str) -> None:
    assert "Traceback (most recent call last)" not in page(chapter).get_text()
    assert page(chapter).select(".cell_output")


@pytest.mark.parametrize("chapter", ON_CIFAR)
def test_the_page_says_what_is_missing_and_how_to_get_it(chapter: str) -> None:
    found, words = notes(chapter), ("enas-digits", "therefore differ", "PAPER_NAS_DATA")
    data = [note for note in found if "enas-cifar10 is missing" in note]
    assert data
    assert all(word in note for note in data for word in words)
    for note in found:  # a result that is still to be computed is missing with the data too
        assert note in data or note.startswith(("Not checked on enas-digits: ", "Not there yet: "))


def test_claims_about_the_paper_s_data_are_marked() -> None:
    assert len(notes("01_architectures")) > 5


def test_it_was_built_without_the_data() -> None:
    """Or nothing above would say anything about a machine without them."""
    assert len(ON_CIFAR) >= 2
    cached = {path.name for path in (ROOT / "_build" / "offline" / "cache").rglob("*")}
    assert "final_structures6.txt" not in cached
