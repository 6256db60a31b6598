"""One layout of a labelled directed acyclic graph, and its picture as SVG.

Vertices are equal boxes in a chain, in topological order. An edge between neighbours is a straight
arrow; every other edge is an arc beside the chain. Arcs are spread over the two sides so that few
cross, and on each side a longer arc runs outside the ones it encloses, in the manner of Figures 1,
5 and 6 of the paper. The same layout serves the pictures on the pages and, as JSON, the browser.

Nothing here knows about architectures: any graph in topological order can be drawn, among them the
invalid graphs a decoder may produce.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

Point = tuple[float, float]
Edge = tuple[int, int]
Orientation = Literal["vertical", "horizontal"]

OPERATION_COLOURS: dict[str, str] = {
    "START": "#6b7280",
    "END": "#6b7280",
    "conv3x3": "#7cc4f0",
    "sep3x3": "#f5b84c",
    "conv5x5": "#0b66a8",
    "sep5x5": "#c4500a",
    "avgpool3x3": "#8fd6b4",
    "maxpool3x3": "#0f6b4f",
}
"""Fill of a box by label: convolutions blue, separable ones orange, poolings green; the light shade
is 3x3 (or average), the dark one 5x5 (or maximum). The six stay apart with red-green blindness."""

OTHER_COLOUR = "#8d95a1"
"""Fill of a box whose label is not in :data:`OPERATION_COLOURS`."""

OUTLINE = "#8a919c"
"""Thin outline of every box; keeps dark boxes visible on dark pages, light ones on light pages."""

MAX_VERTICES = 14
"""More do not fit on a page."""

_FONT_SIZE = 13.0
_CHARACTER = 7.3  # average width of one character at that size
_BOX_HEIGHT = 28.0
_GAP = 22.0  # between two neighbouring boxes, in the direction of the chain
_LEAD = 9.0  # straight piece at both ends of an arc; the arrow head sits in the last one
_MARGIN = 4.0
_ARROW = 7.0
_CORNER = 40.0  # greatest extent of an arc's bend along the chain
_KAPPA = 0.5523  # a cubic curve with this handle is a quarter of a circle, to 0.03 %


@dataclass(frozen=True)
class DagLayout:
    """Where everything of a drawn graph is, in pixels; x to the right, y downwards.

    Attributes:
        labels: Label of each vertex, in topological order (``N`` vertices).
        edges: ``(source, target)``, each once, ordered by target, then source.
        centres: Centre of each vertex's box, ``N`` points.
        box_size: Width and height of every box.
        paths: Control points of each edge, in the order of :attr:`edges`: a first point, then
            three per cubic Bezier segment (two handles, end point). The last point touches the
            target's box.
        width: Width of the whole picture.
        height: Height of the whole picture.
    """

    labels: tuple[str, ...]
    edges: tuple[Edge, ...]
    centres: tuple[Point, ...]
    box_size: Point
    paths: tuple[tuple[Point, ...], ...]
    width: float
    height: float

    def to_json_dict(self) -> dict[str, Any]:
        """The fields as lists and numbers for the browser, with each vertex's text and colours."""
        fills = [OPERATION_COLOURS.get(label, OTHER_COLOUR) for label in self.labels]
        return {
            "labels": list(self.labels),
            "texts": [display_label(label) for label in self.labels],
            "fills": fills,
            "text_colours": [text_colour(fill) for fill in fills],
            "edges": [list(edge) for edge in self.edges],
            "centres": [list(point) for point in self.centres],
            "box_size": list(self.box_size),
            "paths": [[list(point) for point in path] for path in self.paths],
            "width": self.width,
            "height": self.height,
        }


def display_label(label: str) -> str:
    """A label as a reader likes it.

    >>> display_label("conv3x3"), display_label("avgpool5x5"), display_label("END")
    ('conv 3×3', 'avg-pool 5×5', 'END')
    """
    match = re.fullmatch(r"([a-z]+?)(pool)?(\d)x(\d)", label)
    if match is None:
        return label
    stem, pool, rows, columns = match.groups()
    return f"{stem}{'-pool' if pool else ''} {rows}×{columns}"


def text_colour(fill: str) -> str:
    """Dark or light text, whichever is easier to read on a fill ``#rrggbb``."""
    red, green, blue = (int(fill[i : i + 2], 16) for i in (1, 3, 5))
    return "#111111" if 299 * red + 587 * green + 114 * blue > 125_000 else "#ffffff"


