"""The page of a missing page, served at the root and below a path, under addresses of any depth."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from tests.browser.server import QuietHandler
from tests.conftest import ROOT

PAGE = ROOT / "book" / "404.html"


class Host(QuietHandler):
    """Answers for what is missing with the site's own page, as hosts of static sites do."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send the page with its status; no body for a request that wants none."""
        content = PAGE.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host with the same small site at its root and below a path."""
    folder = tmp_path_factory.mktemp("host")
    for site in (folder, folder / "paper_nas"):
        (site / "book").mkdir(parents=True)
        (site / "book" / "welcome.html").write_text("<title>the first page</title>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("site", ["", "paper_nas/"])
@pytest.mark.parametrize("missing", ["none.html", "notebooks/none.html", "a/b/c/none/"])
def test_links_lead_back_into_the_site(
    browser: Browser, host: str, site: str, missing: str
) -> None:
    page = browser.new_page()
    answer = page.goto(f"{host}{site}{missing}", wait_until="networkidle")
    assert answer is not None
    assert answer.status == 404
    page.wait_for_selector("base", state="attached")
    assert page.evaluate("document.baseURI") == f"{host}{site}"
    page.click("text=the first page")
    page.wait_for_function("document.title === 'the first page'")
    assert page.url == f"{host}{site}book/welcome.html"
    page.close()
