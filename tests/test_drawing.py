"""Tests of paper_nas.drawing: geometry, order, crossings, colours, accessibility."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paper_nas.drawing import (
    MAX_VERTICES,
    OPERATION_COLOURS,
    OTHER_COLOUR,
    DagLayout,
    Edge,
    Point,
    dag_layout,
    dag_svg,
    text_colour,
)

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def graphs(draw: st.DrawFn, largest: int = MAX_VERTICES) -> tuple[list[str], list[Edge]]:
    """Any labelled graph in topological order: also without a chain, with two STARTs, and so on."""
    count = draw(st.integers(1, largest))
    labels = draw(
        st.lists(st.sampled_from(list(OPERATION_COLOURS)), min_size=count, max_size=count)
    )
    pairs = list(itertools.combinations(range(count), 2))
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return labels, edges


def chain(count: int) -> list[Edge]:
    return [(i, i + 1) for i in range(count - 1)]


def sample(path: tuple[Point, ...], steps: int = 40) -> np.ndarray:
    """Points [S, 2] along a piecewise cubic curve."""
    points = np.asarray(path)
    t = np.linspace(0, 1, steps)[:, None]
    pieces = []
    for i in range(0, len(points) - 1, 3):
        a, b, c, d = points[i : i + 4]
        pieces.append(
            (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
        )
    return np.concatenate(pieces)


def intersect(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two polylines have properly crossing segments."""

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (
            r[..., 0] - p[..., 0]
        )

    a, b = first[:-1, None], first[1:, None]
    c, d = second[None, :-1], second[None, 1:]
    crossing = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    return bool(crossing.any())


def crossings(layout: DagLayout) -> int:
    curves = [sample(path) for path in layout.paths]
    return sum(intersect(a, b) for a, b in itertools.combinations(curves, 2))


@settings(max_examples=60, deadline=None)
@given(graph=graphs(), orientation=st.sampled_from(["vertical", "horizontal"]))
def test_everything_lies_inside_and_edges_join_their_boxes(graph, orientation):
    labels, edges = graph
    layout = dag_layout(labels, edges, orientation=orientation)
    width, height = layout.box_size
    assert layout.edges == tuple(sorted(edges, key=lambda edge: (edge[1], edge[0])))
    for (source, target), path in zip(layout.edges, layout.paths, strict=True):
        assert len(path) % 3 == 1
        curve = sample(path)
        assert curve.min() >= 0
        assert curve[:, 0].max() <= layout.width
        assert curve[:, 1].max() <= layout.height
        for vertex, point in ((source, path[0]), (target, path[-1])):
            off = np.abs(np.subtract(point, layout.centres[vertex])) - (width / 2, height / 2)
            assert off.max() == pytest.approx(0, abs=0.02)  # on the border, rounded to 0.01
        inside = np.abs(curve[:, None] - np.asarray(layout.centres)) < (
            width / 2 - 1,
            height / 2 - 1,
        )
        assert not inside.all(axis=2).any()  # no edge runs through a box


def test_vertical_is_top_down_and_horizontal_is_left_to_right():
    labels, edges = ["START", "conv3x3", "sep3x3", "END"], [*chain(4), (0, 2)]
    down = dag_layout(labels, edges).centres
    right = dag_layout(labels, edges, orientation="horizontal").centres
    assert len({x for x, _ in down}) == 1
    assert [y for _, y in down] == sorted(y for _, y in down)
    assert len({y for _, y in right}) == 1
    assert [x for x, _ in right] == sorted(x for x, _ in right)


def test_the_order_and_repetition_of_edges_do_not_matter():
    labels = ["START", *["conv3x3"] * 6, "END"]
    edges = [*chain(8), (0, 3), (1, 5), (2, 6), (0, 6)]
    assert dag_layout(labels, edges) == dag_layout(labels, [*edges[::-1], (0, 3)])


@pytest.mark.parametrize("count", [3, 5, 8, 14])
def test_nested_arcs_do_not_cross(count):
    star = [(0, target) for target in range(2, count)]
    fan = [(source, count - 1) for source in range(1, count - 2)]
    assert crossings(dag_layout(["conv3x3"] * count, [*chain(count), *star])) == 0
    assert crossings(dag_layout(["conv3x3"] * count, [*chain(count), *star, *fan])) == 0


@settings(max_examples=40, deadline=None)
@given(graph=graphs(largest=8))
def test_arcs_cross_only_where_both_sides_are_taken(graph):
    """If the arcs that would cross can be kept apart on two sides, the drawing has no crossing."""
    labels, edges = graph
    arcs = [edge for edge in edges if edge[1] - edge[0] > 1]
    clash = {
        frozenset((p, q)) for p, q in itertools.permutations(arcs, 2) if p[0] < q[0] < p[1] < q[1]
    }
    colour: dict[Edge, int] = {}
    planar = True
    for start in arcs:
        stack = [] if start in colour else [start]
        colour.setdefault(start, 0)
        while stack:
            arc = stack.pop()
            for other in arcs:
                if frozenset((arc, other)) in clash:
                    if other not in colour:
                        colour[other] = 1 - colour[arc]
                        stack.append(other)
                    planar &= colour[other] != colour[arc]
    count = crossings(dag_layout(labels, edges))
    assert (count == 0) == planar
    assert count <= len(clash)


def test_a_full_graph_crosses_less_than_on_one_side():
    pairs = list(itertools.combinations(range(8), 2))
    one_side = sum(a < c < b < d for (a, b), (c, d) in itertools.permutations(pairs, 2))
    assert crossings(dag_layout(["conv3x3"] * 8, pairs)) < one_side / 2


