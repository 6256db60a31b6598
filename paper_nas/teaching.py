"""Small helpers of the chapters: nothing else uses them.

Glossary of shapes: ``B`` graphs, ``N`` vertices, ``K`` vertex types, ``Z`` latent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
import pandas as pd
import plotly.io as pio
import torch
from torch import Tensor

from paper_nas import figures
from paper_nas.datasets import ArchitectureDataset, show_note
from paper_nas.drawing import dag_svg, display_label
from paper_nas.figures.drawings import Drawing
from paper_nas.graphs import GraphBatch
from paper_nas.models import GraphVae
from paper_nas.models.vae import NOISE_FACTOR
from paper_nas.rendering import figure_html
from paper_nas.scorecard.evidence import PAPER_DATASET
from paper_nas.search import Trial
from paper_nas.space import END, VERTEX_NAMES
from paper_nas.statistics import relabelling_share as relabelling_share  # chapters 3 and 8
from paper_nas.widgets import StaticFallback

_ACCURACIES = {PAPER_DATASET: "weight_sharing_accuracy", "enas-digits": "standalone_accuracy"}
_INK = "currentColor"
_BLUE = "var(--paper-nas-blue, #2f6f8f)"
_ORANGE = "var(--paper-nas-orange, #b8620f)"
_WIDTH, _HEIGHT = 885, 330


def on_paper_data(dataset: ArchitectureDataset, claim: str) -> bool:
    """Whether a chapter runs on the data of the paper; where it does not, the reader is told.

    Args:
        dataset: What the chapter runs on.
        claim: What can be said of the paper's data only, as a phrase: "that ...".
    """
    if dataset.name == PAPER_DATASET:
        return True
    show_note(f"Not checked on {dataset.name}: {claim}")
    return False


def not_there_yet(what: str, *commands: str) -> None:
    """Tell the reader of results that are still to be computed, and the commands that do it."""
    show_note(f"Not there yet: {what}", [f"Make it with: {command}" for command in commands])


def rows_with_accuracy(dataset: ArchitectureDataset) -> ArchitectureDataset:
    """The rows that have an accuracy, a share of images in [0, 1], as their score.

    Of ``enas-cifar10`` these are all rows; of ``enas-digits``, whose score is a log-loss, those
    that were trained alone.
    """
    return dataset.scored_by(_ACCURACIES[dataset.name])


def decision_table(model: GraphVae, batch: GraphBatch, latents: Tensor) -> pd.DataFrame:
    """Every decision of the teacher-forced decoder for one graph, in the order it is made.

    Args:
        model: The model.
        batch: One graph.
        latents: ``[1, Z]``.

    Returns:
        One row per decision on the vertices that the graph has: ``vertex`` it belongs to,
        ``question``, ``truth``, ``probability`` that the decoder gives to the truth, ``nats`` that
        this costs, and ``free``: whether the decoder is asked when it generates (the type of the
        last position and the edges of END are not; released_code_spec section 5).

    Raises:
        ValueError: The batch does not hold exactly one graph.
    """
    if len(batch) != 1:
        raise ValueError(f"one graph is wanted, not {len(batch)}")
    with torch.no_grad():
        type_logits, edge_logits = model.teacher_forced_logits(batch, latents)
    type_nats = -type_logits[0].log_softmax(dim=1)
    rows = []
    for vertex in range(1, int(batch.num_vertices[0])):
        kind = int(batch.types[0, vertex])
        free = vertex < batch.max_vertices - 1
        question = f"type of vertex {vertex}?"
        nats = float(type_nats[vertex - 1, kind])
        rows.append((vertex, question, display_label(VERTEX_NAMES[kind]), nats, free))
        for source in range(vertex - 1, -1, -1):
            present = bool(batch.adjacency[0, source, vertex])
            logit = edge_logits[0, source, vertex] * (1 if present else -1)
            nats = float(torch.nn.functional.softplus(-logit))
            question = f"edge {source} → {vertex}?"
            rows.append((vertex, question, "yes" if present else "no", nats, kind != END))
    table = pd.DataFrame(rows, columns=["vertex", "question", "truth", "nats", "free"])
    table.insert(3, "probability", [float(torch.tensor(-n).exp()) for n in table["nats"]])
    return table


def one_hot_equivalent(model: GraphVae, one_hot: GraphVae) -> GraphVae:
    """Fill a one-hot model with weights that make it compute what an embedding model computes.

    The three matrices that read operation codes become products with the table; all other weights
    are copied.

    Args:
        model: A model with any operation encoding.
        one_hot: A model of the same sizes with one-hot codes of scale 1; filled in place.

    Returns:
        ``one_hot``.

    Raises:
        ValueError: ``one_hot`` does not read the identity, or the sizes differ.
    """
    codes = model.operations.table().detach()
    if not torch.equal(one_hot.operations.table(), torch.eye(len(codes))):
        raise ValueError("the model to fill must read one-hot codes of scale 1")
    source = dict(model.named_parameters())
    with torch.no_grad():
        for name, parameter in one_hot.named_parameters():
            value: Tensor = source[name]
            if name.endswith("weight_ih"):
                value = value @ codes.T
            if value.shape != parameter.shape:
                raise ValueError(
                    f"{name}: {list(value.shape)} does not fit {list(parameter.shape)}"
                )
            parameter.copy_(value)
    return one_hot


# ---- a recorded search, round by round ----------------------------------------------------------


def step_through(trial: Trial, count: int = 5) -> StaticFallback:
    """A panel that shows a recorded trial round by round; on the page, a figure with a slider.

    Args:
        trial: A trial with at least one score.
        count: Architectures of a round that the panel draws, best first.
    """
    figure = figures.trial_steps(trial)
    last = len(trial.rounds)
    slider = widgets.IntSlider(value=1, min=1, max=max(last, 1), description="round")
    view = widgets.HTML()

    def show(change: Any = None) -> None:
        view.value = round_html(trial, int(slider.value), count)

    slider.observe(show, names="value")
    show()
    html = figure_html(str(pio.to_json(figure)), "trial-steps", figure.layout.meta["alt"])
    html += (
        "<p><em>In JupyterLab a slider also draws the best architectures of each round.</em></p>"
    )
    return StaticFallback(widgets.VBox([slider, view]), html)


def round_html(trial: Trial, number: int, count: int = 5) -> str:
    """One round of a trial in words, with pictures of its best architectures.

    Args:
        trial: The trial.
        number: The round, from 1.
        count: Most pictures.
    """
    part = [e for e in trial.evaluations if e.round == number]
    scored = {
        e.architecture: e for e in sorted(part, key=lambda e: e.score) if math.isfinite(e.score)
    }
    best = list(scored.values())[::-1][:count]
    words = f"Round {number}: {len(part)} evaluations, {len(scored)} architectures with a score."
    if not best:
        return f"<p>{words}</p>"
    captions = [
        f"{e.score:.4f} ({e.source})"
        + ("" if math.isnan(e.proposal.mean) else f", predicted {e.proposal.mean:.4f}")
        for e in best
    ]
    drawn = [e.architecture for e in best if e.architecture is not None]
    pictures = figures.draw(*drawn, captions=captions, scale=0.75)
    return f"<p>{words} The best:</p>{pictures.html}"


# ---- the workflow: the idea of the paper's figure 2, drawn anew ----------------------------------


def workflow_svg() -> Drawing:
    """The way of an architecture through a model, as a picture that follows the page's theme."""
    title = (
        "An architecture is split into its adjacency and its vertex types. The types go through "
        "the operation encoding, one-hot or a learned table, which is the only part in which the "
        "two models differ. Encoder and decoder both read the codes. The encoder gives the mean "
        "and the variance of a latent vector, from which the decoder writes the architecture again."
    )
    labels, edges = ("START", "conv3x3", "maxpool3x3", "END"), [(0, 1), (1, 2), (2, 3), (0, 2)]
    parts = [
        _graph(labels, edges, 0),
        _box(215, 20, 118, 52, "adjacency A", "[N, N]"),
        _box(215, 226, 118, 52, "types X", "[N]"),
        _box(
            365,
            214,
            150,
            76,
            "operation codes",
            "one-hot [K, K]",
            "or table [K, E]",
            colour=_ORANGE,
        ),
        _box(365, 20, 150, 76, "encoder", "a GRU along the", "arrows, both ways"),
        _box(541, 20, 130, 76, "posterior", "mean, log σ²", "[Z] each"),
        _box(541, 138, 130, 52, "latent vector z", "[Z]"),
        _box(541, 226, 130, 64, "decoder", "type, edges,", "type, edges, …"),
        _graph(labels, edges, 724),
        _arrow(162, 140, 214, 46),
        _arrow(162, 170, 214, 252),
        _arrow(333, 46, 364, 46),
        _arrow(333, 252, 364, 252),
        _arrow(440, 214, 440, 97, _ORANGE),
        _arrow(515, 252, 540, 252, _ORANGE),
        _arrow(515, 58, 540, 58),
        _arrow(606, 96, 606, 137),
        _arrow(606, 190, 606, 225),
        _arrow(671, 258, 722, 155),
        _text(430, 160, "O(X)", _ORANGE, "end"),
        _text(620, 117, f"+ {NOISE_FACTOR:g} σ ε", _INK, "start"),
        _text(440, 312, "the one part that differs", _ORANGE, "middle"),
    ]
    body = "".join(parts)
    return Drawing(
        '<div style="overflow-x:auto"><svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{escape(title)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" style="max-width:100%;min-width:40rem;height:auto">'
        f"<title>{escape(title)}</title>"
        f'<g font-family="system-ui,sans-serif" font-size="14">{body}</g></svg></div>'
    )


