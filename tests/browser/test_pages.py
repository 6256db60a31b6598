"""Every page in a real browser, wide and on a phone, light and dark, outside requests blocked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.server import THEMES, WIDTHS, Visit

EMPTY = """() => [...document.querySelectorAll('.paper-nas-plot')]
  .filter((box) => !box.querySelector('.main-svg, canvas')).map((box) => box.id)"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What sticks out to the right although no ancestor scrolls: names the culprit in a failure.
CULPRITS = """() => [...document.querySelectorAll('article *')].filter((node) => {
  if (node.getBoundingClientRect().right <= window.innerWidth + 1) return false;
  for (let up = node.parentElement; up; up = up.parentElement) {
    if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(up).overflowX)) return false;
  }
  return true;
}).slice(0, 5).map((node) => node.outerHTML.slice(0, 120))"""
LUMINANCE = """(selector) => {
  const mean = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).reduce((a, b) => a + +b, 0) / 765;
  const node = document.querySelector(selector);
  return [mean(getComputedStyle(document.body).backgroundColor), mean(getComputedStyle(node)[
    node instanceof SVGElement ? 'fill' : 'color'])];
}"""


@pytest.fixture(scope="session", params=product(THEMES, WIDTHS), ids="-".join)
def window(
    browser: Browser, site_address: str, request: pytest.FixtureRequest
) -> Iterator[tuple[Visit, str]]:
    """A window in each theme at each width, kept from page to page, and the theme's name."""
    theme, width = request.param
    visit = Visit(browser, site_address, theme, WIDTHS[width])
    yield visit, theme
    visit.close()


def assert_contrast(page: Page, selector: str, theme: str) -> None:
    """Text and background lie on opposite sides of grey, the background on the theme's."""
    background, text = page.evaluate(LUMINANCE, selector)
    assert abs(background - text) > 0.4, (selector, background, text)
    assert (background < 0.5) == (theme == "dark")


def test_page(window: tuple[Visit, str], page_name: str) -> None:
    visit, theme = window
    page = visit.open(page_name)
    assert visit.problems == []
    assert page.evaluate(EMPTY) == []
    assert page.locator("article mjx-merror").count() == 0
    formulas = page.locator("article .math").count()
    assert page.locator("article .math mjx-container svg").count() >= formulas
    assert page.evaluate(OVERFLOW) <= 0, page.evaluate(CULPRITS)
    assert_contrast(page, "h1", theme)
    if page.query_selector(".paper-nas-plot .xtick text"):
        assert_contrast(page, ".paper-nas-plot .xtick text", theme)


def test_search_finds_the_paper(browser: Browser, site_address: str) -> None:
    visit = Visit(browser, site_address, "light", WIDTHS["wide"])
    page = visit.open("search.html?q=embedding")
    page.wait_for_selector("#search-results li a")
    results = page.locator("#search-results li a").count()
    visit.close()
    assert results > 0
    assert visit.problems == []
