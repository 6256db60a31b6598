"""Properties of architectures as graphs, and how they go with accuracy (paper section 4.4)."""

from paper_nas.statistics.correlation import (
    Contribution,
    Correlation,
    CorrelationIntervals,
    Interval,
    bootstrap_interval,
    contributions,
    correlate,
    correlation_intervals,
)
from paper_nas.statistics.groups import equal_groups, operation_effects, released_groups
from paper_nas.statistics.properties import (
    PROPERTY_NAMES,
    adjacency_properties,
    graph_properties,
)
from paper_nas.statistics.relabelling import relabelled, relabelling_share

__all__ = [
    "PROPERTY_NAMES",
    "Contribution",
    "Correlation",
    "CorrelationIntervals",
    "Interval",
    "adjacency_properties",
    "bootstrap_interval",
    "contributions",
    "correlate",
    "correlation_intervals",
    "equal_groups",
    "graph_properties",
    "operation_effects",
    "relabelled",
    "relabelling_share",
    "released_groups",
]
