"""Figures of trainings (chapter 3)."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from paper_nas.drawing import OTHER_COLOUR
from paper_nas.figures.style import INK, SERIES_COLOURS, TEMPLATE, new_figure
from paper_nas.rendering import describe
from paper_nas.space import NUM_OPERATIONS

History = Sequence[Mapping[str, Any]]
Quantity = Literal["total", "reconstruction", "kl"]

QUANTITIES: dict[Quantity, str] = {
    "total": "training loss per graph (nats)",
    "reconstruction": "reconstruction loss per graph (nats)",
    "kl": "KL divergence per graph (nats)",
}

_DASHES = ("solid", "dash", "dot", "dashdot")


def training_curves(
    histories: Mapping[str, History],
    quantity: Quantity = "reconstruction",
    paper_note: str | None = None,
    log_y: bool = False,
) -> go.Figure:
    """One quantity of one or more trainings over the epochs.

    Args:
        histories: Per-epoch records by label; each has ``"epoch"`` and the quantity (mean per
            graph, in nats).
        quantity: ``"total"``, ``"reconstruction"`` or ``"kl"``.
        paper_note: What the paper reads from its figure; written above the curves.
        log_y: Logarithmic vertical axis.

    Raises:
        ValueError: No history, an empty one, or an unknown quantity.
        KeyError: A record without the quantity.
    """
    if quantity not in QUANTITIES:
        raise ValueError(f"quantity must be one of {list(QUANTITIES)}, not {quantity!r}")
    if not histories or not all(histories.values()):
        raise ValueError("training_curves needs at least one history, and none may be empty")
    curves, words = [], []
    for number, (label, history) in enumerate(histories.items()):
        epochs = [record["epoch"] for record in history]
        values = [float(record[quantity]) for record in history]
        words.append(f"{label}: from {values[0]:.3g} to {values[-1]:.3g} at epoch {epochs[-1]}")
        curves.append(
            go.Scatter(
                x=epochs,
                y=values,
                name=label,
                mode="lines+markers" if len(epochs) < 3 else "lines",
                line={
                    "color": SERIES_COLOURS[number % len(SERIES_COLOURS)],
                    "dash": _DASHES[number % len(_DASHES)],
                    "width": 2.2,
                },
                hovertemplate="epoch %{x}: %{y:.4g}<extra>" + label + "</extra>",
            )
        )
    axis = QUANTITIES[quantity]
    alt = f"{axis[0].upper()}{axis[1:]} over the epochs. " + "; ".join(words) + "."
    figure = new_figure(f"training-curves-{quantity}", alt, *curves, showlegend=True)
    figure.update_xaxes(title_text="epoch", rangemode="tozero")
    figure.update_yaxes(title_text=axis)
    if log_y:
        figure.update_yaxes(type="log", dtick=1, minor={"ticks": "outside", "ticklen": 2})
    else:
        figure.update_yaxes(rangemode="tozero")
    return figure if paper_note is None else _note(figure, paper_note)


def seed_bands(
    groups: Mapping[str, Sequence[History]], quantity: Quantity = "reconstruction"
) -> go.Figure:
    """One quantity of trainings that differ by the seed only: the mean, and a band for the range.

    Args:
        groups: Histories by label; those of one label have the same epochs.
        quantity: ``"total"``, ``"reconstruction"`` or ``"kl"`` (mean per graph, in nats).

    Raises:
        ValueError: No group, an empty one, or histories of one label that differ in length.
    """
    if not groups or not all(groups.values()):
        raise ValueError("seed_bands needs at least one group, and none may be empty")
    traces, words = [], []
    for number, (label, histories) in enumerate(groups.items()):
        values = np.array(
            [[record[quantity] for record in h] for h in histories]
        )  # [seeds, epochs]
        epochs = [record["epoch"] for record in histories[0]]
        colour = SERIES_COLOURS[number % len(SERIES_COLOURS)]
        style = {"color": colour, "dash": _DASHES[number % len(_DASHES)], "width": 2.2}
        mean, low, high = values.mean(axis=0), values.min(axis=0), values.max(axis=0)
        band = {"x": epochs, "legendgroup": label, "showlegend": False, "hoverinfo": "skip"}
        if len(values) > 1:
            traces += [
                go.Scatter(y=high, mode="lines", line_width=0, **band),
                go.Scatter(y=low, mode="lines", line_width=0, fill="tonexty",
                           fillcolor=_faint(colour), **band),
            ]  # fmt: skip
        traces.append(
            go.Scatter(
                x=epochs,
                y=mean,
                name=label,
                legendgroup=label,
                mode="lines",
                line=style,
                customdata=np.column_stack([low, high]),
                hovertemplate="epoch %{x}: %{y:.3g} (%{customdata[0]:.3g} to "
                "%{customdata[1]:.3g})<extra>" + label + "</extra>",
            )
        )
        words.append(f"{label} ({len(values)} seeds): from {mean[0]:.3g} to {mean[-1]:.3g}")
    axis = QUANTITIES[quantity]
    alt = f"{axis[0].upper()}{axis[1:]} over the epochs, mean over seeds. " + "; ".join(words) + "."
    figure = new_figure(f"seed-bands-{quantity}", alt, *traces, showlegend=True)
    figure.update_xaxes(title_text="epoch", rangemode="tozero")
    return figure.update_yaxes(title_text=axis, rangemode="tozero")


def against_scale(
    points: Mapping[str, Mapping[float, Sequence[float]]], axis: str, name: str
) -> go.Figure:
    """A figure of trainings against the factor of their operation codes, a mark for each seed.

    Args:
        points: By label and factor, one value per seed.
        axis: Title of the vertical axis.
        name: Name of the figure.

    Raises:
        ValueError: No label, or a factor without values.
    """
    if not points or not all(v for by_scale in points.values() for v in by_scale.values()):
        raise ValueError("against_scale needs values for each label and factor")
    traces, words = [], []
    for number, (label, by_scale) in enumerate(points.items()):
        scales = sorted(by_scale)
        colour = SERIES_COLOURS[number % len(SERIES_COLOURS)]
        pairs = [(scale, value) for scale in scales for value in by_scale[scale]]
        means = [float(np.mean(by_scale[scale])) for scale in scales]
        line = {"color": colour, "dash": _DASHES[number % len(_DASHES)], "width": 2.2}
        traces += [
            go.Scatter(x=scales, y=means, name=label, legendgroup=label, mode="lines", line=line,
                       hoverinfo="skip"),
            go.Scatter(x=[p[0] for p in pairs], y=[p[1] for p in pairs], legendgroup=label,
                       mode="markers", marker={"color": colour, "size": 7}, showlegend=False,
                       hovertemplate="factor %{x:g}: %{y:.3g}<extra>" + label + "</extra>"),
        ]  # fmt: skip
        words.append(
            f"{label}: "
            + ", ".join(f"{m:.3g} at {s:g}" for s, m in zip(scales, means, strict=True))
        )
    alt = f"{axis[0].upper()}{axis[1:]} against the factor of the codes. " + "; ".join(words) + "."
    figure = new_figure(name, alt, *traces, showlegend=True)
    ticks = sorted({scale for by_scale in points.values() for scale in by_scale})
    figure.update_xaxes(
        title_text="factor of the operation codes (logarithmic)", type="log", tickvals=ticks,
        ticktext=[f"{tick:.3g}" for tick in ticks],
    )  # fmt: skip
    return figure.update_yaxes(title_text=axis, rangemode="tozero")


def _faint(colour: str) -> str:
    """A ``#rrggbb`` colour at a quarter of its strength."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},.25)"


