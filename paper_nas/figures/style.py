"""The one look of all figures: calm, transparent, as wide as the page allows.

Backgrounds are transparent, and the site's style sheet sets the colours of text and grid for its
light and dark theme; the colours here are those for places without it, such as a notebook.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from paper_nas.rendering import describe

INK = "#6f7683"
"""Text where no style sheet sets it: readable on white and on black."""

GRID = "rgba(128,136,148,0.25)"
SERIES_COLOURS = ("#3a8fc7", "#d9691e", "#2a9a75", "#a45fb5", "#b5892a", "#7d8794")
"""Colours of curves; each has a contrast of at least 3 with white and with a dark page."""

_AXIS = {
    "gridcolor": GRID,
    "linecolor": GRID,
    "zerolinecolor": GRID,
    "ticks": "outside",
    "ticklen": 4,
    "tickcolor": GRID,
    "automargin": True,
    "title": {"standoff": 10, "font": {"size": 13}},
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": SERIES_COLOURS,
        "height": 380,
        "margin": {"l": 56, "r": 16, "t": 36, "b": 48},
        "xaxis": {**_AXIS, "showgrid": False},
        "yaxis": _AXIS,
        "hoverlabel": {"font": {"family": "system-ui, sans-serif"}},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
        },
        "bargap": 0.08,
    }
)
"""The one look of all figures."""


def new_figure(name: str, alt: str, *traces: Any, **layout: Any) -> go.Figure:
    """A figure in the house's look, with its name and description.

    Args:
        name: As in :func:`paper_nas.rendering.describe`.
        alt: The picture in words.
        traces: plotly traces.
        layout: What differs from the template.
    """
    figure = go.Figure(list(traces))
    figure.update_layout(template=TEMPLATE, **layout)
    return describe(figure, name, alt)
