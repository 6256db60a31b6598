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
from paper_nas.figures.arms import gap_map, paired_differences
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
from paper_nas.figures.prediction import (
    along_epochs,
    calibration_curve,
    error_parts,
    process_in_one_dimension,
    readout_map,
    residuals_by_truth,
    table2_errors,
)
from paper_nas.figures.projections import (
    linked_panels,
    operation_spaces,
    smoothness_by_epoch,
)
from paper_nas.figures.properties import (
    contribution_bars,
    property_by_group,
    property_correlations,
)
from paper_nas.figures.scorecard import scorecard_lines, scorecard_overview
from paper_nas.figures.search import (
    autopsy_scatter,
    expected_improvement,
    measures_by_method,
    search_curves,
    trial_steps,
)
from paper_nas.figures.style import SERIES_COLOURS, TEMPLATE, new_figure
from paper_nas.figures.training import (
    against_scale,
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
    "along_epochs",
    "autopsy_scatter",
    "calibration_curve",
    "child_network",
    "contribution_bars",
    "distributions",
    "draw",
    "error_parts",
    "expected_improvement",
    "explained_variance",
    "failures_by_vertex",
    "gap_map",
    "linked_panels",
    "measures_by_method",
    "new_figure",
    "operation_counts",
    "operation_effects_map",
    "operation_spaces",
    "ordering_by_way",
    "paired_differences",
    "paper_against_ours",
    "process_in_one_dimension",
    "property_by_group",
    "property_correlations",
    "readout_map",
    "residuals_by_truth",
    "scorecard_lines",
    "scorecard_overview",
    "search_curves",
    "seed_bands",
    "skip_count_distribution",
    "skip_frequencies",
    "smoothness_by_epoch",
    "table2_errors",
    "text_table",
    "training_curves",
    "trial_steps",
    "vertex_losses",
]
