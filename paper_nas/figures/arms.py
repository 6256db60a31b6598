"""Figures of the arms: paired differences over seeds, and their map (chapter 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from paper_nas.figures.benchmark import DIVERGING
from paper_nas.figures.style import GRID, INK, SERIES_COLOURS, new_figure

LESS_IS_BETTER = [[place, colour] for (place, _), (_, colour) in zip(DIVERGING, DIVERGING[::-1],
                                                                    strict=True)]  # fmt: skip
"""Blue where a difference in an error is below zero."""


def paired_differences(
    name: str,
    gaps: Mapping[str, Sequence[float]],
    intervals: Mapping[str, Sequence[float]],
    margin: float,
    x_title: str,
) -> go.Figure:
    """Differences between two models, a dot per seed, with the mean and its interval.

    Args:
        name: Name of the figure.
        gaps: By label, one difference per seed.
        intervals: By label: mean, lower and upper end.
        margin: Differences within it count as none; shown as a band.
        x_title: Title of the horizontal axis.
    """
    labels = list(gaps)
    dots = [
        go.Scatter(
            x=np.round(values, 5).tolist(),
            y=[label] * len(values),
            mode="markers",
            marker={"size": 7, "color": SERIES_COLOURS[0], "opacity": 0.55},
            hovertemplate="one seed: %{x:+.4f}<extra>" + label + "</extra>",
            showlegend=False,
        )
        for label, values in gaps.items()
    ]
    means = [intervals[label][0] for label in labels]
    bars = go.Scatter(
        x=np.round(means, 5).tolist(),
        y=labels,
        mode="markers",
        marker={"size": 12, "symbol": "diamond", "color": SERIES_COLOURS[1]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [round(intervals[label][2] - intervals[label][0], 5) for label in labels],
            "arrayminus": [round(intervals[label][0] - intervals[label][1], 5) for label in labels],
            "color": SERIES_COLOURS[1],
        },
        hovertemplate="mean %{x:+.4f}<extra>%{y}</extra>",
        showlegend=False,
    )
    said = [
        f"{label}: mean {intervals[label][0]:+.4f}, 95 % interval {intervals[label][1]:+.4f} to "
        f"{intervals[label][2]:+.4f}, {len(gaps[label])} seeds"
        for label in labels
    ]
    alt = f"{x_title}. {'; '.join(said)}. A band marks differences of at most {margin}."
    figure = new_figure(name, alt, *dots, bars, height=130 + 60 * len(labels))
    figure.add_vrect(x0=-margin, x1=margin, fillcolor=GRID, line_width=0, layer="below")
    figure.add_vline(x=0, line={"color": INK, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text=x_title)
    return figure.update_yaxes(autorange="reversed", type="category")


def gap_map(
    name: str, cells: np.ndarray, rows: Sequence[str], columns: Sequence[str], what: str
) -> go.Figure:
    """A small map of differences; empty cells are not stored yet.

    Args:
        name: Name of the figure.
        cells: ``[rows, columns]``, NaN where there is nothing.
        rows: Their labels.
        columns: Likewise.
        what: What is shown, for the description.
    """
    known = cells[np.isfinite(cells)]
    bound = float(np.abs(known).max()) if len(known) else 1.0
    shown = [[None if np.isnan(v) else round(float(v), 5) for v in row] for row in cells]
    texts = [["" if v is None else f"{v:+.3f}" for v in row] for row in shown]
    heat = go.Heatmap(
        x=list(columns), y=list(rows), z=shown, zmin=-bound, zmax=bound, xgap=3, ygap=3,
        colorscale=LESS_IS_BETTER,
        showscale=False, text=texts, texttemplate="%{text}",
        hovertemplate="%{y}, %{x}: %{z:+.4f}<extra></extra>",
    )  # fmt: skip
    parts = [
        f"{row}, {column}: {text or 'not stored'}"
        for row, line in zip(rows, texts, strict=True)
        for column, text in zip(columns, line, strict=True)
    ]
    return new_figure(name, f"Map of {what}. {'; '.join(parts)}.", heat, height=280)
