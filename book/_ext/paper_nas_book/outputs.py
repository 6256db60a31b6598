"""Checks on what the notebooks' cells put on the page."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
WIDGET = "application/vnd.jupyter.widget-view+json"
PROGRESS_BAR = re.compile(r"\d+%\|.*\|")


def check_outputs(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of a traceback or of a widget without a static form; drop frozen progress bars.

    Warnings fail the build. A progress bar has meaning only while it moves, so a bar that was
    written for a live notebook is left out of the page.
    """
    for block in doctree.findall(nodes.literal_block):
        if "traceback" in block["classes"]:
            LOGGER.warning("a cell shows a traceback: %s", block.astext()[-300:], location=block)
    for bundle in list(doctree.findall(_is_bundle)):
        forms = {child.get("mime_type"): child for child in bundle.findall(nodes.container)}
        if WIDGET not in forms or "text/html" in forms:
            continue
        plain = forms["text/plain"].astext() if "text/plain" in forms else ""
        if PROGRESS_BAR.search(plain):
            bundle.parent.remove(bundle)
        else:
            LOGGER.warning(
                "a widget has no text/html form, so the static page cannot show it: %s",
                plain[:120],
                location=bundle,
            )


def _is_bundle(node: nodes.Node) -> bool:
    """Whether the node holds the forms (MIME types) of one output."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"
