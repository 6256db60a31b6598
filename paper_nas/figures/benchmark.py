"""Figures of a benchmark: how labels are spread, agree, and can be explained (chapter 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from paper_nas.drawing import display_label
from paper_nas.figures.style import INK, SERIES_COLOURS, new_figure
from paper_nas.space import OPERATION_NAMES
from paper_nas.statistics import Interval, correlate

MAX_POINTS = 1_500
"""Points of a scatter that a page shows; correlations are of all."""

DIVERGING = [[0, "#c4500a"], [0.5, "#f2f2f2"], [1, "#0b66a8"]]


def distributions(
    name: str, values: Mapping[str, np.ndarray], x_title: str, bins: int = 40
) -> go.Figure:
    """Histograms of several samples on one axis, as shares of each sample.

    Args:
        name: Name of the figure.
        values: ``[M]`` numbers each, by label; NaN is left out.
        x_title: Title of the horizontal axis.
        bins: Bars over the whole range.

    Raises:
        ValueError: A sample without a number.
    """
    kept = {label: sample[np.isfinite(sample)] for label, sample in values.items()}
    if empty := [label for label, sample in kept.items() if not len(sample)]:
        raise ValueError(f"no number to show in {empty}")
    edges = np.linspace(
        min(s.min() for s in kept.values()), max(s.max() for s in kept.values()), bins + 1
    )
    bars = [
        go.Bar(
            x=((edges[:-1] + edges[1:]) / 2).round(5).tolist(),
            y=(100 * np.histogram(sample, edges)[0] / len(sample)).round(3).tolist(),
            width=float(edges[1] - edges[0]),
            name=label,
            opacity=0.65,
            marker_color=SERIES_COLOURS[number],
            hovertemplate="%{x:.3f}: %{y:.1f} %<extra>" + label + "</extra>",
        )
        for number, (label, sample) in enumerate(kept.items())
    ]
    parts = [
        f"{label}: {len(s):,} values, mean {s.mean():.3f}, standard deviation {s.std():.3f}, from "
        f"{s.min():.3f} to {s.max():.3f}"
        for label, s in kept.items()
    ]
    alt = f"Histograms of {x_title}. {'; '.join(parts)}."
    figure = new_figure(name, alt, *bars, barmode="overlay", bargap=0)
    figure.update_xaxes(title_text=x_title)
    return figure.update_yaxes(title_text="share (%)")


def agreement_scatter(
    name: str,
    first: np.ndarray,
    second: np.ndarray,
    x_title: str,
    y_title: str,
    diagonal: bool = False,
    seed: int = 0,
) -> go.Figure:
    """Two figures of the same architectures against each other.

    Args:
        name: Name of the figure.
        first: ``[M]``, horizontal.
        second: ``[M]``, vertical.
        x_title: Title of the horizontal axis.
        y_title: Title of the vertical axis.
        diagonal: Draw the line on which both are equal.
        seed: Decides which points are shown if there are more than :data:`MAX_POINTS`.
    """
    found = correlate(first, second)
    shown = np.random.default_rng(seed).permutation(len(first))[:MAX_POINTS]
    points = go.Scatter(
        x=np.round(first[shown], 4).tolist(),
        y=np.round(second[shown], 4).tolist(),
        mode="markers",
        marker={"color": SERIES_COLOURS[0], "size": 5, "opacity": 0.55},
        hovertemplate="%{x:.3f}, %{y:.3f}<extra></extra>",
        showlegend=False,
    )
    alt = (
        f"Scatter of {y_title} against {x_title} for {len(first):,} architectures; Pearson's "
        f"correlation is {found.pearson:.2f}, Spearman's {found.spearman:.2f}."
    )
    figure = new_figure(name, alt, points)
    if diagonal:
        ends = [float(min(first.min(), second.min())), float(max(first.max(), second.max()))]
        line = {"color": INK, "width": 1, "dash": "dot"}
        figure.add_shape(type="line", x0=ends[0], y0=ends[0], x1=ends[1], y1=ends[1], line=line)
    figure.add_annotation(
        text=f"Pearson {found.pearson:.2f}, Spearman {found.spearman:.2f}",
        x=0, xref="paper", xanchor="left", y=1.02, yref="paper", yanchor="bottom", showarrow=False,
    )  # fmt: skip
    figure.update_xaxes(title_text=x_title)
    return figure.update_yaxes(title_text=y_title)


def operation_effects_map(effects: np.ndarray, errors: np.ndarray) -> go.Figure:
    """Mean score of the architectures with an operation in a layer, less the mean of all.

    Args:
        effects: ``[L, 6]`` for ``L`` layers.
        errors: ``[L, 6]``, the standard error of each.
    """
    layers = [f"layer {layer + 1}" for layer in range(len(effects))]
    labels = [display_label(operation) for operation in OPERATION_NAMES]
    bound = float(np.abs(effects).max())
    heat = go.Heatmap(
        x=labels,
        y=layers,
        z=effects.round(4).tolist(),
        zmin=-bound,
        zmax=bound,
        xgap=3,
        ygap=3,
        colorscale=DIVERGING,
        showscale=False,
        text=[[f"{value:+.2f}" for value in row] for row in effects],
        texttemplate="%{text}",
        customdata=errors.round(4).tolist(),
        hovertemplate="%{x} in %{y}: %{z:+.3f} ± %{customdata:.3f}<extra></extra>",
    )
    best, worst = (np.unravel_index(i, effects.shape) for i in (effects.argmax(), effects.argmin()))
    alt = (
        f"Matrix of layers and operations. The best choice is {labels[best[1]]} in "
        f"{layers[best[0]]} ({effects[best]:+.3f}), the worst {labels[worst[1]]} in "
        f"{layers[worst[0]]} ({effects[worst]:+.3f}); standard errors are at most "
        f"{errors.max():.3f}."
    )
    figure = new_figure("operation-effects", alt, heat, height=360)
    figure.update_xaxes(side="top", ticks="", showline=False)
    return figure.update_yaxes(autorange="reversed", ticks="", showgrid=False)


def explained_variance(rows: Mapping[str, Mapping[str, Sequence[float]]]) -> go.Figure:
    """Held-out R2 by what a regression may look at, with intervals.

    Args:
        rows: By setting and by name of the features: value, lower and upper end.
    """
    bars, sentences = [], []
    for number, (setting, explained) in enumerate(rows.items()):
        intervals = {name: Interval(*values) for name, values in explained.items()}
        value = np.array([interval.value for interval in intervals.values()])
        ends = np.array([[i.high - i.value, i.value - i.low] for i in intervals.values()]).T
        bars.append(
            go.Bar(
                x=list(intervals),
                y=value.round(4).tolist(),
                error_y={
                    "type": "data", "array": ends[0].round(4).tolist(),
                    "arrayminus": ends[1].round(4).tolist(), "color": INK, "thickness": 1.2,
                },
                name=setting,
                marker_color=SERIES_COLOURS[number],
                hovertemplate="%{x}: %{y:.2f}<extra>" + setting + "</extra>",
            )
        )  # fmt: skip
        words = ", ".join(f"{name} {i.value:.2f}" for name, i in intervals.items())
        sentences.append(f"{setting}: {words}")
    alt = f"Bars of the variance explained on unseen architectures. {'; '.join(sentences)}."
    figure = new_figure("explained-variance", alt, *bars, barmode="group")
    figure.update_yaxes(title_text="variance explained, R²")
    return figure.update_xaxes(ticks="")


def ordering_by_way(ways: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Spearman's correlation with stand-alone training, by way of scoring with shared weights.

    Args:
        ways: As in the result ``benchmark/weight-sharing``.
    """
    names = list(ways)
    traces = []
    networks = max(len(way["by network"]) for way in ways.values())
    for network in range(networks):
        values = [way["by network"][network] for way in ways.values()]
        traces.append(_dots(names, values, f"network {network}", SERIES_COLOURS[0], 0.5))
    means = [way["by their mean"] for way in ways.values()]
    traces.append(_dots(names, means, "mean of the networks", SERIES_COLOURS[1], 1.0))
    words = ", ".join(f"{name} {mean[0]:.2f}" for name, mean in zip(names, means, strict=True))
    alt = (
        f"Rank correlations of weight-sharing scores with stand-alone training. With the mean of "
        f"{networks} networks: {words}."
    )
    figure = new_figure("weight-sharing-ways", alt, *traces, height=330)
    figure.update_xaxes(title_text="Spearman's correlation")
    return figure.update_yaxes(autorange="reversed", showgrid=False)


def _dots(
    names: list[str], intervals: Sequence[Sequence[float]], label: str, colour: str, opacity: float
) -> go.Scatter:
    value, low, high = np.array(intervals).T
    return go.Scatter(
        x=value.round(4).tolist(),
        y=names,
        mode="markers",
        name=label,
        marker={"color": colour, "size": 9, "opacity": opacity},
        error_x={
            "type": "data", "array": (high - value).round(4).tolist(),
            "arrayminus": (value - low).round(4).tolist(), "color": colour, "thickness": 1.2,
        },
        hovertemplate="%{y}: %{x:.2f}<extra>" + label + "</extra>",
    )  # fmt: skip
