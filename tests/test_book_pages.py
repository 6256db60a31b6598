"""Pages of prose: the minutes, the lab's points, the glossary, the page of a missing page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.conftest import ROOT

BOOK, NOTEBOOKS = ROOT / "book", ROOT / "notebooks"
CHAPTERS = sorted(path.stem for path in NOTEBOOKS.glob("*.md") if path.stem != "13_lab")
WORDS = {"five": 5, "fifteen": 15, "twenty-five": 25}
SLACK = 5
"""Minutes by which a chapter may outgrow what the pages say."""
CELL = re.compile(r"```\{code-cell\}.*?```\n", re.DOTALL)
ANSWER = "{dropdown} A full answer"


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def minutes(page: str) -> dict[str, tuple[int, str]]:
    """By chapter: the minutes in a page's table, and what stands in the cell behind them."""
    rows = re.findall(
        r"^\| \[\]\(\.\./notebooks/(\w+)\.md\) \|.*?\| (\d+) \|(.*)", page, re.MULTILINE
    )
    return {name: (int(number), rest.strip(" |")) for name, number, rest in rows}


def estimate(chapter: str) -> float:
    """The rule of the page for teachers: words, lines of code and outputs, in minutes."""
    body = text(NOTEBOOKS / f"{chapter}.md").split("---\n", 2)[2]
    cells = CELL.findall(body)
    words = len(re.findall(r"\w+", CELL.sub("", body)))
    code = sum(cell.count("\n") for cell in cells if "hide-" not in cell)
    return words / 200 + code / 25 + len(cells) / 10


def test_every_chapter_has_its_minutes_on_both_pages() -> None:
    teaching, welcome = (minutes(text(BOOK / f"{name}.md")) for name in ("teaching", "welcome"))
    assert sorted(teaching) == CHAPTERS
    assert sorted(welcome) == [name for name in CHAPTERS if name != "00_impatient"]
    assert {name: teaching[name][0] for name in welcome} == {
        name: number for name, (number, _) in welcome.items()
    }


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_minutes_are_the_chapter_s_own_or_follow_from_its_length(chapter: str) -> None:
    number, kind = minutes(text(BOOK / "teaching.md"))[chapter]
    said = re.search(r"about ([\w-]+) minutes", text(NOTEBOOKS / f"{chapter}.md"))
    assert kind == ("stated" if said else "estimate")
    if said:
        assert WORDS[said[1]] == number
    else:
        assert abs(estimate(chapter) - number) < SLACK


def test_the_lab_s_points_and_minutes_add_up() -> None:
    lab = text(NOTEBOOKS / "13_lab.md")
    levels = re.split(r"^## Level \d: ", lab, flags=re.MULTILINE)[1:]
    plan = re.findall(r"^\| (\d+) \| .*\| ?(\d*) \|$", text(BOOK / "teaching.md"), re.MULTILINE)
    assert sum(int(number) for number, _ in plan) == 90
    points = []
    for level in levels:
        title = re.match(r".*\((\d+) points, (\d+) minutes\)", level)
        assert title
        assert (title[2], title[1]) in plan
        tasks = re.findall(r"^### Task \d+: .*\((\d+) points\)", level, re.MULTILINE)
        assert sum(map(int, tasks)) == int(title[1])
        assert level.count(ANSWER) == len(tasks)
        points.append(int(title[1]))
    assert sum(points) == 30
    assert "**30 points**" in lab


def test_the_lab_can_be_handed_out_without_solutions(tmp_path: Path) -> None:
    code = text(BOOK / "teaching.md").split("<<'END'\n")[1].split("END\n")[0]
    (tmp_path / "notebooks").symlink_to(NOTEBOOKS)
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)
    lab, handout = text(NOTEBOOKS / "13_lab.md"), text(tmp_path / "lab_without_solutions.md")
    assert "hide-cell" in lab
    assert "hide-cell" not in handout
    assert ANSWER not in handout
    headings = re.compile(r"^#+ .*", re.MULTILINE)
    assert headings.findall(CELL.sub("", handout)) == headings.findall(CELL.sub("", lab))


def glossary() -> list[str]:
    """The terms, in the order of the page."""
    [body] = re.findall(r"```\{glossary\}\n(.*?)```", text(BOOK / "glossary.md"), re.DOTALL)
    return [line for line in body.splitlines() if line and not line.startswith(" ")]


def test_the_glossary_is_in_order() -> None:
    terms = glossary()
    assert terms == sorted(set(terms), key=str.lower)
    assert len(terms) > 50


def test_every_term_that_is_used_is_explained() -> None:
    known = {term.lower() for term in glossary()}
    for path in [*NOTEBOOKS.glob("*.md"), *BOOK.glob("*.md")]:
        for role in re.findall(r"\{term\}`([^`]+)`", text(path)):
            name = re.sub(r"\s+", " ", role.rsplit("<", 1)[-1].rstrip(">")).lower()
            assert name in known, (path.name, role)


def test_the_page_of_a_missing_page_needs_nothing_from_its_address() -> None:
    page = BeautifulSoup(text(BOOK / "404.html"), "html.parser")
    assert not page.select("script[src], link[rel=stylesheet], img, iframe")
    links = [anchor["href"] for anchor in page.select("a[href]")]
    assert links
    contents = text(ROOT / "_toc.yml")
    for link in links:
        assert link == "search.html" or link.removesuffix(".html") in contents
