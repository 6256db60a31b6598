"""The explorer in JupyterLab: a kernel at the other end, and cells that use what the reader did."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from playwright.sync_api import Browser, Page

from tests.browser.explorer_site import (
    RESTED,
    decoded,
    score,
    wait_for_other_than,
    wait_for_text,
)
from tests.conftest import ROOT

CELLS = (
    "from paper_nas.explorer.widget import LatentExplorer\n"
    "from tests.browser.explorer_site import known_architectures\n"
    "from tests.explorer.samples import UnprojectedResults\n"
    "data, store = known_architectures(700), UnprojectedResults()\n"
    "explorer = LatentExplorer(data, store=store)\nexplorer",
    "print('here:', explorer.chosen, '| row', explorer.row, '| latent', len(explorer.latent),\n"
    "      '| predicted', len(explorer.predicted), '| model', explorer.model_name)",
    "explorer.selection = [5, 7, 11]",
    "explorer.architecture = str(explorer.dataset.architectures[42])",
    "explorer.selection = []\nexplorer.score_range = [explorer.dataset.accuracy.max()] * 2",
    "import ipywidgets\nipywidgets.VBox([explorer, LatentExplorer(data, store=store)])",
    "held, send = [], explorer.send\n"
    "explorer.send = lambda *message: held.append(message)\nexplorer",
    "print('still:', explorer.chosen, '| row', explorer.row, '| latent', len(explorer.latent))",
    "explorer.send = send\nfor message in held:\n    send(*message)",
    "print('then:', explorer.chosen, '| row', explorer.row, '| latent', len(explorer.latent))",
)
START_SECONDS = 90
RUN_SECONDS = 180
"""The first cell imports torch; on a busy machine that takes a while."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab with one notebook; gives its address."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "explorer.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }
    environment.pop("PAPER_NAS_STATIC_SITE", None)
    options = [
        "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None", "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=log
        )
        try:
            wait_for_server(f"http://127.0.0.1:{port}/api", folder / "log")
            yield f"http://127.0.0.1:{port}/lab/tree/explorer.ipynb"
        finally:
            server.terminate()
            server.wait(30)


def wait_for_server(address: str, log: Path) -> None:
    """Wait until it answers; its log is the reason where it does not."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address):
                return
        except urllib.error.URLError:
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def notebook(browser: Browser, lab: str) -> Iterator[Page]:
    """The notebook, open in a window that reaches the server only."""
    origin = lab.split("/lab/")[0]
    context = browser.new_context(viewport={"width": 1300, "height": 1700})
    context.route(
        lambda url: not url.startswith((origin, origin.replace("http", "ws"), "data:", "blob:")),
        lambda route: route.abort(),
    )
    page = context.new_page()
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    wait_for_text(page, "#jp-bottom-panel", r"\| Idle", timeout=60_000)  # the kernel is there
    yield page
    context.close()


def run(page: Page, number: int) -> None:
    """Run one cell."""
    cell = page.locator(".jp-CodeCell").nth(number)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "(number) => /\\[\\d+\\]/.test(document.querySelectorAll('.jp-CodeCell')[number]"
        ".querySelector('.jp-InputPrompt').textContent)",
        arg=number,
        timeout=1000 * RUN_SECONDS,
    )


def test_cells_and_the_page_are_in_step(notebook: Page) -> None:
    run(notebook, 0)
    notebook.wait_for_selector(".pnx .pnx-dag rect", timeout=30_000)
    notebook.get_by_role("button", name="Best", exact=True).click()
    best = decoded(notebook)
    # What is spoken comes after the traits, which follow the page after a tenth of a second.
    known = score(notebook, "known")
    spoken = f"valid architecture, predicted score .* Recorded score: {known:.4f}"
    wait_for_text(notebook, ".pnx [aria-live=polite]", spoken)
    run(notebook, 1)
    said = notebook.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea").inner_text()
    assert f"here: {best} | row " in said
    assert "row None" not in said
    assert "latent 56 | predicted 2 | model dvae" in said
    run(notebook, 2)
    wait_for_text(notebook, ".pnx-caption", "3 of 700 selected")
    run(notebook, 3)
    wait_for_text(notebook, ".pnx-string", f"^(?!{best}$)")
    there = decoded(notebook)
    assert there != best
    run(notebook, 4)  # of its scores, all of which single precision rounds
    wait_for_text(notebook, ".pnx-caption", r"^[1-9]\d* of 700 between")
    notebook.locator(".pnx-probe").focus()
    for _ in range(4):
        notebook.keyboard.press("Shift+ArrowLeft")
    wait_for_other_than(notebook, there)
    there = decoded(notebook)
    run(notebook, 5)
    box = ".widget-vbox > :nth-child({})"
    wait_for_text(notebook, f"{box.format(1)} .pnx-state", " ms")
    # A second view begins where the first one is, and both stay there.
    assert [notebook.evaluate(RESTED, view) for view in (0, 1)] == [str(there)] * 2
    # In a box an explorer comes without its first files, and asks for them.
    notebook.wait_for_selector(f"{box.format(2)} .pnx-dag rect", timeout=30_000)
    assert_a_row_stands(notebook, str(best))


def assert_a_row_stands(notebook: Page, best: str) -> None:
    """In a third view of the first explorer, too, which has to wait for its weights."""
    run(notebook, 6)
    third = notebook.locator(".jp-CodeCell").nth(6)
    third.locator(".pnx-dag rect").first.wait_for()
    notebook.get_by_role("button", name="Best", exact=True).first.click()
    wait_for_text(notebook, ".pnx-string", f"^{best}$")
    for cell, word in ((7, "still"), (9, "then")):
        notebook.wait_for_timeout(1000)  # by then all has been told
        run(notebook, cell)
        said = notebook.locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea").inner_text()
        assert re.search(rf"{word}: {best} \| row \d+ \| latent 56", said)
        if word == "still":
            assert " ms" not in third.locator(".pnx-state").inner_text()
            run(notebook, 8)
            third.locator(".pnx-state", has_text=" ms").wait_for()
