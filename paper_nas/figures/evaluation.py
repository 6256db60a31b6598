"""Figures of chapter 4: the paper's Table 1 beside ours, and where reconstruction fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from paper_nas.figures.style import INK, SERIES_COLOURS, TEMPLATE, new_figure
from paper_nas.rendering import describe
from paper_nas.reports import Row

_SYMBOLS = ("circle", "square", "triangle-up")


def paper_against_ours(
    groups: Mapping[str, Sequence[Row]], figures: Sequence[str], unit: str = "%"
) -> go.Figure:
    """The paper's figures and ours, one panel below the other, one line per model.

    Args:
        groups: Rows by what they are called: for example one group per hidden size.
        figures: Names of the figures, as in a row's ``figures``.
        unit: Their unit, for the titles.

    Raises:
        ValueError: No group, an empty one, or no figure.
    """
    if not groups or not all(groups.values()) or not figures:
        raise ValueError("paper_against_ours needs at least one row and one figure")
    labels = list(dict.fromkeys(row.label for rows in groups.values() for row in rows))
    panels = make_subplots(
        rows=len(figures), cols=1, vertical_spacing=0.28 / len(figures),
        subplot_titles=[f"{figure} ({unit})" for figure in figures],
    )  # fmt: skip
    words = []
    for place, name in enumerate(figures, start=1):
        paper = {row.label: row.figures[name].paper for rows in groups.values() for row in rows}
        if any(value is not None for value in paper.values()):
            trace = go.Scatter(
                x=list(paper.values()), y=list(paper), mode="markers", name="paper",
                legendgroup="paper", showlegend=place == 1,
                marker={"symbol": "diamond-open", "size": 11, "color": INK, "line": {"width": 2}},
                hovertemplate="%{y}: %{x:.2f}<extra>paper</extra>",
            )  # fmt: skip
            panels.add_trace(trace, row=place, col=1)
        for number, (label, rows) in enumerate(groups.items()):
            trace = _ours(label, rows, name, number)
            panels.add_trace(trace.update(showlegend=place == 1), row=place, col=1)
            words += [f"{label}, {row.label}, {name}: {_in_words(row, name)}" for row in rows]
    height = len(figures) * (70 + 26 * len(labels)) + 60
    panels.update_layout(template=TEMPLATE, height=height, margin_t=76, legend_y=1 + 36 / height)
    panels.update_yaxes(categoryorder="array", categoryarray=labels[::-1], showgrid=True)
    panels.update_xaxes(showgrid=True, nticks=6)
    return describe(panels, "paper-against-ours", "Figures by model. " + "; ".join(words) + ".")


def _ours(label: str, rows: Sequence[Row], name: str, number: int) -> go.Scatter:
    spread = [row.figures[name].sd or 0.0 for row in rows]
    return go.Scatter(
        x=[row.figures[name].mean for row in rows],
        y=[row.label for row in rows],
        error_x={"type": "data", "array": spread, "thickness": 1.5, "width": 4},
        mode="markers",
        name=label,
        legendgroup=label,
        marker={
            "symbol": _SYMBOLS[number % len(_SYMBOLS)],
            "size": 9,
            "color": SERIES_COLOURS[number % len(SERIES_COLOURS)],
        },
        customdata=[[len(row.seeds), s] for row, s in zip(rows, spread, strict=True)],
        hovertemplate="%{y}: %{x:.2f} ± %{customdata[1]:.2f}, %{customdata[0]} seeds"
        f"<extra>{label}</extra>",
    )


def _in_words(row: Row, name: str) -> str:
    figure = row.figures[name]
    spread = "" if figure.sd is None else f" plus or minus {figure.sd:.2f}"
    paper = "" if figure.paper is None else f", paper {figure.paper:.2f}"
    return f"{figure.mean:.2f}{spread}{paper}"


def failures_by_vertex(shares: Mapping[str, Sequence[float]], title: str) -> go.Figure:
    """How often each vertex is decoded wrongly, by model.

    Args:
        shares: Share of right decodes by vertex, from vertex 1 on, by label.
        title: What is right or wrong: ``"operation"`` or ``"edges"``.

    Raises:
        ValueError: No model, or lists of different lengths.
    """
    table = np.array([list(values) for values in shares.values()], dtype=float)
    if table.ndim != 2 or not table.size:
        raise ValueError("failures_by_vertex needs models with equally many vertices")
    wrong = 100 * (1 - table)
    vertices = [f"{vertex}" for vertex in range(1, table.shape[1] + 1)]
    text = [[f"{value:.2f}" if value >= 0.005 else "0" for value in row] for row in wrong]
    heat = go.Heatmap(
        z=np.log10(np.maximum(wrong, 1e-3)).round(3).tolist(),
        x=vertices,
        y=list(shares),
        text=text,
        texttemplate="%{text}",
        colorscale=[[0, "#f2f2f2"], [0.5, "#e8a25f"], [1, "#a33c00"]],
        zmin=-3,
        zmax=2,
        showscale=False,
        hovertemplate="%{y}, vertex %{x}: %{text} % wrong<extra></extra>",
    )
    worst = np.unravel_index(int(wrong.argmax()), wrong.shape)
    alt = (
        f"Share of decodes with a wrong {title}, in per cent, by model and vertex. The largest is "
        f"{wrong[worst]:.2f} at vertex {worst[1] + 1} of {list(shares)[worst[0]]}; "
        f"the median over all is {np.median(wrong):.3f}."
    )
    figure = new_figure(f"failures-{title}", alt, heat, height=120 + 40 * len(shares))
    figure.update_xaxes(title_text=f"vertex ({title} wrong, %)", type="category", showgrid=False)
    return figure.update_yaxes(autorange="reversed", showgrid=False)
