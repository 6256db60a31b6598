"""The built site on a loopback address, and a browser that can reach nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTHS = {"wide": 1280, "phone": 390}
THEMES = ("light", "dark")


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line of log for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder; gives the address, with a slash at its end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def launch(executable: str) -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A window on the site that keeps a record of everything that goes wrong.

    Attributes:
        page: Playwright's page.
        problems: Console errors and warnings, page errors, failed and outside requests.
    """

    def __init__(self, browser: Browser, address: str, theme: str, width: int) -> None:
        """Open an empty window in a theme ("light", "dark") at a width in pixels."""
        self.address = address
        self.problems: list[str] = []
        self.context: BrowserContext = browser.new_context(
            color_scheme="dark" if theme == "dark" else "light",
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
        )
        self.context.route("**/*", self._allow_the_site_only)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        self.page.on("requestfailed", self._on_failed_request)
        self.page.on("response", self._on_response)

    def open(self, name: str) -> Page:
        """Open a page with an empty record, draw all its figures and wait until it rests."""
        self.problems.clear()
        self.page.goto(self.address + name, wait_until="networkidle")
        for figure in self.page.query_selector_all(".paper-nas-figure"):
            figure.scroll_into_view_if_needed()
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.paper-nas-plot')]"
            ".every((box) => box.dataset.state === 'drawn')"
        )
        self.page.evaluate("() => window.MathJax?.startup?.promise")
        self.page.evaluate("window.scrollTo(0, 0)")
        return self.page

    def close(self) -> None:
        """Close the window."""
        self.context.close()

    def _allow_the_site_only(self, route: Route) -> None:
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.problems.append(f"outside: {route.request.url}")
            route.abort()

    def _on_console(self, message) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console {message.type}: {message.text}")

    def _on_failed_request(self, request) -> None:
        self.problems.append(f"failed: {request.url}")

    def _on_response(self, response) -> None:
        if response.status >= 400:
            self.problems.append(f"status {response.status}: {response.url}")


def page_names(site: Path) -> list[str]:
    """Every page of a built site, relative to it."""
    found = (path.relative_to(site) for path in site.rglob("*.html"))
    return sorted(str(path) for path in found if "_static" not in path.parts)
