"""Figures of chapter 6: expected improvement, searches and their trials, what winners share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from paper_nas.drawing import display_label
from paper_nas.figures.style import INK, SERIES_COLOURS, TEMPLATE, new_figure
from paper_nas.rendering import describe
from paper_nas.search import Trial
from paper_nas.space import OPERATION_NAMES, Architecture

_DASHES = ("solid", "dash", "dot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross")
_SOURCE_COLOURS = {"exact": SERIES_COLOURS[0], "fitted": SERIES_COLOURS[4], "live": "#2a9a75"}


def expected_improvement(
    x: np.ndarray,
    mean: np.ndarray,
    sd: np.ndarray,
    improvement: np.ndarray,
    observed: tuple[np.ndarray, np.ndarray],
    truth: np.ndarray | None = None,
) -> go.Figure:
    """A process on a line with what it has seen, and the expected improvement below.

    Args:
        x: ``[Q]``, the line.
        mean: ``[Q]``, predicted.
        sd: ``[Q]``, standard deviation of the prediction.
        improvement: ``[Q]``, expected improvement.
        observed: Places and values of the observations.
        truth: ``[Q]``, the function itself.
    """
    panels = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.66, 0.34])
    band = {"x": x.tolist(), "mode": "lines", "line_width": 0, "hoverinfo": "skip"}
    blue, orange = SERIES_COLOURS[:2]
    best = int(improvement.argmax())
    traces = [
        go.Scatter(y=(mean + 2 * sd).tolist(), showlegend=False, **band),
        go.Scatter(
            y=(mean - 2 * sd).tolist(), fill="tonexty", fillcolor=_faint(blue),
            name="mean ± 2 standard deviations", **band,
        ),
        go.Scatter(x=x.tolist(), y=mean.tolist(), name="mean", line={"color": blue}),
        go.Scatter(
            x=observed[0].tolist(), y=observed[1].tolist(), mode="markers", name="observed",
            marker={"color": INK, "size": 9},
        ),
    ]  # fmt: skip
    if truth is not None:
        line = {"color": INK, "dash": "dot", "width": 1.2}
        traces.append(go.Scatter(x=x.tolist(), y=truth.tolist(), name="the function", line=line))
    for trace in traces:
        panels.add_trace(trace, row=1, col=1)
    curve = go.Scatter(
        x=x.tolist(), y=improvement.tolist(), name="expected improvement", fill="tozeroy",
        line={"color": orange}, fillcolor=_faint(orange),
    )  # fmt: skip
    panels.add_trace(curve, row=2, col=1)
    panels.add_vline(x=float(x[best]), line={"color": orange, "dash": "dash", "width": 1.2})
    panels.update_layout(template=TEMPLATE, height=460)
    panels.update_yaxes(title_text="score", row=1, col=1)
    panels.update_yaxes(title_text="improvement", row=2, col=1)
    alt = (
        f"A predicted function with {len(observed[0])} observations and the expected improvement "
        f"below, which is greatest at {x[best]:.2f}, where the mean is {mean[best]:.2f} and the "
        f"standard deviation {sd[best]:.2f}; the best observation is {observed[1].max():.2f}."
    )
    return describe(panels, "expected-improvement", alt)


def search_curves(
    name: str,
    curves: Mapping[str, np.ndarray],
    y_title: str,
    log_y: bool = False,
    start: float | None = None,
) -> go.Figure:
    """A quantity over the evaluations: median over trials, and a band for the middle half.

    Args:
        name: Name of the figure.
        curves: ``[trials, E]`` by method; not finite where there is no value yet.
        y_title: Title of the vertical axis.
        log_y: Logarithmic vertical axis.
        start: Value at the start, drawn as a line.

    Raises:
        ValueError: No curve.
    """
    if not curves:
        raise ValueError("search_curves needs at least one method")
    traces, words = [], []
    for number, (label, values) in enumerate(curves.items()):
        finite = np.where(np.isfinite(values), values, np.nan)
        kept = np.isfinite(finite).all(axis=0)
        x = (np.flatnonzero(kept) + 1).tolist()
        low, middle, high = np.quantile(finite[:, kept], [0.25, 0.5, 0.75], axis=0)
        colour = SERIES_COLOURS[number % len(SERIES_COLOURS)]
        band = {"x": x, "legendgroup": label, "showlegend": False, "hoverinfo": "skip"}
        if len(values) > 1:
            traces += [
                go.Scatter(y=high.tolist(), mode="lines", line_width=0, **band),
                go.Scatter(y=low.tolist(), mode="lines", line_width=0, fill="tonexty",
                           fillcolor=_faint(colour), **band),
            ]  # fmt: skip
        dash = _DASHES[number // len(SERIES_COLOURS) % len(_DASHES)]
        traces.append(
            go.Scatter(
                x=x, y=middle.round(6).tolist(), name=label, legendgroup=label,
                line={"color": colour, "dash": dash, "width": 2.2},
                hovertemplate="%{x} evaluations: %{y:.4f}<extra>" + label + "</extra>",
            )
        )  # fmt: skip
        if len(middle):
            words.append(f"{label}: {middle[-1]:.4f} after {x[-1]} ({len(values)} trials)")
    alt = f"{y_title[0].upper()}{y_title[1:]} over the evaluations. Medians: {'; '.join(words)}."
    figure = new_figure(name, alt, *traces, height=460, margin_t=90)
    if start is not None:
        figure.add_hline(y=start, line={"color": INK, "dash": "dot", "width": 1})
    figure.update_xaxes(title_text="evaluations")
    return figure.update_yaxes(title_text=y_title, type="log" if log_y else "linear")


def measures_by_method(
    name: str, values: Mapping[str, Mapping[str, Sequence[float]]], reference: Mapping[str, float]
) -> go.Figure:
    """One panel per measure, one row per method, one dot per trial.

    Args:
        name: Name of the figure.
        values: By measure, then by method: one value per trial.
        reference: By measure, a value drawn as a line, for example that of the start set.
    """
    methods = list(dict.fromkeys(m for by_method in values.values() for m in by_method))
    columns = 2
    rows = math.ceil(len(values) / columns)
    panels = make_subplots(
        rows=rows, cols=columns, shared_yaxes=True, subplot_titles=list(values),
        vertical_spacing=0.3 / rows, horizontal_spacing=0.05,
    )  # fmt: skip
    words = []
    for place, (measure, by_method) in enumerate(values.items()):
        at = {"row": place // columns + 1, "col": place % columns + 1}
        for number, (method, trials) in enumerate(by_method.items()):
            dots = go.Scatter(
                x=np.round(trials, 4).tolist(), y=[method] * len(trials), mode="markers",
                marker={"color": SERIES_COLOURS[number % 6], "size": 8, "opacity": 0.6},
                hovertemplate="%{x:.3f}<extra>%{y}</extra>", showlegend=False,
            )  # fmt: skip
            panels.add_trace(dots, **at)
            words.append(f"{measure}, {method}: {np.mean(trials):.3f}")
        if measure in reference:
            line = {"color": INK, "dash": "dot", "width": 1}
            panels.add_vline(x=reference[measure], line=line, **at)
    height = rows * (80 + 26 * len(methods)) + 40
    panels.update_layout(template=TEMPLATE, height=height)
    panels.update_yaxes(categoryorder="array", categoryarray=methods[::-1], showgrid=True)
    panels.update_annotations(font_size=13)
    return describe(panels, name, f"Dots, one per trial. Means: {'; '.join(words)}.")


def trial_steps(trial: Trial) -> go.Figure:
    """A trial round by round, with a slider: what was predicted, what was found, the best so far.

    Raises:
        ValueError: A trial without a score.
    """
    if not trial.scored:
        raise ValueError("a trial without a score has nothing to show")
    traces: list[go.Scatter] = []
    rounds = [record["round"] for record in trial.rounds]
    best, number = trial.best_so_far(), 0
    for current in rounds:
        part = [e for e in trial.evaluations if e.round == current]
        x = list(range(number + 1, number + len(part) + 1))
        number += len(part)
        predicted = [e.proposal.mean if math.isfinite(e.proposal.mean) else None for e in part]
        traces.append(_points(x, predicted, "predicted", current, INK, "line-ew-open"))
        for source, colour in _SOURCE_COLOURS.items():
            y = [e.score if e.source == source and math.isfinite(e.score) else None for e in part]
            traces.append(_points(x, y, source, current, colour, "circle"))
        seen = [float(b) if math.isfinite(b) else None for b in best[:number]]
        line = {"color": SERIES_COLOURS[1], "width": 2, "shape": "hv"}
        traces.append(
            go.Scatter(
                x=list(range(1, number + 1)), y=seen, mode="lines", name="best so far",
                line=line, legendgroup="best", showlegend=True, hoverinfo="skip",
            )
        )  # fmt: skip
    named: set[str] = set()
    for trace in traces:  # an entry of the legend where a kind of point first occurs
        if (
            trace.mode == "markers"
            and trace.name not in named
            and any(v is not None for v in trace.y)
        ):
            trace.showlegend = True
            named.add(trace.name)
    figure = new_figure("trial-steps", _trial_in_words(trial), *traces, height=480, margin_b=110)
    each = 2 + len(_SOURCE_COLOURS)
    steps = [_visible(len(rounds), each, upto) for upto in range(len(rounds))]
    for trace, shown in zip(figure.data, steps[-1]["args"][0]["visible"], strict=True):
        trace.visible = shown
    slider = {
        "steps": steps, "active": len(rounds) - 1, "pad": {"t": 50},
        "currentvalue": {"prefix": "after round "},
    }  # fmt: skip
    figure.update_layout(sliders=[slider])
    figure.update_xaxes(title_text="evaluations", range=[0, number + 1])
    shown_scores = [e.score for e in trial.scored]
    gap = 0.06 * (max(shown_scores) - min(shown_scores)) or 0.01
    return figure.update_yaxes(
        title_text="score", range=[min(shown_scores) - gap, max(shown_scores) + gap]
    )


def _points(
    x: list[int], y: list[float | None], label: str, current: int, colour: str, symbol: str
) -> go.Scatter:
    return go.Scatter(
        x=x, y=y, mode="markers", name=label, legendgroup=label,
        showlegend=False,
        marker={"color": colour, "symbol": symbol, "size": 7, "opacity": 0.75},
        hovertemplate="%{y:.4f}<extra>" + f"{label}, round {current}" + "</extra>",
    )  # fmt: skip


def _visible(rounds: int, each: int, upto: int) -> dict[str, Any]:
    """The step of the slider that shows the rounds so far, and only the newest best line."""
    shown = [
        round_number <= upto if place < each - 1 else round_number == upto
        for round_number in range(rounds)
        for place in range(each)
    ]
    return {"method": "restyle", "label": str(upto + 1), "args": [{"visible": shown}]}


def _trial_in_words(trial: Trial) -> str:
    parts = []
    for record in trial.rounds:
        scores = [e.score for e in trial.scored if e.round == record["round"]]
        if scores:
            parts.append(f"round {record['round']}: mean {np.mean(scores):.4f}, best "
                         f"{max(scores):.4f}")  # fmt: skip
    return f"Scores of {len(trial.scored)} evaluations of {trial.strategy}. {'; '.join(parts)}."


def autopsy_scatter(
    rows: Sequence[Mapping[str, Any]], figure: str = "score", title: str = "score on digits"
) -> go.Figure:
    """Networks of one wiring: what their operations give, against their size.

    Args:
        rows: As :func:`paper_nas.search.run_autopsy` returns them.
        figure: Which figure of a row; its mean over the seeds is shown, with a standard error.
        title: Of the vertical axis.
    """
    traces, words = [], []
    for number, group in enumerate(dict.fromkeys(row["group"] for row in rows)):
        members = [row for row in rows if row["group"] == group]
        values = np.array([row[figure] for row in members])
        error = values.std(axis=1, ddof=1) / math.sqrt(values.shape[1])
        hover = [
            "<br>".join(
                display_label(OPERATION_NAMES[operation])
                for operation in Architecture.from_string(row["architecture"]).operations
            )
            for row in members
        ]
        traces.append(
            go.Scatter(
                x=[row["parameters"] for row in members], y=values.mean(axis=1).tolist(),
                mode="markers+text", name=group, text=[str(row["poolings"]) for row in members],
                textposition="top center", customdata=hover,
                error_y={"type": "data", "array": error.tolist(), "thickness": 1.2},
                marker={"color": SERIES_COLOURS[number], "symbol": _SYMBOLS[number], "size": 10},
                hovertemplate="%{customdata}<br>%{x:,} parameters: %{y:.3f}<extra>"
                + group + "</extra>",
            )
        )  # fmt: skip
        words.append(f"{group}: mean {values.mean():.3f} over {len(members)} networks")
    alt = (
        f"Scatter of {title} against parameters for networks with the winners' wiring; the number "
        f"beside a point is its number of poolings. {'; '.join(words)}."
    )
    result = new_figure("autopsy", alt, *traces, height=460, margin_t=90)
    result.update_xaxes(title_text="parameters")
    return result.update_yaxes(title_text=title)


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"
