"""What the explorer says when a file does not come, and what its page is kept from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from paper_nas.drawing import dag_layout, display_label
from paper_nas.space import VERTEX_NAMES
from tests.browser.explorer_site import (
    READY,
    decoded,
    known_architectures,
    make_site,
    middle,
)
from tests.browser.server import WIDTHS, Visit, serve
from tests.samples import random_dags
from tools import assemble_explorer as assembly

REFUSED_FETCH = """() => new Promise((resolve) => {
  document.addEventListener('securitypolicyviolation', ({ blockedURI }) => resolve(blockedURI));
  fetch('https://example.org/').catch(() => {});
  setTimeout(() => resolve('no violation'), 3000); })"""
REFUSED_EVALUATION = """() => new Promise((resolve) => setTimeout(() => {
  try { resolve(eval('1')); } catch { resolve('refused'); } }))"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explorer")
    make_site(folder, known_architectures(800))
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serve(folder) as address:
        yield address


@pytest.fixture
def alter(folder: Path) -> Iterator[Callable[[str, bytes | None], None]]:
    """Change a file, or take it away; all is as before after the test."""
    kept: dict[Path, bytes] = {}

    def change(name: str, content: bytes | None) -> None:
        path = folder / "_static" / "explorer" / "enas-cifar10" / name
        if path not in kept:
            kept[path] = path.read_bytes()
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)

    yield change
    for path, content in kept.items():
        path.write_bytes(content)


@pytest.mark.parametrize("content", [None, b"\0" * 1000], ids=["missing", "damaged"])
def test_weights_that_do_not_come(
    browser: Browser, address: str, folder: Path, alter: Any, content: bytes | None
) -> None:
    whole = (folder / "_static/explorer/enas-cifar10/dvae-weights.bin").read_bytes()
    alter("dvae-weights.bin", content)
    visit = Visit(browser, address, "light", WIDTHS["wide"])
    page = visit.page
    page.goto(f"{address}light.html")
    page.wait_for_selector(READY)
    page.mouse.click(*middle(page.locator(".pnx-surface")))
    message = page.locator(".pnx-message")
    message.wait_for(state="visible")
    assert "dvae-weights.bin" in message.inner_text()
    page.locator(".pnx-probe").focus()
    for _ in range(6):
        page.keyboard.press("Shift+ArrowLeft")
    assert page.locator(".pnx-dag rect").count() == 8  # the grid goes on
    page.locator(".pnx-loading").wait_for(state="hidden")  # nothing is under way
    alter("dvae-weights.bin", whole)
    page.get_by_role("button", name="Try again").click()
    decoded(page)
    assert message.is_hidden()
    visit.close()


def test_try_again_goes_where_the_reader_wanted(
    browser: Browser, address: str, folder: Path, alter: Any
) -> None:
    """To an architecture that is not a known one, and that no model has read yet."""
    whole = (folder / "_static/explorer/enas-cifar10/dvae-weights.bin").read_bytes()
    alter("dvae-weights.bin", None)
    visit = Visit(browser, address, "light", WIDTHS["wide"])
    page = visit.page
    page.goto(f"{address}light.html")
    page.wait_for_selector(READY)
    wanted = "5 1 1 2 0 0 3 1 0 1 4 0 0 1 1 2 1 1 1 1 0"
    page.locator(".pnx-search").fill(wanted)
    page.locator(".pnx-search").press("Enter")
    page.locator(".pnx-message").wait_for(state="visible")
    alter("dvae-weights.bin", whole)
    page.get_by_role("button", name="Try again").click()
    assert str(decoded(page)) == wanted
    visit.close()


@pytest.mark.parametrize("name", ["points.bin", "dvae-grid.bin", "index.json"])
def test_without_its_first_files_it_says_so(
    browser: Browser, address: str, alter: Any, name: str
) -> None:
    alter(name, None)
    visit = Visit(browser, address, "light", WIDTHS["wide"])
    page = visit.page
    page.goto(f"{address}light.html")
    page.wait_for_selector(".paper-nas-explorer[data-state=failed]")
    assert name in page.inner_text(".pnx-failure")
    assert page.locator(".pnx-still").is_visible()
    visit.close()


