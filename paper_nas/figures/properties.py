"""Figures of chapter 7: graph properties beside accuracy.

They hold summarised values, not rows, so that a page stays light.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from paper_nas.figures.style import INK, SERIES_COLOURS, new_figure
from paper_nas.statistics import PROPERTY_NAMES, Contribution, CorrelationIntervals

_WHISKERS = (5, 25, 50, 75, 95)


def property_by_group(
    name: str, values: ArrayLike, groups: ArrayLike, labels: Sequence[str], kind: str = "group"
) -> go.Figure:
    """A property in groups of ascending score: quartiles, whiskers from 5 to 95 per cent, mean.

    Args:
        name: A key of :data:`paper_nas.statistics.PROPERTY_NAMES`.
        values: ``[M]``, the property.
        groups: ``[M]``, the number of each row's group, from 0.
        labels: What each group is called.
        kind: A word for the figure's name, so that one property can be shown in several ways.

    Raises:
        ValueError: Lengths that do not fit, a group without a label, or a label without rows.
    """
    rows, number = np.asarray(values, dtype=float), np.asarray(groups)
    sizes = np.bincount(number, minlength=len(labels))
    if rows.shape != number.shape or len(sizes) != len(labels) or not sizes.all():
        raise ValueError(f"{len(labels)} labels for groups of {sizes.tolist()} rows")
    parts = [rows[number == group] for group in range(len(labels))]
    low, lower, middle, upper, high = (
        np.array([np.percentile(part, _WHISKERS) for part in parts]).round(4).T.tolist()
    )
    means = [round(float(part.mean()), 4) for part in parts]
    boxes = go.Box(
        x=list(labels),
        lowerfence=low,
        q1=lower,
        median=middle,
        q3=upper,
        upperfence=high,
        name="5, 25, 50, 75, 95 per cent",
        marker_color=SERIES_COLOURS[0],
        hoverinfo="y",
    )
    line = go.Scatter(
        x=list(labels),
        y=means,
        customdata=sizes.tolist(),
        name="mean",
        mode="lines+markers",
        line={"color": SERIES_COLOURS[1], "width": 1.5},
        hovertemplate="%{customdata:,} architectures<br>mean %{y:.3f}<extra></extra>",
    )
    title = PROPERTY_NAMES[name]
    told = ", ".join(
        f"{mean:.3f} ({size:,} rows)" for mean, size in zip(means, sizes.tolist(), strict=True)
    )
    alt = (
        f"Box plots of {title} in {len(labels)} groups of ascending score. Means from the lowest "
        f"group to the highest: {told}."
    )
    figure = new_figure(f"{name.replace('_', '-')}-by-{kind}", alt, boxes, line)
    figure.update_xaxes(title_text="score of the group", type="category")
    return figure.update_yaxes(title_text=title)


def property_correlations(
    found: Mapping[str, CorrelationIntervals], paper: Mapping[str, float] | None = None
) -> go.Figure:
    """Correlations of properties with a score, one line per property, with their intervals.

    Args:
        found: By keys of :data:`paper_nas.statistics.PROPERTY_NAMES`.
        paper: The paper's Pearson correlations, where it has them.

    Raises:
        ValueError: No property.
    """
    if not found:
        raise ValueError("at least one property is wanted")
    paper = paper or {}
    traces = []
    for number, kind in enumerate(("pearson", "spearman")):
        intervals = [getattr(intervals, kind) for intervals in found.values()]
        values = [i.value for i in intervals]
        traces.append(
            go.Scatter(
                x=values,
                y=[PROPERTY_NAMES[name] for name in found],
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [i.high - i.value for i in intervals],
                    "arrayminus": [i.value - i.low for i in intervals],
                    "thickness": 1.5,
                    "width": 4,
                },
                mode="markers",
                name=("Pearson", "Spearman")[number],
                marker={
                    "symbol": ("circle", "square")[number],
                    "size": 8,
                    "color": SERIES_COLOURS[number],
                },
                hovertemplate="%{y}: %{x:.3f}<extra>%{fullData.name}</extra>",
            )
        )
    if paper:
        marks = go.Scatter(
            x=list(paper.values()),
            y=[PROPERTY_NAMES[name] for name in paper],
            mode="markers",
            name="paper",
            marker={"symbol": "diamond-open", "size": 12, "color": INK, "line": {"width": 2}},
            hovertemplate="%{y}: %{x:.2f}<extra>paper</extra>",
        )
        traces.append(marks)
    told = "; ".join(
        f"{PROPERTY_NAMES[name]} {c.pearson.value:.3f} ({c.pearson.low:.3f} to "
        f"{c.pearson.high:.3f})" + (f", paper {paper[name]:.2f}" if name in paper else "")
        for name, c in found.items()
    )
    alt = f"Pearson correlations with the score, with 95 per cent intervals: {told}."
    figure = new_figure(
        "property-correlations", alt, *traces, height=130 + 36 * len(found), showlegend=True
    )
    figure.update_xaxes(title_text="correlation with the score", showgrid=True, zeroline=True)
    names = [PROPERTY_NAMES[name] for name in found]
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], showgrid=True)
    return figure.update_yaxes(tickvals=names, ticktext=_wrapped(names))


def contribution_bars(found: Mapping[str, Contribution]) -> go.Figure:
    """What each property says about a score alone, and what it adds to all the others.

    Args:
        found: By keys of :data:`paper_nas.statistics.PROPERTY_NAMES`.

    Raises:
        ValueError: No property.
    """
    if not found:
        raise ValueError("at least one property is wanted")
    names = [PROPERTY_NAMES[name] for name in found]
    bars = [
        go.Bar(
            x=[round(100 * getattr(c, kind), 3) for c in found.values()],
            y=names,
            orientation="h",
            name=label,
            marker_color=SERIES_COLOURS[number],
            hovertemplate="%{y}: %{x:.2f} %<extra>" + label + "</extra>",
        )
        for number, (kind, label) in enumerate(
            {"alone": "alone", "added": "beside all the others"}.items()
        )
    ]
    told = "; ".join(
        f"{name} {100 * c.alone:.1f} alone, {100 * c.added:.1f} beside the others"
        for name, c in zip(names, found.values(), strict=True)
    )
    alt = f"Share of the score's variance that a linear fit explains, in per cent: {told}."
    figure = new_figure(
        "property-contributions", alt, *bars, height=130 + 42 * len(names), barmode="group"
    )
    figure.update_xaxes(title_text="variance explained (%)", showgrid=True, rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure.update_yaxes(tickvals=names, ticktext=_wrapped(names))


def _wrapped(names: Sequence[str]) -> list[str]:
    """Names in short lines, so that they leave room for the plot on a phone."""
    return ["<br>".join(textwrap.wrap(name, 16)) for name in names]
