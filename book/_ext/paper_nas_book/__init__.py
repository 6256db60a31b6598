"""The book's own Sphinx extension.

`execution`  runs the notebooks again whenever anything they depend on has changed.
`outputs`    checks what the notebooks put on the page, and tidies what only a kernel can move.
`assets`     serves plotly.js, MathJax and the figure loader from the site itself.
`explorer`   serves the latent explorer and its files, and confines its page to the site.
`downloads`  makes the executed notebooks, each page's download, show their figures in JupyterLab.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from . import assets, downloads, execution, explorer, outputs


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx's events, in the order they happen."""
    app.connect("config-inited", execution.prepare_execution)
    app.connect("doctree-read", outputs.check_outputs)
    app.connect("html-page-context", assets.tag_figure_page, priority=600)
    app.connect("html-page-context", explorer.tag_explorer_page, priority=600)
    app.connect("build-finished", assets.copy_assets)
    app.connect("build-finished", explorer.finish_explorer_pages)
    app.connect("build-finished", assets.write_front_page, priority=100)
    app.connect("build-finished", downloads.complete_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
