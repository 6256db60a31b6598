"""Figures of a labelled set of architectures (chapter 1).

They hold binned or summarised values, not rows, so that a page stays light.
"""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from paper_nas.datasets import ArchitectureDataset
from paper_nas.drawing import OPERATION_COLOURS, display_label, text_colour
from paper_nas.figures.style import INK, SERIES_COLOURS, new_figure
from paper_nas.space import NUM_OPERATIONS, OPERATION_NAMES


def accuracy_histogram(dataset: ArchitectureDataset, bin_width: float = 0.001) -> go.Figure:
    """How many architectures have which accuracy, training and test part stacked.

    Args:
        dataset: Any labelled set.
        bin_width: Width of a bar, in units of accuracy.

    Raises:
        ValueError: A bin width that is not positive.
    """
    if not bin_width > 0:
        raise ValueError(f"bin_width must be positive, not {bin_width}")
    accuracy = dataset.accuracy
    # Bins are half a step off the multiples of their width, where the labels lie.
    first = math.floor(float(accuracy.min()) / bin_width) - 0.5
    count = math.ceil(float(accuracy.max()) / bin_width + 0.5 - first)
    edges = (first + np.arange(count + 1)) * bin_width
    parts = {"training part": dataset.train_index, "test part": dataset.test_index}
    bars = [
        go.Bar(
            x=((edges[:-1] + edges[1:]) / 2).round(6).tolist(),
            y=np.histogram(accuracy[rows], edges)[0].tolist(),
            width=bin_width * 0.94,
            name=label,
            marker_color=SERIES_COLOURS[number],
            hovertemplate="accuracy %{x:.3f}<br>%{y:,} architectures<extra>" + label + "</extra>",
        )
        for number, (label, rows) in enumerate(parts.items())
    ]
    mean, low, high = accuracy.mean(), accuracy.min(), accuracy.max()
    alt = (
        f"Histogram of the accuracy of {len(dataset):,} architectures: from {low:.4f} to "
        f"{high:.4f}, mean {mean:.4f}, standard deviation {accuracy.std():.4f}. The training part "
        "and the test part are stacked."
    )
    figure = new_figure("accuracy-histogram", alt, *bars, barmode="stack")
    figure.update_xaxes(title_text="accuracy")
    figure.update_yaxes(title_text="architectures")
    figure.add_vline(x=float(mean), line={"color": INK, "dash": "dot", "width": 1.5})
    return figure.add_annotation(
        x=float(mean), y=1, yref="paper", text=f"mean {mean:.4f}", showarrow=False, xanchor="right"
    )


def skip_count_distribution(dataset: ArchitectureDataset) -> go.Figure:
    """How many skips the architectures have, beside a binomial with the same mean."""
    bits = dataset.skip_patterns()
    free = bits.shape[1]
    counts = np.bincount(bits.sum(axis=1, dtype=int), minlength=free + 1)
    share = float(bits.mean())
    expected = [
        len(bits) * math.comb(free, k) * share**k * (1 - share) ** (free - k)
        for k in range(free + 1)
    ]
    bars = go.Bar(
        x=list(range(free + 1)),
        y=counts.tolist(),
        name="architectures",
        marker_color=SERIES_COLOURS[0],
        hovertemplate="%{x} skips: %{y:,} architectures<extra></extra>",
    )
    line = go.Scatter(
        x=list(range(free + 1)),
        y=np.round(expected, 1).tolist(),
        name=f"independent bits, each 1 with probability {share:.3f}",
        mode="lines+markers",
        line={"color": SERIES_COLOURS[1], "width": 1.5},
        hovertemplate="%{x} skips: %{y:,.0f} expected<extra></extra>",
    )
    apart = np.abs(counts - expected).sum() / 2 / len(bits)
    alt = (
        f"Bars: number of architectures with 0 to {free} skips; {counts.argmax()} is the most "
        "frequent. A line shows the binomial distribution with the same mean; "
        f"{100 * apart:.1f} per cent of the architectures would have to move to match it."
    )
    figure = new_figure("skip-count-distribution", alt, bars, line)
    figure.update_xaxes(title_text="number of skips", tickformat="d")
    return figure.update_yaxes(title_text="architectures")


