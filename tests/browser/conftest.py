"""One browser and one server for all pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.server import launch, page_names, serve
from tests.conftest import ROOT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each built page; where no site is built, one that the fixture `site` skips."""
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", page_names(ROOT / "_build" / "html") or ["index.html"])


@pytest.fixture(scope="session")
def site_address(site: Path) -> Iterator[str]:
    """Where the built site is served."""
    with serve(site) as address:
        yield address


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser."""
    with launch(chromium) as browser:
        yield browser
