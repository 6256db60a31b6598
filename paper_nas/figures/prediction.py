"""Figures of chapter 5: a Gaussian process in one dimension, Table 2, residuals, probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from scipy.stats import norm

from paper_nas.figures.style import INK, SERIES_COLOURS, new_figure
from paper_nas.regression import WiringError
from paper_nas.regression.table2 import Table2Row

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "solid")
_SYMBOLS = ("circle", "square", "triangle-up", "cross", "star", "diamond")
LEVELS = tuple(np.round(np.linspace(0.05, 0.95, 19), 2).tolist())
"""Levels of the intervals in a calibration curve."""


def process_in_one_dimension(
    inputs: np.ndarray,
    targets: np.ndarray,
    grid: np.ndarray,
    mean: np.ndarray,
    sd: np.ndarray,
    inducing: np.ndarray,
    name: str = "process-primer",
) -> go.Figure:
    """Data, a fitted process with its 95 % band, and where its inducing points are.

    Args:
        inputs: ``[P]``.
        targets: ``[P]``.
        grid: ``[G]``, where the process was asked.
        mean: ``[G]``.
        sd: ``[G]``, noise included.
        inducing: ``[M]``.
        name: Name of the figure.
    """
    width = norm.ppf(0.975) * sd
    low = float(min(targets.min(), (mean - width).min()))
    x = grid.round(4).tolist()
    band = {"x": x, "mode": "lines", "line_width": 0, "hoverinfo": "skip"}
    traces = [
        go.Scatter(y=(mean + width).round(4).tolist(), showlegend=False, **band),
        go.Scatter(
            y=(mean - width).round(4).tolist(), fill="tonexty", name="95 % of new observations",
            fillcolor="rgba(58,143,199,.22)", **band,
        ),
        go.Scatter(x=x, y=mean.round(4).tolist(), mode="lines", name="mean",
                   line={"color": SERIES_COLOURS[0], "width": 2.4}),
        go.Scatter(x=inputs.round(4).tolist(), y=targets.round(4).tolist(), mode="markers",
                   name="data", marker={"color": SERIES_COLOURS[1], "size": 6}),
        go.Scatter(x=inducing.round(4).tolist(), y=[low] * len(inducing), mode="markers",
                   name="inducing points",
                   marker={"symbol": "triangle-up", "size": 10, "color": INK}),
    ]  # fmt: skip
    inside = (inputs.min() <= grid) & (grid <= inputs.max())
    edges = f"{sd[inside].mean():.2f} where there are data and {sd[~inside].mean():.2f} beyond"
    alt = (
        f"A curve through {len(inputs)} points with a band around it. Its standard deviation is on "
        f"average {edges if (~inside).any() else f'{sd.mean():.2f}'}; {len(inducing)} inducing "
        f"points are marked on the horizontal axis."
    )
    figure = new_figure(name, alt, *traces)
    figure.update_xaxes(title_text="input")
    return figure.update_yaxes(title_text="target")


def table2_errors(rows: Sequence[Table2Row], figure: str = "rmse", name: str = "") -> go.Figure:
    """A figure of Table 2 for each row: published and ours, one line per row.

    Args:
        rows: Rows of one split.
        figure: Name of the figure.
        name: Name of the picture; by default that of the figure.

    Raises:
        ValueError: No row has the figure.
    """
    shown = [row for row in rows if figure in row.figures]
    if not shown:
        raise ValueError(f"no row of Table 2 has the figure {figure!r}")
    labels = [row.label for row in shown]
    published = [(r.label, r.figures[figure]) for r in shown]
    theirs = [(label, f.published) for label, f in published if f.published is not None]
    traces = [
        go.Scatter(
            x=[value for _, value in theirs], y=[label for label, _ in theirs], mode="markers",
            name="published",
            marker={"symbol": "diamond-open", "size": 11, "color": INK, "line": {"width": 2}},
            hovertemplate="%{y}: %{x:.3f}<extra>published</extra>",
        )
    ] if theirs else []  # fmt: skip
    kinds = (("model", "ours, models", 0), ("baseline", "ours, baselines", 1))
    for kind, title, number in kinds:
        ours = [(r.label, r.figures[figure]) for r in shown if r.kind == kind]
        if not ours:
            continue
        spread = [f.sd if f.sd is not None else f.repeat_sd or 0.0 for _, f in ours]
        traces.append(
            go.Scatter(
                x=[f.mean for _, f in ours], y=[label for label, _ in ours], mode="markers",
                name=title, error_x={"type": "data", "array": spread, "thickness": 1.5, "width": 4},
                marker={"symbol": _SYMBOLS[number], "size": 9, "color": SERIES_COLOURS[number]},
                hovertemplate="%{y}: %{x:.3f}<extra>" + title + "</extra>",
            )
        )  # fmt: skip
    words = [_in_words(row, figure) for row in shown]
    alt = f"{figure} of each row of Table 2. {'; '.join(words)}."
    height = 120 + 27 * len(set(labels))
    picture = new_figure(name or f"table2-{figure}", alt, *traces, height=height, showlegend=True)
    picture.update_xaxes(title_text=_TITLES.get(figure, figure), showgrid=True)
    return picture.update_yaxes(
        categoryorder="array", categoryarray=list(dict.fromkeys(labels))[::-1]
    )


_TITLES = {"rmse": "RMSE, in standard deviations of the training accuracies"}


def _in_words(row: Table2Row, figure: str) -> str:
    found = row.figures[figure]
    ours = "" if found.mean is None else f"{found.mean:.3f}"
    theirs = "" if found.published is None else f"published {found.published:.3f}"
    return f"{row.label}: {', '.join(part for part in (ours, theirs) if part)}"


def residuals_by_truth(
    samples: Mapping[str, tuple[np.ndarray, np.ndarray]], bins: int = 12
) -> go.Figure:
    """Mean residual, and its root mean square, along the true value.

    Args:
        samples: By label: truth ``[Q]`` and predictions ``[Q]``, in standard deviations of the
            training targets from their mean.
        bins: Bins with equally many rows.

    Raises:
        ValueError: No sample.
    """
    if not samples:
        raise ValueError("residuals_by_truth needs at least one sample")
    traces, words = [], []
    for number, (label, (truth, predicted)) in enumerate(samples.items()):
        parts = np.array_split(np.argsort(truth, kind="stable"), bins)
        centre = np.array([truth[part].mean() for part in parts])
        residual = [predicted[part] - truth[part] for part in parts]
        mean = np.array([r.mean() for r in residual])
        size = np.array([np.sqrt(np.mean(r**2)) for r in residual])
        colour = SERIES_COLOURS[number % len(SERIES_COLOURS)]
        for values, kind, dash in ((mean, "mean", "solid"), (size, "root mean square", "dot")):
            traces.append(
                go.Scatter(
                    x=centre.round(3).tolist(), y=values.round(4).tolist(), mode="lines+markers",
                    name=f"{label}, {kind}", line={"color": colour, "dash": dash},
                    hovertemplate="at %{x:.2f}: %{y:.3f}<extra>" + f"{label}, {kind}</extra>",
                )
            )  # fmt: skip
        words.append(
            f"{label}: mean residual {mean[0]:+.2f} for the worst and {mean[-1]:+.2f} for the best "
            f"architectures, root mean square {size[0]:.2f} and {size[-1]:.2f}"
        )
    alt = f"Residuals along the true accuracy, in {bins} bins. {'; '.join(words)}."
    figure = new_figure("residuals", alt, *traces, showlegend=True)
    figure.update_xaxes(title_text="true accuracy (standard deviations from the mean)")
    return figure.update_yaxes(title_text="prediction less truth")


def calibration_curve(samples: Mapping[str, np.ndarray]) -> go.Figure:
    """How often the truth lies in the central interval of a prediction, by the interval's level.

    Args:
        samples: By label: errors over predicted standard deviations, ``[Q]``.

    Raises:
        ValueError: No sample.
    """
    if not samples:
        raise ValueError("calibration_curve needs at least one sample")
    levels = np.array(LEVELS)
    bounds = norm.ppf(0.5 + levels / 2)
    perfect = {"x": [0, 100], "y": [0, 100], "mode": "lines", "hoverinfo": "skip"}
    traces = [go.Scatter(name="as predicted", line={"color": INK, "dash": "dot"}, **perfect)]
    words = []
    for number, (label, scores) in enumerate(samples.items()):
        inside = (np.abs(scores)[:, None] <= bounds).mean(axis=0)
        traces.append(
            go.Scatter(
                x=(100 * levels).round(1).tolist(), y=(100 * inside).round(2).tolist(),
                mode="lines+markers", name=label,
                line={"color": SERIES_COLOURS[number % len(SERIES_COLOURS)]},
                hovertemplate="%{x:.0f} % interval: %{y:.1f} %<extra>" + label + "</extra>",
            )
        )  # fmt: skip
        words.append(f"{label}: {100 * inside[9]:.0f} % in the {100 * levels[9]:.0f} % interval, "
                     f"{100 * inside[-1]:.0f} % in the {100 * levels[-1]:.0f} % one")  # fmt: skip
    alt = f"Observed against predicted coverage. {'; '.join(words)}."
    figure = new_figure("calibration", alt, *traces, showlegend=True)
    figure.update_xaxes(title_text="level of the interval (%)")
    return figure.update_yaxes(title_text="truth inside (%)")


def readout_map(
    readouts: Mapping[str, tuple[Sequence[float], Sequence[float]]], title: str = "R²"
) -> go.Figure:
    """What a linear map of the latents says of each skip bit and each layer's operation.

    Args:
        readouts: By label: values of the ``b`` skip bits, and of the ``L`` operations, in [0, 1].
        title: What the values are.

    Raises:
        ValueError: No label, or lists of different lengths.
    """
    table = np.array([[*skips, *operations] for skips, operations in readouts.values()])
    if table.ndim != 2 or not table.size:
        raise ValueError("readout_map needs models with equally many bits and operations")
    layers = len(next(iter(readouts.values()))[1])
    skips = [f"{j}→{i}" for i in range(2, layers + 1) for j in range(i - 1)]
    columns = [*skips, *(f"op {layer}" for layer in range(1, layers + 1))]
    if len(columns) != table.shape[1]:
        raise ValueError(f"{layers} layers have {len(skips)} skips, not {table.shape[1] - layers}")
    heat = go.Heatmap(
        x=columns,
        y=list(readouts),
        z=table.round(4).tolist(),
        zmin=0,
        zmax=1,
        colorscale=[[0, "#f2f2f2"], [0.5, "#7db3d6"], [1, "#0b4f85"]],
        colorbar={"title": title, "thickness": 12},
        hovertemplate="%{y}, %{x}: %{z:.2f}<extra></extra>",
    )
    words = [
        f"{label}: skips {np.mean(values[0]):.2f}, operations {np.mean(values[1]):.2f}"
        for label, values in readouts.items()
    ]
    alt = f"{title} of a linear read-out, by model and part; means: {'; '.join(words)}."
    figure = new_figure("readout", alt, heat, height=140 + 34 * len(readouts))
    figure.update_xaxes(tickangle=-60, showline=False, type="category")
    return figure.update_yaxes(autorange="reversed", showgrid=False)


def error_parts(parts: Mapping[str, WiringError]) -> go.Figure:
    """The squared error of each model, split into what wirings and what operations do.

    Args:
        parts: By label.

    Raises:
        ValueError: No label.
    """
    if not parts:
        raise ValueError("error_parts needs at least one model")
    labels = list(parts)
    pieces = (
        ("error of the mean over operations", [p.of_mean for p in parts.values()]),
        ("variance over operations", [p.by_operations for p in parts.values()]),
    )
    bars = [
        go.Bar(
            x=np.round(values, 5).tolist(), y=labels, name=title, orientation="h",
            marker_color=SERIES_COLOURS[number],
            hovertemplate="%{y}: %{x:.4f}<extra>" + title + "</extra>",
        )
        for number, (title, values) in enumerate(pieces)
    ]  # fmt: skip
    words = [f"{label}: {p.of_mean:.3f} and {p.by_operations:.3f}" for label, p in parts.items()]
    alt = f"Squared error in two parts, of wirings and by operations. {'; '.join(words)}."
    height = 130 + 34 * len(labels)
    figure = new_figure("error-parts", alt, *bars, barmode="stack", height=height)
    figure.update_xaxes(title_text="mean squared error", showgrid=True)
    return figure.update_yaxes(autorange="reversed", showgrid=False)


def along_epochs(curves: Mapping[str, Mapping[int, float]], axis: str, name: str) -> go.Figure:
    """A figure of trainings after some of their epochs.

    Args:
        curves: By label and epoch.
        axis: Title of the vertical axis.
        name: Name of the figure.

    Raises:
        ValueError: No label, or one without an epoch.
    """
    if not curves or not all(curves.values()):
        raise ValueError("along_epochs needs values for each label")
    traces, words = [], []
    for number, (label, by_epoch) in enumerate(curves.items()):
        epochs = sorted(by_epoch)
        values = [by_epoch[epoch] for epoch in epochs]
        style = {"color": SERIES_COLOURS[number], "dash": _DASHES[number % len(_DASHES)]}
        traces.append(
            go.Scatter(
                x=epochs, y=values, mode="lines+markers", name=label, line=style,
                hovertemplate="epoch %{x}: %{y:.3f}<extra>" + label + "</extra>",
            )
        )  # fmt: skip
        listed = ", ".join(f"{v:.3f} after {e}" for e, v in zip(epochs, values, strict=True))
        words.append(f"{label}: {listed}")
    alt = f"{axis[0].upper()}{axis[1:]} along the epochs. {'; '.join(words)}."
    figure = new_figure(name, alt, *traces, showlegend=True, height=330)
    ticks = sorted({epoch for by_epoch in curves.values() for epoch in by_epoch})
    figure.update_xaxes(
        title_text="epoch (logarithmic)", type="log", tickvals=ticks, ticktext=list(map(str, ticks))
    )
    return figure.update_yaxes(title_text=axis, rangemode="tozero")