def dag_layout(
    labels: Sequence[str],
    edges: Iterable[Edge],
    *,
    orientation: Orientation = "vertical",
) -> DagLayout:
    """Lay out a labelled graph whose vertices stand in topological order.

    The result depends on the arguments only, not on the order of the edges.

    Args:
        labels: One label per vertex, 1 to 14 of them.
        edges: Pairs ``(source, target)`` with ``source < target``; repeated pairs count once.
        orientation: The chain runs downwards (``"vertical"``) or to the right (``"horizontal"``).

    Raises:
        ValueError: Too many or no vertices, an edge outside them or against the order, or an
            unknown orientation.
    """
    if orientation not in ("vertical", "horizontal"):
        raise ValueError(f"orientation is 'vertical' or 'horizontal', not {orientation!r}")
    names = tuple(str(label) for label in labels)
    if not 1 <= len(names) <= MAX_VERTICES:
        raise ValueError(f"a drawing has 1 to {MAX_VERTICES} vertices, not {len(names)}")
    pairs = tuple(sorted({(int(u), int(v)) for u, v in edges}, key=lambda edge: edge[::-1]))
    for source, target in pairs:
        if not 0 <= source < target < len(names):
            raise ValueError(
                f"edge {source} -> {target} does not go forward within 0..{len(names) - 1}"
            )
    longest = max(len(display_label(name)) for name in names)
    box = (max(56.0, longest * _CHARACTER + 34.0), _BOX_HEIGHT)
    chain = _Chain(box if orientation == "horizontal" else (box[1], box[0]), len(names), pairs)
    # The chain works in (along, across). Downwards, "across" is x; to the right, it is -y, so that
    # the arcs drawn first stand above the boxes.
    low, high = chain.extent()
    along = chain.length + 2 * _MARGIN
    across = high - low + 2 * _MARGIN

    def place(point: Point) -> Point:
        forward, aside = point[0] + _MARGIN, point[1] - low + _MARGIN
        x, y = (aside, forward) if orientation == "vertical" else (forward, across - aside)
        return round(x, 2), round(y, 2)

    return DagLayout(
        labels=names,
        edges=pairs,
        centres=tuple(place((chain.centre(v), 0.0)) for v in range(len(names))),
        box_size=(round(box[0], 2), round(box[1], 2)),
        paths=tuple(tuple(place(point) for point in chain.path(edge)) for edge in pairs),
        width=round(across if orientation == "vertical" else along, 2),
        height=round(along if orientation == "vertical" else across, 2),
    )


class _Chain:
    """The layout in chain coordinates: distance along the chain, offset across it."""

    def __init__(self, box: Point, count: int, edges: Sequence[Edge]) -> None:
        """``box`` is the extent of a box along and across the chain."""
        self.box = box
        self.pitch = box[0] + _GAP
        self.length = count * box[0] + (count - 1) * _GAP
        arcs = sorted(
            (edge for edge in edges if edge[1] - edge[0] > 1),
            key=lambda edge: (edge[1] - edge[0], edge[0]),
        )
        self.sides = _choose_sides(arcs)
        self.lanes: dict[Edge, int] = {}
        for side in (1, -1):
            self.lanes |= _lanes([arc for arc in arcs if self.sides[arc] == side])
        self.lane_width = max(5.0, min(13.0, 120.0 / max(self.lanes.values(), default=1)))
        self.ports = self._ports()

    def centre(self, vertex: int) -> float:
        """Middle of a vertex along the chain."""
        return self.box[0] / 2 + vertex * self.pitch

    def bulge(self, arc: Edge) -> float:
        """How far an arc stands off the boxes."""
        return _LEAD + 5.0 + self.lanes[arc] * self.lane_width

    def extent(self) -> tuple[float, float]:
        """Least and greatest offset across the chain."""
        reach = {1: 0.0, -1: 0.0}
        for arc, side in self.sides.items():
            reach[side] = max(reach[side], self.bulge(arc))
        return -self.box[1] / 2 - reach[-1], self.box[1] / 2 + reach[1]

    def _ports(self) -> dict[tuple[Edge, int], float]:
        """Where each arc touches each of its vertices, along the chain.

        On one side of a box, the arcs that arrive come before those that leave; arriving ones run
        from short to long and leaving ones from long to short, which keeps nested arcs apart.
        """
        groups: dict[tuple[int, int], list[Edge]] = {}
        for arc, side in self.sides.items():
            for vertex in arc:
                groups.setdefault((vertex, side), []).append(arc)
        ports = {}
        for (vertex, _), arcs in groups.items():
            arriving = sorted((a for a in arcs if a[1] == vertex), key=lambda a: -a[0])
            leaving = sorted((a for a in arcs if a[0] == vertex), key=lambda a: -a[1])
            step = min(10.0, 0.8 * self.box[0] / len(arcs))
            first = self.centre(vertex) - step * (len(arcs) - 1) / 2
            for index, arc in enumerate(arriving + leaving):
                ports[arc, vertex] = first + index * step
        return ports

    def path(self, edge: Edge) -> list[Point]:
        """Control points of one edge in chain coordinates."""
        source, target = edge
        if target - source == 1:
            start = self.centre(source) + self.box[0] / 2
            third = _GAP / 3
            return [(start + k * third, 0.0) for k in range(3)] + [(start + _GAP, 0.0)]
        side = self.sides[edge]
        begin, end = self.ports[edge, source], self.ports[edge, target]
        wall, turn = self.box[1] / 2, self.box[1] / 2 + _LEAD
        far = self.box[1] / 2 + self.bulge(edge)
        bend = min(far - turn, _CORNER, (end - begin) / 2)
        handle, aside = bend * (1 - _KAPPA), turn + _KAPPA * (far - turn)
        points = [(begin, wall), *_straight((begin, wall), (begin, turn))]
        points += [(begin, aside), (begin + handle, far), (begin + bend, far)]
        points += _straight((begin + bend, far), (end - bend, far))
        points += [(end - handle, far), (end, aside), (end, turn)]
        points += _straight((end, turn), (end, wall))
        return [(along, side * across) for along, across in points]


