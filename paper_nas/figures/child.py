"""A picture of a child network: maps that shrink, channels that grow, skips as arcs."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from paper_nas.child.structure import reduction_layers, selected_entries
from paper_nas.drawing import OPERATION_COLOURS, display_label
from paper_nas.figures.style import INK, new_figure
from paper_nas.space import OPERATION_NAMES, Architecture

STEM_COLOUR = OPERATION_COLOURS["START"]
_HALF_WIDTH = 0.32
_TALLEST = 1.0  # half the height of the largest map


def child_network(
    architecture: Architecture, channels: int, image_shape: tuple[int, int, int]
) -> go.Figure:
    """The network of one architecture as final training builds it.

    A box is a layer's output: as tall as its map, in the colour of its operation, with the size of
    the map and its channels underneath. An arc is a skip. A dotted line is a reduction.

    Args:
        architecture: The architecture.
        channels: Channels of the stem.
        image_shape: Channels, height and width of an image.
    """
    size, largest, sites = image_shape[1], image_shape[1], reduction_layers(architecture.num_layers)
    names = ["stem", *(OPERATION_NAMES[o] for o in architecture.operations)]
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    words: list[str] = []
    for position, name in enumerate(names):
        tall = _TALLEST * (size / largest) ** 0.5
        shapes.append(_box(position, tall, OPERATION_COLOURS.get(name, STEM_COLOUR)))
        label = "stem" if position == 0 else display_label(name)
        short = label.replace(" ", "<br>") if " " in label else f"{label}<br>"
        notes.append(
            _note(position, -_TALLEST - 0.1, f"{short}<br>{size}×{size}<br>{channels} ch.")
        )
        words.append(f"{label}, {size}x{size} with {channels} channels")
        if position > 0:
            for entry in selected_entries(architecture, position - 1):
                shapes.append(_arc(entry, position))
        if position - 1 in sites:
            shapes.append(_reduction(position))
            size, channels = (size + 1) // 2, 2 * channels
    skips = sum(architecture.skips)
    alt = (
        f"A child network drawn from left to right: {'; '.join(words)}; then the mean over the map "
        f"and a linear classifier. {skips} skips are drawn as arcs; maps are halved and channels "
        f"doubled after layers {' and '.join(str(site + 1) for site in sites)}."
    )
    figure = new_figure("child-network", alt, shapes=shapes, annotations=notes, height=360)
    figure.update_layout(margin={"l": 8, "r": 8, "t": 12, "b": 8})
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=[-0.6, len(names) - 0.4], **hidden)
    return figure.update_yaxes(range=[-_TALLEST - 1.15, _TALLEST + 1.5], **hidden)


def _box(position: int, tall: float, colour: str) -> dict[str, Any]:
    return {
        "type": "rect", "x0": position - _HALF_WIDTH, "x1": position + _HALF_WIDTH, "y0": -tall,
        "y1": tall, "fillcolor": colour, "line": {"color": INK, "width": 1},
    }  # fmt: skip


def _arc(entry: int, position: int) -> dict[str, Any]:
    """From a cache entry's box to a layer's, over those between; longer arcs are higher."""
    top, height = _TALLEST + 0.08, 0.25 + 0.42 * (position - entry)
    path = f"M {entry},{top} Q {(entry + position) / 2},{top + height} {position - 0.12},{top}"
    return {"type": "path", "path": path, "line": {"color": INK, "width": 1.6}}


def _reduction(position: int) -> dict[str, Any]:
    x = position + 0.5
    line = {"color": INK, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "y0": -_TALLEST, "y1": _TALLEST, "line": line}


def _note(x: float, y: float, text: str) -> dict[str, Any]:
    return {
        "x": x, "y": y, "text": text, "showarrow": False, "yanchor": "top", "font": {"size": 10},
    }  # fmt: skip
