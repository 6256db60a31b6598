"""Controls for a notebook with a kernel, each with a picture for the page without one.

The logic (:class:`Draft`, :class:`AccuracyRecords`) knows nothing of widgets;
:class:`ArchitectureBuilder` is the view. An object shown as the result of a cell carries both the
live widget, which JupyterLab takes, and HTML, which the static site takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any

import ipywidgets as widgets
import networkx as nx
import numpy as np
import plotly.graph_objects as go

from paper_nas.datasets import ArchitectureDataset
from paper_nas.drawing import Edge, dag_svg, display_label
from paper_nas.rendering import STATIC_SITE_VARIABLE
from paper_nas.space import (
    OPERATION_NAMES,
    VERTEX_NAMES,
    Architecture,
    EnasSpace,
    is_valid_graph,
    num_skip_bits,
)
from paper_nas.statistics import PROPERTY_NAMES, adjacency_properties

SHOWN_PROPERTIES = ("skips", "depth", "shortest_path", "mean_path_length", "transitivity")


class StaticFallback:
    """A widget together with what the static page shows in its place.

    Args:
        widget: Any ipywidgets widget.
        html: HTML for the page, or a function that makes it when it is wanted.
    """

    def __init__(self, widget: widgets.Widget, html: str | Callable[[], str]) -> None:
        """Keep both."""
        self.widget = widget
        self.html = html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle = self.widget._repr_mimebundle_(include=include, exclude=exclude)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        html = self.html() if callable(self.html) else self.html
        return {**data, "text/html": f'<div class="paper-nas-widget">{html}</div>'}


@dataclass(frozen=True)
class Draft:
    """A graph being built: an architecture, some chain edges of which may be switched off.

    Attributes:
        architecture: Operations and free bits.
        missing: Vertices ``i`` whose chain edge ``i -> i + 1`` is switched off.

    Raises:
        ValueError: A vertex in ``missing`` has no chain edge.
    """

    architecture: Architecture
    missing: frozenset[int] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        """Check the switched-off edges."""
        if outside := self.missing - set(range(self.architecture.num_layers + 1)):
            raise ValueError(f"no chain edge starts at {sorted(outside)}")

    @property
    def labels(self) -> list[str]:
        """Name of each vertex."""
        return [VERTEX_NAMES[kind] for kind in self.architecture.vertex_types]

    @property
    def edges(self) -> list[Edge]:
        """The edges that are switched on."""
        return [(u, v) for u, v in self.architecture.edges if v - u > 1 or u not in self.missing]

    def graph(self) -> nx.DiGraph:
        """The graph as :func:`paper_nas.space.is_valid_graph` takes it."""
        graph = nx.DiGraph()
        graph.add_nodes_from((v, {"operation": name}) for v, name in enumerate(self.labels))
        graph.add_edges_from(self.edges)
        return graph

    @property
    def valid(self) -> bool:
        """Whether it is an architecture of the ENAS space."""
        return is_valid_graph(self.graph())

    def problems(self) -> list[str]:
        """Why it is not valid, in words; empty if it is."""
        graph, last = self.graph(), self.architecture.num_layers + 1
        found = [f"the chain edge {u} → {u + 1} is missing" for u in sorted(self.missing)]
        found += [f"nothing feeds vertex {v}" for v in range(1, last + 1) if not graph.in_degree(v)]
        found += [f"vertex {u} feeds nothing" for u in range(last) if not graph.out_degree(u)]
        return found

    def properties(self) -> dict[str, float]:
        """The graph's properties, by the names of :data:`paper_nas.statistics.PROPERTY_NAMES`."""
        size = self.architecture.num_layers + 2
        adjacency = np.zeros((1, size, size))
        for source, target in self.edges:
            adjacency[0, source, target] = 1
        return {name: float(v[0]) for name, v in adjacency_properties(adjacency).items()}

    def svg(self) -> str:
        """The picture."""
        return dag_svg(self.labels, self.edges, numbered=True)

    def facts_html(self, record: str = "") -> str:
        """Validity, properties and what the data say, as a small table.

        Args:
            record: A sentence about the recorded accuracy.
        """
        if self.valid:
            bits, layers = len(self.architecture.skips), self.architecture.num_layers
            verdict = (
                f"<strong>valid</strong>, as is every choice of {layers} operations and "
                f"{bits} bits while the chain is whole"
            )
        else:
            verdict = "<strong>not valid</strong>: " + "; ".join(self.problems())
        values = self.properties()
        rows = [(PROPERTY_NAMES[name], f"{values[name]:.4g}") for name in SHOWN_PROPERTIES]
        rows = [("validity", verdict), *rows]
        if record:
            rows.append(("accuracy", escape(record)))
        cells = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
            f'<td style="text-align:left">{value}</td></tr>'
            for name, value in rows
        )
        return f"<table>{cells}</table>"


