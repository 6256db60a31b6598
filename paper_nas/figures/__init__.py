"""Plotly figures, one function each; all have one look and a description in words.

The description is in ``figure.layout.meta["alt"]``. Importing this package registers the site's
renderer with plotly.
"""

from paper_nas.drawing import OPERATION_COLOURS
from paper_nas.figures.architectures import (
    accuracy_against_skips,
    accuracy_histogram,
    operation_counts,
    skip_count_distribution,
    skip_frequencies,
)
from paper_nas.figures.benchmark import (
    agreement_scatter,
    distributions,
    explained_variance,
    operation_effects_map,
    ordering_by_way,
)
from paper_nas.figures.child import child_network
from paper_nas.figures.drawings import draw, text_table
from paper_nas.figures.evaluation import failures_by_vertex, paper_against_ours
from paper_nas.figures.style import SERIES_COLOURS, TEMPLATE, new_figure
from paper_nas.figures.training import (
    against_scale,
    embedding_scatter,
    seed_bands,
    training_curves,
    vertex_losses,
)
from paper_nas.rendering import register_renderer

register_renderer()

__all__ = [
    "OPERATION_COLOURS",
    "SERIES_COLOURS",
    "TEMPLATE",
    "accuracy_against_skips",
    "accuracy_histogram",
    "against_scale",
    "agreement_scatter",
    "child_network",
    "distributions",
    "draw",
    "embedding_scatter",
    "explained_variance",
    "failures_by_vertex",
    "new_figure",
    "operation_counts",
    "operation_effects_map",
    "ordering_by_way",
    "paper_against_ours",
    "seed_bands",
    "skip_count_distribution",
    "skip_frequencies",
    "text_table",
    "training_curves",
    "vertex_losses",
]
