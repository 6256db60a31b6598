"""Chapter 12: how many entries of the paper got which verdict, and the entries themselves."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from paper_nas.figures.drawings import Drawing
from paper_nas.figures.style import SERIES_COLOURS, TEMPLATE
from paper_nas.paper_numbers import QUOTED
from paper_nas.rendering import STATIC_SITE_VARIABLE, describe
from paper_nas.scorecard import KINDS, VERDICTS, Line
from paper_nas.scorecard.verdicts import (
    ANSWERS,
    MISSING,
    MOST_PARTS,
    NOT,
    PARTLY,
    REPRODUCED,
    UNTESTABLE,
)

VERDICT_COLOURS = {
    REPRODUCED: SERIES_COLOURS[2],
    PARTLY: SERIES_COLOURS[4],
    NOT: SERIES_COLOURS[1],
    MISSING: SERIES_COLOURS[5],
    UNTESTABLE: SERIES_COLOURS[3],
}
_STYLE = """<style>
.paper-nas-scorecard table {width: 100%; border-collapse: collapse; table-layout: fixed}
.paper-nas-scorecard :is(th, td) {text-align: left; vertical-align: top; padding: .45em .5em;
 border: 0; overflow-wrap: anywhere}
.paper-nas-scorecard tbody {border-top: 1px solid rgba(128,136,148,.5)}
.paper-nas-scorecard th:nth-child(1) {width: 40%} .paper-nas-scorecard th:nth-child(3) {width: 29%}
.paper-nas-scorecard td:nth-child(3) {border-left: .35em solid var(--verdict); padding-right: 0;
 overflow-wrap: normal}
.paper-nas-scorecard td[colspan] {padding-top: 0}
.paper-nas-scorecard summary {cursor: pointer; font-size: .85em; padding: .25em 0}
.paper-nas-scorecard small {display: block; font-size: .85em}
.paper-nas-scorecard dl {margin: .3em 0; font-size: .9em} .paper-nas-scorecard dd {margin: 0 0 .4em}
.paper-nas-scorecard ul {margin: 0; padding-left: 1.2em}
</style>"""


def scorecard_overview(counts: Mapping[str, Mapping[str, int]]) -> go.Figure:
    """How many entries of each kind got which verdict: a panel per kind, numbers at the bars.

    Args:
        counts: By kind and verdict, as :func:`paper_nas.scorecard.summary` gives them.
    """
    titles = [f"{sum(counts[kind].values())} {words}" for kind, words in KINDS.items()]
    panels = make_subplots(rows=len(KINDS), cols=1, subplot_titles=titles, vertical_spacing=0.11)
    for place, kind in enumerate(KINDS, start=1):
        values = [counts[kind][verdict] for verdict in VERDICTS]
        bars = go.Bar(
            y=list(VERDICTS), x=values, orientation="h", text=values, textposition="outside",
            cliponaxis=False, marker={"color": [VERDICT_COLOURS[v] for v in VERDICTS]},
            hovertemplate="%{y}: %{x}<extra></extra>", showlegend=False,
        )  # fmt: skip
        panels.add_trace(bars, row=place, col=1)
    largest = max((n for by_verdict in counts.values() for n in by_verdict.values()), default=1)
    panels.update_layout(template=TEMPLATE, height=560, bargap=0.3)
    panels.update_xaxes(range=[0, 1.1 * max(largest, 1)], visible=False)
    panels.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    words = "; ".join(
        f"{title}: " + ", ".join(f"{counts[kind][v]} {v}" for v in VERDICTS)
        for title, kind in zip(titles, KINDS, strict=True)
    )
    return describe(panels, "scorecard", f"Entries of the paper by verdict. {words}.")


def scorecard_lines(lines: Sequence[Line]) -> Drawing:
    """A table of lines that a phone can show: details of each are folded under its id.

    Args:
        lines: Of one section, or chosen otherwise.
    """
    heads = "".join(f'<th scope="col">{h}</th>' for h in ("the paper", "ours", "verdict"))
    return Drawing(
        f'{_STYLE}<div class="paper-nas-scorecard"><table class="paper-nas-text">'
        f"<thead><tr>{heads}</tr></thead>{''.join(map(_rows, lines))}</table></div>"
    )


def _rows(line: Line) -> str:
    """A line, and under it what unfolds."""
    found = line.finding
    claim = line.paper == line.quote
    said = f"“{escape(line.quote)}”" if claim else f"{escape(line.label)}: "
    said += "" if claim else f"<strong>{escape(line.paper)}</strong>"
    if line.origin == QUOTED:
        said += f"<small>{escape(QUOTED)}</small>"
    ours = escape(found.ours or found.reason) or "–"
    if found.difference and not claim:
        ours += f"<small>difference {escape(found.difference)}</small>"
    colour = VERDICT_COLOURS[found.verdict]
    return (
        f"<tbody><tr><td>{said}</td><td>{ours}</td>"
        f'<td style="--verdict:{colour}">{escape(found.in_words)}</td></tr>'
        f'<tr><td colspan="3">{_details(line)}</td></tr></tbody>'
    )


def _details(line: Line) -> str:
    found = line.finding
    items = [("where", escape(line.where))]
    if line.paper != line.quote:
        items.append(("the paper’s words", f"“{escape(line.quote)}”"))
    if len(found.parts) > MOST_PARTS:
        answers = "".join(
            f"<li>{ANSWERS[part.holds]}: {escape(part.words)}</li>" for part in found.parts
        )
        items.append(("statements", f"<ul>{answers}</ul>"))
    if found.note:
        items.append(("note", escape(found.note)))
    if found.seeds is not None:
        items.append(("trainings", f"{found.seeds} of each model"))
    if found.command:
        items.append(("command", f"<code>{escape(found.command)}</code>"))
    items += [("origin", escape(line.origin)), ("chapter", _link(line.chapter))]
    text = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in items)
    return f"<details><summary><code>{escape(line.key)}</code></summary><dl>{text}</dl></details>"


def _link(chapter: str) -> str:
    """To a chapter of the book, as a page of the site or as a notebook beside this one."""
    kind = "html" if os.environ.get(STATIC_SITE_VARIABLE) == "1" else "md"
    return f'<a href="{chapter}.{kind}">{int(chapter[:2])}</a>'
