"""Panels of chapter 8 in a browser: drawn, and a choice in one shows in the others."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plotly
import pytest
from playwright.sync_api import Browser, Page

from paper_nas import figures
from paper_nas.rendering import StaticSiteRenderer
from tests.browser.server import WIDTHS, Visit, serve
from tests.conftest import ROOT

LOADER = ROOT / "book" / "_ext" / "paper_nas_book" / "figures.mjs"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>panels</title><link rel="icon" href="data:,">
<script src="plotly.min.js" defer></script><script src="figures.mjs" type="module"></script>
<body>{figure}</body>"""
CHOSEN = """() => document.getElementById('latent-spaces').data
  .map((trace) => trace.selectedpoints ?? null)"""
PANEL = """(number) => {
  const box = document.querySelectorAll('#latent-spaces .nsewdrag')[number].getBoundingClientRect();
  return [box.x, box.y, box.width, box.height];
}"""
ROWS = 2_000


@pytest.fixture(scope="module", params=sorted(WIDTHS))
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory, request) -> Iterator[Page]:
    """Four panels: the first holds the rows in order from left to right, the others do not."""
    rng = np.random.default_rng(0)
    ordered = np.column_stack([np.arange(ROWS), rng.uniform(0, ROWS, ROWS)])
    panels = {"ordered": ordered, **{f"random {i}": rng.normal(size=(ROWS, 2)) for i in range(3)}}
    figure = figures.linked_panels(
        panels, np.arange(ROWS) / ROWS, "accuracy", {"the best": np.arange(ROWS - 50, ROWS)}
    )
    html = StaticSiteRenderer().to_mimebundle(figure.to_dict())["text/html"]
    assert len(html) < 4 * ROWS * 7 + 12_000, "more than seven characters a point"
    folder = tmp_path_factory.mktemp("panels")
    (folder / "index.html").write_text(PAGE.replace("{figure}", html))
    for source in (LOADER, PLOTLY):
        shutil.copy(source, folder)
    with serve(folder) as address:
        visit = Visit(browser, address, "light", WIDTHS[request.param])
        yield visit.open("index.html")
        visit.close()
        assert visit.problems == []


def test_every_point_is_drawn(page: Page) -> None:
    assert page.locator("#latent-spaces .scatterlayer path.point").count() == 4 * ROWS


def test_a_box_in_one_panel_chooses_the_same_rows_in_all(page: Page) -> None:
    left, top, width, height = page.evaluate(PANEL, 0)
    page.mouse.move(left + 2, top + 2)
    page.mouse.down()
    page.mouse.move(left + width / 2, top + height - 2, steps=5)
    page.mouse.up()
    page.wait_for_function(f"() => ({CHOSEN})()[3] !== null")
    chosen = page.evaluate(CHOSEN)
    assert all(rows == chosen[0] for rows in chosen)
    assert 0.4 * ROWS < len(chosen[0]) < 0.6 * ROWS
    assert np.quantile(chosen[0], 0.99) < 0.55 * ROWS  # the left half


def test_a_button_chooses_and_another_lets_go(page: Page) -> None:
    page.locator("#latent-spaces .updatemenu-button", has_text="the best").click()
    page.wait_for_function(f"() => ({CHOSEN})()[3]?.length === 50")
    assert page.evaluate(CHOSEN) == [list(range(ROWS - 50, ROWS))] * 4
    page.locator("#latent-spaces .updatemenu-button", has_text="all").click()
    page.wait_for_function(f"() => ({CHOSEN})()[3] === null")
