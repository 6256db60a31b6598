"""The latent explorer on the pages that show it: its scripts, its files, and a closed door.

The files hold rows of the data, so they are made here, when the site is built, and not committed.
The page may load nothing from another host: a Content-Security-Policy says so to the browser, which
lists the page's own inline scripts by their checksums.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
BOX = re.compile(r'<div class="paper-nas-explorer" data-dataset="([a-z0-9-]+)">')
LOADER, STYLE = "explorer_loader.mjs", "explorer.css"
HEAD = re.compile(r"<head[^>]*>")
META = '<meta http-equiv="Content-Security-Policy"'
JAVASCRIPT = {None, "", "text/javascript", "module"}
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-hashes' {scripts}; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "worker-src blob:; object-src 'none'; base-uri 'self'; form-action 'self'"
)


def tag_explorer_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Load the explorer's style and loader on pages with an explorer, and on no others."""
    if BOX.search(context.get("body", "")):
        app.add_css_file(STYLE)
        app.add_js_file(LOADER, type="module", loading_method="async")


def finish_explorer_pages(app: Sphinx, exception: Exception | None) -> None:
    """Copy the scripts, write the files of each data set that is shown, and close the pages."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    shown = dict(explorer_pages(Path(app.outdir)))
    if not shown:
        return
    from paper_nas.explorer import export_explorer, widget  # slow to import

    shutil.copyfile(widget.MODULE, static / widget.MODULE.name)
    shutil.copyfile(widget.LOADER, static / LOADER)
    (static / STYLE).write_text(widget.style_sheet(), encoding="utf-8")
    for dataset in sorted(set().union(*shown.values())):
        bundle = export_explorer(static / "explorer" / dataset, dataset)
        LOGGER.info("explorer of %s: %.2f MB at first", dataset, bundle.first_bytes() / 1e6)
    for page in shown:
        page.write_text(with_policy(page.read_text(encoding="utf-8")), encoding="utf-8")


def explorer_pages(site: Path) -> Iterator[tuple[Path, set[str]]]:
    """The built pages that show an explorer, and of which data sets."""
    for page in sorted(site.rglob("*.html")):
        if datasets := set(BOX.findall(page.read_text(encoding="utf-8"))):
            yield page, datasets


class InlineScripts(HTMLParser):
    """Collects what a page executes itself: scripts without a source, and ``onclick`` and the like.

    Attributes:
        texts: Each one's text.
    """

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self._inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note handlers; begin a script."""
        given = dict(attrs)
        self.texts += [v for name, v in given.items() if name.startswith("on") and v]
        if tag == "script" and "src" not in given and given.get("type") in JAVASCRIPT:
            self._inside = True
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        """Take a part of a script."""
        if self._inside:
            self.texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        """End a script."""
        if tag == "script":
            self._inside = False


def with_policy(page: str) -> str:
    """The page with a policy that confines it to its own host; one that has it stays as it is.

    Raises:
        ValueError: The page has no head to put it in.
    """
    if META in page:
        return page
    sums = {hashlib.sha256(text.encode()).digest() for text in InlineScripts(page).texts}
    scripts = " ".join(sorted(f"'sha256-{base64.b64encode(value).decode()}'" for value in sums))
    meta = f'{META} content="{POLICY.format(scripts=scripts)}">'
    closed, heads = HEAD.subn(lambda head: head.group() + meta, page, count=1)
    if not heads:
        raise ValueError("a page with an explorer has no <head> for its policy")
    return closed