@pytest.mark.parametrize(
    ("labels", "edges", "message"),
    [
        ([], [], "0"),
        (["conv3x3"] * 15, [], "15"),
        (["START", "END"], [(1, 0)], "1 -> 0"),
        (["START", "END"], [(0, 2)], "0 -> 2"),
        (["START", "END"], [(-1, 1)], "-1 -> 1"),
        (["START", "END"], [(1, 1)], "1 -> 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(labels, edges, message):
    with pytest.raises(ValueError, match=message):
        dag_layout(labels, edges)


def test_an_unknown_orientation_is_refused():
    with pytest.raises(ValueError, match="diagonal"):
        dag_layout(["START"], [], orientation="diagonal")  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(graph=graphs())
def test_the_svg_is_well_formed_without_ids_and_shows_every_vertex(graph):
    labels, edges = graph
    root = ElementTree.fromstring(dag_svg(labels, edges, numbered=True))
    assert root.get("role") == "img"
    title = root.find(f"{SVG}title")
    assert title is not None
    assert root.get("aria-label") == title.text
    assert not [element for element in root.iter() if element.get("id")]
    boxes = list(root.iter(f"{SVG}rect"))
    assert [box.get("fill") for box in boxes] == [OPERATION_COLOURS[label] for label in labels]
    assert len(list(root.iter(f"{SVG}path"))) == 2 * len(edges)


def test_a_page_style_for_text_does_not_reach_into_the_boxes():
    """Sites set the colour of text in pictures; only an inline style withstands that."""
    root = ElementTree.fromstring(dag_svg(["conv3x3", "conv5x5"], [(0, 1)]))
    styles = [text.get("style") for text in root.iter(f"{SVG}text")]
    assert styles == ["fill:#111111", "fill:#ffffff"]


def test_labels_and_titles_are_escaped():
    root = ElementTree.fromstring(dag_svg(["<b>&", "END"], [], title='a < "b" & c'))
    assert root.get("aria-label") == 'a < "b" & c'
    assert "<b>&" in [text.text for text in root.iter(f"{SVG}text")]
    assert next(box.get("fill") for box in root.iter(f"{SVG}rect")) == OTHER_COLOUR


def test_the_default_title_says_what_the_picture_shows():
    svg = dag_svg(["START", "sep5x5", "conv3x3", "END"], [(0, 1), (0, 2), (2, 3)])
    title = ElementTree.fromstring(svg).find(f"{SVG}title")
    assert title is not None
    assert title.text == (
        "Graph of 0 START, 1 sep5x5, 2 conv3x3, 3 END; skip edges: 0 to 2;"
        " missing in the chain: 1 to 2"
    )


def test_scale_changes_the_size_only():
    small, large = (
        ElementTree.fromstring(dag_svg(["START", "END"], [(0, 1)], scale=scale))
        for scale in (0.5, 2.0)
    )
    assert small.get("viewBox") == large.get("viewBox")
    assert float(large.get("width", 0)) == pytest.approx(4 * float(small.get("width", 0)), abs=3)


def test_ink_replaces_the_inherited_colour():
    edges = [(0, 1)]
    assert "currentColor" in dag_svg(["START", "END"], edges)
    assert "currentColor" not in dag_svg(["START", "END"], edges, ink="#777777")


def test_json_holds_all_that_a_page_draws():
    layout = dag_layout(["START", "maxpool3x3", "END"], [*chain(3), (0, 2)])
    data = json.loads(json.dumps(layout.to_json_dict()))
    assert data["texts"] == ["START", "max-pool 3×3", "END"]
    assert data["fills"][1] == OPERATION_COLOURS["maxpool3x3"]
    assert data["edges"] == [list(edge) for edge in layout.edges]
    assert [tuple(map(tuple, path)) for path in data["paths"]] == list(layout.paths)
    assert data["width"] == layout.width


def linear_rgb(colour: str) -> np.ndarray:
    """Linear-light channels [3] of a colour."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """Contrast ratio of WCAG 2."""
    low, high = sorted(linear_rgb(colour) @ (0.2126, 0.7152, 0.0722) for colour in (first, second))
    return float((high + 0.05) / (low + 0.05))


@pytest.mark.parametrize("fill", sorted({*OPERATION_COLOURS.values(), OTHER_COLOUR}))
def test_text_in_boxes_meets_wcag_aa(fill):
    chosen = text_colour(fill)
    other = {"#111111": "#ffffff", "#ffffff": "#111111"}[chosen]
    assert contrast(chosen, fill) >= max(4.5, contrast(other, fill))


# Colour as seen without one kind of cone: Machado, Oliveira and Fernandes (2009), severity 1.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour: str, blindness: str) -> np.ndarray:
    """CIE L*a*b* [3] of a colour as seen with a kind of colour blindness."""
    xyz = TO_XYZ @ np.clip(BLINDNESS[blindness] @ linear_rgb(colour), 0, 1) / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    ("blindness", "least"),
    [("none", 25), ("protanopia", 25), ("deuteranopia", 25), ("tritanopia", 10)],
)
def test_operations_differ_in_colour_for_everyone(blindness, least):
    """Distances of 10 are easily told apart; tritanopia affects one person in 10,000."""
    fills = [fill for label, fill in OPERATION_COLOURS.items() if label not in ("START", "END")]
    points = [lab(fill, blindness) for fill in fills]
    distances = [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(points, 2)]
    assert min(distances) >= least