def _note(figure: go.Figure, text: str) -> go.Figure:
    """Write the paper's reading into the upper right corner of a plot."""
    lines = "<br>".join(textwrap.wrap(f"The paper: {text}", 38))
    return figure.add_annotation(
        x=1, y=0.98, xref="paper", yref="paper", xanchor="right", yanchor="top", align="right",
        text=f"<i>{lines}</i>", showarrow=False, font={"size": 12},
    )  # fmt: skip


def vertex_losses(history: History) -> go.Figure:
    """Where the reconstruction loss sits: per vertex, the loss of its type and of its edges.

    Args:
        history: Per-epoch records with ``"epoch"`` and, at least in some, ``"type_loss"`` and
            ``"edge_loss"``: one number per vertex from vertex 1 on, mean per graph, in nats.

    Raises:
        ValueError: No record has both lists, or they differ in length.
    """
    records = [r for r in history if r.get("type_loss") is not None and r.get("edge_loss")]
    if not records:
        raise ValueError("no record holds 'type_loss' and 'edge_loss'")
    shapes = {(len(r["type_loss"]), len(r["edge_loss"])) for r in records}
    if len(shapes) != 1 or len(set(next(iter(shapes)))) != 1:
        raise ValueError(f"lists of losses differ in length: {sorted(shapes)}")
    vertices = len(records[0]["type_loss"])
    epochs = [record["epoch"] for record in records]
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.09,
        subplot_titles=("loss of the vertex type", "loss of the edges into the vertex"),
    )  # fmt: skip
    for row, key in enumerate(("type_loss", "edge_loss"), start=1):
        for index in range(vertices):
            label = f"vertex {index + 1}" + (" (END)" if index == vertices - 1 else "")
            line = {"color": _shade(index, vertices), "width": 2}
            if index == vertices - 1:
                line |= {"color": OTHER_COLOUR, "dash": "dash"}
            curve = go.Scatter(
                x=epochs, y=[float(r[key][index]) for r in records], name=label, line=line,
                mode="lines+markers" if len(epochs) < 3 else "lines", legendgroup=label,
                showlegend=row == 1,
                hovertemplate="epoch %{x}: %{y:.3f}<extra>" + label + "</extra>",
            )  # fmt: skip
            figure.add_trace(curve, row=row, col=1)
    chance = math.log(NUM_OPERATIONS)
    dotted = {"color": INK, "dash": "dot", "width": 1.5}
    figure.add_hline(y=chance, line=dotted, row=1, col=1)
    figure.add_annotation(
        x=1, xref="x domain", xanchor="right", y=chance, yref="y", yanchor="bottom",
        text=f"ln 6 = {chance:.2f}: guessing", showarrow=False,
    )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=600, margin_t=84, legend_y=1.07)
    figure.update_xaxes(title_text="epoch", row=2, col=1)
    figure.update_yaxes(title_text="nats per graph", rangemode="tozero")
    last = records[-1]
    left = [i + 1 for i in range(vertices) if last["type_loss"][i] > 0.5 * chance]
    costly = "vertices " + ", ".join(map(str, left)) if left else "no vertex"
    alt = (
        f"Two panels over epochs {epochs[0]} to {epochs[-1]}: the loss of each vertex's type, with "
        f"guessing among six operations marked at {chance:.2f} nats, and of its edges. At the end "
        f"the type of {costly} costs more than half of that; "
        f"all edges together cost {sum(last['edge_loss']):.2g} nats."
    )
    return describe(figure, "vertex-losses", alt)


def _shade(index: int, count: int) -> str:
    """Colour of one of ``count`` ordered curves, from blue over violet to orange."""
    stops = np.array([[58, 143, 199], [143, 92, 181], [217, 105, 30]], dtype=float)
    place = 2 * index / max(count - 2, 1)
    rgb = [float(np.interp(place, (0, 1, 2), stops[:, channel])) for channel in range(3)]
    return "#" + "".join(f"{round(channel):02x}" for channel in rgb)