def _straight(start: Point, end: Point) -> list[Point]:
    """The two handles and the end point of a straight cubic segment."""
    step = ((end[0] - start[0]) / 3, (end[1] - start[1]) / 3)
    first = (start[0] + step[0], start[1] + step[1])
    return [first, (end[0] - step[0], end[1] - step[1]), end]


def _cross(first: Edge, second: Edge) -> bool:
    """Whether two arcs must cross when they run on the same side."""
    (a, b), (c, d) = sorted((first, second))
    return a < c < b < d


def _lanes(arcs: Iterable[Edge]) -> dict[Edge, int]:
    """Lane (1 is nearest to the boxes) of each arc of one side, given from short to long."""
    lanes: dict[Edge, int] = {}
    for arc in arcs:
        below = [lane for a, lane in lanes.items() if a[0] < arc[1] and arc[0] < a[1]]
        lanes[arc] = 1 + max(below, default=0)
    return lanes


def _choose_sides(arcs: Sequence[Edge]) -> dict[Edge, int]:
    """Put each arc on side 1 or -1: few crossings first, then few lanes.

    Arcs that would cross form groups. A group is walked breadth first, each arc going where it
    crosses fewer of those already placed; this finds a drawing without crossings when one exists.

    Args:
        arcs: From short to long.
    """
    rivals = {arc: [other for other in arcs if _cross(arc, other)] for arc in arcs}
    sides: dict[Edge, int] = {}
    for first in arcs:
        if first in sides:
            continue
        group = {first: 1}
        queue = [first]
        for arc in queue:
            for other in rivals[arc]:
                if other not in group:
                    balance = sum(group[a] for a in rivals[other] if a in group)
                    group[other] = -1 if balance > 0 else 1
                    queue.append(other)
        turned = {arc: -side for arc, side in group.items()}
        sides |= min((group, turned), key=lambda choice: _cost(arcs, {**sides, **choice}))
    for _ in range(len(arcs)):
        flips = [
            a for a in arcs if sum(sides[b] == sides[a] for b in rivals[a]) * 2 > len(rivals[a])
        ]
        if not flips:
            break
        sides[flips[0]] *= -1
    return sides


def _cost(arcs: Sequence[Edge], sides: dict[Edge, int]) -> tuple[int, int]:
    """Lanes of the wider side, and of both."""
    counts = [
        max(_lanes([a for a in arcs if sides.get(a) == side]).values(), default=0)
        for side in (1, -1)
    ]
    return max(counts), sum(counts)