def test_the_page_reaches_its_own_host_only(browser: Browser, address: str) -> None:
    """By its own policy: the window that the test opens would refuse other hosts too."""
    assert_confined(browser, f"{address}light.html")


def assert_confined(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector(READY)
    assert page.evaluate(REFUSED_FETCH).startswith("https://example.org")
    assert page.evaluate(REFUSED_EVALUATION) == "refused"
    page.close()


def test_the_chapter_is_confined_and_works(browser: Browser, site_address: str) -> None:
    name = "notebooks/09_explorer.html"
    visit = Visit(browser, site_address, "light", WIDTHS["wide"])
    page = visit.open(name)
    page.wait_for_selector(READY)
    policy = page.get_attribute("meta[http-equiv=Content-Security-Policy]", "content")
    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy
    page.get_by_role("button", name="Best", exact=True).first.click()
    decoded(page)
    problems = list(visit.problems)
    visit.close()
    assert problems == []
    assert_confined(browser, site_address + name)


def test_without_a_worker_it_says_so(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, "light", WIDTHS["wide"])
    page = visit.page
    page.add_init_script("window.Worker = class { constructor() { throw new Error('refused'); } };")
    page.goto(f"{address}light.html")
    page.wait_for_selector(READY)
    page.get_by_role("button", name="Best", exact=True).click()
    message = page.locator(".pnx-message")
    message.wait_for(state="visible")
    assert "The decoder runs on the page itself" in message.inner_text()
    decoded(page)
    message.get_by_role("button", name="Close").click()
    assert message.is_hidden()
    problems = list(visit.problems)
    visit.close()
    assert problems == []


def test_a_silent_kernel_can_be_asked_again(browser: Browser) -> None:
    page = browser.new_page()
    page.clock.install()
    page.evaluate(f"""() => {{
      {assembly.source("engine_arrays.mjs")}
      {assembly.source("ui_data.mjs")}
      const sent = [];
      const model = {{ get: () => ({{}}), on: (_, listener) => (window.answer = listener),
        send: ({{ file }}) => sent.push(file) }};
      const source = kernelSource(model);
      Object.assign(window, {{ sent, ask: () => (window.answered = source("gp.bin").then(
        (bytes) => bytes.byteLength, ({{ message }}) => message)) }});
    }}""")
    page.evaluate("() => void ask()")
    page.clock.fast_forward(21_000)
    assert "has not sent gp.bin in 20 seconds" in page.evaluate("() => answered")
    page.evaluate("() => void ask()")
    page.evaluate("() => answer({ file: 'gp.bin' }, [new DataView(new ArrayBuffer(5))])")
    page.clock.fast_forward(21_000)
    assert page.evaluate("() => answered") == 5
    assert page.evaluate("() => sent") == ["gp.bin", "gp.bin"]
    page.close()


def test_the_layout_is_the_packages(browser: Browser) -> None:
    """Every graph is laid out in the browser as in the pictures of the book."""
    batch = random_dags(80, 8, seed=3)
    graphs = []
    for types, adjacency, count in zip(
        batch.types, batch.adjacency, batch.num_vertices.tolist(), strict=True
    ):
        labels = [display_label(VERTEX_NAMES[kind]) for kind in types[:count].tolist()]
        graphs.append((labels, adjacency.nonzero().tolist()))
    page = browser.new_page()
    source = assembly.source("ui_dag.mjs")
    found = page.evaluate(
        f"(graphs) => {{ {source}; return graphs.map(([l, e]) => dagLayout(l, e)); }}", graphs
    )
    page.close()
    for (labels, edges), layout in zip(graphs, found, strict=True):
        wanted = dag_layout(labels, edges)
        assert [tuple(edge) for edge in layout["edges"]] == list(wanted.edges)
        assert layout["width"] == pytest.approx(wanted.width, abs=0.02)
        assert layout["height"] == pytest.approx(wanted.height, abs=0.02)
        np.testing.assert_allclose(layout["centres"], wanted.centres, atol=0.02)
        for here, there in zip(layout["paths"], wanted.paths, strict=True):
            np.testing.assert_allclose(here, there, atol=0.02)
