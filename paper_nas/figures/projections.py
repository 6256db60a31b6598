"""Figures of chapter 8: latent spaces in two dimensions, their smoothness, operations in three.

Points are whole numbers of 16 bits and colours of 8, so that a page with many panels stays light.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots

from paper_nas.drawing import OPERATION_COLOURS, OTHER_COLOUR, display_label
from paper_nas.figures.style import GRID, INK, SERIES_COLOURS, TEMPLATE, new_figure
from paper_nas.rendering import describe

LINKED = "linked"
"""Key of ``layout.meta``: points with one number, in any trace, are one row of the data."""

_Lines = NDArray[np.float64]
_ANGLES = range(0, 360, 15)
"""Degrees by which the vectors of operations can be turned."""
_TILT = 20
_REACH = 32_000
"""Largest coordinate of a point in a panel."""
_MARGIN = 1.06
_LEVELS = 255
_CLIPPED = (1.0, 99.0)
"""Per cent of the scores at the ends of the colour scale."""


def linked_panels(
    panels: Mapping[str, ArrayLike],
    scores: ArrayLike,
    title: str,
    marks: Mapping[str, ArrayLike] | None = None,
    columns: int = 2,
    name: str = "latent-spaces",
) -> go.Figure:
    """The same rows in several panels, coloured by their score; a choice shows in all panels.

    Drag a box in a panel to choose (on the static page by its script, in JupyterLab by
    :func:`paper_nas.widgets.linked_brushing`), or press a button.

    Args:
        panels: ``[R, 2]`` by title; every panel is scaled to fill its place.
        scores: ``[R]``.
        title: Of the colour scale.
        marks: Row numbers by the text of a button that chooses them.
        columns: Panels side by side.
        name: Name of the figure.

    Raises:
        ValueError: No panel, or one that has not as many rows as there are scores.
    """
    score = np.asarray(scores, dtype=float)
    shapes = {key: np.shape(points) for key, points in panels.items()}
    if not panels or set(shapes.values()) != {(len(score), 2)}:
        raise ValueError(f"panels of {len(score)} rows wanted, not {shapes}")
    rows = math.ceil(len(panels) / columns)
    figure = make_subplots(
        rows=rows, cols=columns, subplot_titles=list(panels),
        horizontal_spacing=0.03, vertical_spacing=0.16 / (rows + 1),
    )  # fmt: skip
    low, high = np.percentile(score, _CLIPPED)
    level = np.clip((score - low) / max(high - low, 1e-12), 0, 1) * _LEVELS
    for number, points in enumerate(panels.values()):
        trace = go.Scatter(
            x=_whole(points)[:, 0],
            y=_whole(points)[:, 1],
            mode="markers",
            marker={"size": 4, "color": level.round().astype(np.uint8), "coloraxis": "coloraxis"},
            selected={"marker": {"opacity": 1, "size": 6}},
            unselected={"marker": {"opacity": 0.1}},
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_trace(trace, row=number // columns + 1, col=number % columns + 1)
    _colour_scale(figure, low, high, title)
    reach = _REACH * _MARGIN
    figure.update_xaxes(range=[-reach, reach], visible=False)
    figure.update_yaxes(range=[-reach, reach], visible=False)
    figure.update_layout(
        template=TEMPLATE, height=110 + 270 * rows, dragmode="select",
        margin={"l": 8, "r": 8, "t": 76, "b": 64},
        updatemenus=[_buttons(marks or {})] if marks else [],
    )  # fmt: skip
    alt = (
        f"{len(panels)} panels with the same {len(score):,} architectures, coloured by {title} "
        f"from {low:.4g} to {high:.4g}: {'; '.join(panels)}. Choosing points in one panel "
        "highlights them in all."
    )
    describe(figure, name, alt)
    return figure.update_layout(meta={**figure.layout.meta, LINKED: True})


def _whole(points: ArrayLike) -> NDArray[np.int16]:
    """Points as whole numbers that reach as far on either side of 0, along each axis."""
    places = np.asarray(points, dtype=float)
    middle = (places.max(axis=0) + places.min(axis=0)) / 2
    reach = np.abs(places - middle).max(axis=0).clip(1e-12)
    return ((places - middle) / reach * _REACH).round().astype(np.int16)


def _colour_scale(figure: go.Figure, low: float, high: float, title: str) -> None:
    places = [0, _LEVELS / 2, _LEVELS]
    ends = [f"≤ {low:.3g}", f"{(low + high) / 2:.3g}", f"≥ {high:.3g}"]
    figure.update_layout(
        coloraxis={
            "colorscale": "Viridis",
            "cmin": 0,
            "cmax": _LEVELS,
            "colorbar": {
                "orientation": "h",
                "y": 0,
                "yanchor": "top",
                "yref": "paper",
                "thickness": 10,
                "len": 0.8,
                "tickvals": places,
                "ticktext": ends,
                "title": {"text": title, "side": "top"},
                "outlinewidth": 0,
            },
        }
    )


def _buttons(marks: Mapping[str, ArrayLike]) -> dict[str, object]:
    """A row of buttons, the first of which lets go of everything."""
    choices: dict[str, list[int] | None] = {"all": None}
    choices |= {text: np.asarray(rows).tolist() for text, rows in marks.items()}
    return {
        "type": "buttons",
        "direction": "right",
        "x": 0,
        "xanchor": "left",
        "y": 1,
        "yanchor": "bottom",
        "pad": {"b": 28},
        "showactive": False,
        "buttons": [
            {
                "label": text,
                "method": "update",
                "args": [{"selectedpoints": [rows]}, {"selections": []}],
            }
            for text, rows in choices.items()
        ],
    }


def smoothness_by_epoch(
    curves: Mapping[str, Mapping[int, float]],
    levels: Mapping[str, float],
    axis: str,
    name: str = "smoothness-by-epoch",
) -> go.Figure:
    """A measure of smoothness by epoch, one line per space, beside levels to compare with.

    Args:
        curves: Values by epoch, by the label of the line; 0 is before training.
        levels: Values that no training changes, by label.
        axis: Title of the vertical axis.
        name: Name of the figure.

    Raises:
        ValueError: No curve, or one without values.
    """
    if not curves or not all(curves.values()):
        raise ValueError("at least one curve is wanted, each with values")
    epochs = sorted({epoch for values in curves.values() for epoch in values})
    place = {epoch: number for number, epoch in enumerate(epochs)}
    traces = []
    for number, (label, values) in enumerate(curves.items()):
        known = sorted(values)
        trace = go.Scatter(
            x=[place[epoch] for epoch in known],
            y=[round(values[epoch], 4) for epoch in known],
            name=label,
            mode="lines+markers",
            line={
                "color": SERIES_COLOURS[number % 2],
                "dash": ("solid", "dash", "dot")[number // 2 % 3],
                "width": 2,
            },
            hovertemplate="%{y:.3f}<extra>" + label + "</extra>",
        )
        traces.append(trace)
    told = "; ".join(
        f"{label}: " + ", ".join(f"{v:.3f} at epoch {e}" for e, v in sorted(values.items()))
        for label, values in curves.items()
    )
    told += "".join(f"; {label}: {value:.3f}" for label, value in levels.items())
    figure = new_figure(name, f"{axis} by epoch. {told}.", *traces, showlegend=True, height=440)
    for label, value in levels.items():
        figure.add_hline(y=value, line={"color": INK, "dash": "dashdot", "width": 1})
        figure.add_annotation(
            x=1, xref="paper", xanchor="right", y=value, yanchor="bottom",
            text=label, showarrow=False,
        )  # fmt: skip
    figure.update_xaxes(
        title_text="epoch (0: before training)", tickvals=list(place.values()),
        ticktext=[str(epoch) for epoch in place],
    )  # fmt: skip
    return figure.update_yaxes(title_text=axis, rangemode="tozero")


def operation_spaces(
    tables: Mapping[str, ArrayLike],
    names: Sequence[str],
    relatives: Sequence[tuple[str, str]] = (),
    name: str = "operation-spaces",
) -> go.Figure:
    """Learned vectors of operations in space, a view for each training, turned by a slider.

    The views are parallel projections, drawn without WebGL, which not every reader has.

    Args:
        tables: ``[n, 3]`` by title, at most four.
        names: ``n`` names of operations.
        relatives: Pairs of names that a line joins.
        name: Name of the figure.

    Raises:
        ValueError: No table, more than four, or another shape.
    """
    points = {title: np.asarray(table, dtype=float) for title, table in tables.items()}
    if not 1 <= len(points) <= 4 or {p.shape for p in points.values()} != {(len(names), 3)}:
        raise ValueError(f"one to four tables of {len(names)} rows of 3 wanted")
    columns = min(len(points), 2)
    rows = math.ceil(len(points) / columns)
    figure = make_subplots(
        rows=rows, cols=columns, subplot_titles=list(points), horizontal_spacing=0.03,
        vertical_spacing=0.08,
    )  # fmt: skip
    place = {operation: number for number, operation in enumerate(names)}
    pairs = [(place[first], place[second]) for first, second in relatives]
    turned = [_views(table, pairs) for table in points.values()]  # [table][angle][trace]
    for number, views in enumerate(turned):
        row, col = number // columns + 1, number % columns + 1
        for trace in _view_traces(views[0], names):
            figure.add_trace(trace, row=row, col=col)
    for operation in names:
        figure.add_trace(_in_legend(operation))
    _frame_views(figure, len(points))
    height = 150 + 300 * rows
    figure.update_layout(
        template=TEMPLATE, height=height, margin={"l": 8, "r": 8, "t": 92, "b": 8},
        legend_y=1 + 40 / (height - 100), sliders=[_turntable(turned)],
    )  # fmt: skip
    told = "; ".join(f"{title}: {_closest(table, names)}" for title, table in points.items())
    alt = (
        f"Vectors of {len(names)} operations in three dimensions, to be turned with a slider. "
        f"The closest two in {told}."
    )
    return describe(figure, name, alt)


def _views(table: NDArray[np.float64], pairs: Sequence[tuple[int, int]]) -> list[list[_Lines]]:
    """Axes, lines between relatives, and points, in units of the farthest one, at every angle."""
    centred = table - table.mean(axis=0)
    centred = centred / max(float(np.linalg.norm(centred, axis=1).max()), 1e-12)
    gap = np.full((1, 3), np.nan)  # ends a line
    axes = [np.vstack([0.8 * e, -0.8 * e, gap]) for e in np.eye(3)]
    joined = [np.vstack([centred[[first, second]], gap]) for first, second in pairs]
    parts = [np.vstack(axes), np.vstack(joined) if joined else gap, centred]
    return [[_seen(part, angle) for part in parts] for angle in _ANGLES]


def _seen(points: NDArray[np.float64], angle: int) -> _Lines:
    """Across, up and towards the viewer ``[n, 3]``, after a turn about the upright axis."""
    turn, tilt = math.radians(angle), math.radians(_TILT)
    x, y, z = points.T
    across, away = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    up = z * math.cos(tilt) + away * math.sin(tilt)
    near = z * math.sin(tilt) - away * math.cos(tilt)
    seen: _Lines = np.column_stack([across, up, near]).round(3)
    return seen


def _sizes(points: _Lines) -> list[float]:
    """What is nearer is larger."""
    sizes: list[float] = (13 + 4 * points[:, 2]).round(1).tolist()
    return sizes


def _view_traces(view: Sequence[_Lines], names: Sequence[str]) -> list[go.Scatter]:
    axes, joined, points = view
    plain = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
    labels = [display_label(operation) for operation in names]
    colours = [OPERATION_COLOURS.get(operation, OTHER_COLOUR) for operation in names]
    return [
        go.Scatter(x=axes[:, 0], y=axes[:, 1], line={"color": GRID, "width": 1.5}, **plain),
        go.Scatter(x=joined[:, 0], y=joined[:, 1], line={"color": INK, "width": 1.5}, **plain),
        go.Scatter(
            x=points[:, 0],
            y=points[:, 1],
            mode="markers",
            text=labels,
            marker={
                "size": _sizes(points),
                "color": colours,
                "opacity": 1,
                "line": {"color": INK, "width": 1},
            },
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
        ),
    ]


def _in_legend(operation: str) -> go.Scatter:
    """An entry of the legend."""
    colour = OPERATION_COLOURS.get(operation, OTHER_COLOUR)
    return go.Scatter(
        x=[None], y=[None], mode="markers", marker={"color": colour, "size": 11},
        name=display_label(operation), showlegend=True,
    )  # fmt: skip


def _frame_views(figure: go.Figure, views: int) -> None:
    """Equal units on both axes, and no scales."""
    figure.update_xaxes(range=[-1.15, 1.15], visible=False, constrain="domain")
    figure.update_yaxes(range=[-1.15, 1.15], visible=False, constrain="domain")
    for number in range(1, views + 1):
        suffix = "" if number == 1 else number
        figure.update_layout({f"yaxis{suffix}": {"scaleanchor": f"x{suffix}"}})


def _turntable(turned: Sequence[Sequence[Sequence[_Lines]]]) -> dict[str, object]:
    """A slider that turns all views together."""
    steps = []
    for step, angle in enumerate(_ANGLES):
        lines = [part for views in turned for part in views[step]]
        change = {
            "x": [_plain(part[:, 0]) for part in lines],
            "y": [_plain(part[:, 1]) for part in lines],
            "marker.size": [_sizes(part) if i % 3 == 2 else None for i, part in enumerate(lines)],
        }
        traces = list(range(len(lines)))
        steps.append({"label": f"{angle}°", "method": "restyle", "args": [change, traces]})
    return {
        "steps": steps,
        "currentvalue": {"prefix": "turned by ", "font": {"size": 13, "color": INK}},
        "len": 0.9,
        "x": 0.05,
        "pad": {"t": 12, "b": 8},
        "ticklen": 0,
        "font": {"size": 1, "color": "rgba(0,0,0,0)"},  # no label at every step
    }


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers for JSON, with nothing where a line ends."""
    return [None if math.isnan(value) else value for value in values.tolist()]


def _closest(table: NDArray[np.float64], names: Sequence[str]) -> str:
    distance = np.linalg.norm(table[:, None] - table[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    first, second = divmod(int(distance.argmin()), len(table))
    return f"{display_label(names[first])} and {display_label(names[second])}"
