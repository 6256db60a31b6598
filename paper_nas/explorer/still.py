"""The explorer as a still picture, for pages without JavaScript and until the script has come.

Glossary of shapes: ``R`` rows, ``G`` cells per side of the grid.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from paper_nas.drawing import OPERATION_COLOURS, Edge, dag_svg
from paper_nas.explorer.export import Bundle
from paper_nas.explorer.packing import MAX_VERTICES
from paper_nas.space import VERTEX_NAMES

CELLS = 60
"""Along the longer side of the picture."""
CELL = 8
"""Pixels."""
SHADES = ("#cdb75c", "#8fb481", "#4f9f9f", "#2f7ba3", "#47619f")
"""From the lowest to the highest scores; ordered by lightness, and seen on light and dark pages."""


def read_array(bundle: Bundle, file: dict[str, Any], name: str) -> np.ndarray:
    """One array of a file, as the browser reads it.

    Args:
        bundle: The files.
        file: The description of one of them.
        name: Of the array.
    """
    entry = file["arrays"][name]
    codes = np.frombuffer(
        bundle.files[file["file"]],
        np.dtype(entry["dtype"]).newbyteorder("<"),
        count=int(np.prod(entry["shape"])),
        offset=entry["offset"],
    ).reshape(entry["shape"])
    if "step" not in entry:
        return codes
    values = np.asarray(entry["minimum"]) + np.asarray(entry["step"]) * codes
    return np.where(codes == entry["missing"], np.nan, values) if "missing" in entry else values


def unpack_graph(types_word: int, edges_word: int) -> tuple[list[int], list[Edge]]:
    """The inverse of :func:`paper_nas.explorer.packing.pack_graphs`, for one graph.

    >>> unpack_graph(3 | 4 << 4 | 1 << 7, 0b101)
    ([0, 4, 1], [(0, 1), (1, 2)])
    """
    count = types_word & 15
    types = [0, *((types_word >> (1 + 3 * vertex)) & 7 for vertex in range(1, count))]
    pairs = [(u, v) for v in range(1, MAX_VERTICES) for u in range(v)]
    edges = [pair for bit, pair in enumerate(pairs) if edges_word >> bit & 1 and pair[1] < count]
    return types, edges


def middle_graph(bundle: Bundle) -> tuple[list[str], list[Edge]]:
    """Labels and edges of the graph that the first model decodes in the middle of its plane."""
    grid = bundle.index["models"][0]["grid"]
    place = []
    for low, high in (grid["y"], grid["x"]):
        cell = round(-low / (high - low) * (grid["size"] - 1))
        place.append(min(max(cell, 0), grid["size"] - 1))
    words = (int(read_array(bundle, grid, name)[tuple(place)]) for name in ("types", "edges"))
    types, edges = unpack_graph(*words)
    return [VERTEX_NAMES[kind] for kind in types], edges


def score_map(points: np.ndarray, scores: np.ndarray) -> str:
    """Mean score by place, as SVG.

    Args:
        points: ``[R, 2]``, coordinates in the plane.
        scores: ``[R]``.
    """
    low, high = points.min(0), points.max(0)
    step = float((high - low).max()) / (CELLS - 1) or 1.0
    columns, lines = np.floor((points - low) / step).astype(int).T
    width, height = int(columns.max()) + 1, int(lines.max()) + 1
    cell = lines * width + columns
    counts = np.bincount(cell, minlength=width * height)
    means = np.bincount(cell, scores, minlength=width * height) / np.maximum(counts, 1)
    limits = np.quantile(scores, np.linspace(0, 1, len(SHADES) + 1)[1:-1])
    shade = np.digitize(means, limits)
    layers = []
    for number, colour in enumerate(SHADES):
        filled = np.flatnonzero((counts > 0) & (shade == number))
        squares = (
            f"M{CELL * (place % width)},{CELL * (height - 1 - place // width)}h7v7h-7z"
            for place in filled.tolist()
        )
        layers.append(f'<path fill="{colour}" d="{"".join(squares)}"/>')
    words = escape(_words(len(scores)), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CELL * width} {CELL * height}"'
        f' role="img" aria-label="{words}">{"".join(layers)}</svg>'
    )


def _words(count: int) -> str:
    return (
        f"{count:,} architectures in the plane of the first two principal axes of their latents, "
        "coloured by mean score, from ochre (low) to blue (high)."
    )


def still_html(bundle: Bundle) -> str:
    """The map of the first model, the graph in its middle, and a sentence.

    Args:
        bundle: The files of one data set.
    """
    model = bundle.index["models"][0]
    points = read_array(bundle, model["coordinates"], "pca")
    scores = read_array(bundle, bundle.index["points"], "accuracy")
    labels, edges = middle_graph(bundle)
    assert set(labels) <= set(OPERATION_COLOURS)
    return (
        f'<div class="pnx-still">{score_map(points, scores)}{dag_svg(labels, edges, scale=0.9)}'
        f"<p>{escape(model['label'])}: {escape(_words(len(scores)))} Beside it, the graph that the "
        "decoder gives for the point in the middle.</p></div>"
        "<noscript><p>The explorer needs JavaScript: with it, you move a point over this map and "
        "watch the graph change.</p></noscript>"
    )