def _graph(labels: Sequence[str], edges: Sequence[tuple[int, int]], x: float) -> str:
    """A small architecture as a nested picture."""
    svg = dag_svg(labels, edges, title="an architecture as a graph")
    return svg.replace("<svg ", f'<svg x="{x}" y="62" ', 1).replace('role="img" ', "", 1)


def _box(x: float, y: float, width: float, height: float, *texts: str, colour: str = _BLUE) -> str:
    """A box around lines of text, the first of them bold."""
    first = y + height / 2 - 9 * (len(texts) - 1)
    styles = ["font-size:14px;font-weight:600", *["font-size:12.5px"] * (len(texts) - 1)]
    words = "".join(
        f'<text x="{x + width / 2:g}" y="{first + 18 * i:g}" dy=".36em" text-anchor="middle"'
        f' style="fill:{_INK};{style}">{escape(text)}</text>'
        for i, (text, style) in enumerate(zip(texts, styles, strict=True))
    )
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="7" fill="none"'
        f' stroke-width="1.8" style="stroke:{colour}"/>{words}'
    )


def _arrow(x0: float, y0: float, x1: float, y1: float, colour: str = _INK) -> str:
    """An arrow between two points: straight if they are level or plumb, else an S lying down."""
    across, sign = (x1 - x0) / 2, 1 if y1 > y0 else -1
    curve = "" if x0 == x1 or y0 == y1 else f"C{x0 + across:g},{y0:g} {x1 - across:g},{y1:g} "
    if x0 == x1:
        end, head = (
            (x1, y1 - 8 * sign),
            f"M{x1 - 4:g},{y1 - 9 * sign:g}l4,{9 * sign}l4,{-9 * sign}z",
        )
    else:
        end, head = (x1 - 8, y1), f"M{x1 - 9:g},{y1 - 4:g}l9,4l-9,4z"
    line = f"M{x0:g},{y0:g}{curve or 'L'}{end[0]:g},{end[1]:g}"
    return (
        f'<path d="{line}" fill="none" stroke-width="1.6" style="stroke:{colour}"/>'
        f'<path d="{head}" style="fill:{colour}"/>'
    )


def _text(x: float, y: float, text: str, colour: str, anchor: str) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" style="fill:{colour};font-size:13px">'
        f"{escape(text)}</text>"
    )