def operation_counts(dataset: ArchitectureDataset) -> go.Figure:
    """Share of each operation in each layer, as stacked bars in the operations' colours."""
    choices = dataset.operation_choices()
    layers = choices.shape[1]
    share = np.array(
        [np.bincount(choices[:, i], minlength=NUM_OPERATIONS) for i in range(layers)]
    ) / len(choices)
    bars = []
    for operation, label in enumerate(OPERATION_NAMES):
        values = (100 * share[:, operation]).round(2)
        fill = OPERATION_COLOURS[label]
        bars.append(
            go.Bar(
                y=[f"layer {i + 1}" for i in range(layers)],
                x=values.tolist(),
                orientation="h",
                name=display_label(label),
                marker_color=fill,
                text=[f"{value:.0f}" for value in values],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"color": text_colour(fill)},
                hovertemplate="%{y}: %{x:.1f} %<extra>" + display_label(label) + "</extra>",
            )
        )
    alt = (
        f"Stacked bars, one per layer, of the shares of the six operations. Every share is between "
        f"{100 * share.min():.0f} and {100 * share.max():.0f} per cent; 16.7 per cent would be "
        "uniform."
    )
    figure = new_figure("operation-counts", alt, *bars, barmode="stack", height=360)
    figure.update_xaxes(title_text="share of the architectures (%)", range=[0, 100])
    return figure.update_yaxes(autorange="reversed", title_text=None)


def skip_frequencies(dataset: ArchitectureDataset) -> go.Figure:
    """How often each edge is present: a matrix, source in the row, target in the column.

    Pairs that can have no edge stay empty.
    """
    adjacency = dataset.graphs().adjacency
    frequency = adjacency.mean(dim=0).numpy().astype(float)
    size = len(frequency)
    names = ["START", *(f"layer {i}" for i in range(1, size - 1)), "END"]
    shown = [[float(f) if f > 0 else None for f in row] for row in frequency.round(4)]
    free = [frequency[u, v] for v in range(2, size - 1) for u in range(v - 1)]
    heat = go.Heatmap(
        x=names,
        y=names,
        z=shown,
        zmin=0,
        zmax=1,
        xgap=3,
        ygap=3,
        colorscale=[[0, "#e7f1f8"], [0.3, "#9cc8e6"], [1, "#0b66a8"]],
        text=[["" if f is None else f"{f:.2f}" for f in row] for row in shown],
        texttemplate="%{text}",
        hovertemplate="%{y} → %{x}: %{z:.3f}<extra></extra>",
        hoverongaps=False,
        showscale=False,
    )
    alt = (
        f"Matrix of the frequency of each edge, {size} by {size}. The edges from a layer to the "
        f"next are always there (1.00); each of the {len(free)} free edges is in "
        f"{100 * min(free):.0f} to {100 * max(free):.0f} per cent of the architectures."
    )
    figure = new_figure("skip-frequencies", alt, heat, height=430)
    figure.update_xaxes(title_text="to", side="top", ticks="", showline=False)
    return figure.update_yaxes(title_text="from", autorange="reversed", ticks="", showgrid=False)


def accuracy_against_skips(dataset: ArchitectureDataset) -> go.Figure:
    """Accuracy by number of skips: mean, quartiles, and whiskers from 5 to 95 per cent."""
    skips = dataset.skip_patterns().sum(axis=1, dtype=int)
    present, sizes = np.unique(skips, return_counts=True)
    table = np.array(
        [np.percentile(dataset.accuracy[skips == k], (5, 25, 50, 75, 95)) for k in present]
    )
    means = [float(dataset.accuracy[skips == k].mean()) for k in present]
    low, lower, middle, upper, high = table.round(5).T.tolist()
    boxes = go.Box(
        x=present.tolist(),
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
        x=present.tolist(),
        y=np.round(means, 5).tolist(),
        customdata=sizes.tolist(),
        name="mean",
        mode="lines+markers",
        line={"color": SERIES_COLOURS[1], "width": 1.5},
        hovertemplate="%{x} skips, %{customdata:,} architectures<br>mean %{y:.4f}<extra></extra>",
    )
    best = int(np.argmax(means))
    alt = (
        f"Box plots of accuracy for {present[0]} to {present[-1]} skips. The mean is highest, "
        f"{means[best]:.4f}, at {present[best]} skips; at {present[0]} it is {means[0]:.4f}, at "
        f"{present[-1]} it is {means[-1]:.4f}."
    )
    figure = new_figure("accuracy-against-skips", alt, boxes, line)
    figure.update_xaxes(title_text="number of skips", tickformat="d")
    return figure.update_yaxes(title_text="accuracy")