def dag_svg(
    labels: Sequence[str],
    edges: Iterable[Edge],
    *,
    title: str | None = None,
    orientation: Orientation = "vertical",
    scale: float = 1.0,
    numbered: bool = False,
    ink: str = "currentColor",
) -> str:
    """Draw a labelled graph as a self-contained SVG element.

    Edges take the colour of the text around the picture, so they show on light and dark pages when
    the element stands in an HTML page. In an image file of its own, give ``ink`` a colour. The
    picture has no ids, so any number of them can share a page.

    Args:
        labels: As in :func:`dag_layout`.
        edges: As in :func:`dag_layout`.
        title: What a screen reader says; by default the labels and the arcs in words.
        orientation: As in :func:`dag_layout`.
        scale: Size on the page, 1 = 13-pixel text.
        numbered: Write each vertex's number in front of its label.
        ink: Colour of the edges.

    Raises:
        ValueError: As in :func:`dag_layout`.
    """
    names = [str(label) for label in labels]
    layout = dag_layout(names, edges, orientation=orientation)
    heading = escape(title if title is not None else _describe(layout), quote=True)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{heading}"'
        f' width="{layout.width * scale:.0f}" height="{layout.height * scale:.0f}"'
        f' viewBox="0 0 {layout.width:g} {layout.height:g}"'
        ' style="max-width:100%;height:auto;background:transparent">',
        f"<title>{heading}</title>",
        f'<g fill="none" stroke="{escape(ink, quote=True)}" stroke-width="1.6">',
        *(f'<path d="{_path_data(path)}"/>' for path in layout.paths),
        "</g>",
        f'<g fill="{escape(ink, quote=True)}">',
        *(f'<path d="{_arrow_data(path)}"/>' for path in layout.paths),
        "</g>",
        f'<g font-family="system-ui,sans-serif" font-size="{_FONT_SIZE:g}" text-anchor="middle">',
        *(_box_svg(layout, vertex, numbered) for vertex in range(len(names))),
        "</g>",
        "</svg>",
    ]
    return "".join(parts)


def _describe(layout: DagLayout) -> str:
    """The graph in words."""
    text = "Graph of " + ", ".join(f"{i} {name}" for i, name in enumerate(layout.labels))
    arcs = [f"{u} to {v}" for u, v in layout.edges if v - u > 1]
    chain = {(i, i + 1) for i in range(len(layout.labels) - 1)}
    missing = [f"{u} to {v}" for u, v in sorted(chain - set(layout.edges))]
    text += "; skip edges: " + (", ".join(arcs) or "none")
    return text + ("; missing in the chain: " + ", ".join(missing) if missing else "")


def _box_svg(layout: DagLayout, vertex: int, numbered: bool) -> str:
    """One rounded box with its label."""
    (x, y), (width, height) = layout.centres[vertex], layout.box_size
    label = layout.labels[vertex]
    fill = OPERATION_COLOURS.get(label, OTHER_COLOUR)
    ink = text_colour(fill)
    number = f'<tspan fill-opacity=".8" font-size="10">{vertex}\u2002</tspan>' if numbered else ""
    return (
        f'<rect x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width:g}"'
        f' height="{height:g}" rx="7" fill="{fill}" stroke="{OUTLINE}"/>'
        f'<text x="{x:g}" y="{y:g}" dy=".36em" style="fill:{ink}">{number}'
        f"{escape(display_label(label))}</text>"
    )


def _direction(path: Sequence[Point]) -> Point:
    """Unit vector in which a path arrives."""
    (x0, y0), (x1, y1) = path[-2], path[-1]
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    return (x1 - x0) / length, (y1 - y0) / length


def _path_data(path: Sequence[Point]) -> str:
    """SVG path data, ending inside the arrow head so that its tip stays sharp."""
    dx, dy = _direction(path)
    end = (path[-1][0] - 0.7 * _ARROW * dx, path[-1][1] - 0.7 * _ARROW * dy)
    words = [f"{x:g},{y:g}" for x, y in (*path[1:-1], end)]
    curves = "".join("C" + " ".join(words[i : i + 3]) for i in range(0, len(words), 3))
    return f"M{path[0][0]:g},{path[0][1]:g}{curves}"


def _arrow_data(path: Sequence[Point]) -> str:
    """The arrow head at the end of a path, as a closed triangle."""
    (x, y), (dx, dy) = path[-1], _direction(path)
    half = 0.46 * _ARROW
    back = (x - _ARROW * dx, y - _ARROW * dy)
    left = (back[0] - half * dy, back[1] + half * dx)
    right = (back[0] + half * dy, back[1] - half * dx)
    return f"M{x:g},{y:g}L{left[0]:.2f},{left[1]:.2f}L{right[0]:.2f},{right[1]:.2f}Z"
