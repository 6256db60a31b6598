"""Architectures drawn as graphs, one or several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import networkx as nx
import pandas as pd

from paper_nas.drawing import Orientation, dag_svg
from paper_nas.graphs import GraphBatch
from paper_nas.space import Architecture


class Drawing:
    """HTML with one or more pictures; shown when it is the result of a cell.

    Attributes:
        html: The HTML.
    """

    def __init__(self, html: str) -> None:
        """Keep the HTML."""
        self.html = html

    def _repr_html_(self) -> str:
        return self.html


def draw(
    *graphs: Architecture | nx.DiGraph | GraphBatch,
    captions: Sequence[str] = (),
    numbered: bool = False,
    orientation: Orientation = "vertical",
    scale: float = 1.0,
) -> Drawing:
    """Draw graphs side by side, in as many rows as the page needs.

    Args:
        graphs: Architectures, batches of graphs, or graphs with vertices ``0 .. n - 1`` in
            topological order and their names in ``"operation"`` (also invalid ones).
        captions: One text under each picture, or none at all.
        numbered: Write the number of each vertex in front of its name.
        orientation: Chain downwards or to the right.
        scale: Size; 1 = 13-pixel text.

    Raises:
        ValueError: As many captions as graphs are wanted, or a graph cannot be drawn.
    """
    every = [graph for item in graphs for graph in _as_networkx(item)]
    if captions and len(captions) != len(every):
        raise ValueError(f"{len(captions)} captions for {len(every)} graphs")
    pictures = []
    for index, graph in enumerate(every):
        labels = [graph.nodes[vertex]["operation"] for vertex in range(len(graph))]
        svg = dag_svg(labels, graph.edges, numbered=numbered, orientation=orientation, scale=scale)
        caption = ""
        if captions:
            style = (
                "color:inherit;text-align:center;font-size:0.9em;margin-top:0.4em;max-width:12em"
            )
            caption = f'<figcaption style="{style}">{escape(captions[index])}</figcaption>'
        pictures.append(f'<figure style="margin:0">{svg}{caption}</figure>')
    style = "display:flex;flex-wrap:wrap;gap:1.2em 2em;align-items:flex-start"
    return Drawing(f'<div class="paper-nas-drawings" style="{style}">{"".join(pictures)}</div>')


def text_table(frame: pd.DataFrame) -> Drawing:
    """A table of sentences rather than numbers: flush left, without the index.

    Args:
        frame: Its cells are shown as text.
    """
    table = frame.to_html(index=False, border=0, justify="left", classes="paper-nas-text")
    return Drawing(f"<style>.paper-nas-text td {{text-align: left}}</style>{table}")


def _as_networkx(item: Architecture | nx.DiGraph | GraphBatch) -> list[nx.DiGraph]:
    if isinstance(item, GraphBatch):
        return item.to_networkx()
    return [item.to_networkx() if isinstance(item, Architecture) else item]