class AccuracyRecords:
    """What a data set says about an architecture, or about others with the same skips.

    Args:
        dataset: Any labelled set.
    """

    def __init__(self, dataset: ArchitectureDataset) -> None:
        """Index the rows by architecture and by skip pattern."""
        self._exact: dict[Architecture, list[float]] = {}
        self._pattern: dict[tuple[int, ...], list[float]] = {}
        for architecture, accuracy in zip(dataset.architectures, dataset.accuracy, strict=True):
            self._exact.setdefault(architecture, []).append(float(accuracy))
            self._pattern.setdefault(architecture.skips, []).append(float(accuracy))

    def describe(self, architecture: Architecture) -> str:
        """One sentence, with the accuracy of the architecture or else of its skip pattern."""
        if architecture in self._exact:
            return f"recorded: {_span(self._exact[architecture])}"
        if architecture.skips in self._pattern:
            same = self._pattern[architecture.skips]
            return f"not recorded; {len(same)} recorded with the same skips: {_span(same)}"
        return "neither it nor its skip pattern is recorded"


def _span(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.4f}" if low == high else f"{low:.4f} to {high:.4f}"


class ArchitectureBuilder:
    """Choose operations and skips, and see the graph, its validity and its properties.

    Args:
        num_layers: 1 to 12; ignored when an architecture is given.
        architecture: Where to start; by default 3x3 convolutions without skips.
        dataset: Labelled architectures in which to look up accuracies.
        seed: For the button "random".

    Raises:
        ValueError: A number of layers outside 1 to 12.
    """

    def __init__(
        self,
        num_layers: int = 6,
        architecture: Architecture | None = None,
        dataset: ArchitectureDataset | None = None,
        seed: int = 0,
    ) -> None:
        """Build the controls and show the first picture."""
        if architecture is None:
            bits = num_skip_bits(EnasSpace(num_layers).num_layers)
            architecture = Architecture((0,) * num_layers, (0,) * bits)
        self.start = architecture
        self.space = EnasSpace(architecture.num_layers)
        self._records = None if dataset is None else AccuracyRecords(dataset)
        self._random = np.random.default_rng(seed)
        self._busy = False
        self._make_controls()
        self.view = self._arrange()
        self.draft = Draft(architecture)
        self._show(self.draft)

    @property
    def architecture(self) -> Architecture:
        """The operations and free bits chosen now."""
        return self.draft.architecture

    @architecture.setter
    def architecture(self, value: Architecture) -> None:
        if not self.space.contains(value):
            raise ValueError(f"{value.num_layers} layers; this builder has {self.space.num_layers}")
        self._show(Draft(value))

    # ---- controls --------------------------------------------------------------------------

    def _make_controls(self) -> None:
        layers = range(1, self.space.num_layers + 1)
        choices = [(display_label(name), number) for number, name in enumerate(OPERATION_NAMES)]
        wide = widgets.Layout(width="100%")
        self.operations = {
            layer: widgets.Dropdown(options=choices, layout=wide) for layer in layers
        }
        self.skips = {
            (source, layer): self._toggle(source, layer, "skip")
            for layer in layers
            for source in range(layer - 1)
        }
        self.chain = {
            source: self._toggle(source, source + 1, "chain edge, always there in ENAS")
            for source in range(self.space.num_layers + 1)
        }
        self.text = widgets.Text(
            description="flat string", continuous_update=False, layout=widgets.Layout(width="34em")
        )
        self.message = widgets.HTML()
        self.picture = widgets.HTML()
        self.facts = widgets.HTML()
        self.random = widgets.Button(description="random", icon="random")
        self.reset = widgets.Button(description="reset", icon="undo")
        for control in (*self.operations.values(), *self.skips.values(), *self.chain.values()):
            control.observe(self._on_control, names="value")
        self.text.observe(self._on_text, names="value")
        self.random.on_click(lambda _: self.randomise())
        self.reset.on_click(lambda _: self._show(Draft(self.start)))

    def _toggle(self, source: int, target: int, what: str) -> widgets.ToggleButton:
        """The switch of one edge."""
        return widgets.ToggleButton(
            description=f"{source}→{target}",
            tooltip=f"{what}: from {self._vertex(source)} to {self._vertex(target)}",
            button_style="" if what == "skip" else "info",
            layout=widgets.Layout(width="100%"),
        )

    def _vertex(self, vertex: int) -> str:
        if vertex == 0:
            return "START"
        return "END" if vertex == self.space.num_layers + 1 else f"layer {vertex}"

    def _arrange(self) -> widgets.Widget:
        """The triangular grid of switches, the buttons and the picture."""
        layers = self.space.num_layers
        blank = widgets.HTML
        cells: list[widgets.Widget] = [blank("<b>to</b>"), blank("<b>operation</b>")]
        cells += [blank(f"<b>from {s}</b>") for s in range(layers + 1)]
        for target in range(1, layers + 2):
            cells.append(widgets.Label(self._vertex(target)))
            cells.append(self.operations.get(target, blank()))
            cells += [self.skips.get((source, target), blank()) for source in range(target - 1)]
            cells.append(self.chain[target - 1])
            cells += [blank() for _ in range(target, layers + 1)]
        columns = f"4.2em 9.5em repeat({layers + 1}, 4.4em)"
        grid = widgets.GridBox(
            cells, layout=widgets.Layout(grid_template_columns=columns, grid_gap="2px")
        )
        buttons = widgets.HBox([self.random, self.reset])
        controls = widgets.VBox([grid, buttons, self.text, self.message, self.facts])
        return widgets.Box(
            [controls, self.picture], layout=widgets.Layout(display="flex", flex_flow="row wrap")
        )

    # ---- events ----------------------------------------------------------------------------

    def randomise(self) -> None:
        """Take an architecture at random, uniformly."""
        self._show(Draft(self.space.sample(1, seed=self._random)[0]))

    def _on_control(self, change: Any) -> None:
        if self._busy:
            return
        operations = tuple(control.value for control in self.operations.values())
        skips = tuple(int(control.value) for control in self.skips.values())
        missing = frozenset(source for source, control in self.chain.items() if not control.value)
        self._show(Draft(Architecture(operations, skips), missing))

    def _on_text(self, change: Any) -> None:
        if self._busy:
            return
        try:
            self.architecture = Architecture.from_string(self.text.value)
        except ValueError as reason:
            self.message.value = f'<span role="alert">Not read: {escape(str(reason))}.</span>'

    def _show(self, draft: Draft) -> None:
        """Set every control and picture to a draft."""
        self.draft = draft
        self._busy = True
        try:
            for control, operation in zip(
                self.operations.values(), draft.architecture.operations, strict=True
            ):
                control.value = operation
            for control, bit in zip(self.skips.values(), draft.architecture.skips, strict=True):
                control.value = bool(bit)
            for source, control in self.chain.items():
                control.value = source not in draft.missing
            self.text.value = str(draft.architecture)
        finally:
            self._busy = False
        self.message.value = ""
        self.picture.value = draft.svg()
        self.facts.value = draft.facts_html(self.record())

    # ---- what the page shows -----------------------------------------------------------------

    def record(self) -> str:
        """What the data set says about the present choice; empty without one."""
        if self._records is None:
            return ""
        if self.draft.missing:
            return "an invalid graph has none"
        return self._records.describe(self.architecture)

    def static_html(self) -> str:
        """The present state as a picture, and a sentence that says where it can be changed."""
        row = "display:flex;flex-wrap:wrap;gap:1em 2em;align-items:center"
        return (
            f'<div style="{row}">{self.draft.svg()}<div style="flex:1 1 16em">'
            f"{self.draft.facts_html(self.record())}</div></div>"
            f"<p>Flat string: <code>{self.architecture}</code></p>"
            "<p><em>In JupyterLab this is an interactive builder: choose the operations, switch "
            "skips and chain edges, and the graph, its validity and its properties follow.</em></p>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        fallback = StaticFallback(self.view, self.static_html)
        return fallback._repr_mimebundle_(include=include, exclude=exclude)


def linked_brushing(figure: go.Figure) -> go.Figure:
    """A figure of :func:`paper_nas.figures.linked_panels` whose panels follow each other.

    Args:
        figure: The figure.

    Returns:
        In a notebook a live one, in which points chosen in one panel are chosen in all; on the
        static site, whose own script does that, the figure itself.
    """
    if os.environ.get(STATIC_SITE_VARIABLE) == "1":
        return figure
    live = go.FigureWidget(figure)

    def choose(rows: list[int] | None) -> None:
        with live.batch_update():
            for trace in live.data:
                trace.selectedpoints = rows
            live.layout.selections = ()

    def chosen(_trace: Any, points: Any, _selector: Any) -> None:
        if points.point_inds:
            choose(points.point_inds)

    for trace in live.data:
        trace.on_selection(chosen)
        trace.on_deselect(lambda *_: choose(None))
    return live
