"""Pictures of every page, light and dark, wide and on a phone, to be looked at.

Usage:
    python -m tests.browser.screenshots FOLDER [PAGE ...]
    python -m tests.browser.screenshots --readme

The second form takes the README's picture.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.server import THEMES, WIDTHS, Visit, launch, page_names, serve
from tests.conftest import BROWSERS, ROOT

PIECE = 2000  # pixels


def photograph(page: Page, folder: Path, stem: str, width: int) -> None:
    """Take pictures of one page from top to bottom, in pieces that can be looked at.

    Args:
        page: The page, open and at rest.
        folder: Where the pictures go, as `<stem>-1.png`, `<stem>-2.png`, ...
        stem: The beginning of their names.
        width: Of the window, in pixels.
    """
    height = page.evaluate("document.documentElement.scrollHeight")
    # The sidebars stick to the window, so the window takes the page's height.
    page.set_viewport_size({"width": width, "height": max(900, height)})
    page.wait_for_timeout(600)
    for number, top in enumerate(range(0, height, PIECE), start=1):
        piece = {"x": 0, "y": top, "width": width, "height": min(PIECE, height - top)}
        page.screenshot(path=folder / f"{stem}-{number}.png", clip=piece)
    page.set_viewport_size({"width": width, "height": 900})


def installed_browser() -> str:
    """The browser to use: $PAPER_NAS_CHROMIUM, or the first one on PATH."""
    found = [os.environ.get("PAPER_NAS_CHROMIUM"), *map(shutil.which, BROWSERS)]
    return next(filter(None, found))


def readme_picture() -> None:
    """Take the picture of the site that the README shows: a figure of chapter 1 with its text."""
    with (
        serve(ROOT / "_build" / "html") as address,
        launch(installed_browser()) as browser,
    ):
        visit = Visit(browser, address, "light", WIDTHS["wide"])
        page = visit.open("notebooks/01_architectures.html")
        figure = "document.querySelector('.paper-nas-figure').getBoundingClientRect().top"
        page.evaluate(f"window.scrollBy({{top: {figure} - 260, behavior: 'instant'}})")
        page.wait_for_timeout(600)
        page.screenshot(path=ROOT / "book" / "images" / "site.png")
        visit.close()


def main(folder: Path, names: list[str]) -> None:
    """Take the pictures into a folder.

    Args:
        folder: Where they go, as `<page>-<theme>-<width>-<piece>.png`.
        names: Pages relative to the site; all of them if none is named.
    """
    site = ROOT / "_build" / "html"
    folder.mkdir(parents=True, exist_ok=True)
    with serve(site) as address, launch(installed_browser()) as browser:
        for theme in THEMES:
            for width in WIDTHS.values():
                visit = Visit(browser, address, theme, width)
                for name in names or page_names(site):
                    page = visit.open(name)
                    stem = name.removesuffix(".html").replace("/", "-")
                    photograph(page, folder, f"{stem}-{theme}-{width}", width)
                visit.close()
                print(f"{theme} {width}: {visit.problems or 'no problem'}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--readme"]:
        readme_picture()
    else:
        main(Path(sys.argv[1]), sys.argv[2:])
