"""The executed notebook that each chapter offers as a download.

Two things are missing from what the builder writes. A chapter whose outputs came from the cache is
written without them. And the site's figures are HTML that its own loader draws, whereas JupyterLab
wants plotly's MIME type: the same figure, already on the page as JSON, is added in that form.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.cache.main import JupyterCacheBase
from nbformat import NotebookNode
from sphinx.application import Sphinx

PLOTLY = "application/vnd.plotly.v1+json"
FIGURE = re.compile(
    r'<figure class="paper-nas-figure">.*<script type="application/json">(.*?)</script>', re.DOTALL
)


def complete_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Complete the executed notebooks of the finished site."""
    if exception is not None or app.builder.format != "html":
        return
    cache = get_cache(app.config.nb_execution_cache_path)
    for path in sorted((Path(app.outdir) / "_sources").rglob("*.ipynb")):
        notebook = with_outputs(nbformat.read(path, as_version=4), cache)
        add_plotly_form(notebook)
        nbformat.write(notebook, path)


def with_outputs(notebook: NotebookNode, cache: JupyterCacheBase) -> NotebookNode:
    """The notebook with the outputs that the cache has for its cells.

    Args:
        notebook: A notebook whose cells have been run, now or in an earlier build.
        cache: The cache of this build.

    Returns:
        The notebook itself if it has outputs, else a completed copy.

    Raises:
        KeyError: If it has no outputs and the cache does not know it.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if all(cell.execution_count for cell in code):
        return notebook
    _, completed = cache.merge_match_into_notebook(notebook)
    return completed


def add_plotly_form(notebook: NotebookNode) -> int:
    """Give every figure of a notebook plotly's own form.

    Args:
        notebook: An executed notebook; changed in place.

    Returns:
        How many figures got it now.
    """
    added = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            found = FIGURE.search(data.get("text/html", ""))
            if found and PLOTLY not in data:
                data[PLOTLY] = json.loads(found.group(1))
                added += 1
    return added
