"""JavaScript that the site serves itself.

None of it lies in a `_static` folder of the source tree: Jupyter Book would put every script it
finds there on every page.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import shutil
from pathlib import Path
from typing import Any

import plotly
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

HERE = Path(__file__).parent
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
FIGURE_LOADER = HERE / "figures.mjs"
# es5/tex-svg-full.js of the npm package mathjax 3.2.2 (Apache-2.0), compressed with `gzip -9n`.
MATHJAX = HERE / "vendor" / "mathjax" / "tex-svg-full.js.gz"
MATHJAX_SHA256 = "a4354ff94fd868aea0cc6eaaa79a57fda0588646fc46ee3700a349ee0a11cbe6"

FRONT_PAGE = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
  <meta charset="utf-8">
  <title>{title}</title>
  <meta http-equiv="refresh" content="0; url={first}">
</head>
<body>
  <h1>{title}</h1>
  <p><a href="{first}">Read the book</a></p>
</body>
</html>
"""


def tag_figure_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Load plotly.js and the figure loader on pages with a figure, and on no others."""
    if 'class="paper-nas-figure"' in context.get("body", ""):
        app.add_js_file(PLOTLY.name, loading_method="defer")
        app.add_js_file(FIGURE_LOADER.name, type="module")


def copy_assets(app: Sphinx, exception: Exception | None) -> None:
    """Copy the scripts into the finished site.

    Raises:
        ExtensionError: If the vendored MathJax is not the published one.
    """
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    shutil.copy(PLOTLY, static)
    shutil.copy(FIGURE_LOADER, static)
    mathjax = static / str(app.config.mathjax_path)
    mathjax.parent.mkdir(parents=True, exist_ok=True)
    mathjax.write_bytes(mathjax_script())


def write_front_page(app: Sphinx, exception: Exception | None) -> None:
    """Write the index page, which leads on to the book's first page."""
    if exception is None and app.builder.format == "html":
        page = FRONT_PAGE.format(
            language=app.config.language,
            title=html.escape(app.config.html_title),
            first=f"{app.config.root_doc}.html",
        )
        (Path(app.outdir) / "index.html").write_text(page)


def mathjax_script() -> bytes:
    """The vendored MathJax, verified.

    Raises:
        ExtensionError: If its checksum is not that of the published file.
    """
    script = gzip.decompress(MATHJAX.read_bytes())
    found = hashlib.sha256(script).hexdigest()
    if found != MATHJAX_SHA256:
        raise ExtensionError(f"{MATHJAX}: SHA-256 is {found}, expected {MATHJAX_SHA256}")
    return script
