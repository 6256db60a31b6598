"""The built site, read as files: nothing from elsewhere, nothing missing, nothing unsaid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from tests.conftest import ROOT

CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.md"))
SOURCES = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
LOADED_LINKS = {"stylesheet", "icon", "shortcut", "preload", "prefetch", "modulepreload"}


@cache
def soup(path: Path) -> BeautifulSoup:
    """A page, parsed."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def pages(site: Path) -> list[Path]:
    """Every page of the site."""
    found = sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)
    assert len(found) > len(CHAPTERS)
    return found


def loaded(page: Path) -> Iterator[str]:
    """The addresses that a browser fetches, unasked, to show a page."""
    for tag, attribute in SOURCES.items():
        yield from (node[attribute] for node in soup(page).find_all(tag, **{attribute: True}))
    for link in soup(page).find_all("link", href=True):
        if LOADED_LINKS & set(link.get("rel", [])):
            yield link["href"]


def offences(site: Path, check) -> dict[str, list[str]]:  # type: ignore[no-untyped-def]
    """What a check finds, by page."""
    found = {str(page.relative_to(site)): list(check(page)) for page in pages(site)}
    return {page: problems for page, problems in found.items() if problems}


def test_every_page_of_the_contents_is_built(site: Path) -> None:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    names = [contents["root"]]
    names += [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    assert [name for name in names if not (site / f"{name}.html").is_file()] == []


def test_pages_load_from_the_site_only(site: Path) -> None:
    def outside(page: Path) -> Iterator[str]:
        for address in loaded(page):
            parts = urlsplit(address)
            if parts.netloc or parts.scheme not in ("", "data"):
                yield address
            elif not parts.scheme and not (page.parent / unquote(parts.path)).is_file():
                yield f"missing: {address}"

    assert offences(site, outside) == {}


def test_style_sheets_load_from_the_site_only(site: Path) -> None:
    remote = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])(?:https?:)?//[^)'\"]*")
    found = {
        str(sheet.relative_to(site)): remote.findall(sheet.read_text(encoding="utf-8"))
        for sheet in site.rglob("*.css")
    }
    assert {name: urls for name, urls in found.items() if urls} == {}


def test_no_script_is_loaded_twice(site: Path) -> None:
    def repeated(page: Path) -> Iterator[str]:
        sources = [urlsplit(node["src"]).path for node in soup(page).find_all("script", src=True)]
        yield from {source for source in sources if sources.count(source) > 1}

    assert offences(site, repeated) == {}


def test_plotly_is_on_pages_with_a_figure_and_on_no_others(site: Path) -> None:
    def wrong(page: Path) -> Iterator[str]:
        wanted = bool(soup(page).select(".paper-nas-figure"))
        scripts = [urlsplit(node["src"]).path for node in soup(page).find_all("script", src=True)]
        for name in ("plotly.min.js", "figures.mjs"):
            if any(source.endswith(f"/{name}") for source in scripts) != wanted:
                yield f"{name} {'missing' if wanted else 'loaded in vain'}"

    assert offences(site, wrong) == {}


def test_titles_and_headings_are_in_order(site: Path) -> None:
    def disorder(page: Path) -> Iterator[str]:
        document = soup(page)
        if document.title is None or not document.title.get_text(strip=True):
            yield "no title"
        if not (document.html and document.html.get("lang")):
            yield "no language"
        main = document.find("article") or document
        levels = [int(node.name[1]) for node in main.find_all(re.compile(r"^h[1-6]$"))]
        if levels.count(1) != 1 or levels[0] != 1:
            yield f"first-level headings: {levels}"
        yield from (
            f"h{before} is followed by h{after}"
            for before, after in pairwise(levels)
            if after > before + 1
        )

    assert offences(site, disorder) == {}


def test_pictures_are_described(site: Path) -> None:
    def silent(page: Path) -> Iterator[str]:
        for image in soup(page).find_all("img"):
            if not image.get("alt", "").strip():
                yield str(image)
        for box in soup(page).select(".paper-nas-plot"):
            if box.get("role") != "img" or not box.get("aria-label", "").strip():
                yield f"figure {box.get('id')}"
        for drawing in soup(page).select(".cell_output svg, .cell_output .svg"):
            named = drawing.get("aria-label") or drawing.find("title")
            inside = drawing.find_parent(["svg", "figure"]) or drawing.find_parent(role="img")
            if not (named or inside or drawing.get("aria-hidden") == "true"):
                yield f"drawing without a description: {str(drawing)[:90]}"

    assert offences(site, silent) == {}


def test_ids_are_unique(site: Path) -> None:
    def repeated(page: Path) -> Iterator[str]:
        ids = [node["id"] for node in soup(page).select("article [id]")]
        yield from {name for name in ids if ids.count(name) > 1}

    assert offences(site, repeated) == {}


def test_links_within_the_site_lead_somewhere(site: Path) -> None:
    def broken(page: Path) -> Iterator[str]:
        for anchor in soup(page).select("a[href]"):
            parts = urlsplit(anchor["href"])
            if parts.scheme or parts.netloc:
                continue
            target = page.parent / unquote(parts.path) if parts.path else page
            if not target.is_file():
                yield anchor["href"]
            elif parts.fragment and target.suffix == ".html":
                name = unquote(parts.fragment)
                if not soup(target.resolve()).find(attrs={"id": name}):
                    yield anchor["href"]

    assert offences(site, broken) == {}


def test_no_page_shows_a_traceback(site: Path) -> None:
    def failing(page: Path) -> Iterator[str]:
        for output in soup(page).select(".cell_output"):
            if "Traceback (most recent call last)" in output.get_text():
                yield output.get_text()[-200:]

    assert offences(site, failing) == {}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_executed_notebook_is_the_download(site: Path, chapter: str) -> None:
    page = site / "notebooks" / f"{chapter}.html"
    links = [link["href"] for link in soup(page).select("a[href$='.ipynb']")]
    assert links, "the page offers no .ipynb"
    notebook = json.loads((page.parent / links[0]).read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["execution_count"] for cell in code)
    assert any(cell["outputs"] for cell in code)
