"""A page with the explorer, made for the tests: the book's trained models, random architectures.

The scores follow from the skips alone, as in the paper's data; the process was fitted to those, so
its predictions mean nothing here, but they are numbers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from paper_nas.datasets import ENAS_SHA256, ArchitectureDataset
from paper_nas.explorer import widget
from paper_nas.space import Architecture, EnasSpace
from tests.browser.server import WIDTHS, Visit
from tests.conftest import ROOT
from tests.explorer.samples import UnprojectedResults
from tests.samples import tiny_dataset

ROWS = 19_020
PAGE = """<!doctype html><html lang=en data-theme={theme}><head><meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1"><link rel=icon href=data:,>
<title>explorer</title><link rel=stylesheet href=_static/paper_nas.css>
<link rel=stylesheet href=_static/explorer.css>
<style>body {{ margin: 0 16px; max-width: 936px; background: {paper}; color: {ink} }}</style></head>
<body><main>{explorer}</main><script type=module src=_static/{loader}></script></body></html>"""
RESTED = """(model) => new Promise((resolve) => {
  const read = () => document.querySelectorAll(".pnx-string")[model]?.textContent ?? "";
  let [text, since] = [read(), performance.now()];
  const look = () => {
    if (read() !== text) [text, since] = [read(), performance.now()];
    if (performance.now() - since < 250) requestAnimationFrame(look);
    else resolve(text);
  };
  look(); })"""
"""What a model decodes, once that has rested for a quarter of a second."""
NEXT_FRAME = """() => new Promise((resolve) =>
  requestAnimationFrame(() => requestAnimationFrame(resolve)))"""
COLOURS = {"light": ("#ffffff", "#222832"), "dark": ("#14181e", "#ced6dd")}
READY = ".paper-nas-explorer[data-state=ready]"


def known_architectures(count: int = ROWS) -> ArchitectureDataset:
    """Random architectures, with about as many skips as the published ones have.

    The score follows from the skips, in the steps of the published ones.
    """
    dataset = replace(
        tiny_dataset(count), architectures=EnasSpace().sample(count, skip_probability=0.3, seed=0)
    )
    skips = dataset.skip_patterns()
    score = 0.745 - 0.002 * skips.sum(1) + 0.0002 * (skips[:, 3] + skips[:, 7])
    return replace(
        dataset, accuracy=score.round(4), name="enas-cifar10", sha256=ENAS_SHA256
    ).scored_by()


def make_site(folder: Path, dataset: ArchitectureDataset) -> None:
    """Write `light.html` and `dark.html`, with all they need; wants `book/_ext` on the path."""
    from paper_nas_book.explorer import LOADER, STYLE, with_policy

    store = None if len(dataset) == ROWS else UnprojectedResults()
    explorer = widget.LatentExplorer(dataset, store=store)
    static = folder / "_static"
    for name, content in explorer.bundle.files.items():
        path = static / "explorer" / dataset.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    path.with_name("index.json").write_bytes(explorer.bundle.index_bytes())
    shutil.copy(widget.MODULE, static)
    (static / STYLE).write_text(widget.style_sheet(), encoding="utf-8")
    shutil.copy(widget.LOADER, static / LOADER)
    shutil.copy(ROOT / "book" / "_static" / "paper_nas.css", static)
    for theme, (paper, ink) in COLOURS.items():
        html = PAGE.format(
            theme=theme, paper=paper, ink=ink, explorer=explorer.static_html(), loader=LOADER
        )
        (folder / f"{theme}.html").write_text(with_policy(html), encoding="utf-8")


@contextmanager
def open_explorer(
    browser: Browser, address: str, theme: str = "light", width: int = WIDTHS["wide"]
) -> Iterator[Visit]:
    """A window with the explorer at work; nothing may go wrong on it."""
    visit = Visit(browser, address, theme, width)
    visit.page.goto(f"{address}{theme}.html")
    visit.page.wait_for_selector(READY)
    yield visit
    problems = list(visit.problems)
    visit.close()
    assert problems == []


def decoded(page: Page, model: int = 0) -> Architecture:
    """What the page says that a model decodes, once it has come from the model and rests."""
    wait_for_text(page, f".pnx-reading:nth-child({model + 1}) .pnx-state", " ms")
    return Architecture.from_string(page.evaluate(RESTED, model))


def wait_for_text(page: Page, selector: str, pattern: str, timeout: float = 30_000) -> None:
    """Wait until the first element's text has a match of a regular expression."""
    page.wait_for_function(
        "([selector, pattern]) => new RegExp(pattern).test("
        "document.querySelector(selector)?.textContent ?? '')",
        arg=[selector, pattern],
        timeout=timeout,
    )


def wait_for_other_than(page: Page, before: object) -> None:
    """Wait until the first model's architecture is not this one."""
    wait_for_text(page, ".pnx-string", f"^(?!{before}$)")


def score(page: Page, kind: str) -> float:
    """The "predicted" or the "known" (recorded) score of the first model."""
    return float(page.locator(f".pnx-{kind} strong").first.inner_text())


def middle(target: Locator) -> tuple[float, float]:
    """The middle of an element in the window."""
    box = target.bounding_box()
    if box is None:
        pytest.fail("the element is not on the page")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
