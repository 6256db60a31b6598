"""Plotly figures on the static site: a renderer that writes plain, self-contained HTML.

JupyterLab draws plotly's own MIME type. The book's builder does not know it, so the figure would be
missing from the site. The renderer `paper_nas` therefore adds an HTML form: the figure as JSON, a
description for those who cannot see it, and an empty box. The site's `figures.mjs` draws it when it
comes into view, with the plotly.js of the installed package; nothing is loaded from elsewhere.

`describe` gives a figure its name and its description; both travel in `layout.meta`.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections import Counter
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
from plotly.io.base_renderers import MimetypeRenderer

RENDERER = "paper_nas"
STATIC_SITE_VARIABLE = "PAPER_NAS_STATIC_SITE"
DEFAULT_HEIGHT = 450
_NAME = re.compile(r"[a-z][a-z0-9-]*")


def describe(figure: go.Figure, name: str, alt: str) -> go.Figure:
    """Give a figure its name and its description in words.

    Args:
        figure: The figure; changed in place.
        name: Lower-case words joined by hyphens; becomes the HTML id, so that pages are
            reproducible and figures can be linked to.
        alt: One or two sentences that say what the picture shows.

    Returns:
        The same figure.

    Raises:
        ValueError: If the name is not of that form or the description is empty.

    >>> describe(go.Figure(), "training-curves", "Two falling curves.").layout.meta["name"]
    'training-curves'
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"figure name {name!r}: lower-case words joined by hyphens are wanted")
    if not alt.strip():
        raise ValueError(f"figure {name!r} needs a description in words (alt)")
    return figure.update_layout(meta={"name": name, "alt": alt})


class StaticSiteRenderer(MimetypeRenderer):
    """Renders a figure as HTML for the site.

    A second display of the same figure in one process gets the id `name-2`, and so on.
    """

    def __init__(self) -> None:
        """Start with no id in use."""
        self._shown: Counter[str] = Counter()

    def to_mimebundle(self, fig_dict: dict[str, Any]) -> dict[str, Any]:
        """Render one figure.

        Args:
            fig_dict: The figure as plotly's nested dictionary.

        Returns:
            The form `text/html`.

        Raises:
            ValueError: If the figure was not given a name and a description with `describe`.
        """
        meta = fig_dict.get("layout", {}).get("meta") or {}
        name, alt = meta.get("name"), meta.get("alt")
        if not name or not alt:
            raise ValueError("this figure has no name and description: see paper_nas.rendering")
        self._shown[name] += 1
        count = self._shown[name]
        identifier = name if count == 1 else f"{name}-{count}"
        figure_json = str(pio.to_json(fig_dict, validate=False, remove_uids=False))
        return {"text/html": figure_html(figure_json, identifier, alt)}


def figure_html(figure_json: str, identifier: str, alt: str) -> str:
    """The HTML of one figure, drawn later by the site's `figures.mjs`.

    Args:
        figure_json: The figure as JSON, as plotly writes it.
        identifier: The HTML id of the box the figure is drawn into.
        alt: The description in words.

    Returns:
        A `<figure>` element that names no other host.
    """
    height = json.loads(figure_json).get("layout", {}).get("height") or DEFAULT_HEIGHT
    safe_json = figure_json.replace("<", "\\u003c")
    return (
        '<figure class="paper-nas-figure">'
        f'<div class="paper-nas-plot" id="{html.escape(identifier)}" role="img"'
        f' aria-label="{html.escape(alt)}" style="height:{int(height)}px"></div>'
        f'<script type="application/json">{safe_json}</script>'
        "<noscript>This figure needs JavaScript. What it shows: "
        f"{html.escape(alt)}</noscript></figure>"
    )


def register_renderer() -> None:
    """Register the renderer with plotly; on the static site, make it the default.

    The site's build sets `PAPER_NAS_STATIC_SITE=1` for the kernels it starts. Registering again is
    harmless.
    """
    if RENDERER not in pio.renderers:
        pio.renderers[RENDERER] = StaticSiteRenderer()
    if os.environ.get(STATIC_SITE_VARIABLE) == "1":
        pio.renderers.default = RENDERER
