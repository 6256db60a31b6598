"""The explorer's page in headless Chromium: how soon it is there, how quickly it follows a hand.

``python -m benchmarks.explorer_page [--repeats 5] [--json]``

``first_picture`` is the time from the call of a page with an explorer and nothing else to the frame
after its first picture; ``chapter`` the same for chapter 9 of the built site, where there is one.
``hover`` is what one movement of the pointer costs with 19,020 points, layout included, ``repaint``
the painting of all points, as in a zoom. The bytes are what a page has fetched of the explorer's
files before anybody touches it. The rows are random architectures, as many as the published ones.
``meets_the_bars`` holds for one core of its own, so pause other work on the machine first.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.explorer import installed_browser
from tests.browser.explorer_site import READY, known_architectures, make_site
from tests.browser.server import launch, serve
from tests.conftest import ROOT

FIRST_BAR, HOVER_BAR, BYTES_BAR = 1000.0, 16.0, 3e6
CHAPTER = "notebooks/09_explorer.html"
FIRST = "() => performance.getEntriesByType('mark').find((m) => /explorer/.test(m.name)).startTime"
FETCHED = """() => performance.getEntriesByType('resource')
  .filter(({ name }) => name.includes('/explorer/'))
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""
HOVER = """(count) => { const surface = document.querySelector('.pnx-surface');
  const { left, top, width, height } = surface.getBoundingClientRect();
  return Array.from({ length: count }, (_, place) => {
    const [x, y] = [0.2 + 0.6 * ((place * 0.618) % 1), 0.2 + 0.6 * ((place * 0.382) % 1)];
    const start = performance.now();
    surface.dispatchEvent(new PointerEvent('pointermove',
      { clientX: left + x * width, clientY: top + y * height, bubbles: true }));
    document.querySelector('.pnx-tip').getBoundingClientRect();
    return performance.now() - start; }); }"""
REPAINT = """async (count) => { const [button] = document.querySelectorAll('.pnx-zoomers button');
  const spent = [];
  for (let place = 0; place < count; place++) {
    button.click();
    await new Promise((resolve) => requestAnimationFrame(() => {
      const start = performance.now();
      setTimeout(() => { spent.push(performance.now() - start); resolve(); }); }));
  }
  return spent; }"""


def opened(browser: Browser, address: str) -> Page:
    """A page with the explorer, in a window of its own, so that nothing is cached."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(address)
    page.wait_for_selector(READY)
    return page


def first_pictures(browser: Browser, address: str, repeats: int) -> list[float]:
    """Milliseconds to the first picture, each in a window of its own."""
    found = []
    for _ in range(repeats):
        page = opened(browser, address)
        found.append(float(page.evaluate(FIRST)))
        page.context.close()
    return found


def measure(repeats: int) -> dict[str, Any]:
    """All figures; times in milliseconds."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    result: dict[str, Any] = {"load_average": round(os.getloadavg()[0], 2)}
    with tempfile.TemporaryDirectory() as name, launch(installed_browser()) as browser:
        make_site(Path(name), known_architectures())
        with serve(Path(name)) as address:
            first = first_pictures(browser, f"{address}light.html", repeats)
            page = opened(browser, f"{address}light.html")
            result["bytes_before_the_first_interaction"] = page.evaluate(FETCHED)
            hover = page.evaluate(HOVER, 500)
            repaint = page.evaluate(REPAINT, 12)
            page.context.close()
        site = ROOT / "_build" / "html"
        if (site / CHAPTER).is_file():
            with serve(site) as address:
                chapter = first_pictures(browser, address + CHAPTER, repeats)
                result["chapter"] = round(statistics.median(chapter))
    result |= {
        "first_picture": round(statistics.median(first)),
        "hover": round(statistics.median(hover), 2),
        "hover_95_percent": round(statistics.quantiles(hover, n=20)[-1], 2),
        "repaint": round(statistics.median(repaint), 1),
    }
    slowest = max(result["first_picture"], result.get("chapter", 0))
    result["meets_the_bars"] = (
        slowest < FIRST_BAR
        and result["hover"] < HOVER_BAR
        and result["bytes_before_the_first_interaction"] < BYTES_BAR
    )
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.repeats)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        for name, value in result.items():
            print(f"{name:36} {value}")


if __name__ == "__main__":
    main()
